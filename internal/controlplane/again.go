package controlplane

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/metal-stack/initial-cluster/internal/cluster"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// settleTime is how long containers without a probe are mistrusted: a kubelet calls one ready as soon as it runs, and looks once a second
// whether it still does.
const settleTime = 2500 * time.Millisecond

// lookAgain looks once more at the workloads that have such containers, for one that crashes at once has passed for ready. Components that
// need this one are not kept waiting for it.
func (d *Deployment) lookAgain(ctx context.Context, p *part) error {
	unprobed := p.unprobed()
	if p.ready.IsZero() || len(unprobed) == 0 {
		return nil
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(time.Until(p.ready.Add(settleTime))):
	}
	_, own := d.helm(ctx, &p.component)
	own.deadline = p.deadline
	err := own.awaitSteady(unprobed)
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", p.action, d.undo(ctx, p, err))
}

// awaitSteady waits until objects are ready of whose pods none has been restarted, or not for a while.
func (c *client) awaitSteady(all objects) error {
	var last []cluster.State
	var steady time.Time
	restarts := 0
	look := func(ctx context.Context) (bool, string, error) {
		states, count, err := c.lookForRestarts(ctx, all)
		if err != nil {
			return false, "", retryable(err)
		}
		last = slices.DeleteFunc(slices.Clone(states), func(s cluster.State) bool { return s.Ready })
		if len(last) > 0 || count != restarts {
			steady, restarts = time.Now(), count
		}
		progress := c.progress(len(all), last)
		if len(last) == 0 {
			last, progress = states, fmt.Sprintf("%s: watches containers that were restarted %d times", c.component.Name, restarts)
		}
		return time.Since(steady) >= settleTime, progress, nil
	}
	err := wait.Until(c.ctx, wait.Options{For: "readiness", Timeout: c.remaining(), Interval: lookInterval}, look)
	return c.outOfTime(err, last)
}

func (c *client) lookForRestarts(ctx context.Context, all objects) (states []cluster.State, restarts int, err error) {
	for _, o := range all {
		state, err := c.cluster.Ready(ctx, o)
		if err != nil {
			return nil, 0, err
		}
		count, err := c.cluster.Restarts(ctx, state)
		if err != nil {
			return nil, 0, err
		}
		states, restarts = append(states, state), restarts+count
	}
	return states, restarts, nil
}

// undo goes back to the last good revision, if that is wanted, once the lease is held again.
func (d *Deployment) undo(ctx context.Context, p *part, cause error) error {
	if p.action != Upgrade || !p.component.Rollback {
		return cause
	}
	held, lock, err := d.lock(ctx, p)
	if err != nil {
		return fmt.Errorf("%w; the way back failed, too: %w", cause, err)
	}
	defer lock.Release()
	configuration, _ := d.helm(held, &p.component)
	return d.rollBack(p, configuration, cause)
}

// unprobed are the workloads with a container that nothing asks whether it is ready.
func (p *part) unprobed() objects {
	var found objects
	for _, t := range p.trials {
		containers, _, _ := unstructured.NestedSlice(t.object.Object, "spec", "template", "spec", "containers")
		if t.object.GetKind() != "Job" && slices.ContainsFunc(containers, withoutProbe) {
			found = append(found, t.object)
		}
	}
	return found
}

func withoutProbe(container any) bool {
	c, ok := container.(map[string]any)
	return ok && c["readinessProbe"] == nil && c["startupProbe"] == nil
}
