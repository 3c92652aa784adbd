// Package access asks a k3s server's supervisor with a token, as joining servers, agents and the command line do.
package access

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/token"
)

const timeout = 10 * time.Second

// Server is a supervisor with the CA that it showed and the token that matches it.
type Server struct {
	URL   string
	CA    []byte
	User  string
	Token token.Token

	client *http.Client
}

// Open fetches the CA of the server and compares it with the token's hash. The password is judged at the first request.
func Open(server, text, user string) (*Server, error) {
	parsed, err := token.Parse(text)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(server)
	if err != nil {
		return nil, fmt.Errorf("Invalid server url, failed to parse: %s: %w", server, err)
	}
	if u.Scheme != "https" {
		return nil, errors.New("only https:// URLs are supported, invalid scheme: " + server)
	}
	s := &Server{URL: strings.TrimRight(u.String(), "/"), User: user, Token: parsed}
	s.client = client(&tls.Config{InsecureSkipVerify: true})
	if s.CA, err = s.Get("/cacerts"); err != nil {
		return nil, fmt.Errorf("failed to get CA certs: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.CA)
	s.client = client(&tls.Config{RootCAs: pool})
	if _, err := s.Get("/cacerts"); err != nil {
		return nil, fmt.Errorf("CA cert validation failed: %w", err)
	}
	if parsed.Hash == "" {
		logrus.Warn("Cluster CA certificate is not trusted by the host CA bundle, but the token does not include a CA hash. " +
			"Use the full token from the server's node-token file to enable Cluster CA validation.")
	}
	return s, parsed.Check(s.CA)
}

func client(c *tls.Config) *http.Client {
	return &http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: c}}
}

// Get gives what lies at the path.
func (s *Server) Get(path string) ([]byte, error) { return s.Do(http.MethodGet, path, nil, nil) }

// Failed is an answer that is no success.
type Failed struct {
	URL    string
	Status string
	Code   int
	Body   string
}

func (f *Failed) Error() string {
	text := f.URL + ": " + f.Status
	if f.Body != "" {
		text += ": " + f.Body
	}
	return text
}

// Do sends a request with the token's credentials.
func (s *Server) Do(method, path string, headers map[string]string, body []byte) ([]byte, error) {
	request, err := http.NewRequest(method, s.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	switch {
	case s.Token.Bootstrap():
		request.Header.Set("Authorization", "Bearer "+s.Token.Password)
	case path != "/cacerts":
		request.SetBasicAuth(s.User, s.Token.Password)
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode/100 != 2 {
		return nil, &Failed{s.URL + path, answer.Status, answer.StatusCode, strings.TrimSpace(string(content))}
	}
	return content, nil
}

// Timeout sets how long a request may take.
func (s *Server) Timeout(d time.Duration) { s.client.Timeout = d }
