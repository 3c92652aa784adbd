package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// without makes the arguments of a deployment those of its removal.
func (w *world) without(t *testing.T, check bool, confirm ...string) string {
	var args map[string]any
	require.NoError(t, json.Unmarshal([]byte(w.arguments(t, "a_control_plane", check)), &args))
	args["state"], args["confirm"] = "absent", append([]string{}, confirm...)
	text, err := json.Marshal(args)
	require.NoError(t, err)
	return string(text)
}

func TestAbsentAsksForNamesGoesInReverseAndKeepsTheData(t *testing.T) {
	w := newWorld(t).fresh("leaving")
	require.Equal(t, true, w.run(t, w.arguments(t, "a_control_plane", false))["changed"])

	refused := w.run(t, w.without(t, false))
	assert.Equal(t, true, refused["failed"])
	assert.Equal(t, "refusing to remove metal-db: they hold data; back them up, then type these names out in confirm", refused["msg"])
	steps := []any{
		"metal: remove release metal-control-plane from namespace @NAMESPACE@",
		"metal-db: remove release metal-db from namespace @NAMESPACE@, and keep its claims data-metal-db-0",
	}
	planned := w.run(t, w.without(t, true, "metal-db"))
	assert.Equal(t, steps, planned["steps"])
	assert.Equal(t, []string{"deployed", "deployed"}, w.statuses(t), "check mode removes nothing")

	for range 6 { // each gets further
		w.killed(t, w.without(t, false, "metal-db"), 400*time.Millisecond)
	}
	removed := w.run(t, w.without(t, false, "metal-db"))
	assert.NotEqual(t, true, removed["failed"], "%v", removed["msg"])
	assert.Empty(t, w.statuses(t))
	again := w.run(t, w.without(t, false, "metal-db"))
	assert.Equal(t, false, again["changed"])

	claims, err := w.cluster.Typed().CoreV1().PersistentVolumeClaims(w.namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Len(t, claims.Items, 1)
	assert.Equal(t, "data-metal-db-0", claims.Items[0].Name)
	jobs, err := w.cluster.Typed().BatchV1().Jobs(w.namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	assert.Zero(t, len(jobs.Items), "the hooks' jobs, which Helm forgets, are gone")
}
