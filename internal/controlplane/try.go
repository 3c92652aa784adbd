package controlplane

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/metal-stack/initial-cluster/internal/cluster"
)

// trial is an object that the cluster was asked to apply without keeping it.
type trial struct {
	object   *unstructured.Unstructured // as it would be applied
	live     *unstructured.Unstructured // nil if it is not there
	tried    *unstructured.Unstructured // what would become of it; nil if that could not be tried
	recreate bool                       // it can only be replaced
}

// differs tells that the live object is not what it should be.
func (t *trial) differs() bool {
	if t.live == nil || t.tried == nil {
		return t.live == nil && t.object != nil
	}
	return !reflect.DeepEqual(essence(t.live), essence(t.tried))
}

// essence is an object without what the API server keeps for itself.
func essence(o *unstructured.Unstructured) map[string]any {
	copied := o.DeepCopy()
	for _, field := range []string{"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"} {
		unstructured.RemoveNestedField(copied.Object, "metadata", field)
	}
	unstructured.RemoveNestedField(copied.Object, "status")
	return copied.Object
}

// Labels and annotations by which Helm knows its own.
const (
	managedBy        = "app.kubernetes.io/managed-by"
	releaseName      = "meta.helm.sh/release-name"
	releaseNamespace = "meta.helm.sh/release-namespace"
)

func (c *Component) own(o *unstructured.Unstructured) *unstructured.Unstructured {
	o = o.DeepCopy()
	labels, annotations := o.GetLabels(), o.GetAnnotations()
	if labels == nil {
		labels = map[string]string{}
	}
	if annotations == nil {
		annotations = map[string]string{}
	}
	labels[managedBy], annotations[releaseName], annotations[releaseNamespace] = "Helm", c.Release, c.Namespace
	o.SetLabels(labels)
	o.SetAnnotations(annotations)
	return o
}

// triesAtOnce is how many objects of a component are tried at the same time.
const triesAtOnce = 8

// tryAll tries all objects of a component. Coming kinds are those that the run itself will define or change.
func (d *Deployment) tryAll(ctx context.Context, p *part, coming map[string]bool) error {
	exists, err := d.cluster.HasNamespace(ctx, p.component.Namespace)
	if err != nil {
		return err
	}
	p.namespace, p.homeless = p.namespace || !exists, !exists
	p.trials = make([]*trial, len(p.want.objects))
	failures := make([]error, len(p.want.objects))
	slots := make(chan struct{}, triesAtOnce)
	var all sync.WaitGroup
	for i, o := range p.want.objects {
		slots <- struct{}{}
		all.Go(func() {
			p.trials[i], failures[i] = d.try(ctx, p, o, coming)
			<-slots
		})
	}
	all.Wait()
	return joined(failures)
}

// joined makes one line of several failures, each once.
func joined(failures []error) error {
	var texts []string
	var first error
	for _, err := range failures {
		if err == nil || slices.Contains(texts, err.Error()) {
			continue
		}
		if first == nil {
			first = err
		}
		texts = append(texts, err.Error())
	}
	if len(texts) < 2 {
		return first
	}
	return &flat{first, strings.Join(texts, "; ")}
}

func (d *Deployment) try(ctx context.Context, p *part, o *unstructured.Unstructured, coming map[string]bool) (*trial, error) {
	t := &trial{object: p.component.own(o)}
	err := d.cluster.Place(t.object, p.component.Namespace)
	switch {
	case cluster.Missing(err) && coming[kindOf(o)]:
		return t, nil
	case cluster.Missing(err):
		return t, fmt.Errorf("%s: the cluster knows no kind %s; install first what defines it, and name that in depends_on", cluster.RefOf(o), o.GroupVersionKind())
	case err != nil:
		return t, d.cluster.Explain(err)
	}
	if p.homeless && t.object.GetNamespace() == p.component.Namespace {
		return t, nil
	}
	if t.live, err = d.cluster.Get(ctx, t.object); err != nil && !apierrors.IsNotFound(err) {
		return t, fmt.Errorf("%s: %w", cluster.RefOf(o), d.cluster.Explain(err))
	}
	if err := p.mayTake(t.live); err != nil {
		return t, err
	}
	if coming[kindOf(o)] {
		return t, nil
	}
	t.tried, err = d.cluster.Try(ctx, t.object)
	return t, d.judge(p, t, err)
}

func kindOf(o *unstructured.Unstructured) string { return o.GroupVersionKind().GroupKind().String() }

// mayTake refuses an object that is another's.
func (p *part) mayTake(live *unstructured.Unstructured) error {
	if live == nil {
		return nil
	}
	owner, where := live.GetAnnotations()[releaseName], live.GetAnnotations()[releaseNamespace]
	switch {
	case owner == p.component.Release && where == p.component.Namespace:
		return nil
	case owner != "":
		return fmt.Errorf("%s is of release %s in namespace %s; remove that release first, or take the object out of one of the two", cluster.RefOf(live), owner, where)
	case !p.component.Adopt:
		return fmt.Errorf("%s is there already and of no release; set adopt to take it over", cluster.RefOf(live))
	}
	return nil
}

// judge tells what the cluster's answer to a trial means.
func (d *Deployment) judge(p *part, t *trial, err error) error {
	ref := cluster.RefOf(t.object)
	switch {
	case err == nil:
		return nil
	case apierrors.IsInvalid(err) && t.live != nil && immutable(err):
		t.recreate = true
		if p.component.mayRecreate(ref.Kind, ref.Name) {
			return nil
		}
		return fmt.Errorf("%s: a field that cannot be changed would change (%s); name %s/%s in recreate to have it deleted and made again, its claims stay", ref, causes(err), ref.Kind, ref.Name)
	case apierrors.IsInvalid(err) || apierrors.IsBadRequest(err):
		return fmt.Errorf("%s: the cluster refuses it: %s; correct the values", ref, causes(err))
	case apierrors.IsNotFound(err): // of a namespace that another component makes
		return nil
	case strings.Contains(err.Error(), "failed calling webhook"): // the API server's words for one that does not answer
		return fmt.Errorf("%s: %w; look whether what serves this webhook runs, or remove the webhook", ref, oneLine(err))
	case strings.Contains(err.Error(), "does not support dry run"):
		p.warnings = append(p.warnings, fmt.Sprintf("%s: %s could not be tried out: %v", p.component.Name, ref, err))
		return nil
	}
	return fmt.Errorf("%s: %w", ref, d.cluster.Explain(oneLine(err)))
}

// immutable tells by Kubernetes' own words (apimachinery's validation.FieldImmutableErrorMsg, and those of StatefulSet's and Service's).
func immutable(err error) bool {
	text := err.Error()
	return strings.Contains(text, "field is immutable") || strings.Contains(text, "updates to statefulset spec for fields other than") ||
		strings.Contains(text, "may not change once set") || strings.Contains(text, "spec is immutable after creation")
}

// causes are what an API server has against an object, without naming it again.
func causes(err error) string {
	var status *apierrors.StatusError
	if !errors.As(err, &status) || status.ErrStatus.Details == nil || len(status.ErrStatus.Details.Causes) == 0 {
		return oneLine(err).Error()
	}
	var texts []string
	for _, cause := range status.ErrStatus.Details.Causes {
		texts = append(texts, strings.TrimPrefix(cause.Field+": ", ": ")+oneLine(errors.New(cause.Message)).Error())
	}
	return strings.Join(slices.Compact(texts), ", ")
}
