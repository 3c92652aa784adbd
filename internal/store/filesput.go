package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"path"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// chunk is how much is sent before the other side must have all of it, in bytes.
const chunk = 8 << 20

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
