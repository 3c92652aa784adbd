package store_test

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/store"
	"github.com/metal-stack/initial-cluster/testing/storetest"
)

func folder(t *testing.T, path string) store.Store {
	t.Helper()
	s, err := store.OpenFolder(path, store.Limits{})
	require.NoError(t, err)
	return s
}

func TestAFolderKeepsTheContract(t *testing.T) {
	t.Parallel()
	storetest.Contract(t, storetest.Place{
		Open: func(t *testing.T, l store.Limits) store.Store {
			s, err := store.OpenFolder(t.TempDir(), l)
			require.NoError(t, err)
			return s
		},
		Leave: func(t *testing.T, s store.Store) {
			require.NoError(t, os.WriteFile(filepath.Join(s.String(), "a", ".b.0123456789.part"), []byte("half"), 0o600))
		},
	})
}

func TestAFolderIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	require.NoError(t, folder(t, root).Put(t.Context(), storetest.Content("a/b/c", []byte("1"))))
	modes := map[string]fs.FileMode{}
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := d.Info()
		modes[strings.TrimPrefix(path, root)] = info.Mode()
		return err
	}))
	delete(modes, "")
	assert.Equal(t, map[string]fs.FileMode{"/a": fs.ModeDir | 0o700, "/a/b": fs.ModeDir | 0o700, "/a/b/c": 0o600}, modes)
}

func TestAFolderThatIsNotThereIsNotMade(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "unmounted")
	s := folder(t, path)
	const why = ": there is no folder %; mount its disk, or make it"
	say := func(doing string) string { return path + ": " + doing + strings.ReplaceAll(why, "%", path) }
	err := s.Put(t.Context(), storetest.Content("a/b", []byte("1")))
	assert.EqualError(t, err, say("put a/b"))
	_, err = s.List(t.Context(), "")
	assert.EqualError(t, err, say("list *"))
	_, err = s.Stat(t.Context(), "a/b")
	assert.EqualError(t, err, say("look at a/b"))
	assert.NotErrorIs(t, err, fs.ErrNotExist, "whether the content is there is not known")
	assert.EqualError(t, s.Delete(t.Context(), "a/b"), say("delete a/b"))
	_, err = store.OpenFolder("backups", store.Limits{})
	assert.EqualError(t, err, `folder "backups": an absolute path below / is wanted`)
}

// hanging is a content on a disk that does not answer.
type hanging struct{ until chan struct{} }

func (h hanging) ReadAt([]byte, int64) (int, error) {
	<-h.until
	return 0, io.ErrUnexpectedEOF
}

func TestADiskThatHangsIsLeftBehind(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	s, err := store.OpenFolder(path, store.Limits{Stall: 200 * time.Millisecond})
	require.NoError(t, err)
	content := storetest.Content("a", []byte("1"))
	until := make(chan struct{})
	defer close(until)
	content.Data = hanging{until}
	told(t, s, s.Put(t.Context(), content), "put a: a disk does not answer; look at the mounts of this host (an NFS server that is gone?), then run it again")
}
