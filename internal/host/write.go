package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"syscall"
)

// writer writes one file.
type writer struct {
	disk
	host     Host
	want     File
	uid, gid int // of the owner; -1 stands for whatever it is
}

// write is Write of both kinds.
func write(ctx context.Context, h Host, d disk, f File) (bool, error) {
	if err := checkPath(f.Path); err != nil {
		return false, err
	}
	f.Path = path.Clean(f.Path)
	w := &writer{host: h, disk: d, want: f}
	changed, err := w.write(ctx)
	return changed, described(ctx, "write", f.Path, err)
}

func (w *writer) write(ctx context.Context) (bool, error) {
	if w.want.Mode&^(fs.ModeDir|fs.ModeSymlink) != bits(w.want.Mode) {
		return false, fmt.Errorf("nothing of mode %s can be written", w.want.Mode)
	}
	var err error
	if w.uid, w.gid, err = lookUp(ctx, w.host, w.want.Owner); err != nil {
		return false, err
	}
	found, err := w.Lstat(w.want.Path)
	if errors.Is(err, fs.ErrNotExist) {
		found, err = nil, nil
	}
	if err != nil {
		return false, err
	}
	if found != nil && found.IsDir() != w.want.Mode.IsDir() {
		return false, w.inTheWay(found)
	}
	switch w.want.Mode.Type() {
	case fs.ModeDir:
		return w.folder(found)
	case fs.ModeSymlink:
		return w.link(found)
	}
	return w.regular(ctx, found)
}

func (w *writer) inTheWay(found fs.FileInfo) error {
	if found.IsDir() {
		return nextStep{syscall.EISDIR, "move the folder out of the way"}
	}
	return nextStep{syscall.ENOTDIR, "move what is there out of the way"}
}

// folder makes a folder, and those above it that are missing.
func (w *writer) folder(found fs.FileInfo) (bool, error) {
	if found == nil {
		if err := w.above(path.Dir(w.want.Path)); err != nil {
			return false, err
		}
		if err := w.Mkdir(w.want.Path); err != nil {
			return false, err
		}
	}
	changed, err := w.settle(w.want.Path, found)
	return changed || found == nil, err
}

func (w *writer) above(folder string) error {
	_, err := w.Lstat(folder)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := w.above(path.Dir(folder)); err != nil {
		return err
	}
	if err := w.Mkdir(folder); err != nil {
		return err
	}
	return w.Chmod(folder, 0o755)
}

// settle gives a path its mode and owner where they differ. The owner comes first: a change of it clears the set-user-id bit.
func (w *writer) settle(name string, found fs.FileInfo) (changed bool, err error) {
	if found == nil {
		if found, err = w.Lstat(name); err != nil {
			return false, err
		}
	}
	if w.wrongOwner(found) {
		changed = true
		if err := w.Chown(name, w.uid, w.gid); err != nil {
			return false, err
		}
	}
	if changed || bits(found.Mode()) != bits(w.want.Mode) {
		return true, w.Chmod(name, bits(w.want.Mode))
	}
	return false, nil
}

func (w *writer) wrongOwner(found fs.FileInfo) bool {
	uid, gid := w.Owner(found)
	return w.uid >= 0 && uid != w.uid || w.gid >= 0 && gid != w.gid
}

// bits are those of a mode that chmod sets.
func bits(mode fs.FileMode) fs.FileMode {
	return mode & (fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky)
}

func (w *writer) link(found fs.FileInfo) (bool, error) {
	content, err := io.ReadAll(w.want.Content)
	if err != nil {
		return false, err
	}
	target := string(content)
	if found != nil && found.Mode().Type() == fs.ModeSymlink {
		if there, err := w.ReadLink(w.want.Path); err != nil || there == target {
			return false, err
		}
	}
	temporary := w.temporary("link")
	if err := w.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err := w.Symlink(target, temporary); err != nil {
		return false, err
	}
	return true, w.replace(temporary)
}

// temporary is where a file comes together, beside its place. The name says of what content it is.
func (w *writer) temporary(content string) string {
	return path.Join(path.Dir(w.want.Path), w.prefix()+content[:min(len(content), 16)]+suffix)
}

func (w *writer) prefix() string { return "." + path.Base(w.want.Path) + "." }

const suffix = ".part"

// sweep removes what earlier writes of other contents left behind; they may hold secrets, and they take room.
func (w *writer) sweep(keep string) error {
	names, err := w.Names(path.Dir(w.want.Path))
	if err != nil {
		return err
	}
	for _, name := range names {
		if !strings.HasPrefix(name, w.prefix()) || !strings.HasSuffix(name, suffix) || name == path.Base(keep) {
			continue
		}
		if err := w.Remove(path.Join(path.Dir(w.want.Path), name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (w *writer) replace(temporary string) error {
	if err := w.Rename(temporary, w.want.Path); err != nil {
		return err
	}
	return w.SyncFolder(path.Dir(w.want.Path))
}
