package controlplane

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/metal-stack/initial-cluster/internal/cluster"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// Apply does what the plan says, components that do not depend on each other side by side. It goes on past a component that fails, except
// for those that need it. It is safe to run again from any point.
func (p *Plan) Apply(ctx context.Context) error {
	done := map[string]chan struct{}{}
	byName := map[string]*part{}
	for _, part := range p.parts {
		done[part.component.Name], byName[part.component.Name] = make(chan struct{}), part
	}
	var all sync.WaitGroup
	for _, part := range p.parts {
		all.Go(func() {
			part.err = p.inTurn(ctx, part, byName, done)
			close(done[part.component.Name])
			if part.err == nil {
				part.late = p.deployment.lookAgain(ctx, part)
			}
		})
	}
	all.Wait()
	return p.failures()
}

// inTurn does a component once those that it needs are done.
func (p *Plan) inTurn(ctx context.Context, part *part, byName map[string]*part, done map[string]chan struct{}) error {
	needs, changed := "", false
	for _, name := range part.component.DependsOn {
		<-done[name]
		changed = changed || byName[name].action != None
		if byName[name].err != nil {
			needs = name
		}
	}
	if needs != "" {
		return &skipped{needs}
	}
	return p.deployment.apply(ctx, part, changed)
}

// skipped is a component that was not tried.
type skipped struct{ needs string }

func (e *skipped) Error() string { return "not tried: it needs " + e.needs }

// failures are the errors of components, those first that are causes.
func (p *Plan) failures() error {
	var causes, others []error
	for _, part := range p.parts {
		var s *skipped
		switch err := part.failure(); {
		case err == nil:
		case errors.As(err, &s):
			others = append(others, fmt.Errorf("%s: %w", part.component.Name, err))
		default:
			causes = append(causes, fmt.Errorf("%s: %w", part.component.Name, err))
		}
	}
	return joined(append(causes, others...))
}

// apply does one component. If something that it needs has changed, the plan was made for another cluster and is made again.
func (d *Deployment) apply(ctx context.Context, p *part, changed bool) error {
	changed = changed || len(p.missing) > 0
	if p.action == None && !changed {
		return d.awaitInstalled(ctx, p)
	}
	if err := d.cluster.EnsureNamespace(ctx, p.component.Namespace); err != nil {
		return err
	}
	held, lock, err := d.lock(ctx, p)
	if err != nil {
		return err
	}
	defer lock.Release()
	if err := d.replan(held, p, changed); err != nil {
		return err
	}
	if err := p.unresolved(); err != nil {
		return err
	}
	if err := d.awaitForeign(held, p, lock.Orphaned); err != nil {
		return err
	}
	if p.action == None {
		return d.awaitInstalled(held, p)
	}
	if err := d.act(held, p); err != nil {
		return fmt.Errorf("%s: %w", p.action, err)
	}
	return nil
}

func (d *Deployment) lock(ctx context.Context, p *part) (context.Context, *cluster.Lock, error) {
	return d.cluster.Lock(ctx, p.component.Namespace, "initial-cluster-"+p.component.Release, d.holder, p.component.Timeout)
}

// replan looks again now that nobody else is at work.
func (d *Deployment) replan(ctx context.Context, p *part, changed bool) error {
	revisions, err := d.revisions(ctx, p.component.Namespace)
	if err != nil {
		return err
	}
	now, err := d.observe(&p.component, revisions[p.component.Release])
	if err != nil || now.mark() == p.found.mark() && !changed {
		return err
	}
	if changed {
		d.cluster.Forget()
		if err := d.learn(); err != nil {
			return err
		}
	}
	p.changes, p.values, p.version, p.recover = nil, nil, "", ""
	if err := d.render(ctx, p, revisions[p.component.Release]); err != nil {
		return err
	}
	return d.compare(ctx, p, comingKinds(p))
}

// awaitForeign waits for the end of a Helm that is not this module and may still be at work: of a run of this module that was killed,
// the lease tells.
func (d *Deployment) awaitForeign(ctx context.Context, p *part, orphaned string) error {
	last := p.found.last
	if last == nil || !last.Info.Status.IsPending() || orphaned != "" {
		return nil
	}
	o := wait.Options{For: "the Helm at work on " + p.component.Release, Timeout: p.component.Timeout, Interval: time.Second}
	err := wait.Until(ctx, o, func(ctx context.Context) (bool, string, error) {
		r, err := d.revision(&p.component, last.Version)
		if err != nil {
			return false, "", err
		}
		age := time.Since(r.Info.LastDeployed)
		return !r.Info.Status.IsPending() || age > p.component.Timeout, fmt.Sprintf("%s: revision %d is %s", p.component.Name, r.Version, r.Info.Status), nil
	})
	if err != nil {
		return err
	}
	return d.replan(ctx, p, true)
}

// awaitInstalled waits until what is installed is ready: those that need it would fail in its place.
func (d *Deployment) awaitInstalled(ctx context.Context, p *part) error {
	if !p.component.Wait {
		return nil
	}
	_, own := d.helm(ctx, &p.component)
	var all objects
	for _, t := range p.trials {
		all = append(all, t.object)
	}
	return own.await(all)
}
