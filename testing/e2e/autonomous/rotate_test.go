package autonomous

import (
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rotates what the tag names, by a controller that dies when it has come to the second server: there are servers of two kinds then, and the
// next run makes them one.
func (w *world) rotates(variables map[string]any, tag string) {
	w.Helper()
	before := w.starts("s1")
	interrupted := w.prepare(w.Context(), "rotate", variables, "--tags", tag)
	require.NoError(w, interrupted.Start())
	w.eventually(func(w *world) { assert.NotEqual(w, before, w.starts("s1")) }, "the first server is restarted")
	others := w.starts("s2", "s3")
	require.NoError(w, interrupted.Process.Kill())
	_ = interrupted.Wait() // it was killed
	if tag == "token" {
		w.on("s3", "systemctl", "restart", "--no-block", "k3s")
		w.eventually(func(w *world) {
			assert.NotEqual(w, "0", w.on("s3", "systemctl", "show", "--value", "--property=NRestarts", "k3s"))
		}, "with the old token it does not start")
	}
	w.apply("rotate", variables, "--tags", tag)
	for i, now := range w.starts("s2", "s3") {
		assert.NotEqual(w, others[i], now, "%s: the next run restarts the others", tag)
	}
	assert.Contains(w, w.on("s3", "k3s", "secrets-encrypt", "status"), "All hashes match")
	if tag == "certificates" {
		w.apply("autonomous", variables) // writes the administrator's new one to the controller
	}
	assert.Equal(w, 0, w.apply("autonomous", variables).changes(), "%s: all nodes have it", tag)
}
