// Package metalstackcloudtest is metalstack.cloud on loopback: the part of its API that has to do with clusters, served by Connect's
// own library, with tokens and rights, state that lasts, operations that take time and tell their progress, and faults on demand. A
// cluster that is ready is a real Kubernetes (kubetest), reached by certificates that end. There are no machines behind workers.
package metalstackcloudtest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options of a server.
type Options struct {
	Dir         string          // of the durable state and of the clusters
	Certificate tls.Certificate // see certtest
	Listen      string          // address; empty is a free port of 127.0.0.1
	// Kubernetes is the binary that kubetest.Build gives. Without it clusters have an endpoint where nobody listens: for what needs
	// only the API.
	Kubernetes string
	// OperationTime is how long an operation takes at least. Zero lets all be done at once.
	OperationTime time.Duration
}

// Server is the API and its clusters. It may be used by several goroutines.
type Server struct {
	options Options
	http    *http.Server
	url     string
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	running sync.WaitGroup

	serving sync.RWMutex // read by each request; http.Server's Close does not wait for them
	mutex   sync.Mutex
	state   state
	faults  []*Fault
	calls   []Call
	held    chan struct{} // closed when operations may go on; nil is open
	holdAt  float64
	offered []assetMessage
}

// Start starts the server; the caller closes it. What an earlier server left in the folder goes on: clusters come back at their
// addresses with their data before Start returns, operations that were running are finished.
func Start(o Options) (*Server, error) {
	s := &Server{options: o, offered: offered()}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("metalstack.cloud: %w", err)
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("metalstack.cloud: %w", err)
	}
	s.url = "https://" + listener.Addr().String()
	// A client that does not trust the certificate is a test's case, not news.
	s.http = &http.Server{Handler: s.counted(s.faulty(s.routes())), ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	secure := tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{o.Certificate}})
	s.running.Go(func() {
		if err := s.http.Serve(secure); !errors.Is(err, http.ErrServerClosed) {
			panic(fmt.Sprintf("metalstack.cloud: serve %s: %v", s.url, err))
		}
	})
	if err := s.revive(); err != nil {
		return nil, errors.Join(fmt.Errorf("metalstack.cloud: %w", err), s.Close())
	}
	return s, nil
}

// counted lets Close wait for the requests that are served; later ones get no answer.
func (s *Server) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.serving.TryRLock() {
			defer s.serving.RUnlock()
			next.ServeHTTP(w, r)
		}
	})
}

// URL is where the API is, without a slash at the end.
func (s *Server) URL() string { return s.url }

// Close stops the server and the clusters, and returns when nothing of them runs any more. What is durable stays, operations in their
// midst too.
func (s *Server) Close() error {
	s.cancel()
	err := s.http.Close()
	s.serving.Lock()
	defer s.serving.Unlock()
	s.running.Wait()
	for _, c := range s.state.Clusters {
		err = errors.Join(err, c.stop())
	}
	return err
}
