package preflight

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// look is one look at a machine.
type look struct {
	host.Host
	wish     Wish
	found    Machine
	problems []string
}

func (l *look) lacks(format string, args ...any) {
	l.problems = append(l.problems, fmt.Sprintf(format, args...))
}

func (l *look) run(ctx context.Context, words ...string) (string, error) {
	out, err := l.Run(ctx, host.Words(words...))
	return strings.TrimSpace(out.Stdout), err
}

// kept is the share of its memory that a machine may lack for what firmware and kernel have kept.
const kept = 0.04

func (l *look) size(ctx context.Context) error {
	text, err := l.run(ctx, "nproc", "--all")
	if err != nil {
		return err
	}
	if l.found.Cores, err = strconv.Atoi(text); err != nil {
		return fmt.Errorf("nproc says %q, which is no number", text)
	}
	content, err := host.ReadText(ctx, l, "/proc/meminfo")
	if err != nil {
		return err
	}
	var kib int64
	if _, err := fmt.Sscanf(content, "MemTotal: %d kB", &kib); err != nil {
		return fmt.Errorf("/proc/meminfo has no MemTotal: %w", err)
	}
	l.found.MemoryGB = float64(kib) / (1 << 20)
	if l.found.Cores < l.wish.Cores {
		l.lacks("it has %d cores, and %d are wanted", l.found.Cores, l.wish.Cores)
	}
	if l.found.MemoryGB < float64(l.wish.MemoryGB)*(1-kept) {
		l.lacks("it has %.1f GB of memory, and %d are wanted", l.found.MemoryGB, l.wish.MemoryGB)
	}
	return nil
}

func (l *look) disks(ctx context.Context) error {
	text, err := l.run(ctx, "lsblk", "--json", "--bytes", "--nodeps", "--output=NAME,SIZE,TYPE")
	if err != nil {
		return err
	}
	var list struct {
		Blockdevices []struct {
			Name, Type string
			Size       int64
		}
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return fmt.Errorf("lsblk: no JSON: %w", err)
	}
	big := 0
	for _, one := range list.Blockdevices {
		if one.Type != "disk" || one.Size == 0 {
			continue
		}
		l.found.Disks = append(l.found.Disks, Disk{one.Name, one.Size})
		if one.Size >= int64(l.wish.DiskGB)*1e9 {
			big++
		}
	}
	if big < l.wish.Disks {
		l.lacks("it has %d disks of at least %d GB, and %d are wanted", big, l.wish.DiskGB, l.wish.Disks)
	}
	return nil
}

// kernel looks for modules, loaded, built in or ready to be loaded, and for controllers of cgroups of either version.
func (l *look) kernel(ctx context.Context) error {
	for _, module := range l.wish.Modules {
		if _, err := l.Stat(ctx, "/sys/module/"+module); err == nil {
			continue
		}
		if _, err := l.run(ctx, "modprobe", "--dry-run", "--quiet", module); err != nil {
			l.lacks("the kernel has no module %s; install the kernel's package of modules", module)
		}
	}
	controllers, err := l.controllers(ctx)
	if err != nil {
		return err
	}
	for _, wanted := range l.wish.Cgroups {
		if !slices.Contains(controllers, wanted) {
			l.lacks("the kernel has no cgroup controller %s; boot it with cgroup_enable=%s", wanted, wanted)
		}
	}
	return nil
}

func (l *look) controllers(ctx context.Context) ([]string, error) {
	content, err := host.ReadText(ctx, l, "/sys/fs/cgroup/cgroup.controllers")
	if err == nil {
		return strings.Fields(content), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if content, err = host.ReadText(ctx, l, "/proc/cgroups"); err != nil {
		return nil, err
	}
	var enabled []string
	for line := range strings.Lines(content) {
		if fields := strings.Fields(line); len(fields) == 4 && fields[3] == "1" {
			enabled = append(enabled, fields[0])
		}
	}
	return enabled, nil
}
