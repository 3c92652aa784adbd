// Package golden compares what a test got with a file below testdata; the test's flag -update writes it.
package golden

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Result compares results of a module with those of a case, which lie in NAME.result.json.
func Result(t testing.TB, name string, got map[string]any) {
	t.Helper()
	text, err := json.MarshalIndent(got, "", "  ")
	require.NoError(t, err)
	Text(t, name+".result.json", string(text)+"\n")
}

// Text compares a text with that of a file. Spaces in its name are underscores.
func Text(t testing.TB, file, got string) {
	t.Helper()
	file = filepath.Join("testdata", strings.ReplaceAll(file, " ", "_"))
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "run the test with -update to write it")
	assert.Equal(t, string(want), got)
}
