package main

import (
	"context"
	"crypto/tls"
	_ "embed" // the lab's release vector
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/charttest"
)

// release is the version of the lab's release vector, which names what stands in for metal-stack's charts.
const release = "v0.1.0"

//go:embed release.yaml
var vector string

// registry serves an OCI registry with all that the lab's deployments take from one.
func (l lab) registry(ctx context.Context, authority *certtest.Authority, certificate tls.Certificate, address string) (*http.Server, error) {
	server, err := serveTLS(address, certificate, charttest.Handler(ctx, ""))
	if err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	if err := fill(ctx, authority, address); err != nil {
		return nil, errors.Join(fmt.Errorf("fill the registry: %w", err), server.Close())
	}
	return server, nil
}

func fill(ctx context.Context, authority *certtest.Authority, address string) error {
	scratch, err := os.MkdirTemp("", "lab-charts-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	to := charttest.Target{Host: address + "/metal-stack/helm-charts", Roots: authority.Pool()}
	if _, err := to.Push(scratch, "metal-control-plane"); err != nil {
		return err
	}
	to.Host = address + "/metal-stack"
	return to.PushVector(ctx, release, vector)
}

// serveTLS serves until the server is closed.
func serveTLS(address string, certificate tls.Certificate, handler http.Handler) (*http.Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	secure := tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}})
	go func() { _ = server.Serve(secure) }() // it ends when the server is closed, which is all that it tells
	return server, nil
}
