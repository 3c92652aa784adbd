package controlplane

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ValueFrom is a value that stands in a Secret: something that another component, or somebody else, makes.
type ValueFrom struct {
	Path                   string // of the value, as metal_apiserver.oidc.client_id
	Namespace, Secret, Key string // without a namespace it is the component's
}

// resolve fills in the values that stand in Secrets. Those that are not there yet are told in missing, and something is put in their
// place with which the component can be tried out.
func (d *Deployment) resolve(ctx context.Context, p *part) error {
	p.missing = nil
	found := map[string]map[string][]byte{}
	values := map[string]any{}
	for _, from := range p.component.ValuesFrom {
		namespace := cmp.Or(from.Namespace, p.component.Namespace)
		name := namespace + "/" + from.Secret
		if _, known := found[name]; !known {
			secret, err := d.cluster.Typed().CoreV1().Secrets(namespace).Get(ctx, from.Secret, metav1.GetOptions{})
			if err != nil && !apierrors.IsNotFound(err) {
				return fmt.Errorf("read Secret %s: %w", name, d.cluster.Explain(err))
			}
			found[name] = secret.Data
		}
		entry, ok := found[name][from.Key]
		if !ok {
			entry = []byte("not known yet")
			p.missing = append(p.missing, from.Key+" of Secret "+name)
		}
		Set(values, from.Path, string(entry))
	}
	p.component.Values = Merge(p.component.Values, values)
	return nil
}

// unresolved is the error of values that should be in Secrets by now.
func (p *part) unresolved() error {
	if len(p.missing) == 0 {
		return nil
	}
	return fmt.Errorf("a value is wanted from %s, which is not there; look why nobody has made it", strings.Join(p.missing, ", "))
}
