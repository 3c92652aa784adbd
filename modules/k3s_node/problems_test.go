package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/metal-stack/initial-cluster/internal/ansible"
)

// fine are the options as they are where nothing is told.
func fine() params {
	return params{
		Role: "server", State: "present", DownloadURL: "https://a", ChannelURL: "https://b", BinDir: "/usr/local/bin", DataDir: "/var/lib/rancher/k3s", Datastore: "etcd",
		StartTimeout: 300, DrainTimeout: 300, Token: "secret",
	}
}

func TestAllThatIsWrongIsToldAtOnce(t *testing.T) {
	t.Parallel()
	in := fine()
	_, problems := in.want()
	assert.Empty(t, problems)

	in.Version, in.DownloadURL, in.Checksums = "1.35.6", "ftp://mirror", map[string]string{"k3s": "abc"}
	in.Channel, in.Binary = "stable", "/k3s"
	in.Servers, in.Datastore, in.JoinURL = []string{"10.0.0.11:6443", "10.0.0.12"}, "sqlite", "https://vip:6443"
	in.Config = map[string]any{"token": "x", "cluster-reset": true, "kubelet-arg": []any{"a=b"}, "nested": map[string]any{"a": "b"}}
	in.ConfigDropins = map[string]any{"10-x": map[string]any{"data-dir": "/x"}, "no/name": map[string]any{}}
	in.Manifests = []manifest{{Name: "../escape", Content: "a"}}
	in.Environment = map[string]string{"K3S_TOKEN": "x", "A": "b\nc"}
	in.DataDir, in.SnapshotDir = "relative", "/"
	in.Labels, in.Taints = map[string]string{"-bad": "x"}, []string{"a=b"}
	in.StartTimeout, in.DrainTimeout = 0, 0
	in.Reset = &resetTo{Snapshot: "../escape"}
	in.Token, in.TokenFile = "", "/no/such/file"
	in.AgentToken = "K10short"
	_, problems = in.want()
	assert.ElementsMatch(t, []string{
		`version: "1.35.6" is no version of k3s, as v1.36.3+k3s1 is`,
		"channel: not with binary, which has a version of its own; leave one of them out",
		`download_url: "ftp://mirror" is no http or https URL`,
		"checksums.k3s: it is no SHA-256, which has 64 hexadecimal digits",
		"servers: of two servers none may fail, as one alone is no majority; have one, or three",
		`servers: "10.0.0.11:6443" is no name or address; ports and https:// have no place here`,
		"join_url: it is for agents; servers find each other by servers",
		"datastore: sqlite cannot have several servers",
		"config.cluster-reset: it is no setting to keep",
		"config.token: the option token stands for it",
		"config: a text, a number, true, false or a list of them is wanted for each setting",
		"config_dropins.10-x.data-dir: the option data_dir stands for it",
		`config_dropins: "no/name": the name of a file without .yaml is wanted, and its settings`,
		`manifests: "../escape" is no name of a file without .yaml`,
		"environment.K3S_TOKEN: settings have options, or their place in config",
		"environment.A: it has several lines",
		`data_dir: "relative" is no absolute path below /`,
		`snapshot_dir: "/" is no absolute path below /`,
		`labels.-bad: "x": Kubernetes takes no such label`,
		`taints: "a=b" is no taint, as dedicated=storage:NoSchedule is`,
		"reset: it is for etcd as the datastore",
		`reset.snapshot: "../escape" is no name of a file, and no absolute path`,
		"start_timeout: at least 1 second is wanted",
		"drain_timeout: at least 1 second is wanted",
		"token_file: open /no/such/file: no such file or directory",
		"agent_token: the token begins as a full one, with K10, but no SHA-256 and :: follow; take it from a server's server/token",
	}, problems)
}

func TestAnAgentIsToldWhatIsForServers(t *testing.T) {
	t.Parallel()
	in := fine()
	in.Role, in.TLSSAN, in.NewCluster, in.Drain, in.AgentToken = "agent", []string{"a"}, true, true, "x"
	in.Token, in.Reset, in.State = "abcdef.0123456789abcdef", &resetTo{Snapshot: "before-s1-1", Begin: true}, "absent"
	_, problems := in.want()
	assert.Equal(t, []string{
		"agent_token: it is for servers", "drain: it is for servers", "new_cluster: it is for servers", "tls_san: it is for servers",
		"reset: it is for state present or killed", "reset.begin: it is for servers",
	}, problems)
	// Its volumes are found nowhere else when they are to go with it.
	in = fine()
	in.Role, in.LocalStoragePath = "agent", "/srv/volumes"
	_, problems = in.want()
	assert.Equal(t, []string{"local_storage_path: it is for servers"}, problems)
	in.State, in.Purge = "absent", []string{"volumes"}
	want, problems := in.want()
	assert.Empty(t, problems)
	assert.Equal(t, "/srv/volumes", want.Volumes)

	in = fine()
	in.Token = "abcdef.0123456789abcdef"
	_, problems = in.want()
	assert.Equal(t, []string{"token: one of k3s token create lets agents join, and no server"}, problems)
}

func TestProxyAndSecretsAreTakenFromTheOptions(t *testing.T) {
	t.Parallel()
	in := fine()
	in.Proxy = &proxy{HTTP: "http://u:proxy-password@proxy:3128", NoProxy: []string{"10.0.0.0/8", ".svc"}}
	in.Environment = map[string]string{"GOGC": "50"}
	in.Registries = map[string]any{"configs": map[string]any{"r": map[string]any{"auth": map[string]any{"password": "registry-password"}}}}
	want, problems := in.want()
	assert.Empty(t, problems)
	assert.Equal(t, map[string]string{"GOGC": "50", "HTTP_PROXY": "http://u:proxy-password@proxy:3128", "NO_PROXY": "10.0.0.0/8,.svc"}, want.Environment)
	assert.ElementsMatch(t, []string{"secret", ""}, secrets(want))
}

// They are known before anything can go wrong with the options.
func TestSecretsInSettingsAreTakenFromTheOptions(t *testing.T) {
	t.Parallel()
	args := ansible.NewObject()
	for option, value := range map[string]string{
		"registries": `{"configs": {"r": {"auth": {"password": "registry-password"}}}}`, "config": `{"etcd-s3-secret-key": "s3-key"}`,
		"config_dropins": `{"10-db": {"datastore-endpoint": "endpoint"}}`, "environment": `{"AWS_SECRET_ACCESS_KEY": "aws-key", "GOGC": "50"}`, "version": "1",
	} {
		args.Set(option, value)
	}
	valid := spec.Validate(args, func(string) (string, bool) { return "", false })
	assert.Equal(t, []string{"aws-key", "endpoint", "registry-password", "s3-key"}, valid.NoLogValues)
}

func TestTwoServersAreRefusedUnlessTheyAreToEnd(t *testing.T) {
	t.Parallel()
	in := fine()
	in.Servers = []string{"10.0.0.11", "10.0.0.12"}
	for state, refused := range map[string]bool{"present": true, "restarted": true, "installed": true, "stopped": false, "killed": false, "absent": false} {
		in.State = state
		_, problems := in.want()
		assert.Equal(t, refused, len(problems) == 1, "%s: %v", state, problems)
	}
}
