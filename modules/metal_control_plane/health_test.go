package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/certtest"
)

const healthy = `{"status":"healthy","message":"","services":{"rethinkdb":{"status":"healthy","message":""}}}`

// api is a metal-api behind TLS that is ill for some requests.
func api(t *testing.T, ill int32) (url string, authority *certtest.Authority, asked *atomic.Int32) {
	authority, err := certtest.NewAuthority(t.TempDir())
	require.NoError(t, err)
	pair, err := authority.ServerCertificate()
	require.NoError(t, err)
	asked = &atomic.Int32{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/metal/v1/health":
			http.NotFound(w, r)
		case asked.Add(1) <= ill:
			http.Error(w, `{"status":"unhealthy",`+"\n"+`"message":"no rethinkdb"}`, http.StatusInternalServerError)
		default:
			fmt.Fprint(w, healthy)
		}
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that do not trust it are told below
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL + "/metal/v1/health", authority, asked
}

var gaveUp = regexp.MustCompile(`gave up after \d+s,`)

const advice = "; the releases are deployed: look at DNS, the ingress and its certificate on the way to it"

func TestTheHealthOfTheAPIIsWaitedFor(t *testing.T) {
	t.Parallel()
	url, authority, asked := api(t, 1)
	require.NoError(t, health{URL: url, CAFile: authority.File(), Timeout: 60}.await(t.Context()))
	assert.EqualValues(t, 2, asked.Load())
}

func TestAnAPIThatDoesNotGetHealthyIsTold(t *testing.T) {
	t.Parallel()
	url, authority, _ := api(t, 1000)
	nothing := filepath.Join(t.TempDir(), "nothing.pem")
	require.NoError(t, os.WriteFile(nothing, []byte("nothing"), 0o600))
	for name, c := range map[string]struct {
		health health
		text   string
	}{
		"it answers that it is ill": {health{URL: url, CAFile: authority.File()},
			"wait for the health of " + url + `: gave up, last seen 500 Internal Server Error: {"status":"unhealthy", "message":"no rethinkdb"}` + advice},
		"another server answers": {health{URL: strings.TrimSuffix(url, "/health"), CAFile: authority.File()},
			"wait for the health of " + strings.TrimSuffix(url, "/health") + ": gave up, last seen 404 Not Found: 404 page not found" + advice},
		"nobody answers": {health{URL: "https://127.0.0.1:1/metal/v1/health"},
			`wait for the health of https://127.0.0.1:1/metal/v1/health: gave up, last seen Get "https://127.0.0.1:1/metal/v1/health": dial tcp 127.0.0.1:1: connect: connection refused` + advice},
		"its authority is not trusted": {health{URL: url},
			"wait for the health of " + url + `: gave up, last seen Get "` + url + `": tls: failed to verify certificate: x509: certificate signed by unknown authority` + advice},
		"the authority's file is not there": {health{URL: url, CAFile: "/nowhere/ca.pem"}, "health: ca_file: open /nowhere/ca.pem: no such file or directory"},
		"the authority's file is none":      {health{URL: url, CAFile: nothing}, "health: ca_file " + nothing + ": has no certificate in PEM"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.health.Timeout = 5
			err := c.health.await(t.Context())
			require.Error(t, err)
			require.Equal(t, c.text, gaveUp.ReplaceAllString(err.Error(), "gave up,"))
		})
	}
}
