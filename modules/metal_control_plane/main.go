// Command metal_control_plane is the Ansible module metalstack.initial_cluster.metal_control_plane.
package main

import (
	"context"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/cluster"
	"github.com/metal-stack/initial-cluster/internal/controlplane"
)

type params struct {
	Kubeconfig             string            `ansible:"kubeconfig"`
	KubeconfigContent      string            `ansible:"kubeconfig_content"`
	Context                string            `ansible:"context"`
	Namespace              string            `ansible:"namespace"`
	Components             []component       `ansible:"components"`
	Variables              map[string]any    `ansible:"variables"`
	ReleaseVectors         []vector          `ansible:"release_vectors"`
	Registry               *registryLogin    `ansible:"registry"`
	Mirrors                map[string]string `ansible:"mirrors"`
	AllowPlaceholders      bool              `ansible:"allow_placeholders"`
	Confirm                []string          `ansible:"confirm"`
	RemoveClaims           bool              `ansible:"remove_claims"`
	Preflight              *needs            `ansible:"preflight"`
	Health                 *health           `ansible:"health"`
	CertificateAuthorities []authority       `ansible:"certificate_authorities"`
	Certificates           []certificate     `ansible:"certificates"`
	State                  string            `ansible:"state"`
}

func main() { ansible.Main(spec, run) }

func run(ctx context.Context, in params, mode ansible.Mode) (ansible.Result, error) {
	components, vector, err := in.components(ctx)
	if err != nil {
		return ansible.Result{}, err
	}
	c, err := cluster.Open(cluster.Kubeconfig{File: in.Kubeconfig, Content: in.KubeconfigContent, Context: in.Context})
	if err != nil {
		return ansible.Result{}, err
	}
	var checks []any
	if in.Preflight != nil && in.State != "absent" {
		if checks, err = in.validate(ctx, mode, c); err != nil || in.State == "validated" {
			return ansible.Result{Values: map[string]any{"checks": checks}}, err
		}
	}
	if in.State == "absent" {
		return in.remove(ctx, mode, c, components)
	}
	result, err := in.deploy(ctx, mode, c, components)
	if checks != nil {
		result.Values["checks"] = checks
	}
	if origins := vector.Origins(); origins != nil {
		result.Values["release_vectors"] = origins
	}
	return result, err
}

func (in params) deploy(ctx context.Context, mode ansible.Mode, c *cluster.Cluster, components []controlplane.Component) (ansible.Result, error) {
	p, err := in.plan(ctx, c, components)
	if err != nil {
		return ansible.Result{Values: map[string]any{}, Warnings: p.warnings()}, err
	}
	result := ansible.Planned(p)
	if !mode.Check {
		err = p.apply(ctx)
		result = ansible.Applied(p)
	}
	result.Warnings, result.Values = p.warnings(), p.reports()
	if err == nil && !mode.Check && in.Health != nil {
		err = in.Health.await(ctx)
	}
	return result, err
}

func (in params) remove(ctx context.Context, mode ansible.Mode, c *cluster.Cluster, components []controlplane.Component) (ansible.Result, error) {
	deployment, err := controlplane.New(ctx, c, components)
	if err != nil {
		return ansible.Result{}, err
	}
	removal, err := deployment.PlanRemoval(ctx, in.Confirm, in.RemoveClaims)
	if err != nil {
		return ansible.Result{}, err
	}
	if mode.Check {
		return ansible.Planned(removal), nil
	}
	err = removal.Apply(ctx)
	return ansible.Applied(removal), err
}
