package storetest

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/store"
)

// S3 is versitygw behind a proxy.
type S3 struct {
	*Proxy
	Client *minio.Core // for what only tests do
	Folder string      // where it keeps buckets, as folders with files
	count  atomic.Int32
}

const accessKey = "backup"

// StartS3 starts a server for a test, which stops it at its end.
func StartS3(t testing.TB) *S3 {
	t.Helper()
	folder := t.TempDir()
	s := &S3{Folder: folder + "/objects", Proxy: run(t, func(socket, _ string) []string { return []string{"s3", socket, folder, accessKey, Secrets[0]} })}
	pem, err := os.ReadFile(s.CAFile)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig.RootCAs = pool
	s.Client, err = minio.NewCore(strings.TrimPrefix(s.URL, "https://"), &minio.Options{
		Creds: credentials.NewStaticV4(accessKey, Secrets[0], ""), Secure: true, Transport: transport, Region: "us-east-1",
	})
	require.NoError(t, err)
	t.Cleanup(transport.CloseIdleConnections)
	return s
}

// Bucket makes a bucket and gives what leads into it.
func (s *S3) Bucket(t testing.TB, o minio.MakeBucketOptions) store.S3 {
	t.Helper()
	name := fmt.Sprintf("bucket-%d", s.count.Add(1))
	require.NoError(t, s.Client.MakeBucket(t.Context(), name, o))
	return store.S3{
		Endpoint: s.URL, Region: "us-east-1", Bucket: name, Prefix: "clusters/one", AccessKey: accessKey, SecretKey: Secrets[0], CAFile: s.CAFile, Lookup: "path",
	}
}

// Objects are the names in a bucket, as they lie there.
func (s *S3) Objects(t testing.TB, bucket string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.Folder, bucket))
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		if entry.Name() != ".sgwtmp" { // versitygw's own
			names = append(names, entry.Name())
		}
	}
	return names
}

// Open opens a store, and closes it at the end of the test.
func (s *S3) Open(t testing.TB, o store.S3, l store.Limits) store.Store {
	t.Helper()
	opened, err := store.OpenS3(o, l)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	return opened
}

// Place is for the contract.
func (s *S3) Place() Place {
	return Place{
		Open: func(t *testing.T, l store.Limits) store.Store {
			return s.Open(t, s.Bucket(t, minio.MakeBucketOptions{}), l)
		},
		Leave: func(t *testing.T, opened store.Store) {
			bucket, _, _ := strings.Cut(strings.TrimPrefix(opened.String(), "s3://"), "/")
			_, err := s.Client.NewMultipartUpload(context.Background(), bucket, "clusters/one/a/b", minio.PutObjectOptions{})
			require.NoError(t, err)
		},
	}
}
