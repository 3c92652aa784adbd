package main

import "github.com/metal-stack/initial-cluster/internal/ansible"

var returns = []ansible.Return{
	{
		Name: "cluster", Description: "The cluster as it was found.", Type: ansible.Dict, Returned: "by V(info), V(check), V(check_rollback) and V(await)",
		Sample: map[string]any{
			"etcd": true, "members_without_node": []any{}, "outdated": []any{"k3s-1"},
			"nodes": []any{map[string]any{"name": "k3s-1", "role": "server", "version": "v1.35.4+k3s1", "ready": true, "why": "", "cordoned": false, "member": "voter"}},
		},
		Contains: []ansible.Return{
			{Name: "etcd", Type: ansible.Bool, Returned: "always", Description: "Whether k3s' own etcd holds the data."},
			{Name: "members_without_node", Type: ansible.List, Elements: ansible.Str, Returned: "always", Description: "Nodes that are members of etcd and nothing else: V(forget) removes them."},
			{Name: "outdated", Type: ansible.List, Elements: ansible.Str, Returned: "by V(check) and V(check_rollback)", Description: "Nodes that do not have the version."},
			{
				Name: "nodes", Type: ansible.List, Elements: ansible.Dict, Returned: "always", Description: "The nodes, by name.",
				Contains: []ansible.Return{
					{Name: "name", Type: ansible.Str, Returned: "always", Description: "The node's name."},
					{Name: "role", Type: ansible.Str, Returned: "always", Description: "C(server) or C(agent)."},
					{Name: "version", Type: ansible.Str, Returned: "always", Description: "The release that its kubelet is of."},
					{Name: "ready", Type: ansible.Bool, Returned: "always", Description: "Whether it is Ready."},
					{Name: "why", Type: ansible.Str, Returned: "always", Description: "Why it is not."},
					{Name: "cordoned", Type: ansible.Bool, Returned: "always", Description: "Whether it is out of scheduling."},
					{Name: "member", Type: ansible.Str, Returned: "always", Description: "What it is in etcd: C(voter), C(learner), or empty."},
				},
			},
		},
	},
	{
		Name: "snapshot", Description: "The snapshot that was taken.", Type: ansible.Dict, Returned: "by V(snapshot)",
		Sample: map[string]any{"name": "before-upgrade-k3s-1-1772618400", "location": "file:///var/lib/rancher/k3s/server/db/snapshots/before-upgrade-k3s-1-1772618400", "node": "k3s-1", "bytes": 8388608},
		Contains: []ansible.Return{
			{Name: "name", Type: ansible.Str, Returned: "always", Description: "Its name."},
			{Name: "location", Type: ansible.Str, Returned: "always", Description: "Where it is, as a URL."},
			{Name: "node", Type: ansible.Str, Returned: "always", Description: "The node that took it."},
			{Name: "bytes", Type: ansible.Int, Returned: "always", Description: "Its size."},
		},
	},
	{
		Name: "encryption", Description: "How Secrets are encrypted now.", Type: ansible.Dict, Returned: "by V(rotate_keys)",
		Sample: map[string]any{"active": "aescbckey-2026-03-04T10:11:12Z", "inactive": []any{}, "stage": "reencrypt_finished"},
		Contains: []ansible.Return{
			{Name: "active", Type: ansible.Str, Returned: "always", Description: "The name of the key."},
			{Name: "inactive", Type: ansible.List, Elements: ansible.Str, Returned: "always", Description: "The names of keys that only decrypt."},
			{Name: "stage", Type: ansible.Str, Returned: "always", Description: "Where k3s is in the rotation."},
		},
	},
	{
		Name: "steps", Description: "What was done, or in check mode would be.", Type: ansible.List, Elements: ansible.Str, Returned: "when there is something to do",
		Sample: []any{"drain k3s-2"},
	},
}
