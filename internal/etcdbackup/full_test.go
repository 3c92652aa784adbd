package etcdbackup_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/store"
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
	c := cell{name: "work folder fills up", runs: int(runsOf(t, 3))}
	base := w.take(t).Manifest.Name
	for seed := range uint64(c.runs) {
		random := rand.New(rand.NewPCG(seed, 6))
		w.etcd.Fill(t, "more", 10, 100)
		delay := time.Duration(random.IntN(300)) * time.Millisecond
		filled := time.AfterFunc(delay, func() { fill(w.work, 0) })
		outcome, err := w.taker(t).Take(t.Context(), false)
		filled.Stop()
		acknowledged := []string{base}
		if err == nil {
			acknowledged = append(acknowledged, outcome.Manifest.Name)
			c.acknowledged++
		}
		_ = os.Remove(filepath.Join(w.work, "filler")) // may not be there yet
		assert.Empty(t, w.leftovers(t))
		c.judge(t, w, acknowledged)
	}
	w.etcd.Fill(t, "at last", 10, 100)
	w.take(t)
	show(t, []cell{c})
}

// So does a store.
func TestAStoreThatIsFullLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.folder = small(t, "size=2m")
	w.etcd.Fill(t, "key", 100, 100)
	base := w.take(t).Manifest.Name
	c := cell{name: "store is full", runs: int(runsOf(t, 3))}
	for seed := range uint64(c.runs) {
		random := rand.New(rand.NewPCG(seed, 7))
		w.etcd.Fill(t, "more", 10, 100)
		fill(w.folder, random.IntN(20<<10))
		outcome, err := w.taker(t).Take(t.Context(), false)
		acknowledged := []string{base}
		if err == nil {
			acknowledged = append(acknowledged, outcome.Manifest.Name)
			c.acknowledged++
		} else {
			require.ErrorIs(t, err, store.ErrFull)
		}
		require.NoError(t, os.Remove(filepath.Join(w.folder, "filler")))
		c.judge(t, w, acknowledged)
	}
	show(t, []cell{c})
}
