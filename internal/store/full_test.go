package store_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/store"
	"github.com/metal-stack/initial-cluster/testing/hosttest"
	"github.com/metal-stack/initial-cluster/testing/storetest"
)

// smallDisk is one of 8 MiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=8m")
	if err != nil && os.Geteuid() != 0 && os.Getenv("CI") != "true" {
		t.Skip("needs root, to mount a disk")
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(folder, syscall.MNT_DETACH)) })
	return folder
}

func TestAFullDiskIsTold(t *testing.T) {
	t.Parallel()
	server := hosttest.Start(t, filesOnly...)
	for name, open := range map[string]func(t *testing.T, path string) store.Store{
		"folder": folder,
		"sftp":   func(t *testing.T, path string) store.Store { return sftp(t, server, path, store.Limits{}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk := smallDisk(t)
			s := open(t, disk)
			require.NoError(t, s.Put(t.Context(), storetest.Content("a/good", storetest.Bytes(1, 1<<20))))
			err := s.Put(t.Context(), storetest.Content("a/big", storetest.Bytes(2, 12<<20)))
			assert.ErrorIs(t, err, store.ErrFull)
			told(t, s, err, "put a/big: no space left on device; free some of the disk, or raise the quota")
			left, err := os.ReadDir(filepath.Join(disk, "a"))
			require.NoError(t, err)
			assert.Len(t, left, 1, "what did not fit is removed")
			require.NoError(t, s.Put(t.Context(), storetest.Content("a/small", storetest.Bytes(3, 1<<20))))
		})
	}
}

func TestADiskThatIsReadOnlyIsTold(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t)
	s := folder(t, disk)
	require.NoError(t, s.Put(t.Context(), storetest.Content("a", []byte("1"))))
	require.NoError(t, syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	const why = ": its disk is mounted read-only; look for errors of the disk (dmesg), mount it for writing"
	told(t, s, s.Put(t.Context(), storetest.Content("b", []byte("1"))), "put b"+why)
	told(t, s, s.Delete(t.Context(), "a"), "delete a"+why)
}
