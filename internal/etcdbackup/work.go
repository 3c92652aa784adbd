package etcdbackup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Work is a folder on a local disk where snapshots lie while they are worked on, one run at a time.
type Work struct{ Dir string }

const workPrefix = "run-"

// ErrLocked is that another run is at work in the folder.
var ErrLocked = errors.New("another run is at work")

// begin locks the folder, removes what a run left that was killed, and makes a folder for this one. The end removes it.
func (w Work) begin() (dir string, end func() error, err error) {
	if err := os.MkdirAll(w.Dir, 0o700); err != nil {
		return "", nil, fmt.Errorf("work folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(w.Dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", nil, fmt.Errorf("work folder: %w", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil { // which ends with the process, however it ends
		return "", nil, errors.Join(w.locked(err), lock.Close())
	}
	dir, err = w.fresh()
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("work folder: %w", err), lock.Close())
	}
	// Closing alone would leave the lock to a process that another goroutine is just starting.
	return dir, func() error {
		return errors.Join(os.RemoveAll(dir), unix.Flock(int(lock.Fd()), unix.LOCK_UN), lock.Close())
	}, nil
}

func (w Work) locked(err error) error {
	if errors.Is(err, unix.EWOULDBLOCK) {
		return fmt.Errorf("%w in %s; wait until it has ended, or give this one a folder of its own", ErrLocked, w.Dir)
	}
	return fmt.Errorf("lock %s: %w", w.Dir, err)
}

func (w Work) fresh() (string, error) {
	entries, err := os.ReadDir(w.Dir)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), workPrefix) {
			if err := os.RemoveAll(filepath.Join(w.Dir, entry.Name())); err != nil {
				return "", err
			}
		}
	}
	return os.MkdirTemp(w.Dir, workPrefix) // 0700
}

// room wants so many bytes free before anything is written.
func (w Work) room(bytes int64) error {
	var stat unix.Statfs_t
	dir := w.Dir
	err := unix.Statfs(dir, &stat)
	for errors.Is(err, fs.ErrNotExist) && filepath.Dir(dir) != dir { // in check mode the folder may not be there yet
		dir = filepath.Dir(dir)
		err = unix.Statfs(dir, &stat)
	}
	if err != nil {
		return fmt.Errorf("work folder %s: %w", w.Dir, err)
	}
	if free := int64(stat.Bavail) * stat.Bsize; free < bytes {
		return fmt.Errorf("work folder %s: %d MiB are needed and %d MiB are free; make room, or give a folder on another disk", w.Dir, bytes>>20, free>>20)
	}
	return nil
}

// create writes a file of the run through to the disk.
func create(ctx context.Context, path string, write func(*os.File) error) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err = write(file); err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close(), ctx.Err())
}
