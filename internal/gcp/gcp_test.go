package gcp_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/metal-stack/initial-cluster/internal/gcp"
	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/googletest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var authority *certtest.Authority

// TestMain lets the process trust the tests' certificate authority: Go reads SSL_CERT_FILE once.
func TestMain(m *testing.M) {
	code, err := trusting(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func trusting(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "gcp")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if authority, err = certtest.NewAuthority(dir); err != nil {
		return 1, err
	}
	if err := os.Setenv("SSL_CERT_FILE", authority.File()); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

func lab(t *testing.T) *googletest.Server {
	t.Helper()
	certificate, err := authority.ServerCertificate()
	require.NoError(t, err)
	server, err := googletest.Start(googletest.Options{Dir: t.TempDir(), Certificate: certificate})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	return server
}

func TestKeyMintsAToken(t *testing.T) {
	t.Parallel()
	server := lab(t)
	account, err := server.ServiceAccount("lab-project", "ci", "roles/container.admin")
	require.NoError(t, err)
	credentials, err := gcp.Open(t.Context(), gcp.Source{KeyJSON: string(account.KeyJSON)})
	require.NoError(t, err)
	token, err := credentials.Token(t.Context())
	require.NoError(t, err)
	info, known := server.Token(token.Value)
	require.True(t, known)
	assert.Equal(t, account.Email, info.Email)
	assert.Equal(t, []string{gcp.ScopeCloudPlatform, gcp.ScopeEmail}, info.Scopes)

	again, err := credentials.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, token, again)
	assert.Equal(t, 1, server.Issued("/token"))
}
