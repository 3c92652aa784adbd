package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
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

// chunk is how much is sent before the other side must have all of it, in bytes.
const chunk = 8 << 20

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

func (f *files) put(ctx context.Context, u *upload) error {
	return f.with(ctx, func(d host.Disk) error {
		target := f.path(u.Name)
		if u.IfAbsent {
			if _, err := d.Lstat(target); err == nil {
				return fs.ErrExist
			}
		}
		if err := f.folder(d, path.Dir(target)); err != nil {
			return err
		}
		temporary, ok := u.left.(string)
		if !ok {
			temporary = path.Join(path.Dir(target), "."+path.Base(target)+"."+rand.Text()[:10]+suffix)
			u.left = temporary
		}
		if err := f.send(ctx, d, u, temporary); err != nil {
			return err
		}
		return f.place(d, u, temporary, target)
	})
}

// place gives the finished file its name.
func (f *files) place(d host.Disk, u *upload, temporary, target string) error {
	move := d.Rename
	if u.IfAbsent {
		move = d.Place
	}
	if err := move(temporary, target); err != nil {
		return err
	}
	u.left = nil
	return d.SyncFolder(path.Dir(target))
}

// folder makes the folders of a name. The store's own must be there: a disk that is not mounted would otherwise look like an empty one.
func (f *files) folder(d host.Disk, folder string) error {
	if folder == f.root || len(folder) < len(f.root) {
		_, err := d.Names(f.root)
		return err
	}
	if _, err := d.Lstat(folder); err == nil {
		return nil
	}
	if err := f.folder(d, path.Dir(folder)); err != nil {
		return err
	}
	if err := d.Mkdir(folder); err != nil {
		if _, there := d.Lstat(folder); there == nil { // somebody else made it meanwhile
			return nil
		}
		return err
	}
	return d.SyncFolder(path.Dir(folder))
}

// send brings the content to the temporary file and syncs it. What an attempt before has left there is not sent again.
func (f *files) send(ctx context.Context, d host.Disk, u *upload, temporary string) error {
	target, offset, err := open(d, u, temporary)
	if err != nil {
		return err
	}
	defer target.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, watched{ctx, u.section(0, offset)}); err != nil {
		return unreadable(ctx, err)
	}
	if _, err := target.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	for at := offset; at < u.Size; {
		size := min(chunk, u.Size-at)
		source := &source{Reader: io.TeeReader(watched{ctx, u.section(at, size)}, hash)}
		n, err := io.Copy(target, source)
		switch {
		case source.err != nil:
			return unreadable(ctx, source.err)
		case err != nil:
			return err
		case n < size:
			return unreadable(ctx, io.ErrUnexpectedEOF)
		}
		at += n
		u.took(ctx, at)
	}
	if err := u.verify(hash); err != nil {
		return err
	}
	return errors.Join(target.Sync(), target.Close())
}

// source is a content that remembers that it could not be read.
type source struct {
	io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// unreadable is a content that cannot be read for an upload, unless only the time was up.
func unreadable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	return corrupt("look at the disk it is read from, and make it anew", "what is to be put cannot be read (%v)", cause(err))
}

// open opens the temporary file, and tells from where on to write.
func open(d host.Disk, u *upload, temporary string) (host.DiskFile, int64, error) {
	found, err := d.Lstat(temporary)
	if errors.Is(err, fs.ErrNotExist) {
		target, err := d.Create(temporary)
		return target, 0, err
	}
	if err != nil {
		return nil, 0, err
	}
	target, err := d.Append(temporary)
	if err != nil {
		return nil, 0, err
	}
	offset := min(found.Size(), u.safe) / chunk * chunk
	return target, offset, target.Truncate(offset)
}

func (f *files) abandon(ctx context.Context, u *upload) error {
	temporary, ok := u.left.(string)
	if !ok {
		return nil
	}
	return f.with(ctx, func(d host.Disk) error { return gone(d.Remove(temporary)) })
}

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
	return info, f.with(ctx, func(d host.Disk) error {
		found, err := f.regular(d, name)
		if err == nil {
			info = Info{Name: name, Size: found.Size(), Modified: found.ModTime()}
		}
		return err
	})
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
	return swept, f.with(ctx, func(d host.Disk) error {
		return f.walk(ctx, d, "", func(name string, info fs.FileInfo) error {
			left := strings.HasPrefix(info.Name(), ".") && strings.HasSuffix(info.Name(), suffix)
			if !left || time.Since(info.ModTime()) < age {
				return nil
			}
			swept++
			return gone(d.Remove(f.path(name)))
		}, func(string) bool { return true })
	})
}

// explain knows what disks say.
func (f *files) explain(err error) *problem {
	if f.reason != nil {
		if known := f.reason(err); known != nil {
			return known
		}
	}
	at := f.root
	var where *fs.PathError
	if errors.As(err, &where) {
		at = where.Path
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return &problem{why: "there is one already", next: "choose another name, or delete that one", kind: fs.ErrExist}
	case errors.Is(err, fs.ErrNotExist) && at == f.root:
		return &problem{why: "there is no folder " + f.root, next: "mount its disk, or make it", kind: nil}
	case errors.Is(err, fs.ErrNotExist):
		return &problem{why: "there is none", kind: fs.ErrNotExist}
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return &problem{why: cause(err).Error(), next: "free some of the disk, or raise the quota", kind: ErrFull}
	case errors.Is(err, syscall.EROFS):
		return &problem{why: "its disk is mounted read-only", next: "look for errors of the disk (dmesg), mount it for writing", kind: ErrDenied}
	case errors.Is(err, fs.ErrPermission):
		return &problem{why: at + ": " + cause(err).Error(), next: "check who owns the folder and what is in it", kind: ErrDenied}
	case errors.Is(err, syscall.EIO), errors.Is(err, syscall.ESTALE):
		return &problem{why: at + ": " + cause(err).Error(), next: "look at the health of its disk (dmesg)"}
	}
	return &problem{why: at + ": " + cause(err).Error(), next: "look at the folder and its disk"}
}

// cause drops from an error the operation and the path.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
