package charttest

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	// What the registry is made of: passwords in a file, blobs in memory.
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/metal-stack/initial-cluster/testing/certtest"
)

// User and Password are accepted by a Registry and a Repository.
const (
	User     = "puller"
	Password = "registry-secret-1"
)

// Handler is an OCI registry that keeps everything in memory. Without a file of passwords (htpasswd) it wants no login.
func Handler(ctx context.Context, passwords string) http.Handler {
	config := &configuration.Configuration{Storage: configuration.Storage{"inmemory": nil}}
	if passwords != "" {
		config.Auth = configuration.Auth{"htpasswd": {"realm": "lab", "path": passwords}}
	}
	logrus.SetOutput(io.Discard) // the handlers ask no configuration where to log
	config.HTTP.Secret = "lab"
	return handlers.NewApp(ctx, config)
}

// Registry is an OCI registry on loopback that wants a login, over TLS.
type Registry struct {
	server    *httptest.Server
	authority *certtest.Authority
}

// NewRegistry starts one; the test stops it.
func NewRegistry(t testing.TB) *Registry {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(Password), bcrypt.MinCost)
	require.NoError(t, err)
	passwords := filepath.Join(t.TempDir(), "htpasswd")
	require.NoError(t, os.WriteFile(passwords, []byte(User+":"+string(hash)+"\n"), 0o600))
	r := &Registry{}
	r.server, r.authority = serve(t, Handler(t.Context(), passwords))
	return r
}

// serve serves over TLS with a certificate of an authority of its own.
func serve(t testing.TB, handler http.Handler) (*httptest.Server, *certtest.Authority) {
	t.Helper()
	authority, err := certtest.NewAuthority(t.TempDir())
	require.NoError(t, err)
	pair, err := authority.ServerCertificate()
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, authority
}

// Host is its host:port.
func (r *Registry) Host() string { return strings.TrimPrefix(r.server.URL, "https://") }

// CAFile is the path of its authority's certificate.
func (r *Registry) CAFile() string { return r.authority.File() }

// Stop makes it unreachable.
func (r *Registry) Stop() { r.server.Close() }

// Push pushes a chart below a path, tagged with its version, and gives its digest.
func (r *Registry) Push(t testing.TB, path, name string, changes ...Change) string {
	t.Helper()
	to := Target{Host: r.Host() + "/" + path, Roots: r.authority.Pool(), User: User, Password: Password}
	digest, err := to.Push(t.TempDir(), name, changes...)
	require.NoError(t, err)
	return digest
}
