// Command k3s_node is the Ansible module metalstack.initial_cluster.k3s_node.
package main

import (
	"context"
	"errors"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/k3s"
)

func main() { ansible.Main(spec, run) }

func run(ctx context.Context, in params, mode ansible.Mode) (ansible.Result, error) {
	want, problems := in.want()
	ansible.Conceal(ctx, secrets(want)...)
	if len(problems) > 0 {
		return ansible.Result{}, errors.New(strings.Join(problems, "; "))
	}
	h, err := in.Open(ctx)
	if err != nil {
		return ansible.Result{}, err
	}
	defer h.Close()
	node, err := k3s.Observe(ctx, h, want)
	if err != nil {
		return ansible.Result{}, err
	}
	ansible.Conceal(ctx, node.Secrets()...)
	plan, err := node.Plan(ctx, want)
	if err != nil {
		return ansible.Result{Values: map[string]any{"node": node.Describe(want)}}, err
	}
	result := ansible.Planned(plan)
	if !mode.Check {
		err = plan.Apply(ctx)
		result.Steps = plan.Steps()
		result.Changed = len(result.Steps) > 0
	}
	if !mode.Check && result.Changed && err == nil {
		node, err = k3s.Observe(ctx, h, want)
	}
	if node != nil {
		result.Values = map[string]any{"node": node.Describe(want)}
	}
	result.Warnings, result.Msg = plan.Warnings(), in.verdict(result, mode)
	return result, err
}

func (in params) verdict(result ansible.Result, mode ansible.Mode) string {
	switch {
	case !result.Changed && in.State == k3s.Absent:
		return "there is no k3s"
	case !result.Changed:
		return "the node is as it is wanted"
	case mode.Check:
		return "would do: " + strings.Join(result.Steps, "; ")
	default:
		return "done: " + strings.Join(result.Steps, "; ")
	}
}
