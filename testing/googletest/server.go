// Package googletest is Google's identity side as servers on loopback: the OAuth token endpoint, the security token service,
// IAM credentials (impersonation), the resource manager's question for permissions, and the metadata server. They speak
// Google's protocols, check signatures, times and permissions for real and answer in Google's words. What the tokens are used
// for, the servers of others decide: they ask Token and Allowed.
package googletest

import (
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
	Dir            string          // folder of the durable state; empty keeps it in memory
	Certificate    tls.Certificate // of the HTTPS server, see certtest
	Listen         string          // address of the HTTPS server; empty is a free port of 127.0.0.1
	MetadataListen string          // the metadata server's (plain HTTP, as at Google); empty is a free port of 127.0.0.1
}

// Server is both servers and what they know. It may be used by several goroutines.
type Server struct {
	https, metadata *http.Server
	url, host       string
	stopped         chan struct{}
	running         sync.WaitGroup

	mutex  sync.Mutex
	dir    string
	state  state
	skew   time.Duration
	faults []*Fault
	issued map[string]int // successful answers by path
	life   time.Duration  // of tokens that nobody asks to live shorter
}

// Start starts the servers; the caller closes them. What an earlier server left in the folder still holds: accounts, keys,
// grants, and the tokens that have not expired.
func Start(o Options) (*Server, error) {
	s := &Server{dir: o.Dir, stopped: make(chan struct{}), issued: map[string]int{}, life: lifeOfToken}
	if err := s.load(); err != nil {
		return nil, err
	}
	secure, err := listen(o.Listen)
	if err != nil {
		return nil, fmt.Errorf("google: %w", err)
	}
	plain, err := listen(o.MetadataListen)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("google's metadata server: %w", err), secure.Close())
	}
	s.url, s.host = "https://"+secure.Addr().String(), plain.Addr().String()
	s.https = &http.Server{Handler: s.faulty(s.routes()), ReadHeaderTimeout: 10 * time.Second}
	s.metadata = &http.Server{Handler: s.faulty(s.metadataRoutes()), ReadHeaderTimeout: 10 * time.Second}
	s.serve(s.https, tls.NewListener(secure, &tls.Config{Certificates: []tls.Certificate{o.Certificate}}))
	s.serve(s.metadata, plain)
	return s, nil
}

func listen(address string) (net.Listener, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	return net.Listen("tcp", address)
}

func (s *Server) serve(server *http.Server, listener net.Listener) {
	// A client that does not trust the certificate is a test's case, not news.
	server.ErrorLog = log.New(io.Discard, "", 0)
	s.running.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(fmt.Sprintf("google: serve %s: %v", listener.Addr(), err))
		}
	})
}

// URL is where the HTTPS server is, without a slash at the end. All services share it; their paths differ.
func (s *Server) URL() string { return s.url }

// MetadataHost is the metadata server's host:port, for GCE_METADATA_HOST.
func (s *Server) MetadataHost() string { return s.host }

// Close stops the servers and returns when nothing of them runs any more. The durable state stays.
func (s *Server) Close() error {
	close(s.stopped)
	err := errors.Join(s.https.Close(), s.metadata.Close())
	s.running.Wait()
	return err
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", s.oauthToken)
	mux.HandleFunc("GET /tokeninfo", s.tokenInfo)
	mux.HandleFunc("POST /v1/token", s.stsToken)
	mux.HandleFunc("POST /v1/projects/-/serviceAccounts/{call}", s.generateAccessToken)
	mux.HandleFunc("POST /v1/projects/{call}", s.testIamPermissions)
	return mux
}
