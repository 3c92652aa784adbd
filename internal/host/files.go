package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"syscall"
)

// checkPath refuses what would mean different things on the two kinds, or what nobody can have meant.
func checkPath(name string) error {
	if !path.IsAbs(name) || path.Clean(name) == "/" {
		return fmt.Errorf("path %q: an absolute path below / is wanted", name)
	}
	return nil
}

func stat(ctx context.Context, d disk, name string) (Info, error) {
	if !path.IsAbs(name) {
		return Info{}, fmt.Errorf("path %q: an absolute path is wanted", name)
	}
	found, err := d.Lstat(name)
	if err != nil {
		return Info{}, described(ctx, "stat", name, err)
	}
	info := Info{Mode: found.Mode(), Size: found.Size(), Modified: found.ModTime().Truncate(1e9)}
	info.UID, info.GID = d.Owner(found)
	switch info.Mode.Type() {
	case fs.ModeSymlink:
		info.Target, err = d.ReadLink(name)
	case fs.ModeDir:
		info.Names, err = d.Names(name)
		slices.Sort(info.Names)
	}
	if err != nil {
		return Info{}, described(ctx, "stat", name, err)
	}
	return info, nil
}

func remove(ctx context.Context, d disk, name string) (bool, error) {
	if err := checkPath(name); err != nil {
		return false, err
	}
	err := removeBelow(ctx, d, path.Clean(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		name = at.Path // deeper in the folder, maybe
	}
	return err == nil, described(ctx, "remove", name, err)
}

// removeBelow does not follow links: what they lead to is not part of the folder. What vanishes meanwhile is gone as wanted.
func removeBelow(ctx context.Context, d disk, name string) error {
	info, err := d.Lstat(name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return d.Remove(name)
	}
	names, err := d.Names(name)
	if err != nil {
		return err
	}
	for _, inside := range names {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := removeBelow(ctx, d, path.Join(name, inside)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return d.Remove(name)
}

// described says of an error what was done to what, in the words of the caller: the paths and calls in between are of no use.
func described(ctx context.Context, what, name string, err error) error {
	if err == nil {
		return nil
	}
	var at *fs.PathError
	if ctx.Err() != nil {
		err = fmt.Errorf("interrupted: %w", context.Cause(ctx))
	} else if errors.As(err, &at) {
		err = at.Err
	}
	return &fs.PathError{Op: what, Path: name, Err: withNextStep(err)}
}

// nextStep is an error with what to do about it.
type nextStep struct {
	error
	next string
}

func (e nextStep) Error() string { return e.error.Error() + "; " + e.next }
func (e nextStep) Unwrap() error { return e.error }

func withNextStep(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return nextStep{err, "free some of the disk"}
	case errors.Is(err, syscall.EROFS):
		return nextStep{err, "mount it for writing"}
	}
	return err
}
