package autonomous

import (
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/k3stest"
)

// goesBack takes an upgrade over a minor back, with the snapshot of before, and then within the minor without one and back again. The nodes
// are ready then as they were before.
func (w *world) goesBack(variables map[string]any, ready string) {
	w.Helper()
	snapshot := w.on("s1", "sh", "-c", "cd /var/lib/k3s-snapshots && ls -t before-v1.36.3-k3s1-s1-* | tail -n 1")
	refused := w.play("rollback", variables)
	assert.Contains(w, refused.told(w.TB), "s1: refusing to go back from v1.36.3+k3s1 to v1.35.6+k3s1 by the binary alone: of another minor it may not read etcd's data; "+
		"name the snapshot of before; ")
	assert.Contains(w, refused.told(w.TB), snapshot+" on s1")
	named := []string{"--extra-vars", "rollback_snapshot=" + snapshot}
	assert.Equal(w, "nothing: no server has this snapshot in /var/lib/k3s-snapshots; name one of those that are there",
		w.play("rollback", variables, "--extra-vars", "rollback_snapshot=nothing").told(w.TB))
	w.on("s1", "k3s", "kubectl", "create", "namespace", "lost")
	before := w.starts("s1", "s2", "s3", "a1")
	other := w.play("rollback", with(variables, "k3s_token", "hunter5"), named...)
	assert.Contains(w, other.output, "refusing to reset: the token is not that of the cluster when the snapshot /var/lib/k3s-snapshots/"+snapshot+" was taken; give the token of that time")
	assert.Equal(w, before, w.starts("s1", "s2", "s3", "a1"), "nothing was stopped for what cannot be")
	w.checked("rollback", variables, named...)

	interrupted := w.prepare(w.Context(), "rollback", variables, named...)
	require.NoError(w, interrupted.Start())
	w.eventually(func(w *world) {
		assert.Contains(w, w.on("s1", "cat", "/etc/rancher/k3s/k3s_node.json"), snapshot)
	}, "the first server begins anew")
	require.NoError(w, interrupted.Process.Kill())
	_ = interrupted.Wait() // it was killed
	w.apply("rollback", variables, named...)
	assert.Equal(w, ready, w.nodes("s1"))
	assert.Equal(w, "gone", w.on("s3", "sh", "-c", "k3s kubectl get namespaces -o name | grep -q /lost && echo there || echo gone"), "what was written since is not there")
	assert.Equal(w, "s1 s2 s3", w.on("s2", "k3s", "kubectl", "get", "nodes", "-l", "node-role.kubernetes.io/etcd", "-o", "jsonpath={.items[*].metadata.name}"))
	assert.NotEmpty(w, w.on("s3", "sh", "-c", "ls -d /var/lib/rancher/k3s/server/db/etcd-aside-*"), "what was there is not deleted")
	assert.Equal(w, 0, w.apply("rollback", variables, named...).changes())
	assert.Equal(w, 0, w.apply("autonomous", variables).changes())

	w.apply("rollback", with(variables, "k3s_version", k3stest.Versions[0]))
	assert.Equal(w, strings.ReplaceAll(ready, "v1.35.6", "v1.35.4"), w.nodes("s1"))
	w.apply("upgrade", variables)
	assert.Equal(w, ready, w.nodes("s1"))
}
