package autonomous

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/k3stest"
)

func TestTheLifeOfACluster(t *testing.T) {
	w := newWorld(t, "s1", "s2", "s3", "a1")
	more := w.images()
	more["k3s_registries"].(map[string]any)["configs"] = map[string]any{
		"registry.example.com": map[string]any{"auth": map[string]any{"username": "u", "password": "hunter4"}},
	}
	variables := w.variables(k3stest.Versions[1], more)

	w.inventory("s1", "s2", "a1")
	assert.Equal(t, "k3s_servers: refusing two servers (s1, s2): etcd needs a majority, which of two is both, so that the cluster stops with either of them; "+
		"use one, or three", w.play("autonomous", variables).told(t))
	w.inventory("s1", "s2", "s3", "a1")

	others := filepath.Join(w.home, ".kube/config")
	require.NoError(t, os.Mkdir(filepath.Dir(others), 0o700))
	require.NoError(t, os.WriteFile(others, []byte("other clusters"), 0o600))
	planned := w.checked("autonomous", variables)
	assert.Contains(t, planned.output, `"k3s": "`+k3stest.Versions[1], "the diff tells of the release")
	assert.Contains(t, planned.output, "a secret", "the diff tells of the token, and not which")
	w.apply("autonomous", variables)
	ready := "a1=v1.35.6+k3s1/True/ s1=v1.35.6+k3s1/True/ s2=v1.35.6+k3s1/True/ s3=v1.35.6+k3s1/True/"
	assert.Equal(t, ready, w.nodes("s1"))
	before := w.starts("s1", "s2", "s3", "a1")
	again := w.apply("autonomous", variables, "--forks", "10", "--diff")
	assert.Equal(t, 0, again.changes(), again.output)
	assert.Equal(t, before, w.starts("s1", "s2", "s3", "a1"))
	assert.Equal(t, "10.199.0.0/16 10.42.0.0/16 10.43.0.0/16",
		w.on("s2", "k3s", "kubectl", "-n", "kube-system", "get", "configmap", "shoot-info", "-o", "jsonpath={.data.nodeNetwork} {.data.podNetwork} {.data.serviceNetwork}"))
	info, err := os.Stat(w.home + "/kubeconfig")
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
	theirs, err := os.ReadFile(others)
	require.NoError(t, err)
	assert.Equal(t, "other clusters", string(theirs), "the operator's own kubeconfig is as it was")

	// Check mode says of each playbook what it would do, and does nothing.
	next := with(variables, "k3s_version", k3stest.Versions[2])
	w.checked("upgrade", next)
	w.checked("remove_node", variables, "--extra-vars", "remove_node=s3")
	w.checked("replace_node", variables, "--extra-vars", "replace_node=s3")
	w.checked("rotate", with(variables, "k3s_token", "hunter3"), "--tags", "token")
	w.checked("rotate", variables, "--tags", "keys")
	w.checked("rotate", variables, "--tags", "certificates")

	w.moves(w.address(100), "s1", "s2", "s3")
	w.on("s2", "k3s", "kubectl", "create", "service", "loadbalancer", "web", "--tcp=80")
	w.holder(w.address(104), "s1", "s2", "s3")
	w.eventually(func(w *world) {
		assert.Equal(w, w.address(104), w.kubectl("s2", "get", "service", "web", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}"))
	}, "the Service tells of its address")

	// An upgrade whose controller dies is finished by the next run, and the API answers meanwhile.
	end := w.api().watch()
	interrupted := w.prepare(t.Context(), "upgrade", next)
	require.NoError(t, interrupted.Start())
	w.eventually(func(w *world) { assert.Contains(w, w.nodes("s3"), "s1=v1.36.3+k3s1/True/ ") }, "the first server is upgraded")
	require.NoError(t, interrupted.Process.Kill())
	_ = interrupted.Wait() // it was killed
	w.apply("upgrade", next, "--forks", "10")
	assert.Equal(t, strings.ReplaceAll(ready, "v1.35.6", "v1.36.3"), w.nodes("s1"), "all have the version, and none is cordoned")
	outage := end()
	t.Logf("upgrade: %s", outage)
	assert.Less(t, outage.longest, outageLimit)
	assert.Contains(t, w.on("s1", "ls", "/var/lib/k3s-snapshots"), "before-v1.36.3-k3s1-s1-")
	assert.Equal(t, 0, w.apply("upgrade", next).changes())
	assert.Contains(t, w.play("upgrade", variables).told(t), "refusing to go from v1.36.3+k3s1 to v1.35.6+k3s1: that is a downgrade")
	w.goesBack(variables, ready)

	next = with(variables, "k3s_token", "hunter3")
	assert.Contains(t, w.play("autonomous", next).told(t), "token: it is not that of the cluster whose data is here, and no other server takes it")
	for _, tag := range []string{"token", "keys", "certificates"} {
		w.rotates(next, tag)
	}

	// The first server comes back with an empty disk.
	s1 := w.machines["s1"]
	require.NoError(t, s1.PowerCut(t.Context()))
	require.NoError(t, s1.NewDisk())
	require.NoError(t, s1.PowerOn(t.Context()))
	require.NoError(t, w.ansible.Disconnect())
	lost := w.play("autonomous", next)
	require.True(t, lost.failed, lost.output)
	assert.Contains(t, lost.output, "remove the node first, then it can join")
	w.apply("replace_node", next, "--extra-vars", "replace_node=s1")
	assert.Equal(t, ready, w.nodes("s2"))
	assert.Equal(t, 0, w.apply("autonomous", next).changes())

	// A server that is dead, and an agent that is not, go.
	require.NoError(t, w.machines["s3"].PowerCut(t.Context()))
	w.apply("remove_node", next, "--extra-vars", "remove_node=s3")
	w.apply("remove_node", next, "--extra-vars", "remove_node=a1")
	assert.Equal(t, "s1=v1.35.6+k3s1/True/ s2=v1.35.6+k3s1/True/", w.nodes("s1"))
	assert.Equal(t, "", w.on("a1", "sh", "-c", "ls -d /etc/rancher /var/lib/rancher /usr/local/bin/k3s 2>/dev/null || :"))

	// The address leaves a server with k3s, and goes to the last one.
	holder := w.holder(w.address(100), "s1", "s2")
	last := map[string]string{"s1": "s2", "s2": "s1"}[holder]
	w.apply("remove_node", next, "--extra-vars", "remove_node="+holder)
	assert.Empty(t, w.holders(w.address(100), holder))
	assert.Empty(t, w.holders(w.address(104), holder))
	w.holder(w.address(100), last)
	w.eventually(func(w *world) { assert.NoError(w, w.api().ask()) }, "the API answers there")
}
