package main

import "github.com/metal-stack/initial-cluster/internal/ansible"

var spec = ansible.Spec{
	Name:             "cluster_info",
	ShortDescription: "Prove that a kubeconfig reaches a Kubernetes cluster",
	Description: []string{
		"Reads a kubeconfig as kubectl does, asks the cluster for its version, and asks it as whom it knows the credential. What is wrong with the file, " +
			"the way to the cluster or the credential is told in one line.",
		"Certificates, tokens and credential plugins (C(exec)) are understood, so it does for the kubeconfig of any provider.",
	},
	Notes:    []string{"It changes nothing, and needs neither kubectl nor a library of Python."},
	Options:  options,
	Examples: examples,
	Returns:  returns,
}

var options = []ansible.Option{
	{
		Name: "kubeconfig", Type: ansible.Path,
		Description: []string{"Path of the kubeconfig. Without, the first one of E(KUBECONFIG), or C(~/.kube/config)."},
	},
	{Name: "context", Description: []string{"The context in it. Without, its current one."}},
	{
		Name: "missing_ok", Type: ansible.Bool, Default: false,
		Description: []string{"Whether it is no error that the kubeconfig, or the context in it, is not there. Then RV(cluster) is empty."},
	},
	{
		Name: "wait_timeout", Type: ansible.Int, Default: 0,
		Description: []string{"How many seconds to wait for a cluster that cannot be reached yet. A credential that is not taken is an error at once."},
	},
}

const examples = `
- name: Prove that the cluster is reached
  metalstack.initial_cluster.cluster_info:
    kubeconfig: /root/cluster.kubeconfig
    wait_timeout: 120
`

var returns = []ansible.Return{
	{
		Name: "cluster", Description: "The cluster that was reached; empty with O(missing_ok) if there is none.", Type: ansible.Dict, Returned: "on success",
		Sample: map[string]any{"context": "initial", "expires": "2026-03-01T12:00:00Z", "kubeconfig": "/root/cluster.kubeconfig", "server": "https://api.example.com:6443", "user": "admin", "version": "v1.35.7"},
		Contains: []ansible.Return{
			{Name: "context", Type: ansible.Str, Returned: "always", Description: "The context's name."},
			{Name: "expires", Type: ansible.Str, Returned: "always", Description: "When the client's certificate ends, in UTC; empty for other credentials."},
			{Name: "kubeconfig", Type: ansible.Str, Returned: "always", Description: "The kubeconfig's path."},
			{Name: "server", Type: ansible.Str, Returned: "always", Description: "Where the cluster's API is."},
			{Name: "user", Type: ansible.Str, Returned: "always", Description: "As whom the cluster knows the credential; empty if it does not tell."},
			{Name: "version", Type: ansible.Str, Returned: "always", Description: "The cluster's version of Kubernetes."},
		},
	},
}
