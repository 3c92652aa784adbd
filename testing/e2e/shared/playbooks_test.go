package shared

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	shared  = "- ansible.builtin.import_playbook: metalstack.initial_cluster.shared\n"
	destroy = "- ansible.builtin.import_playbook: metalstack.initial_cluster.destroy\n"
)

func TestThePlaybooksFromNothingToNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	variables := w.with(w.deployment(), "gcp_release_channel", "regular")

	before := w.play(shared, variables, "--check", "--diff")
	require.False(t, before.failed, before.output)
	assert.Equal(t, "changed=2 failed=0", before.recap)
	assert.Empty(t, w.gke.Clusters(), "check mode makes nothing")
	assert.NoDirExists(t, w.home+"/.kube")
	assert.NoDirExists(t, w.home+"/.config")
	assert.Contains(t, before.last(t)["steps"], "make "+contextName+" the current context in "+w.home+"/.kube/config")

	assert.Equal(t, "changed=2 failed=0", w.play(shared, variables).recap)
	assert.Contains(t, w.asked("get", "namespaces"), "kube-system")
	again := w.play(shared, variables, "--diff")
	assert.Equal(t, "changed=0 failed=0", again.recap, again.output)
	assert.Equal(t, "changed=0 failed=0", w.play(shared, variables, "--check").recap)

	for typed, told := range map[string]string{
		"":      `initial: refusing to destroy it: "" was typed; type the cluster's name`,
		"wrong": `initial: refusing to destroy it: "wrong" was typed; type the cluster's name`,
	} {
		refused := w.play(destroy, w.with(variables, "destroy_cluster_name", typed))
		assert.Equal(t, told, refused.told(t))
	}
	assert.Contains(t, w.play(destroy, variables).told(t), "initial: refusing to destroy it: ", "nobody is there to be asked")
	protected := w.with(w.with(variables, "destroy_cluster_name", "initial"), "gcp_deletion_protection", true)
	assert.Contains(t, w.play(destroy, protected).told(t), "deletion_protection")
	require.Len(t, w.gke.Clusters(), 1)

	variables["destroy_cluster_name"] = "initial"
	checked := w.play(destroy, variables, "--check")
	assert.Equal(t, "changed=1 failed=0", checked.recap, checked.output)
	require.Len(t, w.gke.Clusters(), 1)
	assert.Equal(t, "changed=1 failed=0", w.play(destroy, variables).recap)
	assert.Empty(t, w.gke.Clusters())
	assert.Empty(t, w.asked("config", "get-contexts", "-o", "name"))
	assert.Equal(t, "changed=0 failed=0", w.play(destroy, variables).recap)
}
