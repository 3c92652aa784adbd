package controlplane

import (
	"context"
	"fmt"
	"slices"

	release "helm.sh/helm/v4/pkg/release/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// bringPullSecrets makes the Secrets with which the pods of hooks pull their images, if the chart makes them: Helm would only do so after
// the hooks that run first, which could never pull.
func (d *Deployment) bringPullSecrets(ctx context.Context, p *part) error {
	wanted, err := p.pullSecretsOfHooks()
	if err != nil {
		return err
	}
	for _, t := range p.trials {
		if t.live != nil || t.object.GetKind() != "Secret" || !slices.Contains(wanted, t.object.GetName()) {
			continue
		}
		if err := d.cluster.Apply(ctx, t.object); err != nil {
			return fmt.Errorf("%s: %w", t.text(), d.cluster.Explain(err))
		}
	}
	return nil
}

func (p *part) pullSecretsOfHooks() ([]string, error) {
	var names []string
	for _, h := range p.want.hooks {
		if !slices.Contains(h.Events, release.HookPreInstall) && !slices.Contains(h.Events, release.HookPreUpgrade) {
			continue
		}
		found, err := parse(h.Manifest)
		if err != nil {
			return nil, err
		}
		for _, o := range found {
			names = append(names, pullSecrets(o)...)
		}
	}
	return names, nil
}

// podPaths are where kinds have the specification of their pods.
var podPaths = map[string][]string{
	"Pod": {"spec"}, "CronJob": {"spec", "jobTemplate", "spec", "template", "spec"},
	"Job": {"spec", "template", "spec"}, "Deployment": {"spec", "template", "spec"}, "StatefulSet": {"spec", "template", "spec"},
	"DaemonSet": {"spec", "template", "spec"}, "ReplicaSet": {"spec", "template", "spec"},
}

// podOf gives the specification of an object's pods; nil if it has none.
func podOf(o *unstructured.Unstructured) map[string]any {
	path, ok := podPaths[o.GetKind()]
	if !ok {
		return nil
	}
	pod, _, _ := unstructured.NestedMap(o.Object, path...)
	return pod
}

func pullSecrets(o *unstructured.Unstructured) []string {
	list, _ := podOf(o)["imagePullSecrets"].([]any)
	var names []string
	for _, one := range list {
		if secret, ok := one.(map[string]any); ok {
			names = append(names, fmt.Sprint(secret["name"]))
		}
	}
	return names
}
