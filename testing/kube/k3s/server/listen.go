package server

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/pki"
)

// listen opens the supervisor's port, before the datastore is up: others join and agents wait through it.
func (s *Server) listen() error {
	certificate, err := s.serving()
	if err != nil {
		return err
	}
	port, err := net.Listen("tcp", net.JoinHostPort(s.Settings.BindAddress, strconv.Itoa(s.Settings.HTTPSListenPort)))
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:  s.router(),
		ErrorLog: log.New(io.Discard, "", 0), // of clients that do not know the CA; k3s hides them, too
		TLSConfig: &tls.Config{
			MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequestClientCert, ClientCAs: s.clientCAs(),
		},
	}
	go func() { fatal("supervisor", server.ServeTLS(port, "", "")) }()
	return nil
}

func (s *Server) clientCAs() *x509.CertPool {
	pool := s.keys.client.Pool()
	pool.AppendCertsFromPEM(s.keys.requestHeader.PEM())
	return pool
}

// dynamic is the file of the supervisor's certificate, a Secret as k3s keeps it.
type dynamic struct {
	Kind       string            `json:"kind"`
	APIVersion string            `json:"apiVersion"`
	Metadata   map[string]string `json:"metadata"`
	Type       string            `json:"type"`
	Data       map[string][]byte `json:"data"`
}

// serving is the certificate of the supervisor's port. It stays as it was made, whatever --tls-san says later, until certificate rotate
// leaves its mark or it comes near its end.
func (s *Server) serving() (tls.Certificate, error) {
	mark := s.tls("dynamic-cert-regenerate")
	marked := os.Remove(mark)
	if marked != nil && !errors.Is(marked, os.ErrNotExist) {
		return tls.Certificate{}, marked
	}
	var kept dynamic
	if content, err := os.ReadFile(s.tls("dynamic-cert.json")); err == nil && marked != nil {
		if err := json.Unmarshal(content, &kept); err != nil {
			return tls.Certificate{}, fmt.Errorf("%s: %w", s.tls("dynamic-cert.json"), err)
		}
		if pair, err := tls.X509KeyPair(kept.Data["tls.crt"], kept.Data["tls.key"]); err == nil && s.keys.server.Good(pair) {
			return pair, nil
		}
	}
	pair, err := s.keys.server.Issue(pki.Request{Name: "k3s", Organization: []string{"k3s"}, Addresses: s.names(), Server: true})
	if err != nil {
		return tls.Certificate{}, err
	}
	certificate, key, err := pki.Encode(pair)
	if err != nil {
		return tls.Certificate{}, err
	}
	content, err := json.Marshal(dynamic{
		"Secret", "v1", map[string]string{"name": "k3s-serving", "namespace": "kube-system"}, "kubernetes.io/tls",
		map[string][]byte{"tls.crt": certificate, "tls.key": key},
	})
	if err != nil {
		return tls.Certificate{}, err
	}
	return pair, writeFile(s.tls("dynamic-cert.json"), content)
}
