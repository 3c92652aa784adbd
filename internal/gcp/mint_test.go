package gcp_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/gcp"
	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/googletest"
)

const ci = "ci@lab-project.iam.gserviceaccount.com"

func open(t *testing.T, source gcp.Source) *gcp.Credentials {
	t.Helper()
	credentials, err := gcp.Open(t.Context(), source)
	require.NoError(t, err)
	return credentials
}

func TestWhatGoogleRefusesIsExplained(t *testing.T) {
	t.Parallel()
	server := lab(t)
	host := server.URL()[len("https://"):]
	var account googletest.Account
	for _, c := range []struct {
		name  string
		world func() error
		want  func() string
	}{
		{"revoked key", func() error { return server.RevokeKey(account.KeyID) },
			func() string {
				return "key " + account.KeyID + " is revoked or not the account's; make a new key and give that one"
			}},
		{"disabled account", func() error { return server.DisableAccount(ci, true) },
			func() string { return "the account is disabled; enable it: gcloud iam service-accounts enable " + ci }},
		{"deleted account", func() error { return server.DeleteAccount(ci) },
			func() string {
				return "there is no such account; check client_email, or make the account and a new key"
			}},
		{"clock ahead", func() error { server.SkewClock(-2 * time.Hour); return nil },
			func() string {
				return "Google refuses the time of the request; the clock of this host is 2h0m0s ahead, set it right (timedatectl)"
			}},
		{"clock behind", func() error { server.SkewClock(26 * time.Hour); return nil },
			func() string {
				return "Google refuses the time of the request; the clock of this host is 26h0m0s behind, set it right (timedatectl)"
			}},
		{"proxy's page", func() error {
			server.Inject(googletest.Fault{Body: "<html>welcome</html>", Kind: "text/html"})
			return nil
		},
			func() string {
				return host + " answers something that is no token; check whether a proxy answers in its place"
			}},
		{"wrong JSON", func() error { server.Inject(googletest.Fault{Body: `{"access_token": 7}`}); return nil },
			func() string {
				return host + " answers something that is no token; check whether a proxy answers in its place"
			}},
		{"unknown refusal", func() error {
			server.Inject(googletest.Fault{Status: 400, Body: `{"error": "invalid_request", "error_description": "Over\nquota."}`})
			return nil
		},
			func() string {
				return host + " refuses key " + account.KeyID + ": invalid_request: Over quota; check the account in the Google Cloud console"
			}},
		{"no answer for long", func() error { server.Inject(googletest.Fault{Status: 503}); return nil },
			func() string { return host + " answers 503 Service Unavailable; try again later" }},
		{"cut connections", func() error { server.Inject(googletest.Fault{Cut: true}); return nil },
			func() string { return host + ": the connection was cut (EOF); check the network and run it again" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			var err error
			account, err = server.ServiceAccount("lab-project", "ci")
			require.NoError(t, err)
			credentials := open(t, gcp.Source{KeyJSON: string(account.KeyJSON)})
			require.NoError(t, c.world())
			t.Cleanup(func() {
				server.ClearFaults()
				server.SkewClock(0)
				if c.name == "disabled account" {
					assert.NoError(t, server.DisableAccount(ci, false))
				}
			})
			_, err = credentials.Token(t.Context())
			tries := ""
			if c.name == "no answer for long" || c.name == "cut connections" {
				tries = ", 4 tries"
			}
			assert.EqualError(t, err, "mint a token for "+ci+" (given inline)"+tries+": "+c.want())
		})
	}
}

func TestWhatPassesIsTriedAgain(t *testing.T) {
	t.Parallel()
	server := lab(t)
	account, err := server.ServiceAccount("lab-project", "ci")
	require.NoError(t, err)
	server.Inject(googletest.Fault{Status: http.StatusBadGateway, Times: 1})
	server.Inject(googletest.Fault{Cut: true, Times: 1})
	_, err = open(t, gcp.Source{KeyJSON: string(account.KeyJSON)}).Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, server.Issued("/token"))
}

func TestTheDeadlineEndsASlowAnswer(t *testing.T) {
	t.Parallel()
	server := lab(t)
	account, err := server.ServiceAccount("lab-project", "ci")
	require.NoError(t, err)
	credentials := open(t, gcp.Source{KeyJSON: string(account.KeyJSON)})
	server.Inject(googletest.Fault{Delay: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = credentials.Token(ctx)
	assert.EqualError(t, err, fmt.Sprintf("mint a token for %s (given inline): %s: no answer within the time limit; "+
		"check the network and https_proxy, or give it more time", ci, server.URL()[len("https://"):]))
}

func TestACertificateOfAnUnknownAuthority(t *testing.T) {
	t.Parallel()
	stranger, err := certtest.NewAuthority(t.TempDir())
	require.NoError(t, err)
	certificate, err := stranger.ServerCertificate()
	require.NoError(t, err)
	server, err := googletest.Start(googletest.Options{Certificate: certificate})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	account, err := server.ServiceAccount("lab-project", "ci")
	require.NoError(t, err)
	_, err = open(t, gcp.Source{KeyJSON: string(account.KeyJSON)}).Token(t.Context())
	assert.EqualError(t, err, fmt.Sprintf("mint a token for %s (given inline): %s: its certificate is of an unknown authority; "+
		"name the authority's file in SSL_CERT_FILE if a proxy opens TLS", ci, server.URL()[len("https://"):]))
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	server := lab(t)
	account, err := server.ServiceAccount("lab-project", "ci")
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	gone := listener.Addr().String()
	require.NoError(t, listener.Close())
	key := changed(t, account.KeyJSON, map[string]any{"token_uri": "https://" + gone + "/token"})
	_, err = open(t, gcp.Source{KeyJSON: key}).Token(t.Context())
	assert.EqualError(t, err, "mint a token for "+ci+" (given inline): "+gone+": connection refused; check the network and https_proxy")
	key = changed(t, account.KeyJSON, map[string]any{"token_uri": "https://" + server.MetadataHost() + "/token"})
	_, err = open(t, gcp.Source{KeyJSON: key}).Token(t.Context())
	assert.EqualError(t, err, "mint a token for "+ci+" (given inline): "+server.MetadataHost()+": it does not speak TLS; check whether a proxy answers in its place")
}

func TestScopesThatGoogleDoesNotKnow(t *testing.T) {
	t.Parallel()
	server := lab(t)
	account, err := server.ServiceAccount("lab-project", "ci")
	require.NoError(t, err)
	_, err = open(t, gcp.Source{KeyJSON: string(account.KeyJSON), Scopes: []string{"https://example.com/scope"}}).Token(t.Context())
	assert.EqualError(t, err, "mint a token for "+ci+" (given inline): Google does not know one of the scopes https://example.com/scope; check scopes")
}

func TestATokenThatEndsSoonIsReplaced(t *testing.T) {
	t.Parallel()
	server := lab(t)
	require.NoError(t, server.Instance("lab-project", ci, gcp.ScopeCloudPlatform))
	account, err := server.ServiceAccount("lab-project", "ci")
	require.NoError(t, err)
	credentials := open(t, gcp.Source{KeyJSON: string(account.KeyJSON)})
	server.Inject(googletest.Fault{Times: 1, Body: `{"access_token": "short", "expires_in": 200, "token_type": "Bearer"}`})
	first, err := credentials.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "short", first.Value)
	second, err := credentials.Token(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, first.Value, second.Value)
	credentials.Forget()
	third, err := credentials.Token(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, second.Value, third.Value)
	assert.Equal(t, 2, server.Issued("/token"))
}
