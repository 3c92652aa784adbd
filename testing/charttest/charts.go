// Package charttest is small charts with the names, values and hooks of the real ones, and the registries they come from: a real OCI
// registry, and an HTTP repository.
package charttest

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

//go:embed *.txtar
var sources embed.FS

// Change puts one text in the place of another, in all files of a chart. The text must be there.
type Change struct{ Old, New string }

// Version makes a chart another version.
func Version(version string) Change {
	return Change{"\nversion: ", "\nversion: " + version + " # was "}
}

// Folder writes a chart below a folder of the test and gives its path.
func Folder(t testing.TB, name string, changes ...Change) string {
	t.Helper()
	dir, err := write(t.TempDir(), name, changes)
	require.NoError(t, err)
	return dir
}

func write(parent, name string, changes []Change) (dir string, err error) {
	content, err := sources.ReadFile(name + ".txtar")
	if err != nil {
		return "", err
	}
	text := string(content)
	for _, c := range changes {
		if !strings.Contains(text, c.Old) {
			return "", fmt.Errorf("chart %s: has no text %q", name, c.Old)
		}
		text = strings.ReplaceAll(text, c.Old, c.New)
	}
	dir = filepath.Join(parent, name)
	for _, file := range txtar.Parse([]byte(text)).Files {
		path := filepath.Join(dir, file.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, file.Data, 0o600); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// Archive packs a chart and gives the path of the archive.
func Archive(t testing.TB, name string, changes ...Change) string {
	t.Helper()
	path, _, err := pack(t.TempDir(), name, changes)
	require.NoError(t, err)
	return path
}

// pack writes a chart and its archive below a folder.
func pack(parent, name string, changes []Change) (path string, packed *chart.Chart, err error) {
	dir, err := write(parent, name, changes)
	if err != nil {
		return "", nil, err
	}
	if packed, err = loader.LoadDir(dir); err != nil {
		return "", nil, fmt.Errorf("chart %s %v: %w", name, changes, err)
	}
	path, err = chartutil.Save(packed, parent)
	return path, packed, err
}
