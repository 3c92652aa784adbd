package main

import (
	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/k3s"
)

var roleOptions = []ansible.Option{
	{Name: "role", Default: "server", Choices: []any{"server", "agent"}, Description: []string{"What k3s is on this machine. It cannot be changed but by O(state=absent)."}},
	{
		Name: "state", Default: "present", Choices: []any{"present", "absent", "installed", "stopped", "restarted", "killed"},
		Description: []string{
			"V(present) is installed as the options say, and running.",
			"V(restarted) is V(present), with a restart of k3s in any case; its pods go on running.",
			"V(installed) is on the disk as V(present) would have it, and not started, so that data can be put in its place first (M(metalstack.initial_cluster.etcd_backup), " +
				"state V(restored)). A k3s that runs is left as it is.",
			"V(stopped) ends k3s and lets its pods run on; it starts again with the machine. Nothing is installed or written.",
			"V(killed) ends k3s and all its pods, with their mounts and network. Nothing is installed or written.",
			"V(absent) leaves nothing of k3s on the machine but what O(purge) would have to name, and what its pods have logged (C(/var/log/pods), C(/var/log/containers)), which k3s' own " +
				"uninstall script leaves, too, and others may read. A server leaves the cluster before.",
		},
	},
}

var releaseOptions = []ansible.Option{
	{Name: "version", Description: []string{
		"The release, as V(v1.35.6+k3s1). Without it, and without O(channel) and O(binary), the one that is installed stays, and a new node gets that of the channel V(stable).",
	}},
	{Name: "channel", Description: []string{"A channel of k3s, as V(stable) or V(v1.35). The release is the one that it leads to at each run: a run can upgrade the node."}},
	{
		Name: "download_url", Default: "https://github.com/k3s-io/k3s/releases/download",
		Description: []string{"Where releases are, each in a folder with its version as its name: k3s' own place, or a mirror."},
	},
	{Name: "channel_url", Default: "https://update.k3s.io/v1-release/channels", Description: []string{"Where channels are resolved."}},
	{Name: "binary", Type: ansible.Path, Description: []string{
		"The k3s binary as a file, where the module runs. Nothing is downloaded then. With O(version), it must be of that version.",
	}},
	{Name: "images", Type: ansible.List, Elements: ansible.Path, Description: []string{
		"Archives of images as files, where the module runs (C(k3s-airgap-images-amd64.tar.zst)), for a node without registry. Those that this module has put there before and that are not wanted any more are removed.",
	}},
	{Name: "download_images", Type: ansible.Bool, Default: false, Description: []string{"Whether to download the release's own archive of images, too, and to check its sum."}},
	{
		Name: "checksums", Type: ansible.Dict,
		Description: []string{
			"The SHA-256 of files of the release, by their names (V(k3s), V(k3s-arm64), V(k3s-airgap-images-amd64.tar.zst)). What is named here is held against it, " +
				"and not against the sums that lie beside the download. For O(binary) and O(images), too.",
		},
	},
	{Name: "bin_dir", Type: ansible.Path, Default: "/usr/local/bin", Description: []string{"Where the binary lies, with the links C(kubectl), C(crictl) and C(ctr) to it."}},
}

var configOptions = []ansible.Option{
	{
		Name: "config", Type: ansible.Dict, SecretEntries: k3s.Secrets,
		Description: []string{
			"Further settings of config.yaml, by the names of k3s' flags, as C(secrets-encryption) or C(kubelet-arg).",
			"Not those that options of this module stand for (V(token), V(server), V(cluster-init), V(data-dir) and the like).",
		},
	},
	{
		Name: "config_dropins", Type: ansible.Dict, SecretEntries: k3s.Secrets,
		Description: []string{
			"Files of config.yaml.d: their settings, by the name of the file without C(.yaml). k3s reads them in the order of their names. " +
				"Those of others stay there, and count.",
		},
	},
	{
		Name: "registries", Type: ansible.Dict, SecretEntries: k3s.Secrets,
		Description: []string{"The content of registries.yaml. Passwords and the like in it are never shown. Without, a file that is there stays."},
	},
	{
		Name: "manifests", Type: ansible.List, Elements: ansible.Dict,
		Description: []string{
			"Manifests that a server applies by itself, in C(server/manifests) of O(data_dir). A manifest that this module has put there before and that is not listed any more is removed; what k3s made of it stays.",
		},
		Options: []ansible.Option{
			{Name: "name", Required: true, Description: []string{"The file's name without C(.yaml)."}},
			{Name: "content", Description: []string{"The manifest. Secrets belong into O(manifests.src)."}},
			{Name: "src", Type: ansible.Path, Description: []string{"A file with the manifest, where the module runs. Its content is never shown."}},
		},
		Constraints: ansible.Constraints{RequiredOneOf: [][]string{{"content", "src"}}, MutuallyExclusive: [][]string{{"content", "src"}}},
	},
	{Name: "tls_san", Type: ansible.List, Elements: ansible.Str, Description: []string{"Further names and addresses in the certificate of a server: those of a load balancer, for one."}},
	{Name: "data_dir", Type: ansible.Path, Default: "/var/lib/rancher/k3s", Description: []string{"Where k3s keeps its data; on a disk of its own, if it is to have one."}},
	{
		Name: "local_storage_path", Type: ansible.Path,
		Description: []string{"Where local volumes lie. Outside of O(data_dir) they outlive whatever happens to k3s. Without, C(storage) in O(data_dir). It is for servers, " +
			"which tell agents; with O(state=absent) an agent has to be told, too, or O(purge) does not find its volumes."},
	},
	{Name: "snapshot_dir", Type: ansible.Path, Description: []string{"Where snapshots of etcd lie. Without, C(server/db/snapshots) in O(data_dir)."}},
	{
		Name: "proxy", Type: ansible.Dict, Description: []string{"The proxy of k3s, and of containerd when it pulls images."},
		Options: []ansible.Option{
			{Name: "http", Description: []string{"For C(http), as V(http://proxy.example.com:3128)."}},
			{Name: "https", Description: []string{"For C(https)."}},
			{Name: "no_proxy", Type: ansible.List, Elements: ansible.Str, Description: []string{"What is reached directly. Nodes, pods and services must be."}},
		},
	},
	{Name: "environment", Type: ansible.Dict, SecretEntries: k3s.Secrets, Description: []string{
		"Further variables of k3s' environment. Not C(K3S_*), for which there are settings. Values of those whose names end like a secret's (C(AWS_SECRET_ACCESS_KEY)), and passwords in URLs, are never shown.",
	}},
	{Name: "selinux", Type: ansible.Bool, Default: false, Description: []string{
		"Whether k3s works with SELinux. The policy (package C(k3s-selinux)) must be installed before, which is refused otherwise.",
	}},
}
