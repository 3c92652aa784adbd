package k3snode

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOneServer(t *testing.T) {
	w := newWorld(t, "s1")
	s := w.nodes[0]
	want := w.want(args{"servers": nil})
	want["_ansible_check_mode"] = true
	planned := s.apply(t, want)
	assert.False(t, s.has(t, "/etc/rancher"))
	delete(want, "_ansible_check_mode")
	t.Log(planned.raw)
	applied := s.apply(t, want)
	assert.Equal(t, planned.Steps, applied.Steps)
	again := s.apply(t, want)
	t.Log(again.raw)
	assert.False(t, again.Changed)
	assert.Equal(t, applied.Node.Started, again.Node.Started)
}
