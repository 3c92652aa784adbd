package etcdbackup_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/manifest"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/retention"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/seal"
)

// attack is what somebody who may write to the store, and knows all that is public, does to two backups. What is restored afterwards says want:
// "older", "newer", or an error.
type attack struct {
	do   func(t *testing.T, w *world, older, newer string)
	want string
}

var attacks = map[string]attack{
	"the newer content is replaced by the older one": {func(t *testing.T, w *world, older, newer string) {
		w.copy(t, older, newer, "content.tar.zst.age")
	}, "older|corrupt content"},
	"the newer backup is given the older manifest": {func(t *testing.T, w *world, older, newer string) {
		w.copy(t, older, newer, "manifest.json")
	}, "older"},
	"the older backup is put under a later name": {func(t *testing.T, w *world, older, _ string) {
		require.NoError(t, os.CopyFS(w.at("29991231T000000Z-r999-00000000"), os.DirFS(w.at(older))))
	}, "newer"},
	"a backup of another cluster is put beside": {func(t *testing.T, w *world, _, newer string) {
		taker := w.taker(t)
		taker.Vaults[0].Cluster = "other"
		w.etcd.Fill(t, "other", 100, 10)
		outcome, err := taker.Take(t.Context(), false)
		require.NoError(t, err)
		name := outcome.Manifest.Name
		require.NoError(t, os.CopyFS(w.at(name), os.DirFS(filepath.Join(w.folder, "other", name))))
	}, "newer"},
	"a manifest of another key names the same content": {func(t *testing.T, w *world, _, newer string) {
		stranger := newWorld(t)
		m := w.manifest(t, newer)
		m.Revision += 1000
		text, err := m.Sign(stranger.keys.Signing)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(w.at(newer, "manifest.json"), text, 0o600))
	}, "older"},
	"the newer manifest is changed": {func(t *testing.T, w *world, _, newer string) {
		text, err := os.ReadFile(w.at(newer, "manifest.json"))
		require.NoError(t, err)
		changed := bytes.Replace(text, []byte(`"generation":1`), []byte(`"generation":9`), 1)
		require.NotEqual(t, text, changed)
		require.NoError(t, os.WriteFile(w.at(newer, "manifest.json"), changed, 0o600))
	}, "older"},
	"the newer backup is held back": {func(t *testing.T, w *world, _, newer string) {
		require.NoError(t, os.RemoveAll(w.at(newer)))
	}, "older"},
	"the newer content becomes a link to a file of this host": {func(t *testing.T, w *world, _, newer string) {
		require.NoError(t, os.Remove(w.at(newer, "content.tar.zst.age")))
		require.NoError(t, os.Symlink("/etc/passwd", w.at(newer, "content.tar.zst.age")))
	}, "older"},
	"the newer manifest becomes a link to a file of this host": {func(t *testing.T, w *world, _, newer string) {
		require.NoError(t, os.Remove(w.at(newer, "manifest.json")))
		require.NoError(t, os.Symlink("/etc/passwd", w.at(newer, "manifest.json")))
	}, "older"},
	"the newer backup becomes a link to another folder": {func(t *testing.T, w *world, _, newer string) {
		away := filepath.Join(t.TempDir(), "away")
		require.NoError(t, os.Rename(w.at(newer), away))
		require.NoError(t, os.Symlink(away, w.at(newer)))
	}, "older"},
	"the newer backup is marked as not good": {func(t *testing.T, w *world, _, newer string) {
		require.NoError(t, os.WriteFile(w.at(newer, "quarantine.json"), []byte(`{"reason": "evil"}`), 0o600))
	}, "older"},
}

// at is a path below the folder of a world's backups.
func (w *world) at(names ...string) string {
	return filepath.Join(append([]string{w.folder, "initial"}, names...)...)
}

// copy puts a file of one backup in the place of another one's.
func (w *world) copy(t *testing.T, from, to, file string) {
	t.Helper()
	content, err := os.ReadFile(w.at(from, file))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(w.at(to, file), content, 0o600))
}

func (w *world) manifest(t *testing.T, name string) manifest.Manifest {
	t.Helper()
	found, err := w.vault(t).Find(t.Context(), name)
	require.NoError(t, err)
	return found.Manifest
}

// Whoever may write to the store can take backups away, and can't make us restore what is not ours, or what is not what it says it is.
func TestWhoMayWriteToTheStoreCannotMakeUsRestoreTheirs(t *testing.T) {
	t.Parallel()
	for name, a := range attacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.etcd.Fill(t, "key", 20, 10)
			older := w.take(t).Manifest.Name
			w.etcd.Fill(t, "more", 20, 10)
			newer := w.take(t).Manifest.Name
			a.do(t, w, older, newer)
			to := filepath.Join(t.TempDir(), "restore.db")
			prepared, err := w.reader(t).Prepare(t.Context(), "", to, etcdbackup.Work{Dir: t.TempDir()}, etcdbackup.Examiner{Program: w.program})
			if err != nil {
				assert.Regexp(t, a.want, err.Error())
				assert.NoFileExists(t, to)
				return
			}
			want, ok := map[string]string{older: "older", newer: "newer"}[prepared.Name]
			require.True(t, ok, prepared.Name)
			assert.Contains(t, a.want, want)
			assert.Equal(t, map[string]int64{"older": 20, "newer": 40}[want], prepared.Result.Keys, "what is told is what is restored")
			_, err = w.reader(t).Drill(t.Context(), newer, etcdbackup.Work{Dir: t.TempDir()}, etcdbackup.Examiner{Program: w.program})
			assert.Equal(t, want == "newer", err == nil, "the newer one by its name: %v", err)
		})
	}
}

// What was put aside for not going on is said to be so under the signature: to remove the mark beside it changes nothing.
func TestAQuarantineIsSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 20, 10)
	older := w.take(t).Manifest.Name
	empty := newWorld(t)
	empty.folder, empty.keys, empty.identity = w.folder, w.keys, w.identity
	empty.etcd.Fill(t, "key", 1, 1)
	outcome, err := empty.taker(t).Take(t.Context(), false)
	require.ErrorContains(t, err, "accept_lineage")
	assert.NoFileExists(t, w.at(outcome.Manifest.Name, "quarantine.json"))
	found, err := w.vault(t).Find(t.Context(), "")
	require.NoError(t, err)
	assert.Equal(t, older, found.Name)
	_, err = w.drill(t, outcome.Manifest.Name)
	require.ErrorContains(t, err, "is not good: quarantined: this is another cluster")

	damage(t, w.content(older), 400)
	_, err = w.reader(t).Verify(t.Context(), "", false)
	require.Error(t, err)
	require.NoError(t, os.Remove(w.at(older, "quarantine.json")))
	_, err = w.drill(t, older)
	require.ErrorContains(t, err, "corrupt content", "without its mark it is as damaged as before")
}

// Links in a folder that others write to lead no deletion out of it.
func TestPruneFollowsNoLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 5, 10)
	name := w.take(t).Manifest.Name
	outside := t.TempDir()
	for _, file := range []string{"content.tar.zst", "manifest.json"} {
		require.NoError(t, os.WriteFile(filepath.Join(outside, file), []byte("{}"), 0o600))
		then := time.Now().Add(-100 * time.Hour)
		require.NoError(t, os.Chtimes(filepath.Join(outside, file), then, then))
	}
	require.NoError(t, os.Symlink(outside, w.at("20200101T000000Z-r1-00000000")))
	require.NoError(t, os.Mkdir(w.at("20200102T000000Z-r1-00000000"), 0o700))
	require.NoError(t, os.Symlink(filepath.Join(outside, "content.tar.zst"), w.at("20200102T000000Z-r1-00000000", "content.tar.zst")))
	pruned, err := w.vault(t).Prune(t.Context(), retention.Policy{Last: 1}, time.Now().Add(100*time.Hour), false)
	require.NoError(t, err)
	assert.Empty(t, pruned.Deleted)
	assert.FileExists(t, filepath.Join(outside, "content.tar.zst"))
	backups, err := w.vault(t).List(t.Context())
	require.NoError(t, err)
	require.Len(t, backups, 1)
	assert.Equal(t, name, backups[0].Name)
}

// crafted are contents that unpack to more than they should, or to elsewhere; each is sealed for us, whose recipients are public.
func crafted(t *testing.T, entries func(*tar.Writer), behind int64) []byte {
	t.Helper()
	var content bytes.Buffer
	compressed, err := zstd.NewWriter(&content, zstd.WithEncoderLevel(zstd.SpeedFastest))
	require.NoError(t, err)
	packed := tar.NewWriter(compressed)
	entries(packed)
	require.NoError(t, packed.Close())
	_, err = io.CopyN(compressed, zeros{}, behind)
	require.NoError(t, err)
	require.NoError(t, compressed.Close())
	return content.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func entry(t *testing.T, to *tar.Writer, header tar.Header) {
	t.Helper()
	require.NoError(t, to.WriteHeader(&header))
	_, err := io.CopyN(to, zeros{}, header.Size)
	require.NoError(t, err)
}

func TestACraftedContentEndsSoonAndLeadsNowhere(t *testing.T) {
	t.Parallel()
	const big = 300 << 20
	for name, c := range map[string]struct {
		entries func(t *testing.T, to *tar.Writer)
		behind  int64
		want    string
	}{
		"a database larger than it must be": {func(t *testing.T, to *tar.Writer) {
			entry(t, to, tar.Header{Name: "snapshot.db", Size: big, Typeflag: tar.TypeReg})
		}, 0, fmt.Sprintf("unpack snapshot.db: corrupt content: it has %d bytes and must have 100", big)},
		"a large file beside it": {func(t *testing.T, to *tar.Writer) {
			entry(t, to, tar.Header{Name: "k3s/server/token", Size: big, Typeflag: tar.TypeReg})
		}, 0, "unpack k3s/server/token: corrupt content: there are more than 64 MiB beside the database"},
		"very many empty files": {func(t *testing.T, to *tar.Writer) {
			for i := range 140_000 {
				entry(t, to, tar.Header{Name: fmt.Sprint(i), Typeflag: tar.TypeReg})
			}
		}, 0, "corrupt content: there are more than 64 MiB beside the database"},
		"much behind the files": {func(*testing.T, *tar.Writer) {}, big, "read to the end: there are more than 1048576 bytes behind the files"},
		"a path that leads out": {func(t *testing.T, to *tar.Writer) {
			entry(t, to, tar.Header{Name: "../../etc/cron.d/evil", Size: 10, Typeflag: tar.TypeReg})
		}, 0, "unpack ../../etc/cron.d/evil: its name leads out of the folder"},
		"an absolute path": {func(t *testing.T, to *tar.Writer) {
			entry(t, to, tar.Header{Name: "/etc/cron.d/evil", Size: 10, Typeflag: tar.TypeReg})
		}, 0, "unpack /etc/cron.d/evil: its name leads out of the folder"},
		"a link": {func(t *testing.T, to *tar.Writer) {
			entry(t, to, tar.Header{Name: "k3s", Linkname: "/etc", Typeflag: tar.TypeSymlink})
		}, 0, "unpack k3s: it is no file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content := bytes.NewReader(crafted(t, func(to *tar.Writer) { c.entries(t, to) }, c.behind))
			m := manifest.Manifest{Snapshot: manifest.Sum{Size: 100}}
			err := etcdbackup.Open(t.Context(), m, content, nil, io.Discard, nil)
			require.ErrorContains(t, err, c.want)
			if c.behind > 0 {
				assert.Positive(t, content.Len(), "it is not read to its end")
			}
		})
	}
}

// What others sealed for us, in the place of a content of the same length, is not unpacked to a disk.
func TestAContentOfOthersIsNotUnpacked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 20, 10)
	name := w.take(t).Manifest.Name
	whole, err := os.ReadFile(w.content(name))
	require.NoError(t, err)
	noise := make([]byte, len(whole))
	_, _ = rand.NewChaCha8([32]byte{1}).Read(noise)
	for size := len(whole); ; size-- { // as much noise as makes it as long
		var theirs bytes.Buffer
		_, err := seal.Seal(t.Context(), &theirs, w.keys.Recipients, seal.File{Name: "snapshot.db", Size: int64(size), Content: bytes.NewReader(noise[:size])})
		require.NoError(t, err)
		if theirs.Len() <= len(whole) {
			require.NoError(t, os.WriteFile(w.content(name), append(theirs.Bytes(), make([]byte, len(whole)-theirs.Len())...), 0o600))
			break
		}
	}
	_, err = w.drill(t, name)
	require.ErrorContains(t, err, "corrupt content: it has "+fmt.Sprint(len(whole))+" bytes with SHA-256 ")
}
