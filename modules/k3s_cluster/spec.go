package main

import (
	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/modules/internal/target"
)

var spec = ansible.Spec{
	Name:             "k3s_cluster",
	ShortDescription: "Do to a k3s cluster what concerns more than one node",
	Description: []string{
		"Works on a server of the cluster, by its supervisor and its own C(k3s kubectl): drains nodes and lets pods back onto them, removes nodes that are gone, " +
			"takes snapshots, and gives the cluster other tokens and keys.",
		"What could cost etcd its majority is refused or waited for, and done to one server at a time in the whole cluster, however many runs there are.",
	},
	Notes: []string{
		"It runs on any host where a server of k3s runs, as root. The node that an operation is about is named by O(node).",
		"V(snapshot), V(rotate_keys) and V(rotate_certificates) do what they are told at each run, so they are a change each time.",
	},
	SeeAlso: []string{"metalstack.initial_cluster.k3s_node"},
	Options: append(options, target.Option()),
	Constraints: ansible.Constraints{RequiredIf: []ansible.RequiredIf{
		{Option: "operation", Value: check, Requires: []string{"version"}},
		{Option: "operation", Value: checkBack, Requires: []string{"version"}},
		{Option: "operation", Value: await, Requires: []string{"node"}},
		{Option: "operation", Value: drain, Requires: []string{"node"}},
		{Option: "operation", Value: uncordon, Requires: []string{"node"}},
		{Option: "operation", Value: forget, Requires: []string{"node"}},
		{Option: "operation", Value: rotateCerts, Requires: []string{"node"}},
		{Option: "operation", Value: rotateToken, Requires: []string{"new_token"}},
	}},
	Examples: examples,
	Returns:  returns,
}

var options = []ansible.Option{
	{
		Name: "operation", Default: info, Choices: []any{info, check, checkBack, await, drain, uncordon, forget, snapshot, rotateToken, rotateKeys, rotateCerts},
		Description: []string{
			"V(info) tells of the nodes and members.",
			"V(check) waits until all nodes are well, and judges an upgrade of all of them to O(version); nothing is changed.",
			"V(check_rollback) judges whether all nodes can go back to O(version), an older one, by its binary alone; if not, it names the snapshots there are. Nothing is changed.",
			"V(await) waits until O(node) is Ready, and has O(version) if that is given.",
			"V(drain) takes O(node) out of scheduling and moves its pods away. If no other node could take them, nothing is done; if it fails, the node is as it was.",
			"V(uncordon) lets pods onto O(node) again, if V(drain) took it out of scheduling; if an operator did, it stays so.",
			"V(forget) removes O(node): its member of etcd first, then its Node object and the password that keeps other machines from taking its name. " +
				"It need not exist any more.",
			"V(snapshot) takes a snapshot of etcd and proves that it is there.",
			"V(rotate_token) gives the cluster O(new_token). Thereafter all nodes must be given it and be restarted.",
			"V(rotate_keys) encrypts all Secrets with a new key. Thereafter the other servers must be restarted; until they are, no other rotation is begun, " +
				"and that is no change.",
			"V(rotate_certificates) has k3s issue new certificates for the server that this runs on, whose name is O(node), and restarts it. " +
				"Agents get new ones at each start.",
		},
	},
	{Name: "node", Description: []string{"The name of a node."}},
	{Name: "version", Description: []string{"A release of k3s, as V(v1.35.6+k3s1)."}},
	{Name: "new_token", NoLog: ansible.Secret, Description: []string{"The token that the cluster is to have: a password, or k3s' full form. Snapshots of before need the old one."}},
	{Name: "snapshot_name", Default: "on-demand", Description: []string{"How the snapshot's name begins; the node's name and the time follow."}},
	{Name: "force", Type: ansible.Bool, Default: false, Description: []string{"Whether V(drain) deletes pods, too, that nothing makes anew elsewhere."}},
	{Name: "timeout", Type: ansible.Int, Default: 300, Description: []string{"How many seconds the operation may take; each wait in it, if it has several."}},
	{Name: "data_dir", Type: ansible.Path, Default: "/var/lib/rancher/k3s", Description: []string{"Where k3s keeps its data."}},
	{Name: "bin_dir", Type: ansible.Path, Default: "/usr/local/bin", Description: []string{"Where the binary of k3s is."}},
	{Name: "port", Type: ansible.Int, Default: 6443, Description: []string{"The port of the servers."}},
}

const examples = `
- name: Empty an agent before its upgrade
  metalstack.initial_cluster.k3s_cluster:
    operation: drain
    node: "{{ inventory_hostname }}"
  delegate_to: "{{ groups['k3s_servers'][0] }}"

- name: Take a snapshot
  metalstack.initial_cluster.k3s_cluster:
    operation: snapshot
    snapshot_name: before-upgrade

- name: Remove a server whose machine is lost
  metalstack.initial_cluster.k3s_cluster:
    operation: forget
    node: k3s-2
`
