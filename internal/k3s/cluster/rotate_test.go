package cluster

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// near is a host from which the network of the test is reached, and where a function stands for kubectl.
type near struct {
	net.Dialer
	run func(words []string) (string, error)
}

func (n *near) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return n.DialContext(ctx, network, address)
}

func (n *near) Run(_ context.Context, c host.Command) (host.Output, error) {
	said, err := n.run(c.Words)
	return host.Output{Stdout: said}, err
}

// rotation is a supervisor that rotates keys.
type rotation struct {
	stage, key atomic.Value // of strings
	rotate     func(r *rotation, w http.ResponseWriter, asked *http.Request)
}

func (r *rotation) ServeHTTP(w http.ResponseWriter, asked *http.Request) {
	if asked.Method == http.MethodPut {
		_, _ = io.Copy(io.Discard, asked.Body) // or it would not be seen that nobody waits any more
		r.rotate(r, w, asked)
		return
	}
	_, _ = fmt.Fprintf(w, `{"enable": true, "hashmatch": true, "stage": %q, "activekey": %q}`, r.stage.Load(), r.key.Load())
}

// begin is what k3s does before it is slow, end what comes thereafter.
func (r *rotation) begin() {
	r.stage.Store("reencrypt_active")
	r.key.Store("new")
}

func (r *rotation) end() { r.stage.Store("reencrypt_finished") }

func (r *rotation) cluster(t *testing.T) *Cluster {
	t.Helper()
	r.stage.Store("reencrypt_finished") // of the time before
	r.key.Store("old")
	mux := http.NewServeMux()
	mux.Handle("/v1-k3s/encrypt/", r)
	s := httptest.NewTLSServer(mux)
	t.Cleanup(s.Close)
	mux.HandleFunc("/cacerts", func(w http.ResponseWriter, _ *http.Request) {
		_ = pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	})
	c, err := Open(t.Context(), Access{Host: &near{}, URL: s.URL, Token: "secret"})
	require.NoError(t, err)
	return c
}

func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

const advice = "; do not restart k3s here before its journal tells how far it came, as the new key new may be on this server alone " +
	"(docs/k3s.md: a rotation of keys that does not end)"

// k3s answers when all is done, which may be later than anybody waits.
func TestARotationOfKeysIsWaitedForWhateverBecomesOfTheAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rotate  func(r *rotation, w http.ResponseWriter, asked *http.Request)
		timeout time.Duration
		why     string // a pattern; empty is that it ends well
	}{
		"k3s answers at the end": {func(r *rotation, _ http.ResponseWriter, _ *http.Request) { r.begin(); r.end() }, time.Minute, ""},
		"the connection is cut and k3s goes on": {func(r *rotation, w http.ResponseWriter, asked *http.Request) {
			r.begin()
			time.AfterFunc(300*time.Millisecond, r.end)
			cut(w, asked)
		}, time.Minute, ""},
		"the answer does not come and k3s has ended": {func(r *rotation, _ http.ResponseWriter, asked *http.Request) {
			r.begin()
			r.end()
			<-asked.Context().Done()
		}, 300 * time.Millisecond, ""},
		"the answer does not come and k3s does not end": {func(r *rotation, _ http.ResponseWriter, asked *http.Request) {
			r.begin()
			<-asked.Context().Done()
		}, 300 * time.Millisecond, `^wait for all Secrets to be encrypted anew: gave up after 1s, last seen stage reencrypt_active` + regexp.QuoteMeta(advice) + `$`},
		"k3s stops half way": {func(r *rotation, w http.ResponseWriter, _ *http.Request) {
			r.begin()
			http.Error(w, "secret-encrypt error ID 22605", http.StatusBadRequest)
		}, time.Minute, `: 400 Bad Request \(secret-encrypt error ID 22605\); the journal of k3s there has the cause behind that number` + regexp.QuoteMeta(advice) + `$`},
		"k3s refuses": {func(_ *rotation, w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "secret-encrypt error ID 22605", http.StatusBadRequest)
		}, time.Minute, `the journal of k3s there has the cause behind that number$`},
		"the connection is cut before k3s begins": {func(_ *rotation, w http.ResponseWriter, asked *http.Request) { cut(w, asked) }, time.Minute,
			`^https://127.0.0.1:\d+: the connection was cut`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := (&rotation{rotate: c.rotate}).cluster(t).RotateKeys(t.Context(), c.timeout)
			if c.why != "" {
				require.Error(t, err)
				assert.Regexp(t, c.why, err.Error())
				return
			}
			require.NoError(t, err)
			assert.Equal(t, Encryption{Enabled: true, Stage: "reencrypt_finished", Active: "new", HashMatch: true}, e)
		})
	}
}

// A rotation that runs, and does not end, is one of a run before.
func TestARotationOfKeysThatStoodStillIsTold(t *testing.T) {
	t.Parallel()
	r := &rotation{rotate: func(*rotation, http.ResponseWriter, *http.Request) { t.Error("no other one is begun") }}
	c := r.cluster(t)
	r.begin()
	_, err := c.RotateKeys(t.Context(), 300*time.Millisecond)
	assert.EqualError(t, err, "wait for all Secrets to be encrypted anew: gave up after 1s, last seen stage reencrypt_active"+advice)
}
