// Package preflight looks whether a machine will do as a node of k3s before anything on it is changed: its size, its kernel, its clock and
// its way to the other machines. What is to be done about it is the operator's.
package preflight

import (
	"context"
	"time"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// Wish is what is wanted of the machine. What is zero or empty is not looked at.
type Wish struct {
	Cores    int
	MemoryGB int // in 2^30 bytes; what firmware and kernel keep for themselves is forgiven
	Disks    int // how many there must be
	DiskGB   int // of that size, in 10^9 bytes as they are sold
	Modules  []string
	Cgroups  []string // controllers
	TimeSync bool
	Now      time.Time // by the clock of who asks, when the look begins
	MaxSkew  time.Duration
	Names    []string // that must resolve
	Peers    []string // addresses
	Ports    []int    // of each peer, for TCP
}

// Machine is what was found.
type Machine struct {
	Cores    int
	MemoryGB float64
	Disks    []Disk
}

// Disk is one of the machine's.
type Disk struct {
	Name  string
	Bytes int64
}

// Look gives what the machine is, and everything that it lacks, each in a sentence. An error is of a machine that cannot be asked.
func Look(ctx context.Context, h host.Host, w Wish) (Machine, []string, error) {
	l := look{Host: h, wish: w}
	for _, part := range []func(context.Context) error{l.clock, l.size, l.disks, l.kernel, l.names, l.peers} {
		if err := part(ctx); err != nil {
			return l.found, l.problems, err
		}
	}
	return l.found, l.problems, nil
}
