// Command k3s_preflight is the Ansible module metalstack.initial_cluster.k3s_preflight.
package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/k3s/preflight"
	"github.com/metal-stack/initial-cluster/modules/internal/target"
)

type params struct {
	target.Params
	Cores         int      `ansible:"cores"`
	MemoryGB      int      `ansible:"memory_gb"`
	Disks         int      `ansible:"disks"`
	DiskGB        int      `ansible:"disk_gb"`
	KernelModules []string `ansible:"kernel_modules"`
	Cgroups       []string `ansible:"cgroups"`
	TimeSync      bool     `ansible:"time_sync"`
	MaxClockSkew  int      `ansible:"max_clock_skew"`
	Names         []string `ansible:"names"`
	Peers         []string `ansible:"peers"`
	Ports         []int    `ansible:"ports"`
}

func main() { ansible.Main(spec, run) }

func run(ctx context.Context, in params, mode ansible.Mode) (ansible.Result, error) {
	if problems := in.problems(); len(problems) > 0 {
		return ansible.Result{}, errors.New(strings.Join(problems, "; "))
	}
	wish := in.wish(mode.Sent)
	h, err := in.Open(ctx)
	if err != nil {
		return ansible.Result{}, err
	}
	defer h.Close()
	machine, lacks, err := preflight.Look(ctx, h, wish)
	result := ansible.Result{Msg: "the machine will do", Values: map[string]any{"machine": describe(machine)}}
	if err == nil && len(lacks) > 0 {
		err = errors.New("the machine will not do as a node of k3s: " + strings.Join(lacks, "; "))
	}
	return result, err
}

func (in params) problems() []string {
	problems := in.Problems()
	for _, o := range []struct {
		name  string
		value int
	}{{"cores", in.Cores}, {"memory_gb", in.MemoryGB}, {"disks", in.Disks}, {"disk_gb", in.DiskGB}, {"max_clock_skew", in.MaxClockSkew}} {
		if o.value < 0 {
			problems = append(problems, o.name+": 0 or more is wanted")
		}
	}
	for _, port := range in.Ports {
		if port < 1 || port > 65535 {
			problems = append(problems, fmt.Sprintf("ports: %d is no port, which is 1 to 65535", port))
		}
	}
	return problems
}

func (in params) wish(now time.Time) preflight.Wish {
	return preflight.Wish{
		Cores: in.Cores, MemoryGB: in.MemoryGB, Disks: in.Disks, DiskGB: in.DiskGB, Modules: in.KernelModules, Cgroups: in.Cgroups, TimeSync: in.TimeSync,
		Now: now, MaxSkew: time.Duration(in.MaxClockSkew) * time.Second, Names: in.Names, Peers: in.Peers, Ports: in.Ports,
	}
}

func describe(m preflight.Machine) map[string]any {
	disks := []map[string]any{}
	for _, d := range m.Disks {
		disks = append(disks, map[string]any{"name": d.Name, "bytes": d.Bytes})
	}
	return map[string]any{"cores": m.Cores, "memory_gb": float64(int(m.MemoryGB*10)) / 10, "disks": disks}
}
