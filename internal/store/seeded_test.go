package store_test

import (
	"math/rand/v2"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/assert"

	"github.com/metal-stack/initial-cluster/internal/store"
	"github.com/metal-stack/initial-cluster/testing/hosttest"
	"github.com/metal-stack/initial-cluster/testing/storetest"
)

func TestNothingThatIsAcknowledgedIsLost(t *testing.T) {
	t.Parallel()
	t.Run("s3", func(t *testing.T) {
		t.Parallel()
		server := storetest.StartS3(t)
		o := server.Bucket(t, minio.MakeBucketOptions{})
		tally := storetest.Disturbed(t, func(l store.Limits) store.Store { return server.Open(t, o, l) }, server.Disturb(xmlError("SlowDown", "")))
		assert.Zero(t, tally.Lost)
	})
	t.Run("gcs", func(t *testing.T) {
		t.Parallel()
		server := storetest.StartGCS(t)
		o := server.Options(t)
		tally := storetest.Disturbed(t, func(l store.Limits) store.Store { return server.Open(t, o, l) }, server.Disturb(jsonError("backendError", "")))
		assert.Zero(t, tally.Lost)
	})
	t.Run("sftp", func(t *testing.T) {
		t.Parallel()
		server := hosttest.Start(t, filesOnly...)
		path := t.TempDir()
		tally := storetest.Disturbed(t, func(l store.Limits) store.Store { return sftp(t, server, path, l) }, func(source *rand.Rand) {
			server.Cut()
			if source != nil {
				server.Break()
				server.Cut(5_000+source.Int64N(300_000), 5_000+source.Int64N(300_000), 3_000+source.Int64N(4_000))
			}
		})
		assert.Zero(t, tally.Lost)
	})
}
