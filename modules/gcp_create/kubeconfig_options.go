package main

import "github.com/metal-stack/initial-cluster/internal/ansible"

var kubeconfigOptions = []ansible.Option{
	{
		Name: "kubeconfig", Type: ansible.Path,
		Description: []string{
			"Path of the kubeconfig that the cluster is merged into, or with O(state=absent) taken out of; what else is in it stays.",
			"Without, the first path in E(KUBECONFIG), or C(~/.kube/config). The context is named C(gke_PROJECT_LOCATION_NAME), as gcloud names it.",
		},
	},
	{
		Name: "kubeconfig_current", Type: ansible.Bool, Default: true,
		Description: []string{"Whether the cluster becomes the current context."},
	},
	{
		Name: "kubeconfig_user", Default: "exec", Choices: []any{"exec", "token", "gke-gcloud-auth-plugin", "none"},
		Description: []string{
			"How clients get a token. With V(exec) this module's own binary, of which a copy is kept on the host, mints one whenever it is needed.",
			"With V(token) a token is written into the file; it ends within the hour, and a run near its end writes another.",
			"With V(gke-gcloud-auth-plugin) Google's plugin is asked, which must be installed with gcloud where the file is used.",
			"With V(none) no kubeconfig is written.",
		},
	},
	{
		Name: "kubeconfig_endpoint", Default: "auto", Choices: []any{"auto", "public", "private", "dns"},
		Description: []string{
			"Over which of its endpoints the cluster is reached. V(auto) is the public one, or if the cluster has none the private one, or if it has no addresses at all its name.",
		},
	},
}
