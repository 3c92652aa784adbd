// Package gke makes, changes and deletes GKE clusters over Google's gRPC API: it observes what is there, plans what is to be done about
// it, and does that, whatever of it an earlier run, somebody else or Google itself has begun. What goes into a kubeconfig it tells;
// writing one is package kube's, and where credentials come from is package gcp's.
package gke

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"

	"github.com/metal-stack/initial-cluster/internal/gcp"
)

// Place says which cluster is meant. Location is a zone or a region.
type Place struct{ Project, Location, Name string }

// String is how a cluster is called in messages.
func (p Place) String() string { return p.Name + "/" + p.Location }

func (p Place) parent() string { return "projects/" + p.Project + "/locations/" + p.Location }

func (p Place) resource() string { return p.parent() + "/clusters/" + p.Name }

func (p Place) pool(name string) string { return p.resource() + "/nodePools/" + name }

// zonal tells zones (europe-west3-a) from regions (europe-west3).
func zonal(location string) bool { return strings.Count(location, "-") == 2 }

func region(location string) string {
	if zonal(location) {
		return location[:strings.LastIndex(location, "-")]
	}
	return location
}

const publicEndpoint = "container.googleapis.com"

// Session is a connection to the API, as one account. It may be used by several goroutines.
type Session struct {
	credentials *gcp.Credentials
	endpoint    string // host:port
	conn        *grpc.ClientConn
	api         containerpb.ClusterManagerClient
}

// Open prepares a connection; nothing is sent yet. The endpoint is a host with or without a port, or an https URL of these; empty is
// Google's public one. The caller closes the session.
func Open(credentials *gcp.Credentials, endpoint string) (*Session, error) {
	s := &Session{credentials: credentials, endpoint: address(endpoint)}
	// Google's service configuration and gRPC's own retries are off: what is tried again, retry decides.
	conn, err := grpc.NewClient(s.endpoint, grpc.WithTransportCredentials(transport()), grpc.WithPerRPCCredentials(credentials.PerRPC()),
		grpc.WithUnaryInterceptor(s.call), grpc.WithDisableServiceConfig(), grpc.WithDisableRetry(),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: firstPause, Multiplier: 2, MaxDelay: 5 * time.Second}, MinConnectTimeout: 10 * time.Second}))
	if err != nil {
		return nil, fmt.Errorf("open a connection to %s: %w; check api_endpoint", s.endpoint, err)
	}
	s.conn, s.api = conn, containerpb.NewClusterManagerClient(conn)
	return s, nil
}

func transport() credentials.TransportCredentials {
	return credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})
}

func address(endpoint string) string {
	host := strings.TrimSuffix(strings.TrimPrefix(endpoint, "https://"), "/")
	if host == "" {
		host = publicEndpoint
	}
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(host, "443")
	}
	return host
}

// Close ends the connection.
func (s *Session) Close() error { return s.conn.Close() }

// token mints a token before a call needs it: gRPC would tell only the text of what went wrong.
func (s *Session) token(ctx context.Context) error {
	_, err := s.credentials.Token(ctx)
	return err
}
