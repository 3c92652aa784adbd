package host

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

type localDisk struct{}

func (localDisk) Lstat(path string) (fs.FileInfo, error)    { return os.Lstat(path) }
func (localDisk) ReadLink(path string) (string, error)      { return os.Readlink(path) }
func (localDisk) Open(path string) (io.ReadCloser, error)   { return os.Open(path) }
func (localDisk) Mkdir(path string) error                   { return os.Mkdir(path, 0o700) }
func (localDisk) Chmod(path string, mode fs.FileMode) error { return os.Chmod(path, mode) }
func (localDisk) Chown(path string, uid, gid int) error     { return os.Lchown(path, uid, gid) }
func (localDisk) Remove(path string) error                  { return os.Remove(path) }
func (localDisk) Rename(from, to string) error              { return plainError(os.Rename(from, to)) }
func (localDisk) Symlink(target, path string) error         { return plainError(os.Symlink(target, path)) }

// Place is of Disk. Not all file systems can rename so (NFS cannot); a link fails where something is, too.
func (localDisk) Place(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		if err = os.Link(from, to); err == nil {
			return os.Remove(from)
		}
		return plainError(err)
	}
	if err != nil {
		return &fs.PathError{Op: "rename", Path: to, Err: err}
	}
	return nil
}

func (localDisk) Create(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

func (localDisk) Append(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|syscall.O_NOFOLLOW, 0)
}

func (localDisk) Owner(info fs.FileInfo) (uid, gid int) {
	status := info.Sys().(*syscall.Stat_t)
	return int(status.Uid), int(status.Gid)
}

func (localDisk) Names(path string) ([]string, error) {
	folder, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	return folder.Readdirnames(-1)
}

// SyncFolder makes a rename outlast a power cut.
func (localDisk) SyncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// plainError makes the error of a call with two paths one of the second.
func plainError(err error) error {
	var two *os.LinkError
	if errors.As(err, &two) {
		return &fs.PathError{Op: two.Op, Path: two.New, Err: two.Err}
	}
	return err
}
