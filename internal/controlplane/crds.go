package controlplane

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/metal-stack/initial-cluster/internal/cluster"
)

// definitions are the objects in a chart's folders crds, those of its dependencies too.
func (r *rendered) definitions() (objects, error) {
	var all objects
	for _, file := range r.chart.CRDObjects() {
		found, err := parse(string(file.File.Data))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file.Filename, err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// tryCRDs tries the definitions that are to be there.
func (d *Deployment) tryCRDs(ctx context.Context, p *part) error {
	p.crds = nil
	if p.component.CRDs == SkipCRDs {
		return nil
	}
	definitions, err := p.want.definitions()
	if err != nil {
		return err
	}
	for _, o := range definitions {
		t := &trial{object: o}
		if t.live, err = d.cluster.Get(ctx, o); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("%s: %w", cluster.RefOf(o), d.cluster.Explain(err))
		}
		if t.live != nil && p.component.CRDs == CreateCRDs {
			continue
		}
		if t.tried, err = d.cluster.Try(ctx, o); err != nil {
			return fmt.Errorf("%s: the cluster refuses it: %s; take another version of the chart, or set crds to skip", cluster.RefOf(o), causes(err))
		}
		p.crds = append(p.crds, t)
	}
	return nil
}

// comingKinds are those that the parts will define or change: objects of them cannot be tried yet.
func comingKinds(parts ...*part) map[string]bool {
	kinds := map[string]bool{}
	for _, part := range parts {
		all := part.want.objects[:len(part.want.objects):len(part.want.objects)]
		for _, t := range part.staleCRDs() {
			all = append(all, t.object)
		}
		for _, o := range all {
			if o.GetKind() != "CustomResourceDefinition" {
				continue
			}
			group, _, _ := unstructured.NestedString(o.Object, "spec", "group")
			kind, _, _ := unstructured.NestedString(o.Object, "spec", "names", "kind")
			kinds[schema.GroupKind{Group: group, Kind: kind}.String()] = true
		}
	}
	return kinds
}
