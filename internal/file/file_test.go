package file_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/file"
)

func TestReplaceMakesFolderAndFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "file")
	require.NoError(t, file.Replace(path, []byte("one"), 0o640))
	require.NoError(t, file.Replace(path, []byte("two"), 0o600))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "two", string(content))
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700 | os.ModeDir} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		assert.Equal(t, want, info.Mode(), name)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, files, 1, "nothing is left beside it")
}

func TestWhatCannotBeWrittenStaysAsItWas(t *testing.T) {
	dir := t.TempDir()
	long := filepath.Join(dir, strings.Repeat("x", 255)) // leaves no room for a temporary name
	require.NoError(t, os.WriteFile(long, []byte("old"), 0o600))
	circle := filepath.Join(dir, "circle")
	require.NoError(t, os.Symlink(circle, circle))
	full := filepath.Join(dir, "full")
	require.NoError(t, os.MkdirAll(filepath.Join(full, "x"), 0o700))
	for path, want := range map[string]string{
		long:                        "file name too long",
		circle:                      "its links lead in a circle; remove them",
		filepath.Join(long, "file"): "not a directory",
		full:                        "file exists",
	} {
		err := file.Replace(path, []byte("new"), 0o600)
		assert.EqualError(t, err, "write "+path+": "+want)
	}
	content, err := os.ReadFile(long)
	require.NoError(t, err)
	assert.Equal(t, "old", string(content))
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, files, 3, "nothing is left beside them")
}
