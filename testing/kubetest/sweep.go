package kubetest

import (
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
)

// programs are the names under which this package starts processes.
var programs = []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"}

// killTimeout bounds how long the kernel takes to end what was killed.
const killTimeout = time.Minute

// Sweep kills the servers of clusters in the folder or below it that an owner left behind, and returns when they are gone. They are
// known by the path of their binary, which leads into the folder.
func Sweep(dir string) error {
	found, err := Leftovers(dir)
	if err != nil {
		return err
	}
	for _, pid := range found {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("kill the left-over process %d: %w", pid, err)
		}
	}
	for deadline := time.Now().Add(killTimeout); len(found) > 0; time.Sleep(10 * time.Millisecond) {
		if found, err = Leftovers(dir); err != nil {
			return err
		}
		if len(found) > 0 && time.Now().After(deadline) {
			return fmt.Errorf("kill the left-over processes %v: they do not end", found)
		}
	}
	return nil
}

// Leftovers are the processes of servers that run from the folder or below it.
func Leftovers(dir string) ([]int, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var found []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		// A process that ends meanwhile has no command line any more; a dead one that nobody waited for has an empty one.
		line, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "cmdline"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ESRCH) {
			continue
		}
		program, _, _ := strings.Cut(string(line), "\x00")
		if strings.HasPrefix(program, dir+"/") && slices.Contains(programs, filepath.Base(program)) {
			found = append(found, pid)
		}
	}
	return found, nil
}
