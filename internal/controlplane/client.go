package controlplane

import (
	"context"
	"time"

	"helm.sh/helm/v4/pkg/kube"
	release "helm.sh/helm/v4/pkg/release/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"k8s.io/cli-runtime/pkg/resource"

	"github.com/metal-stack/initial-cluster/internal/cluster"
)

// client is Helm's client of the cluster, except for waiting (with progress and reasons), for claims (their data is not Helm's to delete)
// and for the hooks of a run that was killed (what is done is not done again).
type client struct {
	*kube.Client
	ctx       context.Context
	cluster   *cluster.Cluster
	component *Component
	deadline  time.Time
	ready     time.Time // when the release's objects were
	claims    bool      // claims are deleted, too
	run       string    // identifies what hooks are run for; the same after a kill
	hooks     map[cluster.Ref]hookState
}

type hookState int

const (
	adopted hookState = iota + 1 // left by a killed run, taken as this run's own
	ours                         // created or taken by this run
)

// runAnnotation on a hook's object says which run it belongs to.
const runAnnotation = "initial-cluster.metal-stack.io/run"

// GetWaiter gives this package's own.
func (c *client) GetWaiter(kube.WaitStrategy) (kube.Waiter, error) { return &waiter{c}, nil }

// GetWaiterWithOptions gives this package's own.
func (c *client) GetWaiterWithOptions(kube.WaitStrategy, ...kube.WaitOption) (kube.Waiter, error) {
	return &waiter{c}, nil
}

// Create marks hooks with the run they belong to, and leaves alone those that a killed run has left for this one.
func (c *client) Create(resources kube.ResourceList, options ...kube.ClientCreateOption) (*kube.Result, error) {
	var rest kube.ResourceList
	for _, r := range resources {
		o, ok := r.Object.(*unstructured.Unstructured)
		if !ok || !isHook(o) {
			rest = append(rest, r)
			continue
		}
		ref := cluster.RefOf(o)
		taken := c.hooks[ref] == adopted
		c.note(ref, ours)
		if !taken {
			annotations := o.GetAnnotations()
			annotations[runAnnotation] = c.run
			o.SetAnnotations(annotations)
			rest = append(rest, r)
		}
	}
	if len(rest) == 0 {
		return &kube.Result{}, nil
	}
	return c.Client.Create(rest, options...)
}

func isHook(object any) bool {
	o, ok := object.(*unstructured.Unstructured)
	return ok && o.GetAnnotations()[release.HookAnnotation] != ""
}

func (c *client) note(ref cluster.Ref, state hookState) {
	if c.hooks == nil {
		c.hooks = map[cluster.Ref]hookState{}
	}
	c.hooks[ref] = state
}

// Delete keeps claims, and the hooks of this very run that a killed process has begun and that have not failed.
func (c *client) Delete(resources kube.ResourceList, policy metav1.DeletionPropagation) (*kube.Result, []error) {
	var rest kube.ResourceList
	for _, r := range resources {
		if c.keeps(r.Mapping.GroupVersionKind.Kind) || c.adopts(r.Object) {
			continue
		}
		rest = append(rest, r)
	}
	if len(rest) == 0 {
		return &kube.Result{}, nil
	}
	if len(rest) == 1 && isHook(rest[0].Object) {
		policy = metav1.DeletePropagationForeground // the pods of the old job must be gone before those of the new one run
	}
	return c.Client.Delete(rest, policy)
}

func (c *client) keeps(kind string) bool { return kind == "PersistentVolumeClaim" && !c.claims }

func (c *client) adopts(object any) bool {
	o, ok := object.(*unstructured.Unstructured)
	if !ok || c.run == "" || o.GetKind() != "Job" || !isHook(o) || c.hooks[cluster.RefOf(o)] != 0 {
		return false
	}
	state, err := c.cluster.Ready(c.ctx, o)
	if err != nil || state.Live == nil || state.Failed || state.Live.GetDeletionTimestamp() != nil || state.Live.GetAnnotations()[runAnnotation] != c.run {
		return false
	}
	c.note(cluster.RefOf(o), adopted)
	return true
}

// Update does what Helm does, and keeps the claims that a chart no longer has.
func (c *client) Update(originals, targets kube.ResourceList, options ...kube.ClientUpdateOption) (*kube.Result, error) {
	kept := originals.Filter(func(r *resource.Info) bool {
		return !c.keeps(r.Mapping.GroupVersionKind.Kind) || targets.Get(r) != nil
	})
	return c.Client.Update(kept, targets, options...)
}

// extend gives the component's time anew, for the way back.
func (c *client) extend() { c.deadline = time.Now().Add(c.component.Timeout) }

// serverSide is the mark of releases that are applied by the API server.
const serverSide = release.ApplyMethodServerSideApply
