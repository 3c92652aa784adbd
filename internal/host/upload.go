package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

// chunk is how much is sent before the other side must have all of it, in bytes. What lies before the last chunk of a part is whole, so
// an upload that was cut off goes on there.
const chunk = 8 << 20

// regular makes a file with content.
func (w *writer) regular(ctx context.Context, found fs.FileInfo) (bool, error) {
	sum, size, err := sumOf(w.want)
	if err != nil {
		return false, err
	}
	same, err := w.same(ctx, found, sum, size)
	if err != nil {
		return false, err
	}
	temporary := w.temporary(sum)
	if err := w.sweep(temporary); err != nil {
		return false, err
	}
	if same {
		return w.settle(w.want.Path, found)
	}
	if found != nil {
		w.keepOwner(found)
	}
	if err := w.upload(ctx, temporary, size); err != nil {
		return false, err
	}
	if err := w.verify(ctx, temporary, sum); err != nil {
		return false, err
	}
	if _, err := w.settle(temporary, nil); err != nil {
		return false, err
	}
	return true, w.replace(temporary)
}

// keepOwner keeps the owner of a file that is replaced where none is wanted.
func (w *writer) keepOwner(found fs.FileInfo) {
	uid, gid := w.Owner(found)
	if w.want.Owner == "" {
		w.uid, w.gid = uid, gid
	}
}

func sumOf(f File) (sum string, size int64, err error) {
	if f.Content == nil {
		return "", 0, errors.New("a file without a content was asked for")
	}
	if f.Sum != "" {
		size, err = f.Content.Seek(0, io.SeekEnd)
		return f.Sum, size, err
	}
	if _, err := f.Content.Seek(0, io.SeekStart); err != nil {
		return "", 0, err
	}
	hash := sha256.New()
	size, err = io.Copy(hash, f.Content)
	return hex.EncodeToString(hash.Sum(nil)), size, err
}

func (w *writer) same(ctx context.Context, found fs.FileInfo, sum string, size int64) (bool, error) {
	if found == nil || !found.Mode().IsRegular() || found.Size() != size {
		return false, nil
	}
	there, err := SHA256(ctx, w.host, w.want.Path)
	return there == sum, err
}

// verify holds against the sum what has arrived: a disk may lie, and a part may be of somebody else.
func (w *writer) verify(ctx context.Context, temporary, sum string) error {
	there, err := SHA256(ctx, w.host, temporary)
	if err != nil || there == sum {
		return err
	}
	err = fmt.Errorf("what arrived has the SHA-256 %s, and %s was sent; run it again, it begins anew", there, sum)
	return first(w.Remove(temporary), err)
}

// upload brings the content to the temporary file, which is synced then.
func (w *writer) upload(ctx context.Context, temporary string, size int64) error {
	target, offset, err := w.part(temporary, size)
	if err != nil {
		return err
	}
	if err := w.send(ctx, target, offset, size); err != nil {
		return first(err, target.Close())
	}
	return first(target.Sync(), target.Close())
}

// part opens the temporary file and tells from where on to write it. One that is there is continued if it is big, and if nobody else
// can have put it there.
func (w *writer) part(temporary string, size int64) (file, int64, error) {
	found, err := w.Lstat(temporary)
	if errors.Is(err, fs.ErrNotExist) {
		target, err := w.Create(temporary)
		return target, 0, err
	}
	if err != nil {
		return nil, 0, err
	}
	folder, err := w.Lstat(path.Dir(temporary))
	if err != nil {
		return nil, 0, err
	}
	offset := (min(found.Size(), size) - 1) / chunk * chunk
	if offset <= 0 || !found.Mode().IsRegular() || found.Mode().Perm() != 0o600 || folder.Mode().Perm()&0o002 != 0 {
		if err := w.Remove(temporary); err != nil {
			return nil, 0, err
		}
		target, err := w.Create(temporary)
		return target, 0, err
	}
	target, err := w.Append(temporary)
	if err != nil {
		return nil, 0, err
	}
	return target, offset, target.Truncate(offset)
}

func (w *writer) send(ctx context.Context, target file, offset, size int64) error {
	if _, err := w.want.Content.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	if _, err := target.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	for offset < size {
		n, err := io.Copy(target, io.LimitReader(until{ctx, w.want.Content}, min(chunk, size-offset)))
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrUnexpectedEOF
		}
		offset += n
		if size > chunk {
			wait.Report(ctx, "write %s: %d of %d MiB", w.want.Path, offset>>20, size>>20)
		}
	}
	return nil
}

// until is a reader that ends with a context.
type until struct {
	ctx context.Context
	io.Reader
}

func (u until) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.Reader.Read(p)
}

func ignoreClosed(err error) error {
	if errors.Is(err, fs.ErrClosed) || errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
