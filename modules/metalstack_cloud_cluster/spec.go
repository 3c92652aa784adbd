package main

import "github.com/metal-stack/initial-cluster/internal/ansible"

var spec = ansible.Spec{
	Name:             "metalstack_cloud_cluster",
	ShortDescription: "Make, change and delete a Kubernetes cluster at metalstack.cloud",
	Description: []string{
		"Makes the cluster what the options say, waits until metalstack.cloud has done it, and writes a credential into a kubeconfig. " +
			"It is the way for playbooks, beside metalstack.cloud's console, its CLI and its Terraform provider.",
		"What is not told stays as it is, and is metalstack.cloud's default in a new cluster.",
		"What cannot be changed in place is refused with a list; nothing is ever deleted in order to be made anew.",
	},
	Notes: []string{
		"A run that was interrupted is gone on with by the next one, also a creation or a deletion that is under way. An operation that metalstack.cloud " +
			"has given up is retried by the next run.",
		"metalstack.cloud has no key but an identifier of its own; the module knows a cluster by its name in the project, and refuses two of a name.",
		"The token needs the methods List, Get, Create, Update, Delete, Operate and GetCredentials of C(ClusterService) in the project, or the role editor there.",
		"Of the HTTP side E(HTTPS_PROXY), E(NO_PROXY) and E(SSL_CERT_FILE) are honoured.",
	},
	Options:  options,
	Examples: examples,
	Returns:  returns,
}

var options = append(accessOptions, append(clusterOptions, kubeconfigOptions...)...)

var accessOptions = []ansible.Option{
	{
		Name: "api_token", Required: true, Env: []string{"METAL_STACK_CLOUD_API_TOKEN"}, NoLog: ansible.Secret,
		Description: []string{"A token of metalstack.cloud, from its console under Access Tokens."},
	},
	{
		Name: "api_url", Env: []string{"METAL_STACK_CLOUD_API_URL"},
		Description: []string{"Where the API is. Without, what the token says, or else C(https://api.metalstack.cloud)."},
	},
	{
		Name: "project", Env: []string{"METAL_STACK_CLOUD_PROJECT", "METAL_STACK_CLOUD_PROJECT_ID"},
		Description: []string{"The project's identifier. Without, the project that the token is for, if it is for one alone."},
	},
}

var clusterOptions = []ansible.Option{
	{
		Name: "name", Required: true,
		Description: []string{"The cluster's name, of 2 to 12 characters. It cannot be changed."},
	},
	{
		Name:        "partition",
		Description: []string{"The partition to make it in. Without, the region's default. It cannot be changed."},
	},
	{
		Name: "kubernetes_version",
		Description: []string{
			"The version of Kubernetes. A minor alone (V(1.35)) is its newest patch in a new cluster. Without, the region's default.",
			"A cluster that has a later patch of the minor is fine, as metalstack.cloud moves it there by itself. It goes from one minor to the next, and never back.",
			"Write it in quotes: YAML takes 1.30 for 1.3.",
		},
	},
	{
		Name: "workers", Type: ansible.List, Elements: ansible.Dict,
		Description: []string{
			"All groups of workers. Without, those there stay, and a new cluster has one, C(group-0), with the region's defaults.",
			"A group of the cluster that is not listed is an error, unless O(remove_workers) names it.",
		},
		Options: []ansible.Option{
			{Name: "name", Required: true, Description: []string{"The group's name."}},
			{Name: "machine_type", Description: []string{"The type of its machines; to change it replaces all of them. Without, the region's default."}},
			{Name: "min_size", Type: ansible.Int, Description: []string{"How many machines it has at least, up to 32."}},
			{Name: "max_size", Type: ansible.Int, Description: []string{"How many machines it has at most, up to 64."}},
			{Name: "max_surge", Type: ansible.Int, Description: []string{"How many machines may be there besides while machines are replaced. Without, 1 in a new group."}},
			{Name: "max_unavailable", Type: ansible.Int, Description: []string{"How many machines may lack while machines are replaced. Without, 0 in a new group."}},
		},
	},
	{
		Name: "remove_workers", Type: ansible.List, Elements: ansible.Str,
		Description: []string{"Names of groups of workers to remove with their machines. A name that is not there is fine."},
	},
	{
		Name: "maintenance", Type: ansible.Dict,
		Description: []string{"When metalstack.cloud may work on the cluster by itself. Without, a new cluster has two hours from 01:00 UTC on."},
		Options: []ansible.Option{
			{Name: "begin", Description: []string{"The time of day, as V(\"22:30\"). Write it in quotes: YAML takes it for a number."}},
			{Name: "time_zone", Description: []string{"The time zone of O(maintenance.begin)."}},
			{Name: "duration", Type: ansible.Int, Choices: []any{1, 2, 3}, Description: []string{"How many hours it lasts."}},
			{Name: "kubernetes_autoupdate", Type: ansible.Bool, Description: []string{"Whether new patches of Kubernetes are put in."}},
			{Name: "machineimage_autoupdate", Type: ansible.Bool, Description: []string{"Whether the machines' operating system is renewed, which replaces them."}},
		},
	},
	{
		Name: "state", Default: "present", Choices: []any{"present", "absent"},
		Description: []string{"V(absent) deletes the cluster with all that is in it, and takes it out of O(kubeconfig)."},
	},
}

var kubeconfigOptions = []ansible.Option{
	{
		Name: "kubeconfig", Type: ansible.Path,
		Description: []string{
			"Path of a kubeconfig to keep a context for the cluster in, named C(NAME-PROJECT@metalstack.cloud). All else in it stays. " +
				"Without, none is written.",
			"The credential is a certificate that ends. It is renewed by a run that finds less than half of its life left, or that finds the cluster does not take it.",
		},
	},
	{
		Name: "kubeconfig_expiration", Type: ansible.Int, Default: 28800,
		Description: []string{"How many seconds a new credential lives. metalstack.cloud may give it less."},
	},
	{
		Name: "kubeconfig_current", Type: ansible.Bool, Default: true,
		Description: []string{"Whether its context becomes the current one. Where there is none, it does so in any case."},
	},
	{
		Name: "cluster_timeout", Type: ansible.Int, Default: 1800,
		Description: []string{"How many seconds all of it may take. What is under way then goes on at metalstack.cloud, and the next run goes on waiting."},
	},
}

const examples = `
- name: Make the initial cluster at metalstack.cloud
  metalstack.initial_cluster.metalstack_cloud_cluster:
    api_token: "{{ vault_metalstack_cloud_token }}"
    name: initial
    kubernetes_version: "1.35"
    workers:
      - name: group-0
        machine_type: n1-medium-x86
        min_size: 1
        max_size: 3
    maintenance:
      begin: "22:30"
      duration: 2
    kubeconfig: ~/.kube/config

- name: Replace a group of workers by another
  metalstack.initial_cluster.metalstack_cloud_cluster:
    api_token: "{{ vault_metalstack_cloud_token }}"
    name: initial
    workers:
      - name: large
        machine_type: c1-large-x86
        min_size: 1
        max_size: 3
    remove_workers:
      - group-0

- name: Delete the cluster with all that is in it
  metalstack.initial_cluster.metalstack_cloud_cluster:
    api_token: "{{ vault_metalstack_cloud_token }}"
    name: initial
    kubeconfig: ~/.kube/config
    state: absent
`

var returns = []ansible.Return{
	{
		Name: "cluster", Description: "The cluster as metalstack.cloud tells it.", Type: ansible.Dict, Returned: "if it is there",
		Sample: map[string]any{
			"id": "5a0a4a4b-3d19-4b1a-9a56-4a2f5a1c0e11", "kubernetes_version": "1.35.7", "name": "initial", "partition": "eqx-mu4",
			"project": "f8e67080-ba68-41d2-ad44-59dc65a09a33", "status": "create succeeded 100%",
		},
		Contains: []ansible.Return{
			{Name: "id", Type: ansible.Str, Returned: "always", Description: "Its identifier."},
			{Name: "kubernetes_version", Type: ansible.Str, Returned: "always", Description: "Its version of Kubernetes."},
			{Name: "maintenance", Type: ansible.Dict, Returned: "always", Description: "Its maintenance window, as O(maintenance); the duration is a text like C(2h0m0s)."},
			{Name: "name", Type: ansible.Str, Returned: "always", Description: "Its name."},
			{Name: "partition", Type: ansible.Str, Returned: "always", Description: "Its partition."},
			{Name: "project", Type: ansible.Str, Returned: "always", Description: "Its project's identifier."},
			{Name: "status", Type: ansible.Str, Returned: "always", Description: "The last operation on it, and what is not ready."},
			{Name: "workers", Type: ansible.List, Elements: ansible.Dict, Returned: "always", Description: "Its groups of workers, as O(workers)."},
		},
	},
	{Name: "kubeconfig", Description: "O(kubeconfig).", Type: ansible.Str, Returned: "with kubeconfig and state present", Sample: "/root/.kube/config"},
	{Name: "context", Description: "The context's name in it.", Type: ansible.Str, Returned: "with kubeconfig and state present", Sample: "initial-f8e67080-ba68-41d2-ad44-59dc65a09a33@metalstack.cloud"},
	{
		Name: "steps", Description: "What was done, or in check mode would be.", Type: ansible.List, Elements: ansible.Str, Returned: "always",
		Sample: []any{"create cluster initial in partition eqx-mu4 with Kubernetes 1.35.7"},
	},
}
