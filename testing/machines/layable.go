package machines

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// Layable makes a folder one that overlayfs can write to: where the folder is itself on overlayfs, as in many a container, a tmpfs is
// mounted on it, and mounted tells so.
func Layable(dir string) (mounted bool, err error) {
	var system unix.Statfs_t
	if err := unix.Statfs(dir, &system); err != nil {
		return false, fmt.Errorf("look at the file system of %s: %w", dir, err)
	}
	if system.Type != unix.OVERLAYFS_SUPER_MAGIC {
		return false, nil
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700"); err != nil {
		return false, fmt.Errorf("mount a tmpfs on %s, which is on overlayfs: %w", dir, err)
	}
	return true, nil
}
