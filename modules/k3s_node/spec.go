package main

import (
	"slices"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/modules/internal/target"
)

var spec = ansible.Spec{
	Name:             "k3s_node",
	ShortDescription: "Make a machine a node of a k3s cluster",
	Description: []string{
		"Installs, configures and starts k3s on a machine, as a server or an agent, and says why if it does not get ready. What k3s' install script does " +
			"it does itself: binary, links, unit, environment and configuration are files that it writes.",
		"Whether a server begins a cluster or joins one follows from what its data and the other servers say, and from nothing else: run it on all of them at " +
			"the same time, or again on one that has lost its disk.",
		"k3s is restarted only if what it runs with differs from what is wanted, and a server only while the others can do without it.",
	},
	Notes: []string{
		"A server that has no data begins a cluster only if all others of O(servers) say that they have none either. So that they can, the module " +
			"answers at the port of k3s for as long as it waits for them: run it on all of them at the same time (without C(serial), and with at least as many C(forks)).",
		"With O(servers) the file config.yaml of a server names another server, and never says C(cluster-init), once there is a cluster: a server whose data " +
			"is lost or removed joins when it starts, whoever starts it.",
		"A k3s that the install script or another role has installed is taken over. It is restarted only if it then runs with something else than before.",
		"The environment, registries.yaml, config.yaml and its drop-ins have mode 0600, the tokens files of their own. No secret is given on a command line.",
		"Labels that are no longer wanted are removed if this module gave them. An agent may not change its taints: k3s gives them when it registers, and later a warning tells what to do.",
		"Of the HTTP side E(HTTPS_PROXY), E(NO_PROXY) and E(SSL_CERT_FILE) are honoured where the module runs. k3s itself gets O(proxy).",
	},
	Options:     slices.Concat(roleOptions, releaseOptions, configOptions, clusterOptions, nodeOptions, endOptions, []ansible.Option{target.Option()}),
	Constraints: ansible.Constraints{MutuallyExclusive: [][]string{{"version", "channel"}, {"token", "token_file"}, {"agent_token", "agent_token_file"}}},
	Examples:    examples,
	Returns:     returns,
}

const examples = `
- name: Make three machines the servers of one cluster, all at the same time
  hosts: k3s_servers
  tasks:
    - name: Run k3s
      metalstack.initial_cluster.k3s_node:
        version: v1.35.6+k3s1
        token: "{{ vault_k3s_token }}"
        servers: [10.0.0.11, 10.0.0.12, 10.0.0.13]
        tls_san: [k3s.example.com]
        data_dir: /srv/k3s
        local_storage_path: /srv/volumes
        snapshot_dir: /srv/snapshots
        config:
          secrets-encryption: true
          disable: [traefik]

- name: Add an agent
  metalstack.initial_cluster.k3s_node:
    role: agent
    version: v1.35.6+k3s1
    token: "{{ vault_k3s_agent_token }}"
    servers: [10.0.0.11, 10.0.0.12, 10.0.0.13]
    labels:
      topology.kubernetes.io/zone: a
    taints: ["dedicated=storage:NoSchedule"]

- name: Run k3s on a machine without internet
  metalstack.initial_cluster.k3s_node:
    binary: /media/k3s/k3s
    images: [/media/k3s/k3s-airgap-images-amd64.tar.zst]
    checksums:
      k3s: "{{ k3s_sha256 }}"
    token_file: /root/k3s-token

- name: Take k3s off the machine, and keep its volumes and snapshots
  metalstack.initial_cluster.k3s_node:
    state: absent
    servers: [10.0.0.11, 10.0.0.12, 10.0.0.13]
`
