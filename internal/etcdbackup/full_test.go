package etcdbackup_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/store"
	"github.com/metal-stack/initial-cluster/testing/storetest"
)

// small is a disk of its own of so many bytes, which takes root to make.
func small(t *testing.T, options string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	err := syscall.Mount("tmpfs", folder, "tmpfs", 0, options)
	if errors.Is(err, syscall.EPERM) && os.Getenv("CI") != "true" {
		t.Skip("needs root to mount a small disk")
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(folder, 0)) })
	return folder
}

// fill writes until the disk is full but for so many bytes.
func fill(folder string, leave int) {
	_ = os.WriteFile(filepath.Join(folder, "filler"), make([]byte, 80<<20), 0o600) // ends with the disk
	if info, err := os.Stat(filepath.Join(folder, "filler")); err == nil {
		_ = os.Truncate(filepath.Join(folder, "filler"), max(0, info.Size()-int64(leave)))
	}
}

// A disk that fills up while a run works there ends the run, and leaves neither files nor half a backup.
func TestAWorkFolderThatFillsUpLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work = small(t, "size=40m")
	w.etcd.Fill(t, "key", 400, 1000)
	c := newCell("work folder fills up", "folder")
	base := w.take(t).Manifest.Name
	for seed := range runsOf(t, 3) {
		c.runs++
		random := rand.New(rand.NewPCG(seed, 6))
		w.etcd.Fill(t, "more", 10, 100)
		delay := time.Duration(random.IntN(300)) * time.Millisecond
		filled := time.AfterFunc(delay, func() { fill(w.work, 0) })
		outcome, err := w.taker(t).Take(t.Context(), false)
		filled.Stop()
		var acknowledged []string
		if err == nil {
			acknowledged = []string{outcome.Manifest.Name}
		}
		_ = os.Remove(filepath.Join(w.work, "filler")) // may not be there yet
		assert.Empty(t, w.leftovers(t))
		verdicts, err := w.reader(t).Verify(t.Context(), "", true)
		c.judge(t, verdicts, err, base, acknowledged)
	}
	w.etcd.Fill(t, "at last", 10, 100)
	w.take(t)
}

// So does a store.
func TestAStoreThatIsFullLosesNothing(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	for _, kind := range []string{"folder", "sftp"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			server, c := storetest.Start(t, kind), newCell("disk of the store is full", kind)
			for seed := range runsOf(t, 3) {
				t.Run(fmt.Sprint(seed), func(t *testing.T) {
					r := a.round(t, c, server, seed)
					disk := small(t, "size=1m")
					require.NoError(t, os.CopyFS(disk, os.DirFS(r.spot.Folder)))
					require.NoError(t, syscall.Mount(disk, r.spot.Folder, "", syscall.MS_BIND, ""))
					t.Cleanup(func() { require.NoError(t, syscall.Unmount(r.spot.Folder, syscall.MNT_DETACH)) })
					fill(disk, r.random.IntN(24<<10))
					outcome, err := r.taking(t, r.calm).Take(t.Context(), false)
					require.NoError(t, os.Remove(filepath.Join(disk, "filler")))
					if err != nil {
						require.ErrorIs(t, err, store.ErrFull)
						r.judge(t)
						return
					}
					r.judge(t, outcome.Manifest.Name)
				})
			}
		})
	}
}
