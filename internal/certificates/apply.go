package certificates

import (
	"context"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

// changed are the entries whose Secrets are written, authorities first.
func (p *Plan) changed() []*entry {
	return slices.DeleteFunc(slices.Clone(p.entries), func(e *entry) bool { return e.action == None })
}

// Apply writes the Secrets, their namespaces before them. It is safe to run a new plan after one that was interrupted: what was written is kept.
func (p *Plan) Apply(ctx context.Context) error {
	for _, e := range p.changed() {
		wait.Report(ctx, "%s", e.step())
		if err := p.cluster.EnsureNamespace(ctx, e.secret.Namespace); err != nil {
			return err
		}
		if err := e.write(ctx, p.cluster, nil); err != nil {
			return err
		}
	}
	return nil
}

// try lets the cluster say beforehand what it would refuse. A namespace that is not there yet cannot be tried.
func (p *Plan) try(ctx context.Context) []string {
	var failures []string
	for _, e := range p.changed() {
		if err := e.write(ctx, p.cluster, []string{metav1.DryRunAll}); err != nil && !apierrors.IsNotFound(err) {
			failures = append(failures, err.Error())
		}
	}
	return failures
}
