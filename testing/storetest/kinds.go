package storetest

import (
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/store"
	"github.com/metal-stack/initial-cluster/testing/hosttest"
)

// Kinds are all kinds of stores.
var Kinds = []string{"folder", "s3", "sftp", "gcs"}

// Server is a real one of one kind, or for folders none.
type Server struct {
	Kind string
	S3   *S3
	SFTP *hosttest.Server
	GCS  *GCS
}

// Start starts a server of a kind for a test, which stops it at its end.
func Start(t testing.TB, kind string) *Server {
	t.Helper()
	s := &Server{Kind: kind}
	switch kind {
	case "s3":
		s.S3 = StartS3(t)
	case "sftp":
		s.SFTP = hosttest.Start(t, "Subsystem sftp internal-sftp", "ForceCommand internal-sftp")
	case "gcs":
		s.GCS = StartGCS(t)
	}
	return s
}

// Proxy is before the server, or nil where it speaks no HTTP.
func (s *Server) Proxy() *Proxy {
	switch {
	case s.S3 != nil:
		return s.S3.Proxy
	case s.GCS != nil:
		return s.GCS.Proxy
	}
	return nil
}

// Spot is an empty place on a server.
type Spot struct {
	Option map[string]any // leads to it in a module's option stores
	Open   func(l store.Limits) store.Store
	Folder string // where its contents lie as files; empty for Google's, and for S3 without the prefix
}

// Spot makes one. The stores that are opened there are closed at the end of the test.
func (s *Server) Spot(t testing.TB) Spot {
	t.Helper()
	switch s.Kind {
	case "s3":
		o := s.S3.Bucket(t, minio.MakeBucketOptions{})
		return Spot{
			Option: map[string]any{"s3": map[string]any{
				"bucket": o.Bucket, "prefix": o.Prefix, "endpoint": o.Endpoint, "region": o.Region, "access_key": o.AccessKey, "secret_key": o.SecretKey,
				"ca_file": o.CAFile, "bucket_lookup": o.Lookup,
			}},
			Open:   func(l store.Limits) store.Store { return s.S3.Open(t, o, l) },
			Folder: s.S3.Folder + "/" + o.Bucket,
		}
	case "sftp":
		return s.sftpSpot(t)
	case "gcs":
		o := s.GCS.Options(t)
		return Spot{
			Option: map[string]any{"gcs": map[string]any{
				"bucket": o.Bucket, "prefix": o.Prefix, "endpoint": o.Endpoint, "ca_file": o.CAFile, "google": map[string]any{"access_token": Secrets[0]},
			}},
			Open: func(l store.Limits) store.Store { return s.GCS.Open(t, o, l) },
		}
	}
	folder := t.TempDir()
	return Spot{
		Option: map[string]any{"folder": folder}, Folder: folder,
		Open: func(l store.Limits) store.Store { return closed(t)(store.OpenFolder(folder, l)) },
	}
}

func (s *Server) sftpSpot(t testing.TB) Spot {
	t.Helper()
	o, folder := s.SFTP.Options(t), t.TempDir()
	return Spot{
		Option: map[string]any{"sftp": map[string]any{"path": folder, "ssh": map[string]any{
			"host": o.Host, "port": o.Port, "user": o.User, "key_file": o.KeyFile, "known_hosts": o.KnownHosts,
		}}},
		Open:   func(l store.Limits) store.Store { return closed(t)(store.OpenSFTP(impatiently(o, l), folder, l)) },
		Folder: folder,
	}
}

// impatiently notices a silent server as soon as its store does.
func impatiently(o host.Options, l store.Limits) host.Options {
	o.SilenceTimeout = l.Stall
	return o
}

// closed closes what was opened at the end of the test.
func closed(t testing.TB) func(s store.Store, err error) store.Store {
	return func(s store.Store, err error) store.Store {
		t.Helper()
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		return s
	}
}
