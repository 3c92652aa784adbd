package k3snode

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/wait"
	"github.com/metal-stack/initial-cluster/testing/k3stest"
)

// settled is that a further run changes nothing and starts nothing.
func (w *world) settled(t *testing.T, in func(*node) args) {
	t.Helper()
	before := everywhere(w.nodes, func(n *node) string { return n.started(t) })
	for i, r := range together(t, w.nodes, in) {
		assert.False(t, r.Changed, "%s: %s", w.nodes[i].name, r.Msg)
		assert.True(t, r.Node.Running)
		assert.Equal(t, before[i], w.nodes[i].started(t), w.nodes[i].name)
	}
}

// started is another for each start of k3s.
func (n *node) started(t *testing.T) string {
	t.Helper()
	return n.run(t, "systemctl", "show", "--property=InvocationID,ActiveEnterTimestampMonotonic", n.unit())
}

func (n *node) unit() string {
	if strings.HasPrefix(n.name, "a") {
		return "k3s-agent"
	}
	return "k3s"
}

func (n *node) config(t *testing.T) string {
	t.Helper()
	text, err := host.ReadText(t.Context(), n, "/etc/rancher/k3s/config.yaml")
	require.NoError(t, err)
	return text
}

func (n *node) kubectl(t *testing.T, words ...string) string {
	t.Helper()
	return n.run(t, append([]string{"k3s", "kubectl"}, words...)...)
}

func TestThreeServersAtOnceAreOneClusterAndStayIt(t *testing.T) {
	w := newWorld(t, "s1", "s2", "s3", "a1")
	s1, s2, s3, a1 := w.nodes[0], w.nodes[1], w.nodes[2], w.nodes[3]
	servers := []*node{s1, s2, s3}
	version, pods := k3stest.Versions[0], map[*node]int{}
	in := func(n *node) args {
		if n == a1 {
			return w.want(args{"role": "agent", "version": version, "labels": args{"rack": "a"}, "taints": []string{"own=yes:NoSchedule"}})
		}
		if pods[n] == 0 {
			return w.want(args{"version": version})
		}
		return w.want(args{"version": version, "config": args{"kubelet-arg": []string{fmt.Sprintf("max-pods=%d", pods[n])}}})
	}

	together(t, w.nodes, in)
	s2.hasMembers(t, "s1 s2 s3")
	for _, s := range servers {
		assert.Contains(t, s.config(t), "server: https://10.")
		assert.NotContains(t, s.config(t), "cluster-init", "whose data is lost joins, whoever starts it")
	}
	assert.Equal(t, "a yes", s1.kubectl(t, "get", "node", "a1", "-o", "jsonpath={.metadata.labels.rack} {.spec.taints[0].value}"))
	w.settled(t, in)
	w.tellsNoSecret(t)
	s1.kubectl(t, "create", "namespace", "kept")

	// All are upgraded at the same time: one after the other is, and the cluster serves meanwhile.
	version = k3stest.Versions[1]
	early := a1.try(t, in(a1))
	assert.True(t, early.Failed)
	assert.Equal(t, "refusing to go from "+k3stest.Versions[0]+" to "+version+": the servers have "+k3stest.Versions[0]+", and no agent may be newer; upgrade the servers first", early.Msg)
	writer := startWriter(t, a1, s1)
	for i, r := range together(t, servers, in) {
		assert.Contains(t, r.Msg, "k3s "+k3stest.Versions[0]+" becomes "+version)
		assert.Equal(t, version, servers[i].kubectl(t, "get", "node", servers[i].name, "-o", "jsonpath={.status.nodeInfo.kubeletVersion}"))
	}
	assert.Positive(t, writer.stop(t))
	a1.apply(t, in(a1))
	w.settled(t, in)

	w.survivesPowerCuts(t, servers, a1, pods, in)
	w.settled(t, in)

	// The first server loses its disk, and comes back as what it was.
	require.NoError(t, s1.machine.PowerCut(t.Context()))
	require.NoError(t, s1.machine.NewDisk())
	s2.succeeds(t, host.Words("k3s", "kubectl", "delete", "node", "s1", "--ignore-not-found", "--timeout=120s")) // at its first attempt a leader may be missing
	require.NoError(t, s1.machine.PowerOn(t.Context()))
	s1.renew(t)
	assert.Regexp(t, "(?m)^join the cluster of ("+s2.address+"|"+s3.address+")$", strings.Join(s1.apply(t, in(s1)).Steps, "\n"))
	s1.hasMembers(t, "s1 s2 s3")
	assert.Equal(t, "Active", s1.kubectl(t, "get", "namespace", "kept", "-o", "jsonpath={.status.phase}"))
	w.settled(t, in)

	// One leaves, and nothing of it is left.
	gone := s3.apply(t, w.want(args{"state": "absent"}))
	assert.Contains(t, strings.Join(gone.Steps, "\n"), "take member and node s3 out of the cluster, when the others can do without it\nstop k3s for good\n")
	s2.hasMembers(t, "s1 s2")
	assert.Empty(t, s3.leftovers(t))
	assert.False(t, s3.apply(t, w.want(args{"state": "absent"})).Changed)
	assert.Contains(t, strings.Join(s3.apply(t, in(s3)).Steps, "\n"), "join the cluster of 10.")
	s3.hasMembers(t, "s1 s2 s3")
}

// hasMembers wants those of etcd, by their nodes' names. A server labels its node some seconds after it has become one.
func (n *node) hasMembers(t *testing.T, want string) {
	t.Helper()
	o := wait.Options{For: "the members " + want, Timeout: patient * time.Second, Interval: time.Second}
	require.NoError(t, wait.Until(t.Context(), o, func(context.Context) (bool, string, error) {
		members := n.kubectl(t, "get", "nodes", "-l", "node-role.kubernetes.io/etcd", "-o", "jsonpath={.items[*].metadata.name}")
		return members == want, members, nil
	}))
}

// tellsNoSecret looks where others can look.
func (w *world) tellsNoSecret(t *testing.T) {
	t.Helper()
	for _, n := range w.nodes {
		assert.NotContains(t, n.run(t, "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"), token)
		assert.NotContains(t, n.run(t, "journalctl", "--no-pager", "--output=cat"), token)
		for _, path := range []string{"config.yaml", "token", "k3s_node.json"} {
			assert.Equal(t, "0600", n.mode(t, "/etc/rancher/k3s/"+path))
		}
		assert.NotContains(t, n.config(t), token)
		assert.Equal(t, "0600", n.mode(t, "/etc/systemd/system/"+n.unit()+".service.env"))
	}
}

// leftovers are the paths on the machine that k3s has a part in.
func (n *node) leftovers(t *testing.T) string {
	t.Helper()
	return n.run(t, "sh", "-c", "find / -xdev \\( -path /proc -o -path /sys -o -path /var/log/journal -o -path "+module+" \\) -prune -o "+
		"\\( -name '*k3s*' -o -path '*rancher*' -o -path '/var/lib/kubelet*' -o -path '/var/lib/cni*' \\) -print; "+
		"ip -o link | grep -E 'cni0|flannel'; iptables-save | grep -E 'KUBE-|CNI-'; true")
}

// renew makes the node what it was before its disk was lost: a machine with the module on it.
func (n *node) renew(t *testing.T) {
	t.Helper()
	n.connect(t)
	n.bring(t, n.world.binary)
}
