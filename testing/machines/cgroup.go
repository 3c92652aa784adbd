package machines

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// hierarchies are the folders in which cgroups are made: each controller's of version 1, or the one of version 2.
func hierarchies() []string {
	found, err := filepath.Glob("/sys/fs/cgroup/*/cgroup.procs")
	if _, failed := os.Stat("/sys/fs/cgroup/cgroup.controllers"); failed == nil || err != nil {
		return []string{"/sys/fs/cgroup"}
	}
	for i := range found {
		found[i] = filepath.Dir(found[i])
	}
	return found
}

// cgroups are those of the machines whose names match.
func cgroups(pattern string) []string {
	var found []string
	for _, hierarchy := range hierarchies() {
		matches, err := filepath.Glob(filepath.Join(hierarchy, pattern))
		if err == nil { // the pattern is ours
			found = append(found, matches...)
		}
	}
	return found
}

// makeCgroups makes a machine's root in each hierarchy. Version 1 wants processors and memory named before a process may go in.
func makeCgroups(name string) error {
	for _, hierarchy := range hierarchies() {
		cgroup := filepath.Join(hierarchy, name)
		if err := os.Mkdir(cgroup, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("make the machine's cgroups: %w", err)
		}
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			content, err := os.ReadFile(filepath.Join(hierarchy, file))
			if err != nil {
				continue // not the controller of that
			}
			if err := os.WriteFile(filepath.Join(cgroup, file), content, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
