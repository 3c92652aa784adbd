// Package gketest is Google Kubernetes Engine on loopback: its gRPC API with state that lasts, operations that take time and tell
// their progress, its defaults, refusals and texts, and faults on demand. A cluster that reaches RUNNING is a real Kubernetes
// (kubetest) which knows Google's access tokens. Who may do what googletest knows. There are no machines behind node pools.
package gketest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/metal-stack/initial-cluster/testing/googletest"
)

// Options of a server.
type Options struct {
	Dir         string             // of the durable state and of the clusters; empty keeps the state in memory, and runs no Kubernetes
	Google      *googletest.Server // knows the tokens and the permissions
	Certificate tls.Certificate    // of the servers, see certtest
	CAFile      string             // path of its authority's certificate, for the webhooks of the clusters
	Listen      string             // address of the gRPC server; empty is a free port of 127.0.0.1
	HTTPListen  string             // address of the HTTPS server: webhook and faults; empty is a free port of 127.0.0.1
	// Kubernetes is the binary that kubetest.Build gives. Without it clusters have an endpoint where nothing answers
	// (203.0.113.0/24): for what needs only the API.
	Kubernetes string
	Pods       bool // the clusters have a node whose pods KWOK plays, and volumes
	// OperationTime is how long a creation takes at least; other operations take less. Zero lets all be done at once.
	OperationTime time.Duration
}

// Server is both servers and their clusters. It may be used by several goroutines.
type Server struct {
	containerpb.UnimplementedClusterManagerServer
	options     Options
	grpc        *grpc.Server
	https       *http.Server
	address     string
	httpAddress string
	connections *connections
	ctx         context.Context // ends with Close
	cancel      context.CancelFunc
	running     sync.WaitGroup

	mutex    sync.Mutex
	state    state
	faults   []*Fault
	requests []Request
	held     chan struct{} // closed when operations may end; nil is open
}

// Start starts the servers; the caller closes them. What an earlier server left in the folder goes on: clusters come back at their
// addresses with their data before Start returns, operations that were running are finished.
func Start(o Options) (*Server, error) {
	s := &Server{options: o, connections: &connections{open: map[string]net.Conn{}}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("gke: %w", err)
	}
	if err := s.listen(); err != nil {
		return nil, errors.Join(fmt.Errorf("gke: %w", err), s.Close())
	}
	if err := s.revive(); err != nil {
		return nil, errors.Join(fmt.Errorf("gke: %w", err), s.Close())
	}
	s.resume()
	return s, nil
}

func (s *Server) listen() error {
	grpcListener, err := net.Listen("tcp", orLoopback(s.options.Listen))
	if err != nil {
		return err
	}
	s.address = grpcListener.Addr().String()
	s.grpc = grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&s.options.Certificate)), grpc.ForceServerCodecV2(garbling{}),
		grpc.UnaryInterceptor(s.intercept))
	containerpb.RegisterClusterManagerServer(s.grpc, s)
	// Serve ends when the server is stopped; its error says only that.
	s.running.Go(func() { _ = s.grpc.Serve(s.connections.of(grpcListener)) })

	httpListener, err := net.Listen("tcp", orLoopback(s.options.HTTPListen))
	if err != nil {
		return err
	}
	s.httpAddress = httpListener.Addr().String()
	s.https = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: silent}
	secure := tls.NewListener(httpListener, &tls.Config{Certificates: []tls.Certificate{s.options.Certificate}})
	s.running.Go(func() { _ = s.https.Serve(secure) })
	return nil
}

func orLoopback(address string) string {
	if address == "" {
		return "127.0.0.1:0"
	}
	return address
}

// Address is the host:port of the gRPC API, over TLS.
func (s *Server) Address() string { return s.address }

// URL is where the HTTPS server is: POST /faults with a Fault in JSON injects it, DELETE /faults clears all.
func (s *Server) URL() string { return "https://" + s.httpAddress }

// Close stops the servers and the clusters, and returns when nothing of them runs any more. What is durable stays, operations in
// their midst too.
func (s *Server) Close() error {
	s.cancel()
	if s.grpc != nil {
		s.grpc.Stop()
	}
	var err error
	if s.https != nil {
		err = s.https.Close()
	}
	s.running.Wait()
	for _, c := range s.state.clusters {
		err = errors.Join(err, c.stop())
	}
	return err
}
