package main

import "github.com/metal-stack/initial-cluster/internal/ansible"

var clusterOptions = []ansible.Option{
	{
		Name: "token", NoLog: ansible.Secret,
		Description: []string{
			"The token of the cluster: on a server that of the servers, on an agent that of agents. A password, or k3s' full form (C(K10...::server:...)), which pins the cluster's certificate authority.",
			"Without, and without O(token_file), the one that is there stays. It is changed by rotation alone (M(metalstack.initial_cluster.k3s_cluster)): another one is refused unless a server of the cluster takes it.",
		},
	},
	{Name: "token_file", Type: ansible.Path, NoLog: ansible.NotSecret, Description: []string{"A file with O(token) in it, where the module runs."}},
	{Name: "agent_token", NoLog: ansible.Secret, Description: []string{"On servers, another token for agents, so that they never hold that of the servers. The same on all servers."}},
	{Name: "agent_token_file", Type: ansible.Path, NoLog: ansible.NotSecret, Description: []string{"A file with O(agent_token) in it, where the module runs."}},
	{
		Name: "servers", Type: ansible.List, Elements: ansible.Str,
		Description: []string{
			"The addresses of all servers of the cluster, this one included, by which they reach each other; the same list in any order for all servers and agents. Two are refused: of two, none may fail.",
			"Without, a server is alone.",
		},
	},
	{
		Name: "join_url", Description: []string{
			"Where an agent finds the cluster, as V(https://k3s.example.com:6443): a load balancer or a virtual address. Without, the first server of O(servers) that answers.",
		},
	},
	{
		Name: "new_cluster", Type: ansible.Bool, Default: false,
		Description: []string{
			"Says that there is no cluster yet, though servers of O(servers) cannot be asked. It is for a bring-up in which they do not run at the same time; then the one with the lowest address begins. " +
				"Afterwards take it away: with it, a server whose data is lost begins a second cluster if no other answers.",
		},
	},
	{
		Name: "datastore", Default: "etcd", Choices: []any{"etcd", "sqlite"},
		Description: []string{
			"What keeps a cluster of one server. V(etcd) can grow. A node with V(sqlite) is converted by V(etcd), and never back. For an external datastore give C(datastore-endpoint) in O(config).",
		},
	},
}

var nodeOptions = []ansible.Option{
	{Name: "labels", Type: ansible.Dict, Description: []string{"Labels of the node. Those that this module gave before and that are not listed any more are removed; others stay."}},
	{Name: "taints", Type: ansible.List, Elements: ansible.Str, Description: []string{"Taints of the node, each as V(key=value:NoSchedule). Those that this module gave before and that are not listed any more are removed; others stay."}},
	{
		Name: "upgrade", Type: ansible.Bool, Default: true,
		Description: []string{"Whether a k3s that runs may get another release. Without, that is refused; so a play of many nodes leaves it to playbook V(upgrade), which takes a snapshot before and looks at all of them."},
	},
	{
		Name: "drain", Type: ansible.Bool, Default: false,
		Description: []string{"Whether a server takes itself out of scheduling and moves its pods away before it is upgraded, and comes back after it. A server whose pods have no other node to go to keeps them. An agent cannot do that to itself: a server does, in playbook V(upgrade)."},
	},
	{Name: "drain_timeout", Type: ansible.Int, Default: 300, Description: []string{"How many seconds the pods may take to leave."}},
	{
		Name: "start_timeout", Type: ansible.Int, Default: 300,
		Description: []string{"How many seconds k3s may take from its start until it is ready, and how long the other servers are waited for. A cause that time does not mend ends it earlier."},
	},
}

var endOptions = []ansible.Option{
	{
		Name: "reset", Type: ansible.Dict,
		Description: []string{
			"Has the cluster begin anew from a snapshot of etcd, with O(version) and the O(token) of the snapshot's time. What was written after it is not in the cluster any more. " +
				"Give it on all servers with O(state=killed), by which all but the one that begins give up their data. Then with O(state=present), on that one first: " +
				"it takes the data of the snapshot, the others join it, agents start anew.",
			"Data that are given up are not deleted: they lie beside those that come in their place, in O(data_dir), with C(-aside-) and the time behind their names.",
			"A node remembers the snapshot, and does its part once. When it gets another release, it forgets it.",
		},
		Options: []ansible.Option{
			{Name: "snapshot", Required: true, Description: []string{"The snapshot: its name in O(snapshot_dir), or a path on the server that begins."}},
			{Name: "begin", Type: ansible.Bool, Default: false, Description: []string{"Whether it is this server that begins. It is to be one, and the same for as long as the reset is not done on all nodes."}},
		},
	},
	{
		Name: "purge", Type: ansible.List, Elements: ansible.Str, Choices: []any{"volumes", "snapshots"},
		Description: []string{"What O(state=absent) removes, too: local volumes, snapshots of etcd. Both stay otherwise."},
	},
	{
		Name: "accept", Type: ansible.List, Elements: ansible.Str, Choices: []any{"downgrade", "minor_skip", "quorum_loss", "member_left_behind", "cluster_loss"},
		Description: []string{
			"What is refused otherwise: an older release (V(downgrade)); to leave out a minor (V(minor_skip)); to stop a server that the others cannot do without (V(quorum_loss)); " +
				"to remove a server though the cluster cannot be told, so that its member and node stay there (V(member_left_behind)); " +
				"to remove the only server, and the cluster with it (V(cluster_loss)).",
		},
	},
}
