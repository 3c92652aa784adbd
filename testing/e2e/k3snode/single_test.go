package k3snode

import (
	"crypto/tls"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/testing/golden"
	"github.com/metal-stack/initial-cluster/testing/k3stest"
)

// installed is a k3s as its install script leaves it: settings on the command line and in the environment.
const installed = `[Unit]
Description=Lightweight Kubernetes
[Install]
WantedBy=multi-user.target
[Service]
Type=notify
EnvironmentFile=-/etc/systemd/system/k3s.service.env
KillMode=process
Delegate=yes
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStart=/usr/local/bin/k3s \
    server \
	'--cluster-init' \
	'--disable=traefik,metrics-server' \
	'--kubelet-arg' \
	'max-pods=40' \

`

func (n *node) install(t *testing.T, version string) {
	t.Helper()
	binary, err := os.Open(k3stest.Find(t, version))
	require.NoError(t, err)
	defer binary.Close()
	for _, f := range []host.File{
		{Path: "/usr/local/bin/k3s", Mode: 0o755, Content: binary}, host.Text("/etc/systemd/system/k3s.service", 0o644, installed),
		host.Text("/etc/systemd/system/k3s.service.env", 0o600, "K3S_TOKEN='"+token+"'\nHTTPS_PROXY='http://proxy:3128'\n"),
	} {
		_, err := n.Write(t.Context(), f)
		require.NoError(t, err)
	}
	n.run(t, "systemctl", "daemon-reload")
	n.run(t, "systemctl", "enable", "--now", "--quiet", "k3s")
}

// names are those in the certificate that the server shows.
func (n *node) names(t *testing.T) []string {
	t.Helper()
	connection, err := tls.Dial("tcp", n.address+":6443", &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, err)
	defer connection.Close()
	return connection.ConnectionState().PeerCertificates[0].DNSNames
}

func TestOneServerFromItsAdoptionToItsEnd(t *testing.T) {
	w := newWorld(t, "s1")
	s := w.nodes[0]
	config := args{"disable": []string{"metrics-server", "traefik"}, "kubelet-arg": []string{"max-pods=40"}}
	want := func(others args) args {
		in := args{"servers": nil, "config": config, "proxy": args{"https": "http://proxy:3128"}}
		for name, value := range others {
			in[name] = value
		}
		return w.want(in)
	}
	s.install(t, k3stest.Versions[0])
	started := s.started(t)

	// What somebody else has installed is taken over as it runs.
	s.ways(t, "adopt", want(nil))
	assert.Equal(t, started, s.started(t))
	assert.NotContains(t, s.run(t, "cat", "/etc/systemd/system/k3s.service.env"), "TOKEN")
	assert.Contains(t, s.fromHere(t, want(nil)), `"changed": false`, "over SSH it is the same")

	// Check mode tells what would be, and is right about it.
	config["kubelet-arg"] = []string{"max-pods=41"}
	registries := args{"configs": args{"registry.example.com": args{"auth": args{"username": "u", "password": "a-registry-password"}}}}
	change := want(args{
		"tls_san": []string{"k3s.example.com"}, "labels": args{"rack": "a"}, "taints": []string{"own=yes:NoSchedule"}, "registries": registries,
		"manifests": []args{{"name": "ours", "content": "apiVersion: v1\nkind: Namespace\nmetadata: {name: ours}\n"}},
	})
	s.ways(t, "change settings", change)
	assert.Contains(t, s.names(t), "k3s.example.com")
	assert.Equal(t, "a yes:NoSchedule", s.attributes(t))
	started = s.started(t)

	// Labels and taints need no restart, and those of others stay.
	s.kubectl(t, "label", "node", "s1", "theirs=kept")
	change["labels"], change["taints"], change["manifests"] = args{"room": "b"}, []string{}, nil
	s.ways(t, "change labels", change)
	assert.Equal(t, ":", s.attributes(t))
	assert.Equal(t, "kept b", s.kubectl(t, "get", "node", "s1", "-o", "jsonpath={.metadata.labels.theirs} {.metadata.labels.room}"))
	assert.Equal(t, started, s.started(t))

	s.refuses(t, change)
	s.fails(t, change)
	s.stops(t, change)
	absent := w.want(args{"servers": nil, "state": "absent"})
	assert.Equal(t, "refusing to remove s1: it is the only server, and the cluster would be gone with all that is in it; take a backup, and accept cluster_loss",
		s.try(t, absent).Msg)
	s.ends(t, with(absent, args{"accept": []string{"cluster_loss"}}))
	s.livesWithoutNetwork(t, w.want(args{"servers": nil, "binary": "/root/k3s", "images": []string{"/root/images.tar"}, "data_dir": "/srv/k3s"}))
	s.livesFromHere(t, w.want(args{"servers": nil, "version": nil, "channel": "v1.36", "download_images": true}))
}

// fromHere runs the module on this machine, which reaches the node over SSH.
func (n *node) fromHere(t *testing.T, in args) string {
	t.Helper()
	o := n.machine.Options()
	command := n.command(t, with(in, args{"ssh": args{"host": o.Host, "user": o.User, "key_file": o.KeyFile, "known_hosts": o.KnownHosts, "agent": false}}))
	module := exec.CommandContext(t.Context(), n.world.binary, "-")
	module.Stdin = command.Stdin
	said, err := module.CombinedOutput()
	require.NoError(t, err, string(said))
	assert.NotContains(t, string(said), token)
	return string(said)
}

// livesFromHere is a life that this machine gives it over SSH, with the release of a channel and its images: it downloads, and sends what the node
// lacks.
func (n *node) livesFromHere(t *testing.T, want args) {
	assert.Contains(t, n.fromHere(t, with(want, args{"_ansible_check_mode": true})), `"changed": true`)
	assert.Contains(t, n.fromHere(t, want), `"changed": true`)
	assert.Equal(t, "True v1.36.3+k3s1", n.kubectl(t, "get", "node", n.name, "-o",
		`jsonpath={.status.conditions[?(@.type=="Ready")].status} {.status.nodeInfo.kubeletVersion}`))
	assert.Equal(t, k3stest.Images, n.run(t, "sh", "-c", "cat /var/lib/rancher/k3s/agent/images/k3s-airgap-images-*-v1.36.3-k3s1.tar.zst"))
	assert.Contains(t, n.fromHere(t, want), `"changed": false`)
	assert.Contains(t, n.fromHere(t, with(want, args{"state": "absent", "accept": []string{"cluster_loss"}})), `"changed": true`)
	assert.Empty(t, n.leftovers(t))
}

// attributes are a label and a taint.
func (n *node) attributes(t *testing.T) string {
	t.Helper()
	return n.kubectl(t, "get", "node", n.name, "-o",
		`jsonpath={.metadata.labels.rack} {.spec.taints[?(@.key=="own")].value}:{.spec.taints[?(@.key=="own")].effect}`)
}

// with are the arguments with others in their place.
func with(in, others args) args {
	all := args{}
	for _, a := range []args{in, others} {
		for name, value := range a {
			all[name] = value
		}
	}
	return all
}

// refuses what must not be done, before anything is.
func (n *node) refuses(t *testing.T, want args) {
	started := n.started(t)
	asset, sum := "k3s", strings.Repeat("0", 64)
	if runtime.GOARCH != "amd64" {
		asset += "-" + runtime.GOARCH
	}
	for problem, in := range map[string]args{
		"refusing to make this server a node of role agent: run state absent first":                                                                                                                             {"role": "agent", "servers": []string{n.address}, "tls_san": nil},
		"token: it is not that of the cluster whose data is here, and no other server takes it; a token is changed by rotation alone (k3s_cluster), while all servers are up":                                   {"token": "another"},
		"the data is in /var/lib/rancher/k3s, and data_dir is /srv/k3s; move it while k3s is stopped, or give the folder where it is":                                                                           {"data_dir": "/srv/k3s"},
		"download http://mirror/k3s-io/k3s/releases/download/v1.35.6%2Bk3s1/" + asset + ": it has the SHA-256 SUM, and SUM is pinned; do not run it before you know why":                                        {"version": k3stest.Versions[1], "checksums": args{asset: sum}},
		"download http://mirror/k3s-io/k3s/releases/download/v1.35.9%2Bk3s1/sha256sum-" + runtime.GOARCH + ".txt: there is none (404 Not Found); is there a release v1.35.9+k3s1, and does the mirror have it?": {"version": "v1.35.9+k3s1"},
		"refusing to change what a cluster keeps for its life: secrets-encryption is true here and false there; give the value that is there":                                                                   {"config": args{"secrets-encryption": true}},
		"refusing to go from v1.35.4+k3s1 to v1.35.3+k3s1: that is a downgrade, and etcd's data may not be readable by it; restore the snapshot of before instead (playbook rollback)":                          {"version": "v1.35.3+k3s1", "checksums": args{asset: sum}},
		"refusing to go from v1.35.4+k3s1 to v1.37.0+k3s1: minors must not be skipped; upgrade to v1.36 first":                                                                                                  {"version": "v1.37.0+k3s1", "checksums": args{asset: sum}},
		"servers: of two servers none may fail, as one alone is no majority; have one, or three":                                                                                                                {"servers": []string{n.address, "10.0.0.2"}},
	} {
		refused := n.try(t, with(want, in))
		assert.True(t, refused.Failed)
		assert.Equal(t, problem, n.masked(refused.Msg))
		assert.NotContains(t, refused.raw, "another\"")
	}
	assert.Equal(t, started, n.started(t))
	assert.False(t, n.apply(t, want).Changed)
}

// fails with k3s' own words when it does not start, long before the time is up, and the next run mends it.
func (n *node) fails(t *testing.T, want args) {
	failed := n.try(t, with(want, args{"config": args{"kube-apiserver-arg": []string{"service-cluster-ip-range=nonsense"}}}))
	assert.Equal(t, "start k3s: apiserver: service-cluster-ip-range[0] is not a valid cidr", failed.Msg)
	golden.Result(t, "fault half way", map[string]any{
		"1 apply what k3s does not start with": n.said(t, failed), "2 check": n.said(t, n.apply(t, with(want, args{"_ansible_check_mode": true}))),
		"3 apply": n.said(t, n.apply(t, want)), "4 apply again": n.said(t, n.apply(t, want)),
	})
}

func (n *node) stops(t *testing.T, want args) {
	started := n.started(t)
	again := n.apply(t, with(want, args{"state": "restarted"}))
	assert.Contains(t, again.Msg, "restart k3s (asked for) and wait until it is ready")
	assert.NotEqual(t, started, n.started(t))
	for _, state := range []string{"stopped", "killed"} {
		ended := n.apply(t, with(want, args{"state": state, "accept": []string{"quorum_loss"}}))
		if state == "stopped" {
			diff := []any{map[string]any{"before": map[string]any{"k3s": k3stest.Versions[0], "running": true}, "after": map[string]any{"k3s": k3stest.Versions[0], "running": false}}}
			assert.Equal(t, diff, ended.Diff, "it ends, and nothing goes")
		}
		stopped := n.apply(t, with(want, args{"state": state}))
		assert.False(t, stopped.Changed, stopped.Msg)
		assert.False(t, stopped.Node.Running)
	}
	assert.Equal(t, "start k3s and wait until it is ready", n.apply(t, want).Steps[0])
}

// ends and leaves nothing but the data that was not told by name.
func (n *node) ends(t *testing.T, absent args) {
	n.run(t, "mkdir", "-p", "/var/lib/rancher/k3s/storage/pvc-1", "/var/lib/rancher/k3s/server/db/snapshots")
	n.run(t, "touch", "/var/lib/rancher/k3s/storage/pvc-1/data", "/var/lib/rancher/k3s/server/db/snapshots/etcd-snapshot-s1-1")
	n.run(t, "mount", "-m", "-t", "tmpfs", "tmpfs", "/var/lib/rancher/k3s/theirs")
	checked, failed := n.apply(t, with(absent, args{"_ansible_check_mode": true})), n.try(t, absent)
	assert.Equal(t, "remove /var/lib/rancher/k3s: /var/lib/rancher/k3s/theirs is mounted in it; unmount that first, so that nothing on it is lost", failed.Msg)
	n.run(t, "umount", "/var/lib/rancher/k3s/theirs")
	golden.Result(t, "absent with a mount in the way", map[string]any{
		"1 check": n.said(t, checked), "2 apply": n.said(t, failed), "3 apply without": n.said(t, n.apply(t, absent)), "4 apply again": n.said(t, n.apply(t, absent)),
	})
	assert.Equal(t, "/var/lib/rancher/k3s/server/db/snapshots/etcd-snapshot-s1-1\n/var/lib/rancher/k3s/storage/pvc-1/data", n.run(t, "sh", "-c", "find /var/lib/rancher -type f | sort"))
	n.ways(t, "absent with volumes and snapshots", with(absent, args{"purge": []string{"volumes", "snapshots"}}))
	assert.Empty(t, n.leftovers(t))
}

// livesWithoutNetwork is a life from files alone, with the data on a disk of their own; what is not wanted any more goes.
func (n *node) livesWithoutNetwork(t *testing.T, want args) {
	binary, err := os.Open(k3stest.Find(t, k3stest.Versions[0]))
	require.NoError(t, err)
	defer binary.Close()
	for _, f := range []host.File{{Path: "/root/k3s", Mode: 0o755, Content: binary}, host.Text("/root/images.tar", 0o644, "an archive of images")} {
		_, err := n.Write(t.Context(), f)
		require.NoError(t, err)
	}
	n.run(t, "mount", "-m", "-t", "tmpfs", "tmpfs", "/srv/k3s")
	asked := n.world.asked()
	n.apply(t, want)
	assert.Equal(t, "an archive of images", n.run(t, "cat", "/srv/k3s/agent/images/images.tar"))
	assert.Empty(t, n.apply(t, want).Steps, "a second run writes no archive again")
	want["images"] = nil
	assert.Equal(t, []string{"remove /srv/k3s/agent/images/images.tar"}, n.apply(t, want).Steps)
	assert.Equal(t, asked, n.world.asked(), "nothing was asked of the network")

	// Where the data is the settings tell, and the disk stays where it is mounted.
	n.apply(t, n.world.want(args{"servers": nil, "state": "absent", "accept": []string{"cluster_loss"}, "purge": []string{"volumes", "snapshots"}}))
	assert.Empty(t, n.run(t, "ls", "-A", "/srv/k3s"))
	n.run(t, "umount", "/srv/k3s")
	n.run(t, "rm", "-r", "/srv/k3s", "/root/k3s", "/root/images.tar")
	assert.Empty(t, n.leftovers(t))
}

// ways applies in check mode, then for good, and once more, which changes nothing; all that is said is compared with a file.
func (n *node) ways(t *testing.T, name string, in args) {
	t.Helper()
	checked := n.apply(t, with(in, args{"_ansible_check_mode": true}))
	applied, again := n.apply(t, in), n.apply(t, in)
	assert.Equal(t, checked.Steps, applied.Steps, name)
	assert.False(t, again.Changed, name)
	golden.Result(t, name, map[string]any{"1 check": n.said(t, checked), "2 apply": n.said(t, applied), "3 apply again": n.said(t, again)})
}

// said is a result without what differs between runs.
func (n *node) said(t *testing.T, r result) any {
	t.Helper()
	assert.NotContains(t, r.raw, "a-registry-password")
	var said map[string]any
	require.NoError(t, json.Unmarshal([]byte(n.masked(r.raw)), &said))
	return said
}

var (
	sums  = regexp.MustCompile(`\b[0-9a-f]{64}\b`)
	times = regexp.MustCompile(`\w{3} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`)
)

func (n *node) masked(text string) string {
	text = strings.NewReplacer(n.world.mirror, "http://mirror", n.address, "192.0.2.11").Replace(text)
	return times.ReplaceAllString(sums.ReplaceAllString(text, "SUM"), "TIME")
}
