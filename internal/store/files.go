package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"syscall"
	"time"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// files is a folder, here or on another machine.
type files struct {
	disks  host.Disks
	root   string
	name   string
	reason func(error) *problem // of what only the one kind knows; nil if it does not know better
}

// suffix is of files that come together; they begin with a dot, which no name does.
const suffix = ".part"

func (f *files) String() string { return f.name }
func (f *files) Close() error   { return f.disks.Close() }

// with uses the disk for the time of a context.
func (f *files) with(ctx context.Context, use func(host.Disk) error) error {
	disk, release, err := f.disks.Disk(ctx)
	if err != nil {
		return err
	}
	defer release()
	return use(disk)
}

func (f *files) path(name string) string { return path.Join(f.root, name) }

// gone takes it for done that there was nothing to remove.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (f *files) delete(ctx context.Context, name string) error {
	return f.with(ctx, func(d host.Disk) error {
		target := f.path(name)
		if _, err := d.Names(f.root); err != nil {
			return err
		}
		if err := d.Remove(target); err != nil {
			return gone(err)
		}
		return d.SyncFolder(path.Dir(target))
	})
}

func (f *files) get(ctx context.Context, name string, from int64) (content io.ReadCloser, version string, err error) {
	disk, release, err := f.disks.Disk(ctx)
	if err != nil {
		return nil, "", err
	}
	info, err := f.regular(disk, name)
	if err == nil {
		content, err = openAt(disk, f.path(name), from)
	}
	if err != nil {
		release()
		return nil, "", err
	}
	return &released{content, release}, fmt.Sprint(info.Size(), info.ModTime().UnixNano()), nil
}

// regular finds a file; whatever else is there was not put.
func (f *files) regular(d host.Disk, name string) (fs.FileInfo, error) {
	info, err := d.Lstat(f.path(name))
	if err == nil && !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: f.path(name), Err: syscall.ENOENT}
	}
	if errors.Is(err, fs.ErrNotExist) {
		if _, missing := d.Lstat(f.root); missing != nil {
			return nil, missing
		}
	}
	return info, err
}

func openAt(d host.Disk, name string, from int64) (io.ReadCloser, error) {
	content, err := d.Open(name)
	if err != nil || from == 0 {
		return content, err
	}
	if seeker, ok := content.(io.Seeker); ok {
		_, err = seeker.Seek(from, io.SeekStart)
	} else {
		_, err = io.CopyN(io.Discard, content, from)
	}
	if err != nil {
		return nil, errors.Join(err, content.Close())
	}
	return content, nil
}

// released is a content that gives the disk back at its end.
type released struct {
	io.ReadCloser
	release func()
}

func (r *released) Close() error {
	defer r.release()
	return r.ReadCloser.Close()
}

func (f *files) stat(ctx context.Context, name string) (info Info, err error) {
	err = f.with(ctx, func(d host.Disk) error {
		found, err := f.regular(d, name)
		if err == nil {
			info = Info{Name: name, Size: found.Size(), Modified: found.ModTime()}
		}
		return err
	})
	return info, err
}

func (f *files) list(ctx context.Context, prefix string, found func(Info)) error {
	return f.with(ctx, func(d host.Disk) error {
		return f.walk(ctx, d, "", func(name string, info fs.FileInfo) error {
			if info.Mode().IsRegular() && !strings.HasPrefix(info.Name(), ".") {
				found(Info{Name: name, Size: info.Size(), Modified: info.ModTime()})
			}
			return nil
		}, func(folder string) bool {
			return strings.HasPrefix(folder, prefix) || strings.HasPrefix(prefix, folder)
		})
	})
}

// walk visits all files in those folders that are wanted. What vanishes meanwhile was deleted.
func (f *files) walk(ctx context.Context, d host.Disk, folder string, visit func(name string, info fs.FileInfo) error, wanted func(folder string) bool) error {
	names, err := d.Names(f.path(folder))
	if err != nil {
		if folder != "" {
			err = gone(err)
		}
		return err
	}
	for _, name := range names {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		touch(ctx)
		name = path.Join(folder, name)
		info, err := d.Lstat(f.path(name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err == nil && info.IsDir() && wanted(name+"/"):
			err = f.walk(ctx, d, name, visit, wanted)
		case err == nil && !info.IsDir():
			err = visit(name, info)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *files) sweep(ctx context.Context, age time.Duration) (swept int, err error) {
	err = f.with(ctx, func(d host.Disk) error {
		return f.walk(ctx, d, "", func(name string, info fs.FileInfo) error {
			left := strings.HasPrefix(info.Name(), ".") && strings.HasSuffix(info.Name(), suffix)
			if !left || time.Since(info.ModTime()) < age {
				return nil
			}
			swept++
			return gone(d.Remove(f.path(name)))
		}, func(string) bool { return true })
	})
	return swept, err
}
