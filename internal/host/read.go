package host

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"syscall"
)

// read opens a file for Read of both kinds.
func read(ctx context.Context, d disk, name string) (io.ReadCloser, error) {
	if err := checkPath(name); err != nil {
		return nil, err
	}
	file, err := d.Open(name)
	if err != nil {
		return nil, described(ctx, "read", name, err)
	}
	return &reading{until{ctx, file}, file, d, name}, nil
}

// reading is a file whose reading ends with the context.
type reading struct {
	until
	file io.Closer
	disk disk
	name string
}

func (r *reading) Read(p []byte) (int, error) {
	n, err := r.until.Read(p)
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	return n, described(r.ctx, "read", r.name, r.isFolder(err))
}

// isFolder finds what SFTP does not tell.
func (r *reading) isFolder(err error) error {
	if info, failed := r.disk.Lstat(r.name); failed == nil && info.IsDir() {
		return &fs.PathError{Err: syscall.EISDIR}
	}
	return err
}

func (r *reading) Close() error { return r.file.Close() }
