package gcp_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/gcp"
	"github.com/metal-stack/initial-cluster/testing/googletest"
)

// nowhere is an address at which nothing listens.
func nowhere(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

func TestTheMachinesAccount(t *testing.T) {
	server := lab(t)
	_, err := server.ServiceAccount("lab-project", "ci")
	require.NoError(t, err)
	require.NoError(t, server.Instance("lab-project", ci, gcp.ScopeCloudPlatform))
	t.Setenv("GCE_METADATA_HOST", server.MetadataHost())
	credentials := open(t, gcp.Source{Kind: gcp.Metadata})
	assert.Equal(t, []any{ci, "lab-project", []string{gcp.ScopeCloudPlatform}},
		[]any{credentials.Account(), credentials.Project(), credentials.Scopes()})
	assert.Empty(t, credentials.Warnings())
	token, err := credentials.Token(t.Context())
	require.NoError(t, err)
	info, known := server.Token(token.Value)
	assert.True(t, known)
	assert.Equal(t, ci, info.Email)

	require.NoError(t, server.Instance("lab-project", ci, "https://www.googleapis.com/auth/devstorage.read_only"))
	assert.Equal(t, []string{"the machine's scopes lack cloud-platform, so its tokens may do less than its account; stop the machine and set them"},
		open(t, gcp.Source{Kind: gcp.Metadata}).Warnings())
}

func TestAMetadataServerThatDoesNotTell(t *testing.T) {
	server := lab(t)
	host := server.MetadataHost()
	gone := nowhere(t)
	for _, c := range []struct {
		name, host, want string
		world            func() error
	}{
		{"absent", gone, gone + ": no answer (connection refused); this host is no machine of Google Cloud, so name a key file", func() error { return nil }},
		{"slow", host, host + ": no answer (context deadline exceeded); this host is no machine of Google Cloud, so name a key file",
			func() error { server.Inject(googletest.Fault{Delay: time.Hour}); return nil }},
		{"without an account", host, host + ": the machine has no service account; attach one, or name a key file",
			func() error { return server.Instance("lab-project", "") }},
		{"something else", host, host + ": it answers 403 Forbidden, as no metadata server does; check GCE_METADATA_HOST",
			func() error {
				server.Inject(googletest.Fault{Status: 403, Kind: "text/html", Body: "<html>"})
				return nil
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("GCE_METADATA_HOST", c.host)
			require.NoError(t, server.Instance("lab-project", ci, gcp.ScopeCloudPlatform))
			require.NoError(t, c.world())
			t.Cleanup(server.ClearFaults)
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			_, err := gcp.Open(ctx, gcp.Source{Kind: gcp.Metadata})
			assert.EqualError(t, err, "metadata server "+c.want)
		})
	}
}

func TestAMachineThatLosesItsAccount(t *testing.T) {
	server := lab(t)
	require.NoError(t, server.Instance("lab-project", ci, gcp.ScopeCloudPlatform))
	t.Setenv("GCE_METADATA_HOST", server.MetadataHost())
	credentials := open(t, gcp.Source{Kind: gcp.Metadata})
	require.NoError(t, server.Instance("lab-project", ""))
	_, err := credentials.Token(t.Context())
	assert.EqualError(t, err, "mint a token for "+ci+" (metadata server "+server.MetadataHost()+"): the machine has no service account; attach one, or name a key file")
}

func TestDefaultsAreLookedForInGooglesOrder(t *testing.T) {
	server := lab(t)
	account, err := server.ServiceAccount("lab-project", "ci")
	require.NoError(t, err)
	require.NoError(t, server.Instance("lab-project", "machine@lab-project.iam.gserviceaccount.com", gcp.ScopeCloudPlatform))
	t.Setenv("GCE_METADATA_HOST", server.MetadataHost())
	folder := t.TempDir()
	t.Setenv("CLOUDSDK_CONFIG", folder)
	assert.Equal(t, gcp.Metadata, open(t, gcp.Source{}).Kind())

	wellKnown := filepath.Join(folder, "application_default_credentials.json")
	require.NoError(t, os.WriteFile(wellKnown, account.KeyJSON, 0o600))
	assert.Equal(t, wellKnown, open(t, gcp.Source{}).Origin())

	named := filepath.Join(t.TempDir(), "named.json")
	require.NoError(t, os.WriteFile(named, account.KeyJSON, 0o600))
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", named)
	assert.Equal(t, named, open(t, gcp.Source{Kind: gcp.ApplicationDefault}).Origin())
}
