package main

import (
	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/modules/internal/target"
)

var spec = ansible.Spec{
	Name:             "k3s_preflight",
	ShortDescription: "Look whether a machine will do as a node of k3s",
	Description: []string{
		"Looks at the size of the machine, its kernel, its clock, and its way to the other machines, before anything is changed. All that is lacking is told at once.",
	},
	Notes: []string{
		"It changes nothing.",
		"A port of another machine is reached also when nothing listens there yet. What a firewall rejects as if nothing listened cannot be told from that, " +
			"and UDP cannot be tried: flannel's port 8472 is left to the operator.",
	},
	SeeAlso:  []string{"metalstack.initial_cluster.k3s_node"},
	Options:  append(options, target.Option()),
	Examples: examples,
	Returns:  returns,
}

var options = []ansible.Option{
	{Name: "cores", Type: ansible.Int, Default: 8, Description: []string{"How many cores there must be. Of this and the following, V(0) looks at nothing."}},
	{Name: "memory_gb", Type: ansible.Int, Default: 64, Description: []string{"How much memory there must be, in 2^30 bytes; a twenty-fifth may be the kernel's."}},
	{Name: "disks", Type: ansible.Int, Default: 2, Description: []string{"How many disks there must be of at least O(disk_gb)."}},
	{Name: "disk_gb", Type: ansible.Int, Default: 960, Description: []string{"The size of such a disk, in 10^9 bytes. Disks of 1 TB come with 960 and more."}},
	{Name: "kernel_modules", Type: ansible.List, Elements: ansible.Str, Default: []any{"br_netfilter", "overlay"}, Description: []string{"Modules that the kernel must have, loaded or not."}},
	{Name: "cgroups", Type: ansible.List, Elements: ansible.Str, Default: []any{"cpu", "cpuset", "memory", "pids"}, Description: []string{"Controllers of cgroups that the kernel must have."}},
	{Name: "time_sync", Type: ansible.Bool, Default: true, Description: []string{"Whether the clock must be synchronised."}},
	{Name: "max_clock_skew", Type: ansible.Int, Default: 10, Description: []string{"How many seconds the clock may differ from the controller's. The way from there to the machine counts. Not looked at in a task with C(async)."}},
	{Name: "names", Type: ansible.List, Elements: ansible.Str, Description: []string{"Names that must resolve."}},
	{Name: "peers", Type: ansible.List, Elements: ansible.Str, Description: []string{"Addresses of other machines."}},
	{Name: "ports", Type: ansible.List, Elements: ansible.Int, Default: []any{6443, 2379, 2380, 10250}, Description: []string{"Ports at which O(peers) must be reached over TCP."}},
}

const examples = `
- name: Look whether the machine will do
  metalstack.initial_cluster.k3s_preflight:
    cores: 16
    peers: [10.0.0.12, 10.0.0.13]
`

var returns = []ansible.Return{{
	Name: "machine", Description: "What was found.", Type: ansible.Dict, Returned: "when it could be looked at",
	Sample: map[string]any{"cores": 16, "memory_gb": 62.7, "disks": []any{map[string]any{"name": "nvme0n1", "bytes": 1000204886016}}},
	Contains: []ansible.Return{
		{Name: "cores", Type: ansible.Int, Returned: "always", Description: "How many cores it has."},
		{Name: "memory_gb", Type: ansible.Float, Returned: "always", Description: "Its memory, in 2^30 bytes."},
		{
			Name: "disks", Type: ansible.List, Elements: ansible.Dict, Returned: "always", Description: "Its disks.",
			Contains: []ansible.Return{
				{Name: "name", Type: ansible.Str, Returned: "always", Description: "The kernel's name for it."},
				{Name: "bytes", Type: ansible.Int, Returned: "always", Description: "Its size."},
			},
		},
	},
}}
