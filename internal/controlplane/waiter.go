package controlplane

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/metal-stack/initial-cluster/internal/cluster"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// Objects are looked at often at first, so that the next component starts soon, and later less, to spare the API server.
const (
	lookInterval = 100 * time.Millisecond
	soon         = 10 * time.Second
	laterPause   = 400 * time.Millisecond
)

// explainTimeout bounds the search for reasons, which comes after the deadline.
const explainTimeout = 20 * time.Second

// Unready tells that objects did not become ready, and why.
type Unready struct {
	After   time.Duration
	Failed  bool // they never will; otherwise the time was up
	Objects []cluster.State
	Reasons []cluster.Reason
}

func (e *Unready) Error() string {
	texts := make([]string, len(e.Reasons))
	for i, r := range e.Reasons {
		texts[i] = r.String()
	}
	if e.Failed {
		return strings.Join(texts, "; ")
	}
	return fmt.Sprintf("not ready after %s: %s", e.After.Round(time.Second), strings.Join(texts, "; "))
}

// waiter is what Helm waits with. The timeouts it is given do not count: the component's deadline does.
type waiter struct{ client *client }

// Wait waits until everything is ready, unless nobody wants to; jobs are waited for by WaitWithJobs.
func (w *waiter) Wait(resources kube.ResourceList, timeout time.Duration) error {
	return w.WaitWithJobs(resources, timeout)
}

// WaitWithJobs waits for jobs, too.
func (w *waiter) WaitWithJobs(resources kube.ResourceList, _ time.Duration) error {
	if !w.client.component.Wait {
		return nil
	}
	err := w.client.await(toObjects(resources, func(*unstructured.Unstructured) bool { return true }))
	if err == nil {
		w.client.ready = time.Now()
	}
	return err
}

// WatchUntilReady waits for the jobs and pods of hooks, whose work is to end.
func (w *waiter) WatchUntilReady(resources kube.ResourceList, _ time.Duration) error {
	return w.client.await(toObjects(resources, func(o *unstructured.Unstructured) bool { return o.GetKind() == "Job" || o.GetKind() == "Pod" }))
}

// WaitForDelete waits until objects are gone, except for those that are kept.
func (w *waiter) WaitForDelete(resources kube.ResourceList, _ time.Duration) error {
	c := w.client
	gone := toObjects(resources, func(o *unstructured.Unstructured) bool {
		return !c.keeps(o.GetKind()) && c.hooks[cluster.RefOf(o)] != adopted
	})
	o := wait.Options{For: "objects to be gone", Timeout: c.remaining(), Interval: lookInterval}
	return wait.Until(c.ctx, o, func(ctx context.Context) (bool, string, error) {
		for _, object := range gone {
			state, err := c.cluster.Ready(ctx, object)
			if cluster.Missing(err) {
				continue
			}
			if err != nil || state.Live != nil {
				return false, fmt.Sprintf("%s: %s is being removed", c.component.Name, cluster.RefOf(object)), retryable(err)
			}
		}
		return true, "", nil
	})
}

func toObjects(resources kube.ResourceList, wanted func(*unstructured.Unstructured) bool) objects {
	var all objects
	for _, r := range resources {
		if o, ok := r.Object.(*unstructured.Unstructured); ok && wanted(o) {
			all = append(all, o)
		}
	}
	return all
}

// remaining is the time up to the deadline, and at least enough for one look.
func (c *client) remaining() time.Duration { return max(time.Until(c.deadline), time.Second) }

// await waits until objects are ready. The error is an *Unready unless the run was interrupted or the API fails.
func (c *client) await(all objects) error {
	begin := time.Now()
	waiting := all
	var last []cluster.State
	look := func(ctx context.Context) (bool, string, error) {
		slowDown(ctx, begin)
		states, err := c.look(ctx, waiting)
		if err != nil {
			return false, "", retryable(err)
		}
		last, waiting = states, nil
		for _, s := range states {
			waiting = append(waiting, find(all, s.Ref))
		}
		failed := slices.ContainsFunc(states, func(s cluster.State) bool { return s.Failed })
		return len(states) == 0 || failed, c.progress(len(all), states), nil
	}
	err := wait.Until(c.ctx, wait.Options{For: "readiness", Timeout: c.remaining(), Interval: lookInterval}, look)
	failed := slices.DeleteFunc(slices.Clone(last), func(s cluster.State) bool { return !s.Failed })
	if err == nil && len(failed) > 0 {
		return c.unready(failed, true)
	}
	return c.outOfTime(err, last)
}

// outOfTime gives the reasons in place of the words of a wait that gave up.
func (c *client) outOfTime(err error, last []cluster.State) error {
	var gaveUp *wait.GaveUp
	if errors.As(err, &gaveUp) && errors.Is(gaveUp.Cause, context.DeadlineExceeded) && len(last) > 0 {
		return c.unready(last, false)
	}
	return err
}

func slowDown(ctx context.Context, begin time.Time) {
	if time.Since(begin) < soon {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(laterPause):
	}
}

func find(all objects, ref cluster.Ref) *unstructured.Unstructured {
	return all[slices.IndexFunc(all, func(o *unstructured.Unstructured) bool { return cluster.RefOf(o) == ref })]
}

// look gives the objects that are not ready.
func (c *client) look(ctx context.Context, all objects) ([]cluster.State, error) {
	var pending []cluster.State
	for _, o := range all {
		state, err := c.cluster.Ready(ctx, o)
		if err != nil {
			return nil, err
		}
		if !state.Ready {
			pending = append(pending, state)
		}
	}
	return pending, nil
}

func (c *client) progress(all int, pending []cluster.State) string {
	if len(pending) == 0 {
		return ""
	}
	return fmt.Sprintf("%s: %d of %d objects ready, waits for %s", c.component.Name, all-len(pending), all, pending[0])
}

// unready finds the reasons while the evidence is there: what comes next may remove it.
func (c *client) unready(states []cluster.State, failed bool) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), explainTimeout)
	defer cancel()
	after := c.component.Timeout - time.Until(c.deadline)
	return &Unready{After: after, Failed: failed, Objects: states, Reasons: c.cluster.Why(ctx, states)}
}

// retryable keeps the wait going over what an API server in trouble says; the deadline ends it.
func retryable(err error) error {
	if err == nil || cluster.Passing(err) {
		return nil
	}
	return err
}
