package main

import "github.com/metal-stack/initial-cluster/internal/ansible"

var returns = []ansible.Return{
	{
		Name: "node", Description: "The node as it is at the end, in check mode as it is.", Type: ansible.Dict, Returned: "unless it could not be looked at",
		Sample: map[string]any{
			"datastore": "etcd", "installed": "v1.35.6+k3s1", "name": "k3s-1", "role": "server", "running": true, "to_reset": false, "started": "Wed 2026-03-04 10:11:12 UTC",
		},
		Contains: []ansible.Return{
			{Name: "name", Type: ansible.Str, Returned: "always", Description: "The node's name in the cluster."},
			{Name: "role", Type: ansible.Str, Returned: "always", Description: "C(server) or C(agent); empty where there is no k3s."},
			{Name: "installed", Type: ansible.Str, Returned: "always", Description: "The version of the binary; empty where there is none."},
			{Name: "running", Type: ansible.Bool, Returned: "always", Description: "Whether k3s runs and has told that it is ready."},
			{Name: "started", Type: ansible.Str, Returned: "always", Description: "When k3s was started, as the init system has it; empty if it does not run."},
			{Name: "to_reset", Type: ansible.Bool, Returned: "always", Description: "Whether it has its part in O(reset) still to do."},
			{Name: "datastore", Type: ansible.Str, Returned: "always", Description: "What data a server has: C(etcd), C(sqlite), or empty where there is none."},
		},
	},
	{
		Name: "steps", Description: "What was done, or in check mode would be, in this order.", Type: ansible.List, Elements: ansible.Str, Returned: "always",
		Sample: []any{
			"download k3s v1.35.6+k3s1 from https://github.com/k3s-io/k3s/releases/download", "write /usr/local/bin/k3s", "write /etc/rancher/k3s/config.yaml",
			"write /etc/systemd/system/k3s.service", "join the cluster of 10.0.0.12", "start k3s and wait until it is ready",
		},
	},
}
