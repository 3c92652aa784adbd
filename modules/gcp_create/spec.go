package main

import (
	"slices"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/modules/internal/auth"
)

var spec = ansible.Spec{
	Name:             "gcp_create",
	ShortDescription: "Make, change or delete a cluster of Google Kubernetes Engine",
	Description: []string{
		"Brings a GKE cluster to what the options say, waits until Google has finished, and writes a kubeconfig with which it can be used at once. " +
			"Neither C(gcloud) nor a plugin of it is needed.",
		"Options that are not given ask for nothing: an existing cluster keeps what it has, a new one gets the default that the option names.",
		"What a run has begun that was interrupted, or gave up waiting, the next run waits for. It also waits for what somebody else or Google itself " +
			"does to the cluster, and only then changes anything.",
		"What cannot be changed in place is refused, all of it in one list; a cluster is never made anew to change it.",
	},
	Notes: []string{
		"Check mode lists the steps in RV(steps), and the diff shows what the cluster has of what the options ask for.",
		"The options about nodes are about the node pool C(default-pool). A cluster without it is accepted, with a warning.",
		"A cluster whose creation failed never ran; the next run deletes what is left of it and makes it anew.",
		"The account needs C(roles/container.admin) and C(roles/iam.serviceAccountUser).",
		"E(HTTPS_PROXY), E(NO_PROXY) and E(SSL_CERT_FILE) are honoured. A proxy must let HTTP/2 through.",
	},
	SeeAlso: []string{"metalstack.initial_cluster.gcp_auth"},
	Options: slices.Concat(clusterOptions, nodeOptions, networkOptions, kubeconfigOptions, apiOptions, auth.Options()),
	Constraints: ansible.Constraints{
		RequiredBy: auth.RequiredBy(),
		RequiredIf: auth.RequiredIf(),
	},
	Examples: examples,
	Returns:  returns,
}

const examples = `
- name: Make the initial cluster
  metalstack.initial_cluster.gcp_create:
    service_account_file: serviceaccount.json
    project: my-project
    location: europe-west3-a
    name: initial
    release_channel: stable
    machine_type: e2-standard-8
    autoscaling_min_nodes: 1
    autoscaling_max_nodes: 3
    maintenance_window:
      start: "13:00:00"
      end: "17:00:00"
      weekdays: [MO, TU, WE, TH]
  register: initial

- name: Tell where it is
  ansible.builtin.debug:
    msg: "{{ initial.cluster.endpoint }}, pods in {{ initial.cluster.pod_cidr }}"

- name: Upgrade the control plane and the nodes to the newest 1.36
  metalstack.initial_cluster.gcp_create:
    project: my-project
    location: europe-west3-a
    name: initial
    kubernetes_version: "1.36"

- name: Delete it with all that is in it
  metalstack.initial_cluster.gcp_create:
    state: absent
    project: my-project
    location: europe-west3-a
    name: initial
`
