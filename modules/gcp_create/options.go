package main

import "github.com/metal-stack/initial-cluster/internal/ansible"

var clusterOptions = []ansible.Option{
	{
		Name: "state", Default: "present", Choices: []any{"present", "absent"},
		Description: []string{
			"With V(absent) the cluster is deleted with all that is in it, and taken out of the kubeconfig; that there is none is no error. " +
				"Load balancers and disks that its workloads made stay behind.",
		},
	},
	{
		Name: "project", Env: []string{"GCP_PROJECT", "GOOGLE_PROJECT_ID", "GOOGLE_CLOUD_PROJECT"},
		Description: []string{"The project's id. Without, the one that the credentials name."},
	},
	{
		Name: "location", Required: true, Aliases: []string{"zone", "region"},
		Description: []string{"A zone (V(europe-west3-a)) for a zonal cluster, or a region (V(europe-west3)) for a regional one, which has nodes in three zones."},
	},
	{
		Name: "name", Required: true,
		Description: []string{"The cluster's name, 1 to 40 of a-z, 0-9 and -."},
	},
	{
		Name: "deletion_protection", Type: ansible.Bool, Default: false,
		Description: []string{"Whether this module refuses to delete the cluster. Google does not know of it: others may delete it all the same."},
	},
	{
		Name: "kubernetes_version",
		Description: []string{
			"The version of Kubernetes: V(1.36.3-gke.1234000), or the beginning of one (V(1.36.3), V(1.36)) or V(latest) for the newest that begins so, or V(-) for Google's default. " +
				"Quote it in YAML.",
			"Without, a new cluster gets the default of O(release_channel), or without that the newest that O(location) offers; an existing one is never upgraded.",
			"An existing cluster is upgraded if its version is older and does not begin so, never downgraded: the control plane one minor version at a time, then the nodes.",
		},
	},
	{
		Name: "release_channel", Choices: []any{"rapid", "regular", "stable", "extended", "none"},
		Description: []string{
			"The release channel, out of which Google upgrades the cluster. Google refuses V(none) to new customers.",
			"Without, Google enrols a new cluster in the most mature channel that has its version.",
		},
	},
	{
		Name: "maintenance_window", Type: ansible.Dict,
		Description: []string{
			"When Google may maintain the cluster: at least 4 hours at a time, and 48 hours within any 32 days. Exclusions that the cluster has stay.",
			"Without, or empty, a new cluster has none, and Google maintains it at any time.",
		},
		Options: []ansible.Option{
			{Name: "start", Description: []string{"When it begins, in UTC, as V(13:00:00). Quote it in YAML."}},
			{Name: "end", Description: []string{"When it ends, in UTC; what is not after O(maintenance_window.start) is on the next day. Quote it in YAML."}},
			{Name: "weekdays", Type: ansible.List, Elements: ansible.Str, Description: []string{"On which days it begins, of V(MO), V(TU), V(WE), V(TH), V(FR), V(SA), V(SU). Without, every day."}},
		},
		Constraints: ansible.Constraints{RequiredTogether: [][]string{{"start", "end"}}, RequiredBy: []ansible.RequiredBy{{Option: "weekdays", Requires: []string{"start"}}}},
	},
	{
		Name: "labels", Type: ansible.Dict,
		Description: []string{"Labels of the cluster. Those that are not named stay."},
	},
	{
		Name: "addons", Type: ansible.Dict,
		Description: []string{"Addons of GKE to turn on (V(true)) or off; those that are not named stay as they are."},
		Options: []ansible.Option{
			addon("http_load_balancing", "The controller of ingresses. A new cluster has it."),
			addon("horizontal_pod_autoscaling", "Scaling by the load of pods. A new cluster has it."),
			addon("dns_cache", "A cache of DNS on each node. Google replaces the nodes to turn it on or off."),
			addon("gce_persistent_disk_csi_driver", "The driver of Google's disks. Google gives it to a new cluster."),
			addon("gcp_filestore_csi_driver", "The driver of Filestore."),
			addon("gcs_fuse_csi_driver", "The driver of Cloud Storage FUSE."),
			addon("gke_backup_agent", "The agent of Backup for GKE."),
		},
	},
}

func addon(name, what string) ansible.Option {
	return ansible.Option{Name: name, Type: ansible.Bool, Description: []string{what}}
}

var nodeOptions = []ansible.Option{
	{
		Name: "machine_type",
		Description: []string{
			"The machine type of the nodes. Without, V(e2-standard-8) for a new cluster.",
			"To change it, or the options about disk and image, Google replaces the nodes one after the other.",
		},
	},
	{Name: "disk_type", Description: []string{"The type of the nodes' disks. Without, V(pd-standard) for a new cluster."}},
	{Name: "disk_size_gb", Type: ansible.Int, Description: []string{"The size of the nodes' disks in GB. Without, V(100) for a new cluster."}},
	{Name: "image_type", Description: []string{"The image of the nodes. Without, V(COS_CONTAINERD) for a new cluster."}},
	{
		Name: "initial_node_count", Type: ansible.Int,
		Description: []string{"How many nodes a new cluster begins with in each zone. Without, O(autoscaling_min_nodes), and at least 1. An existing cluster keeps its count."},
	},
	{
		Name: "autoscaling", Type: ansible.Bool,
		Description: []string{"Whether Google adds and removes nodes by the load. Without, a new cluster has it."},
	},
	{
		Name: "autoscaling_min_nodes", Type: ansible.Int,
		Description: []string{"The least nodes in each zone. Without, V(1) for a new cluster."},
	},
	{
		Name: "autoscaling_max_nodes", Type: ansible.Int,
		Description: []string{"The most nodes in each zone. Without, V(3) for a new cluster, or as many as the other counts want."},
	},
	{
		Name: "auto_upgrade", Type: ansible.Bool,
		Description: []string{"Whether Google upgrades the nodes. Without, it does so in a new cluster. It cannot be off in a release channel."},
	},
	{
		Name: "auto_repair", Type: ansible.Bool,
		Description: []string{"Whether Google replaces nodes that are not well. Without, it does so in a new cluster. It cannot be off in a release channel."},
	},
	{
		Name:        "node_service_account",
		Description: []string{"Address of the service account that the nodes run as. Without, the project's default one. It cannot be changed in place."},
	},
}

var networkOptions = []ansible.Option{
	{
		Name: "max_pods_per_node", Type: ansible.Int,
		Description: []string{"The most pods on a node, for which the range of addresses is cut. Without, V(110) for a new cluster. It cannot be changed in place."},
	},
	{Name: "network", Description: []string{"The VPC network. Without, the one named C(default). It cannot be changed in place."}},
	{Name: "subnetwork", Description: []string{"The subnetwork in it. Without, Google takes the one of the region. It cannot be changed in place."}},
	{
		Name: "private_nodes", Type: ansible.Bool,
		Description: []string{"Whether nodes have no public addresses; then they need Cloud NAT to reach the internet. It cannot be changed in place."},
	},
	{
		Name: "private_endpoint", Type: ansible.Bool,
		Description: []string{"Whether the control plane has no public address; then it is reached from inside the network only, or by O(dns_endpoint)."},
	},
	{
		Name: "dns_endpoint", Type: ansible.Bool,
		Description: []string{"Whether the control plane can be reached from outside by its name at C(gke.goog), guarded by IAM alone."},
	},
	{
		Name: "authorized_networks", Type: ansible.List, Elements: ansible.Str,
		Description: []string{"Blocks of addresses (V(192.0.2.0/24)) that may reach the control plane's addresses, and no others. An empty list lets everybody in."},
	},
}

var apiOptions = []ansible.Option{
	{
		Name: "api_endpoint",
		Description: []string{
			"Where the Kubernetes Engine API is reached, for networks with Private Service Connect: a host with or without a port, or an https URL.",
			"Without, C(container.googleapis.com).",
		},
	},
	{
		Name: "api_timeout", Type: ansible.Int, Default: 120,
		Description: []string{"How many seconds the first look at the cluster may take, with the token for it."},
	},
	{
		Name: "create_timeout", Type: ansible.Int, Default: 3600,
		Description: []string{
			"How many seconds a creation may take, with all that is waited for before it. When they are over Google goes on, and another run goes on waiting.",
		},
	},
	{
		Name: "update_timeout", Type: ansible.Int, Default: 3600,
		Description: []string{"The same for changes of an existing cluster, and for what is waited for where nothing is to be changed."},
	},
	{
		Name: "delete_timeout", Type: ansible.Int, Default: 3600,
		Description: []string{"The same for a deletion."},
	},
}
