package machines

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// remove removes all that carries the number, whoever made it, and the folder. What is gone already is no error.
func (n number) remove(ctx context.Context, dir string) error {
	if err := n.removeMatching(ctx, n.machine("*"), n.cable("*")); err != nil {
		return err
	}
	if err := removeLinks(ctx, n.String()); err != nil {
		return err
	}
	if err := unmount(dir); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// removeLinks removes network links whose names match.
func removeLinks(ctx context.Context, pattern string) error {
	found, err := filepath.Glob("/sys/class/net/" + pattern)
	if err != nil {
		return err
	}
	for _, link := range found {
		if err := commands(ctx, "ip link del "+filepath.Base(link)); err != nil {
			return err
		}
	}
	return nil
}

// removeMatching removes processes, cables, namespaces and cgroups of machines; the patterns are of their names with the number. A
// cable does not always go with its namespace: connections that still wait for an answer keep that for minutes.
func (n number) removeMatching(ctx context.Context, pattern, cables string) error {
	if err := killAll(ctx, pattern); err != nil {
		return err
	}
	if err := removeLinks(ctx, cables); err != nil {
		return err
	}
	namespaces, err := filepath.Glob("/run/netns/" + pattern)
	if err != nil {
		return err
	}
	for _, namespace := range namespaces {
		if err := commands(ctx, "ip netns del "+filepath.Base(namespace)); err != nil {
			return err
		}
	}
	return removeCgroups(pattern)
}

// killTimeout bounds how long the kernel takes to end what was killed.
const killTimeout = 30 * time.Second

// killAll kills what runs in the machines and the systemd-nspawn around them, and waits for their end.
func killAll(ctx context.Context, pattern string) error {
	o := wait.Options{For: "the end of the processes of " + pattern, Timeout: killTimeout, Interval: 10 * time.Millisecond}
	return wait.Until(ctx, o, func(context.Context) (bool, string, error) {
		pids, err := processes(pattern)
		if err != nil {
			return false, "", err
		}
		for _, pid := range pids {
			if err := ignore(syscall.Kill(pid, syscall.SIGKILL), syscall.ESRCH); err != nil {
				return false, "", fmt.Errorf("kill process %d of %s: %w", pid, pattern, err)
			}
		}
		return len(pids) == 0, fmt.Sprintf("%d left", len(pids)), nil
	})
}

// processes are those in the cgroups of machines, all below included.
func processes(pattern string) ([]int, error) {
	var found []int
	for _, top := range cgroups(pattern) {
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return ignore(err, fs.ErrNotExist)
			}
			content, err := os.ReadFile(filepath.Join(path, "cgroup.procs"))
			if err != nil {
				return ignore(ignore(err, fs.ErrNotExist), syscall.ENODEV) // gone meanwhile
			}
			for _, line := range strings.Fields(string(content)) {
				pid, err := strconv.Atoi(line)
				if err != nil {
					return err
				}
				found = append(found, pid)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// unmount unmounts everything below a folder, the last mounted first.
func unmount(dir string) error {
	points, err := mounts(dir)
	if err != nil {
		return err
	}
	for _, point := range slices.Backward(points) {
		if err := ignore(syscall.Unmount(point, 0), syscall.EINVAL); err != nil {
			return fmt.Errorf("unmount %s: %w", point, err)
		}
	}
	return nil
}

func mounts(dir string) ([]string, error) {
	table, err := host.ReadText(context.Background(), host.Local{}, "/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	var points []string
	for line := range strings.Lines(table) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1]+"/", dir+"/") {
			points = append(points, fields[1])
		}
	}
	return points, nil
}

func removeCgroups(pattern string) error {
	for _, top := range cgroups(pattern) {
		var folders []string
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				folders = append(folders, path)
			}
			return err
		})
		for _, folder := range slices.Backward(folders) {
			err = errors.Join(err, ignore(os.Remove(folder), fs.ErrNotExist))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
