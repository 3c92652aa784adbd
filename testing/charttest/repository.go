package charttest

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	repo "helm.sh/helm/v4/pkg/repo/v1"

	"github.com/metal-stack/initial-cluster/testing/certtest"
)

// Repository is an HTTP repository of charts on loopback that wants a login, over TLS.
type Repository struct {
	dir       string
	server    *httptest.Server
	authority *certtest.Authority
}

// NewRepository starts one; the test stops it.
func NewRepository(t testing.TB) *Repository {
	t.Helper()
	r := &Repository{dir: t.TempDir()}
	files := http.FileServer(http.Dir(r.dir))
	r.server, r.authority = serve(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if user, password, ok := q.BasicAuth(); !ok || user != User || password != Password {
			w.Header().Set("WWW-Authenticate", `Basic realm="lab"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		files.ServeHTTP(w, q)
	}))
	return r
}

// URL is its address.
func (r *Repository) URL() string { return r.server.URL }

// CAFile is the path of its authority's certificate.
func (r *Repository) CAFile() string { return r.authority.File() }

// Add puts a chart into the index.
func (r *Repository) Add(t testing.TB, name string, changes ...Change) {
	t.Helper()
	archive := Archive(t, name, changes...)
	content, err := os.ReadFile(archive)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, filepath.Base(archive)), content, 0o600))
	index, err := repo.IndexDirectory(r.dir, "")
	require.NoError(t, err)
	require.NoError(t, index.WriteFile(filepath.Join(r.dir, "index.yaml"), 0o600))
}
