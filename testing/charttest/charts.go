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
	content, err := sources.ReadFile(name + ".txtar")
	require.NoError(t, err)
	text := string(content)
	for _, c := range changes {
		require.Contains(t, text, c.Old, "chart %s", name)
		text = strings.ReplaceAll(text, c.Old, c.New)
	}
	dir := filepath.Join(t.TempDir(), name)
	for _, file := range txtar.Parse([]byte(text)).Files {
		path := filepath.Join(dir, file.Name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, file.Data, 0o600))
	}
	return dir
}

// Archive packs a chart and gives the path of the archive.
func Archive(t testing.TB, name string, changes ...Change) string {
	t.Helper()
	path, err := chartutil.Save(load(t, name, changes), t.TempDir())
	require.NoError(t, err)
	return path
}

func load(t testing.TB, name string, changes []Change) *chart.Chart {
	t.Helper()
	loaded, err := loader.LoadDir(Folder(t, name, changes...))
	require.NoError(t, err, fmt.Sprint(name, changes))
	return loaded
}
