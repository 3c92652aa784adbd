package main

import "github.com/metal-stack/initial-cluster/internal/ansible"

var returns = []ansible.Return{
	{
		Name: "cluster", Description: "The cluster as it is now. Empty if there is none.", Type: ansible.Dict, Returned: "always",
		Contains: []ansible.Return{
			text("name", "Its name.", "initial"),
			text("project", "The id of its project.", "my-project"),
			text("location", "Its zone or region.", "europe-west3-a"),
			text("status", "Its status at Google.", "RUNNING"),
			text("self_link", "Its URL in Google's API.", "https://container.googleapis.com/v1/projects/my-project/zones/europe-west3-a/clusters/initial"),
			text("create_time", "When it was made.", "2026-03-01T12:00:00Z"),
			text("endpoint", "Address of its control plane.", "34.159.10.20"),
			text("private_endpoint", "Address of its control plane inside the network.", "10.156.0.2"),
			text("dns_endpoint", "Name of its control plane.", "gke-0a1b2c.europe-west3.gke.goog"),
			text("ca_certificate", "The certificate of its authority, in PEM.", "-----BEGIN CERTIFICATE-----\n..."),
			text("kubernetes_version", "The version of its control plane.", "1.36.3-gke.1234000"),
			text("release_channel", "Its release channel, or C(none).", "stable"),
			text("network", "Its VPC network.", "default"),
			text("subnetwork", "Its subnetwork.", "default"),
			text("node_cidr", "The range of its nodes' addresses; empty, with a warning, if Google does not tell.", "10.156.0.0/20"),
			text("pod_cidr", "The range of its pods' addresses.", "10.8.0.0/14"),
			text("service_cidr", "The range of its services' addresses.", "34.118.224.0/20"),
			{Name: "node_count", Type: ansible.Int, Returned: "always", Description: "How many nodes it has.", Sample: 3},
			{Name: "labels", Type: ansible.Dict, Returned: "always", Description: "Its labels."},
			{
				Name: "node_pools", Type: ansible.List, Elements: ansible.Dict, Returned: "always", Description: "Its node pools.",
				Sample: []any{map[string]any{
					"autoscaling": true, "disk_size_gb": 100, "disk_type": "pd-standard", "image_type": "COS_CONTAINERD", "locations": []any{"europe-west3-a"},
					"machine_type": "e2-standard-8", "max_nodes": 3, "min_nodes": 1, "name": "default-pool", "service_account": "default", "status": "RUNNING",
					"version": "1.36.3-gke.1234000",
				}},
			},
		},
	},
	{
		Name: "kubeconfig", Description: "Where the cluster's access was written.", Type: ansible.Dict, Returned: "with state present, unless kubeconfig_user is none",
		Contains: []ansible.Return{
			text("path", "The file.", "/root/.kube/config"),
			text("context", "The name of the cluster, user and context in it.", "gke_my-project_europe-west3-a_initial"),
		},
	},
	{
		Name: "operations", Description: "What Google did meanwhile: the operations that were begun or waited for, in order.", Type: ansible.List, Elements: ansible.Dict,
		Returned: "always", Sample: []any{map[string]any{
			"name": "operation-1772366400000-0a1b2c3d", "type": "CREATE_CLUSTER", "status": "DONE", "start_time": "2026-03-01T12:00:00Z", "end_time": "2026-03-01T12:06:00Z",
			"target": "https://container.googleapis.com/v1/projects/123/zones/europe-west3-a/clusters/initial",
		}},
	},
	{
		Name: "steps", Description: "What was done, or found under way and waited for; in check mode what would be done.", Type: ansible.List, Elements: ansible.Str,
		Returned: "always", Sample: []any{"let node pool default-pool scale from 1 to 5 nodes in each zone"},
	},
}

func text(name, what, sample string) ansible.Return {
	return ansible.Return{Name: name, Type: ansible.Str, Returned: "always", Description: what, Sample: sample}
}
