// Objectstores is real servers of object storage for tests, each on a socket of its own: versitygw for S3, fake-gcs-server for Google
// Cloud Storage. It is a module of its own, so that the product's dependencies are not theirs.
//
//	objectstores s3 SOCKET FOLDER ACCESS_KEY SECRET_KEY
//	objectstores gcs SOCKET EXTERNAL_URL BUCKET
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := serve(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "objectstores:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, words []string) error {
	switch {
	case len(words) == 5 && words[0] == "s3":
		return s3(ctx, words[1], words[2], words[3], words[4])
	case len(words) == 4 && words[0] == "gcs":
		return gcs(ctx, words[1], words[2], words[3])
	}
	return errors.New("s3 SOCKET FOLDER ACCESS_KEY SECRET_KEY, or gcs SOCKET EXTERNAL_URL BUCKET, is wanted")
}

// s3 keeps versions below the folder, too, so that buckets may have them.
func s3(ctx context.Context, socket, folder, access, secret string) error {
	objects, versions := filepath.Join(folder, "objects"), filepath.Join(folder, "versions")
	for _, f := range []string{objects, versions} {
		if err := os.MkdirAll(f, 0o700); err != nil {
			return err
		}
	}
	back, err := posix.New(objects, meta.XattrMeta{}, posix.PosixOpts{VersioningDir: versions, Concurrency: 64})
	if err != nil {
		return err
	}
	return embedgw.RunVersityGW(ctx, back, &embedgw.Config{
		RootUserAccess: access, RootUserSecret: secret, Ports: []string{socket}, MaxConnections: 256, MaxRequests: 256, MultipartMaxParts: 10_000,
		KeepAlive: true, Quiet: true,
	})
}

func gcs(ctx context.Context, socket, external, bucket string) error {
	server, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, ExternalURL: external, Writer: io.Discard})
	if err != nil {
		return err
	}
	server.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: bucket})
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	serving := &http.Server{Handler: &sessions{next: server.HTTPHandler(), open: map[string]*session{}}, ReadHeaderTimeout: time.Minute}
	go func() {
		<-ctx.Done()
		_ = serving.Close() // which ends Serve
	}()
	if err := serving.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
