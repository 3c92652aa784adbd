package main

import (
	"context"
	"slices"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/certificates"
	"github.com/metal-stack/initial-cluster/internal/cluster"
	"github.com/metal-stack/initial-cluster/internal/controlplane"
)

// plan is that of certificates and components. A part is nil if it could not be planned.
type plan struct {
	certificates *certificates.Plan
	components   *controlplane.Plan
}

// plan plans the certificates before the components that have them.
func (in params) plan(ctx context.Context, c *cluster.Cluster, components []controlplane.Component) (p plan, err error) {
	if p.certificates, err = in.certify(ctx, c, components); err != nil {
		return p, err
	}
	deployment, err := controlplane.New(ctx, c, components)
	if err != nil {
		return p, err
	}
	p.components, err = deployment.Plan(ctx)
	if p.components != nil {
		ansible.Conceal(ctx, worthHiding(p.components.Secrets())...)
	}
	return p, err
}

// apply writes the certificates first: pods that find none do not start.
func (p plan) apply(ctx context.Context) error {
	if err := p.certificates.Apply(ctx); err != nil {
		return err
	}
	return p.components.Apply(ctx)
}

// Steps are what is to be done, each a sentence.
func (p plan) Steps() []string { return append(p.certificates.Steps(), p.components.Steps()...) }

// Diff shows both, with secrets masked.
func (p plan) Diff() (before, after any) {
	b, a := p.certificates.Diff()
	bc, ac := p.components.Diff()
	return b + bc.(string), a + ac.(string)
}

func (p plan) warnings() []string {
	var all []string
	if p.certificates != nil {
		all = p.certificates.Warnings()
	}
	if p.components != nil {
		all = append(slices.Clone(all), p.components.Warnings()...)
	}
	return all
}

func (p plan) reports() map[string]any {
	all := map[string]any{"components": reports(p.components), "images": allImages(p.components)}
	if found := certificateReports(p.certificates); found != nil {
		all["certificates"] = found
	}
	return all
}
