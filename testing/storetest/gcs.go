package storetest

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/gcp"
	"github.com/metal-stack/initial-cluster/internal/store"
)

// GCS is fake-gcs-server behind a proxy, with one bucket.
type GCS struct {
	*Proxy
	count atomic.Int32
}

const gcsBucket = "backups"

// StartGCS starts a server for a test, which stops it at its end.
func StartGCS(t testing.TB) *GCS {
	t.Helper()
	return &GCS{Proxy: run(t, func(socket, url string) []string { return []string{"gcs", socket, url, gcsBucket} })}
}

// Options lead to a part of the bucket that nothing is in.
func (g *GCS) Options(t testing.TB) store.GCS {
	t.Helper()
	credentials, err := gcp.Open(t.Context(), gcp.Source{AccessToken: Secrets[0]})
	require.NoError(t, err)
	return store.GCS{
		Endpoint: g.URL, Bucket: gcsBucket, Prefix: fmt.Sprintf("clusters/%d", g.count.Add(1)), Credentials: credentials, CAFile: g.CAFile,
	}
}

// Open opens a store, and closes it at the end of the test.
func (g *GCS) Open(t testing.TB, o store.GCS, l store.Limits) store.Store {
	t.Helper()
	opened, err := store.OpenGCS(o, l)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	return opened
}

// Place is for the contract.
func (g *GCS) Place() Place {
	return Place{Open: func(t *testing.T, l store.Limits) store.Store { return g.Open(t, g.Options(t), l) }}
}
