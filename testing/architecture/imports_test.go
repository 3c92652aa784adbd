// Package architecture holds the repository's rules that no compiler knows.
package architecture

import (
	"errors"
	"go/build"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const repository = "github.com/metal-stack/initial-cluster/"

// mayImport says what the packages below a folder may import besides the standard library and their own folder. A folder is
// named from the top of the repository; an import counts with everything below it. The longest folder that fits decides.
var mayImport = map[string][]string{
	"modules":                       {"internal"},
	"internal/ansible":              {"internal/wait", "github.com/spf13/pflag", "golang.org/x/sys"},
	"internal/wait":                 {},
	"internal/host":                 {"internal/wait", "golang.org/x/crypto/ssh", "github.com/pkg/sftp", "github.com/skeema/knownhosts", "golang.org/x/sys"},
	"internal/k3s/preflight":        {"internal/host", "golang.org/x/crypto/ssh"},
	"internal/k3s/cluster":          {"internal/host", "internal/reach", "internal/wait"},
	"internal/gcp":                  {"internal/file", "internal/reach", "golang.org/x/oauth2", "cloud.google.com/go/compute/metadata", "github.com/golang-jwt/jwt", "google.golang.org/grpc", "golang.org/x/sys"},
	"internal/file":                 {},
	"internal/kube":                 {"internal/file", "internal/reach", "internal/wait", "go.yaml.in/yaml"},
	"internal/metalstackcloud":      {"internal/reach", "internal/wait", "github.com/golang-jwt/jwt", "go.yaml.in/yaml"},
	"internal/k3s":                  {"internal/host", "internal/wait", "go.yaml.in/yaml"},
	"internal/reach":                {},
	"internal/store":                {"internal/gcp", "internal/host", "internal/reach", "internal/wait", "github.com/minio/minio-go/v7"},
	"internal/gke":                  {"internal/gcp", "internal/kube", "internal/wait", "cloud.google.com/go/container", "google.golang.org"},
	"modules/metal_control_plane":   {"internal", "sigs.k8s.io/yaml"},
	"internal/cluster":              {"internal/wait", "k8s.io", "github.com/fluxcd/cli-utils/pkg/kstatus"},
	"internal/certificates":         {"internal/cluster", "internal/wait", "k8s.io"},
	"internal/registry":             {"oras.land/oras-go", "github.com/opencontainers/image-spec"},
	"internal/charts":               {"internal/registry", "helm.sh/helm/v4/pkg", "sigs.k8s.io/yaml"},
	"internal/releasevector":        {"internal/registry", "sigs.k8s.io/yaml"},
	"internal/builtin":              {"internal/charts", "internal/controlplane", "internal/registry", "internal/releasevector"},
	"internal/metalroles":           {"internal/builtin", "internal/certificates", "internal/charts", "internal/controlplane", "internal/releasevector"},
	"internal/preflight":            {"internal/cluster", "internal/wait", "k8s.io", "github.com/aws/aws-sdk-go-v2/aws"},
	"internal/controlplane":         {"internal/charts", "internal/cluster", "internal/wait", "helm.sh/helm/v4/pkg", "k8s.io", "sigs.k8s.io/yaml"},
	"internal/etcdbackup":           {"internal/store", "internal/wait", "filippo.io/age", "golang.org/x/sys"},
	"internal/etcdbackup/retention": {},
	"internal/etcdbackup/manifest":  {},
	"internal/etcdbackup/k3s":       {},
	"internal/etcdbackup/seal":      {"filippo.io/age", "github.com/klauspost/compress/zstd"},
	"internal/etcdbackup/snapshot":  {"go.etcd.io", "google.golang.org/protobuf"},
	"internal/etcdbackup/source":    {"internal/wait", "go.etcd.io", "go.uber.org/zap", "google.golang.org/grpc"},
	"internal/etcdbackup/scratch":   {"go.etcd.io", "go.uber.org/zap"},
	"internal/etcdbackup/schedule":  {"internal/host"},
	"modules/etcd_backup":           {"internal", "modules/internal", "filippo.io/age"},
}

// meaningless are names that say nothing about what a package is for.
var meaningless = []string{"util", "utils", "common", "helper", "helpers", "types", "misc"}

func TestImportsPointDown(t *testing.T) {
	found := packages(t)
	require.Contains(t, found, "internal/ansible")
	for self, imports := range found {
		assert.NotContains(t, meaningless, path.Base(self), "%s: name it for what it is for", self)
		if below(self, "testing") {
			continue
		}
		folder, allowed, ok := row(self)
		if !assert.True(t, ok, "%s: no row of the table holds it; add one, and to the table of the architecture", self) {
			continue
		}
		for _, imported := range imports {
			name := strings.TrimPrefix(imported, repository)
			fine := standard(imported) || below(name, folder) || slices.ContainsFunc(allowed, func(a string) bool { return below(name, a) })
			assert.True(t, fine, "%s imports %s; it may import %v", self, name, allowed)
		}
	}
}

func row(self string) (folder string, allowed []string, ok bool) {
	for f, a := range mayImport {
		if below(self, f) && len(f) > len(folder) {
			folder, allowed, ok = f, a, true
		}
	}
	return folder, allowed, ok
}

// standard tells the standard library from the rest: the first element of its paths has no dot.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

func below(name, folder string) bool {
	return name == folder || strings.HasPrefix(name, folder+"/")
}

// packages gives the imports of every package of the product by its folder. It reads the files itself, and asks no go list: so the
// cache of go test notices when they change.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, top := range []string{"internal", "modules", "testing"} {
		err := filepath.WalkDir(filepath.Join("../..", top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			p, err := build.ImportDir(path, 0)
			var none *build.NoGoError
			if errors.As(err, &none) {
				return nil
			}
			found[strings.TrimPrefix(path, "../../")] = p.Imports
			return err
		})
		require.NoError(t, err)
	}
	return found
}
