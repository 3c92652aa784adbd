package host

import (
	"io"
	"io/fs"
)

// disk is what both kinds can do with paths. What must be alike stands on it: Write, Read, Stat and Remove. Its errors are
// *fs.PathError.
type disk interface {
	Lstat(path string) (fs.FileInfo, error)
	Owner(info fs.FileInfo) (uid, gid int)
	Names(path string) ([]string, error) // of what is in a folder, in any order
	ReadLink(path string) (string, error)
	Open(path string) (io.ReadCloser, error)
	Create(path string) (file, error) // new, for its owner alone
	Append(path string) (file, error) // there already
	Mkdir(path string) error
	Symlink(target, path string) error
	Chmod(path string, mode fs.FileMode) error
	Chown(path string, uid, gid int) error
	Rename(from, to string) error // in place of what is there
	Remove(path string) error     // a file, a link or an empty folder
	SyncFolder(path string) error
}

type file interface {
	io.Writer
	io.Seeker
	io.Closer
	Truncate(size int64) error
	Sync() error
}
