package controlplane

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/kube"
	"helm.sh/helm/v4/pkg/release/common"
	"helm.sh/helm/v4/pkg/storage/driver"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/metal-stack/initial-cluster/internal/cluster"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// Removal is what removes components, in the reverse order of their dependencies.
type Removal struct {
	deployment *Deployment
	parts      []*leaving // in the order in which they go
	claims     bool
}

// leaving is a release that is to go.
type leaving struct {
	component   Component
	uninstalled bool // but for its record, and what Helm leaves
	objects     objects
	hooks       objects
	claims      objects // there now, and of this release
}

// PlanRemoval observes; it changes nothing. Releases that hold data are refused unless confirmed has their names. Claims, which are the
// data, stay unless claims is set.
func (d *Deployment) PlanRemoval(ctx context.Context, confirmed []string, claims bool) (*Removal, error) {
	r := &Removal{deployment: d, claims: claims}
	revisions, err := d.allRevisions(ctx)
	if err != nil {
		return nil, err
	}
	var data []string
	for _, c := range reversed(d.components) {
		l, err := d.observeLeaving(ctx, c, revisions[c.Namespace][c.Release])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		if l == nil {
			continue
		}
		r.parts = append(r.parts, l)
		if l.holdsData() && !slices.Contains(confirmed, c.Release) {
			data = append(data, c.Release)
		}
	}
	if len(data) > 0 {
		return nil, fmt.Errorf("refusing to remove %s: they hold data; back them up, then type these names out in confirm", strings.Join(data, ", "))
	}
	return r, nil
}

// reversed gives components so that each comes before those that it needs.
func reversed(components []Component) []Component {
	var order []Component
	seen := map[string]bool{}
	var visit func(c Component)
	visit = func(c Component) {
		if seen[c.Name] {
			return
		}
		seen[c.Name] = true
		for _, other := range components {
			if slices.Contains(c.DependsOn, other.Name) {
				visit(other)
			}
		}
		order = append(order, c)
	}
	for _, c := range components {
		visit(c)
	}
	slices.Reverse(order)
	return order
}

func (d *Deployment) observeLeaving(ctx context.Context, c Component, revisions []revision) (*leaving, error) {
	found, err := d.observe(&c, revisions)
	if err != nil || found.last == nil {
		return nil, err
	}
	l := &leaving{component: c, uninstalled: found.last.Info.Status == common.StatusUninstalled}
	if l.objects, err = parse(found.last.Manifest); err != nil {
		return nil, err
	}
	if l.hooks, err = parse(hookManifest(found.last.Hooks)); err != nil {
		return nil, err
	}
	l.claims, err = d.claimsOf(ctx, l)
	return l, err
}

func (l *leaving) holdsData() bool {
	return len(l.claims) > 0 || slices.ContainsFunc(l.objects, func(o *unstructured.Unstructured) bool {
		templates, _, _ := unstructured.NestedSlice(o.Object, "spec", "volumeClaimTemplates")
		return o.GetKind() == "PersistentVolumeClaim" || len(templates) > 0
	})
}

// claimsOf gives the claims of a release that are there: those of the chart, and those that its StatefulSets made (NAME-SET-NUMBER).
func (d *Deployment) claimsOf(ctx context.Context, l *leaving) (objects, error) {
	list, err := d.cluster.Typed().CoreV1().PersistentVolumeClaims(l.component.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, d.cluster.Explain(err)
	}
	var claims objects
	for _, claim := range list.Items {
		if slices.ContainsFunc(l.objects, func(o *unstructured.Unstructured) bool { return makes(o, claim.Name) }) {
			c := &unstructured.Unstructured{}
			c.SetAPIVersion("v1")
			c.SetKind("PersistentVolumeClaim")
			c.SetNamespace(claim.Namespace)
			c.SetName(claim.Name)
			claims = append(claims, c)
		}
	}
	return claims, nil
}

func makes(o *unstructured.Unstructured, claim string) bool {
	if o.GetKind() == "PersistentVolumeClaim" {
		return o.GetName() == claim
	}
	templates, _, _ := unstructured.NestedSlice(o.Object, "spec", "volumeClaimTemplates")
	for _, template := range templates {
		t, _ := template.(map[string]any)
		name, _, _ := unstructured.NestedString(t, "metadata", "name")
		number, ok := strings.CutPrefix(claim, name+"-"+o.GetName()+"-")
		if ok && number != "" && strings.Trim(number, "0123456789") == "" {
			return true
		}
	}
	return false
}

// Steps are what Apply would do, each a sentence.
func (r *Removal) Steps() []string {
	var steps []string
	for _, l := range r.parts {
		steps = append(steps, fmt.Sprintf("%s: remove release %s from namespace %s%s", l.component.Name, l.component.Release, l.component.Namespace, l.fate(r.claims)))
	}
	return steps
}

func (l *leaving) fate(claims bool) string {
	if len(l.claims) == 0 {
		return ""
	}
	var names []string
	for _, c := range l.claims {
		names = append(names, c.GetName())
	}
	if claims {
		return ", and the claims with their data: " + strings.Join(names, ", ")
	}
	return ", and keep its claims " + strings.Join(names, ", ")
}

// Diff lists the objects that would go.
func (r *Removal) Diff() (before, after any) {
	var b, a strings.Builder
	for _, l := range r.parts {
		for _, o := range l.objects {
			if o.GetKind() == "PersistentVolumeClaim" && !r.claims {
				fmt.Fprintf(&a, "%s: %s\n", l.component.Name, cluster.RefOf(o))
			}
			fmt.Fprintf(&b, "%s: %s\n", l.component.Name, cluster.RefOf(o))
		}
	}
	return b.String(), a.String()
}

// Apply removes one after the other and stops at the first failure: what is needed goes last. It is safe to run again.
func (r *Removal) Apply(ctx context.Context) error {
	for _, l := range r.parts {
		if err := r.deployment.remove(ctx, l, r.claims); err != nil {
			return fmt.Errorf("%s: remove: %w", l.component.Name, err)
		}
	}
	return nil
}

func (d *Deployment) remove(ctx context.Context, l *leaving, claims bool) error {
	held, lock, err := d.cluster.Lock(ctx, l.component.Namespace, "initial-cluster-"+l.component.Release, d.holder, l.component.Timeout)
	if err != nil {
		return err
	}
	defer lock.Release()
	wait.Report(ctx, "%s: is being removed", l.component.Name)
	if !l.uninstalled {
		if err := d.uninstall(held, l, claims, true); err != nil {
			return err
		}
	}
	left := l.hooks // Helm leaves the objects of hooks
	if claims {
		left = append(left, l.claims...)
	}
	for _, o := range left {
		if err := d.removeLeft(held, l, o, claims); err != nil {
			return err
		}
	}
	return d.uninstall(held, l, claims, false)
}

// uninstall lets Helm remove a release. Its record is kept until all else is gone: so the next run goes on with one that is killed.
func (d *Deployment) uninstall(ctx context.Context, l *leaving, claims, keep bool) error {
	configuration, own := d.helm(ctx, &l.component)
	own.claims = claims
	u := action.NewUninstall(configuration)
	u.Timeout, u.WaitStrategy, u.DeletionPropagation = l.component.Timeout, kube.StatusWatcherStrategy, string(metav1.DeletePropagationForeground)
	u.KeepHistory = keep
	if _, err := u.Run(l.component.Release); err != nil && !errors.Is(err, driver.ErrReleaseNotFound) {
		return d.explain(err)
	}
	return nil
}

func (d *Deployment) removeLeft(ctx context.Context, l *leaving, o *unstructured.Unstructured, claims bool) error {
	if o.GetKind() == "CustomResourceDefinition" || o.GetKind() == "PersistentVolumeClaim" && !claims {
		return nil
	}
	err := d.cluster.Place(o, l.component.Namespace)
	if err == nil {
		err = d.cluster.Delete(ctx, o, metav1.DeletePropagationForeground)
	}
	if err == nil {
		return d.awaitGone(ctx, &l.component, o)
	}
	if cluster.Missing(err) {
		return nil
	}
	return fmt.Errorf("%s: %w", cluster.RefOf(o), d.cluster.Explain(err))
}
