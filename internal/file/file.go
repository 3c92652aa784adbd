// Package file replaces local files at once or not at all, for files that other programs read and edit, too. What stands in them
// it does not know.
package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Replace gives a file this content and mode. The folder is made (0700) if it is not there; a link is followed, and the file behind it
// keeps its owner. An error names the path; then the file is as it was.
func Replace(path string, content []byte, mode fs.FileMode) error {
	target, err := Follow(path)
	if err == nil {
		err = replace(target, content, mode)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, Cause(err))
	}
	return nil
}

func replace(target string, content []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return err
	}
	fresh, err := os.CreateTemp(filepath.Dir(target), "."+filepath.Base(target)+".*")
	if err != nil {
		return err
	}
	_, err = fresh.Write(content)
	if err == nil {
		err = errors.Join(keepOwner(fresh, target), fresh.Chmod(mode), fresh.Sync())
	}
	if err = errors.Join(err, fresh.Close()); err == nil {
		err = os.Rename(fresh.Name(), target)
	}
	if err != nil {
		return errors.Join(err, os.Remove(fresh.Name()))
	}
	return nil
}

// keepOwner gives the new file the owner of the old one: root edits a user's file without taking it away.
func keepOwner(fresh *os.File, target string) error {
	old, err := os.Stat(target)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	now, errNow := fresh.Stat()
	if err := errors.Join(err, errNow); err != nil {
		return err
	}
	was, is := old.Sys().(*syscall.Stat_t), now.Sys().(*syscall.Stat_t)
	if was.Uid == is.Uid && was.Gid == is.Gid {
		return nil
	}
	if err := fresh.Chown(int(was.Uid), int(was.Gid)); err != nil {
		return fmt.Errorf("it belongs to user %d, group %d; run this as that user", was.Uid, was.Gid)
	}
	return nil
}

// mostLinks is what Linux itself follows: path_resolution(7).
const mostLinks = 40

// Follow finds the file behind links, also one that is not there yet.
func Follow(path string) (string, error) {
	for range mostLinks {
		next, err := os.Readlink(path)
		if err != nil { // no link, or nothing there
			return path, nil
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(filepath.Dir(path), next)
		}
		path = next
	}
	return "", errors.New("its links lead in a circle; remove them")
}

// Cause drops from a file's error the operation and the paths, which a message names by itself.
func Cause(err error) error {
	var at *fs.PathError
	var renamed *os.LinkError
	switch {
	case errors.As(err, &at):
		return at.Err
	case errors.As(err, &renamed):
		return renamed.Err
	}
	return err
}
