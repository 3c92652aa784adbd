package cluster

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/reach"
)

const (
	askTimeout = 10 * time.Second
	maxAnswer  = 8 << 20
)

// supervisor is that of one server, which k3s answers beside Kubernetes on the same port (k3s pkg/server/handlers/router.go).
type supervisor struct {
	url       string
	token     Token
	agent     Token // lets one ask for what agents may know
	transport *http.Transport
}

func openSupervisor(ctx context.Context, a Access) (*supervisor, error) {
	u, err := url.Parse(a.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("server %q: an address as https://10.0.0.11:6443 is wanted", a.URL)
	}
	s := &supervisor{url: "https://" + u.Host}
	if s.token, err = ParseToken(a.Token); err != nil {
		return nil, err
	}
	if s.agent = s.token; a.AgentToken != "" {
		if s.agent, err = ParseToken(a.AgentToken); err != nil {
			return nil, fmt.Errorf("agent token: %w", err)
		}
	}
	// Whoever it is: the CA that it shows is trusted for its hash.
	s.transport = transport(a.Host, &tls.Config{InsecureSkipVerify: true})
	ca, err := s.do(ctx, http.MethodGet, "/cacerts", "", Token{}, nil)
	if err != nil {
		return nil, err
	}
	if err := s.token.check(ca); err != nil {
		return nil, fmt.Errorf("%s: %w", s.url, err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	s.transport = transport(a.Host, &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})
	return s, nil
}

// transport keeps no connections: a restarted server has a new listener.
func transport(h Host, c *tls.Config) *http.Transport {
	return &http.Transport{DialContext: h.Dial, TLSClientConfig: c, DisableKeepAlives: true}
}

// Refused is an answer that is no success.
type Refused struct {
	URL  string
	Code int    // of HTTP
	Said string // the server's message, which for failures within it only names a line of its journal
}

func (r *Refused) Error() string {
	text := fmt.Sprintf("%s: %d %s", r.URL, r.Code, http.StatusText(r.Code))
	if r.Said != "" {
		text += " (" + r.Said + ")"
	}
	switch {
	case r.Code == http.StatusUnauthorized:
		text += "; the password of the token is not the cluster's"
	case strings.Contains(r.Said, "error ID"):
		text += "; the journal of k3s there has the cause behind that number"
	}
	return text
}

// code is that of HTTP with which a server has refused, or 0.
func code(err error) int {
	var refused *Refused
	if errors.As(err, &refused) {
		return refused.Code
	}
	return 0
}

// asServer asks what servers may know, asAgent what agents may.
func (s *supervisor) asServer(ctx context.Context, method, path string, body any) ([]byte, error) {
	return s.do(ctx, method, path, "server", s.token, body)
}

func (s *supervisor) asAgent(ctx context.Context, path string) ([]byte, error) {
	return s.do(ctx, http.MethodGet, path, "node", s.agent, nil)
}

// do asks with the credentials of a user, if one is named.
func (s *supervisor) do(ctx context.Context, method, path, user string, t Token, body any) ([]byte, error) {
	if _, bounded := ctx.Deadline(); !bounded || method == http.MethodGet {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, askTimeout)
		defer cancel()
	}
	request, err := s.request(ctx, method, path, user, t, body)
	if err != nil {
		return nil, err
	}
	answer, err := s.transport.RoundTrip(request)
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.url+path, err)
	}
	if answer.StatusCode/100 != 2 {
		return nil, &Refused{s.url + path, answer.StatusCode, message(content)}
	}
	return content, nil
}

func (s *supervisor) request(ctx context.Context, method, path, user string, t Token, body any) (*http.Request, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, s.url+path, content)
	if err != nil {
		return nil, err
	}
	switch {
	case user == "":
	case t.Bootstrap():
		request.Header.Set("Authorization", "Bearer "+t.Password)
	default:
		request.SetBasicAuth(user, t.Password)
	}
	return request, nil
}

// Silent tells that nothing answers at a URL, or nothing that speaks HTTPS.
type Silent struct{ URL, Why string }

func (s *Silent) Error() string { return s.URL + ": " + s.Why }

// failed tells apart a server that does not answer from one that shows a certificate which is not good.
func (s *supervisor) failed(ctx context.Context, err error) error {
	reason := reach.Explain(ctx, err)
	if reason.Certificate {
		return fmt.Errorf("%s: %s; compare the clocks of the hosts, and what listens there", s.url, reason.Why)
	}
	return &Silent{s.url, reason.Why}
}

// message is that of a Kubernetes Status, or the first line of what was said.
func message(content []byte) string {
	var status struct{ Message string }
	if json.Unmarshal(content, &status) == nil && status.Message != "" {
		return status.Message
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(content)), "\n")
	return line
}
