package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/storetest"
)

// Each store acknowledges for itself: one that is gone takes nothing from the other, and has the next backup again when it is back.
func TestStoresAcknowledgeForThemselves(t *testing.T) {
	t.Parallel()
	server := storetest.StartS3(t)
	b := server.Bucket(t, minio.MakeBucketOptions{})
	w := newWorld(t)
	w.secrets = append(w.secrets, b.SecretKey)
	bucket := map[string]any{"s3": map[string]any{
		"endpoint": b.Endpoint, "bucket": b.Bucket, "prefix": "etcd", "access_key": b.AccessKey, "secret_key": b.SecretKey, "ca_file": b.CAFile,
		"lookup": b.Lookup, "region": b.Region,
	}}
	folder := map[string]any{"folder": "@DIR@/store"}
	take := map[string]any{
		"cluster": "initial", "stores": []any{folder, bucket}, "work_dir": "@DIR@/work", "endpoints": []string{"@ETCD@"}, "data_dir": "@DIR@/k3s",
		"config_dir": "@DIR@/config", "signing_key_file": "@DIR@/signing.pem", "recipients": []string{"@recipient@"},
	}
	result := w.process(t, take)
	require.Equal(t, false, result["failed"], result["msg"])
	assert.Equal(t, []any{"@DIR@/store", "s3://" + b.Bucket + "/etcd at " + b.Endpoint}, result["acknowledged"])

	require.NoError(t, os.Rename(filepath.Join(w.dir, "store"), filepath.Join(w.dir, "away")))
	w.etcd.Fill(t, "/more", 5, 10)
	result = w.process(t, take)
	assert.Equal(t, "@DIR@/store: list initial/*: there is no folder @DIR@/store; mount its disk, or make it", result["msg"])
	assert.Equal(t, true, result["failed"])
	assert.Equal(t, []any{"s3://" + b.Bucket + "/etcd at " + b.Endpoint}, result["acknowledged"])
	require.NoError(t, os.Rename(filepath.Join(w.dir, "away"), filepath.Join(w.dir, "store")))
	result = w.process(t, take)
	require.Equal(t, false, result["failed"], result["msg"])
	require.Len(t, result["acknowledged"], 2, "the folder lacks what S3 has")

	drill := map[string]any{
		"state": "drilled", "cluster": "initial", "stores": []any{bucket}, "work_dir": "@DIR@/drill", "trusted_keys": []string{"@signing.pub@"}, "identities_file": "@DIR@/identity",
	}
	result = w.process(t, drill)
	require.Equal(t, false, result["failed"], result["msg"])
	assert.Equal(t, true, result["drills"].([]any)[0].(map[string]any)["token"])
	pruned := w.process(t, map[string]any{
		"state": "pruned", "cluster": "initial", "stores": []any{bucket}, "trusted_keys": []string{"@signing.pub@"}, "keep": map[string]any{"last": 1, "minimum_age": 0},
	})
	require.Equal(t, false, pruned["failed"], pruned["msg"])
	assert.Len(t, pruned["steps"], 2)
	listed := w.process(t, map[string]any{"state": "listed", "cluster": "initial", "stores": []any{bucket}, "trusted_keys": []string{"@signing.pub@"}})
	assert.Len(t, listed["stores"].([]any)[0].(map[string]any)["backups"], 1)
}
