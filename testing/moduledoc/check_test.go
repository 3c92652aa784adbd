package moduledoc

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/metal-stack/initial-cluster/internal/ansible"
)

var zone = ansible.Spec{Name: "zone", Options: []ansible.Option{
	{Name: "name", Required: true},
	{Name: "size", Type: ansible.Int},
	{Name: "state", Choices: []any{"present", "absent"}},
	{Name: "pools", Type: ansible.List, Elements: ansible.Dict, Options: []ansible.Option{{Name: "spot", Type: ansible.Bool}, {Name: "nodes", Type: ansible.Int}}},
}}

func TestExamplesMustBeValid(t *testing.T) {
	for _, c := range []struct {
		name, examples string
		want           []string
	}{
		{"valid, with templates", `
- name: Make it
  metalstack.initial_cluster.zone:
    name: "{{ name }}"
    size: "{{ size }}"
    state: "{{ state }}"
    pools: [{spot: "{{ spot }}", nodes: "2"}]
- name: Something else
  ansible.builtin.debug:
`, nil},
		{"wrong options", `
- name: Make it
  metalstack.initial_cluster.zone:
    size: much
    pools: [{spot: "{{ spot }}", node: 2}]
`, []string{
			"examples: Make it: missing required arguments: name",
			`examples: Make it: argument 'size' is of type str and we were unable to convert to int: "'much'" cannot be converted to an int`,
			"examples: Make it: pools.node. Supported parameters include: nodes, spot.",
		}},
		{"no example", "- ansible.builtin.debug:\n", []string{"examples: a task has no name: map[ansible.builtin.debug:<nil>]", "examples: no task calls metalstack.initial_cluster.zone"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			spec := zone
			spec.Examples = c.examples
			assert.Equal(t, c.want, checkExamples(spec))
		})
	}
}
