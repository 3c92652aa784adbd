package main

import (
	"context"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/gke"
	"github.com/metal-stack/initial-cluster/internal/kube"
	"github.com/metal-stack/initial-cluster/modules/internal/kubeconfig"
)

// locate names the file that is meant where none is named, once for all that follows.
func (in *params) locate() (err error) {
	if in.Kubeconfig == "" {
		in.Kubeconfig, err = kube.DefaultConfigPath()
	}
	return err
}

// planKubeconfig plans that the file leads to the cluster, or that it knows it no more. It is nil if no file is asked for. Before the way
// to the cluster is known the plan is for looking at only.
func (t task) planKubeconfig(ctx context.Context, reach gke.Reach) (*kubeconfig.Plan, error) {
	name := t.want.Context()
	switch {
	case t.in.KubeconfigUser == "none":
		return nil, nil
	case t.want.Absent:
		return kubeconfig.Purge(t.in.Kubeconfig, name)
	}
	return kubeconfig.Handout{
		Path: t.in.Kubeconfig, Current: t.in.KubeconfigCurrent, User: t.in.KubeconfigUser,
		Name: name, Server: reach.Server, CA: reach.CA, Auth: t.in.Params, Credentials: t.credentials,
	}.Plan(ctx)
}

// reach is the way to the cluster, which in check mode may be one that is still to be made.
func (t task) reach(state *gke.State, stillToDo bool) (gke.Reach, error) {
	if t.want.Absent || t.in.KubeconfigUser == "none" {
		return gke.Reach{}, nil
	}
	reach, err := state.Reach(t.in.KubeconfigEndpoint)
	if t.mode.Check && stillToDo {
		err = nil
	}
	return reach, err
}

// handOut writes the kubeconfig, or in check mode says what that takes, and adds it to the result.
func (t task) handOut(ctx context.Context, state *gke.State, result *ansible.Result) error {
	reach, err := t.reach(state, result.Changed)
	if err != nil {
		return err
	}
	plan, err := t.planKubeconfig(ctx, reach)
	if err != nil || plan == nil {
		return err
	}
	if !t.mode.Check {
		err = plan.Apply(ctx)
	}
	added := ansible.Applied(plan)
	result.Changed = result.Changed || added.Changed
	result.Steps = append(result.Steps, added.Steps...)
	for _, diff := range added.Diff {
		diff.BeforeHeader, diff.AfterHeader = "kubeconfig", "kubeconfig"
		result.Diff = append(result.Diff, diff)
	}
	if !t.want.Absent {
		result.Values["kubeconfig"] = map[string]any{"path": t.in.Kubeconfig, "context": t.want.Context()}
	}
	return err
}
