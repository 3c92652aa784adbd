package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// entry is a file, folder or symbolic link of the tarball.
type entry struct {
	name string
	path string // where it lies now
	mode fs.FileMode
	link string
	size int64
	sum  string
}

// content gathers the entries in order: what git tracks, as it is in the work tree (nothing else that lies around gets
// published), and what was built.
func (g galaxy) content(ctx context.Context, built string) ([]entry, error) {
	tracked, err := trackedFiles(ctx)
	if err != nil {
		return nil, err
	}
	entries := map[string]entry{}
	for _, name := range tracked {
		if g.ignores(name) {
			continue
		}
		if err := add(entries, ".", name); err != nil {
			return nil, err
		}
	}
	err = filepath.WalkDir(built, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return add(entries, built, strings.TrimPrefix(path, built+"/"))
	})
	return slices.SortedFunc(maps.Values(entries), func(a, b entry) int { return strings.Compare(a.name, b.name) }), err
}

func trackedFiles(ctx context.Context) ([]string, error) {
	list, err := exec.CommandContext(ctx, "git", "ls-files", "-z").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
		}
		return nil, fmt.Errorf("git ls-files: %w; the tarball is built from a git checkout", err)
	}
	return strings.Split(strings.TrimSuffix(string(list), "\x00"), "\x00"), nil
}

// add adds a file and the folders above it. Modes are those that ansible-galaxy gives.
func add(entries map[string]entry, top, name string) error {
	e := entry{name: name, path: filepath.Join(top, name), mode: 0o644}
	info, err := os.Lstat(e.path)
	if err != nil {
		return err
	}
	if info.Mode().Type() == fs.ModeSymlink {
		e.mode = fs.ModeSymlink | 0o777
		if e.link, err = os.Readlink(e.path); err != nil {
			return err
		}
	} else if e.size = info.Size(); info.Mode().Perm()&0o100 != 0 {
		e.mode = 0o755
	}
	if e.sum, err = sha256File(e.path); err != nil {
		return err
	}
	entries[name] = e
	for folder := path.Dir(name); folder != "."; folder = path.Dir(folder) {
		entries[folder] = entry{name: folder, mode: fs.ModeDir | 0o755}
	}
	return nil
}
