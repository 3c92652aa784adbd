package metalstackcloud

import (
	"context"
	"fmt"
	"strings"
)

// Plan is what is to be done to a cluster. It is applied once.
type Plan struct {
	cloud         *Cloud
	want          Want
	steps         []step
	before, after map[string]any
	settle        func(context.Context) error // a wait that is no change; nil if there is none
	found         *Found
}

type step struct {
	text string
	do   func(context.Context) error
}

// Steps are the steps, each one sentence.
func (p *Plan) Steps() []string {
	texts := make([]string, len(p.steps))
	for i, s := range p.steps {
		texts[i] = s.text
	}
	return texts
}

// Diff is the cluster as it is and as it is to be, under the names of the module's options.
func (p *Plan) Diff() (before, after any) { return p.before, p.after }

// Plan is what makes the cluster what is wanted. What cannot be changed, and what is not offered, is an error that tells all of it.
func (f *Found) Plan(want Want) (*Plan, error) {
	p := &Plan{cloud: f.cloud, want: want, found: f, before: map[string]any{}, after: map[string]any{}}
	if f.lives() {
		p.before = specOf(f.cluster).described()
	}
	switch {
	case want.Absent:
		p.remove(f)
		return p, nil
	case f.lives():
		return p, p.keep(f)
	default:
		return p, p.create(f)
	}
}

func (p *Plan) remove(f *Found) {
	if f.cluster == nil {
		return
	}
	if f.lives() {
		p.add("delete cluster "+f.name+" with all that is in it", func(ctx context.Context) error { return f.cloud.delete(ctx, f.cluster) })
	}
	p.awaitEnd(f)
}

func (p *Plan) awaitEnd(f *Found) {
	status := f.cluster.Status
	if !f.lives() && status.stopped() {
		p.add(fmt.Sprintf("have metalstack.cloud retry the deletion of cluster %s that stopped (%s)", f.name, status),
			func(ctx context.Context) error { return f.cloud.retry(ctx, f.cluster) })
	}
	p.add("wait until cluster "+f.name+" is deleted", func(ctx context.Context) error { return f.cloud.awaitEnd(ctx, f.cluster, status) })
}

func (p *Plan) create(f *Found) error {
	wanted, problems := p.want.fresh(f.offers)
	if len(problems) > 0 {
		return fmt.Errorf("create cluster %s: %s", f.name, strings.Join(problems, "; "))
	}
	if f.cluster != nil {
		p.awaitEnd(f)
	}
	p.after = wanted.described()
	text := fmt.Sprintf("create cluster %s in partition %s with Kubernetes %s", f.name, wanted.partition, wanted.version)
	var made *cluster
	p.add(text, func(ctx context.Context) (err error) {
		made, err = f.cloud.create(ctx, f.name, wanted)
		return err
	})
	p.add("wait until cluster "+f.name+" is ready", func(ctx context.Context) error { return f.cloud.awaitReady(ctx, made, nil) })
	return nil
}

// keep plans for a cluster that lives.
func (p *Plan) keep(f *Found) error {
	was := specOf(f.cluster)
	wanted, refused, problems := p.want.changed(was, f.offers)
	if len(refused) > 0 {
		return fmt.Errorf("cluster %s: refusing to change %s; take these values back, or delete the cluster and create it anew",
			f.name, strings.Join(append(refused, problems...), "; "))
	}
	if len(problems) > 0 {
		return fmt.Errorf("change cluster %s: %s", f.name, strings.Join(problems, "; "))
	}
	p.after = wanted.described()
	last, changes := f.cluster.Status, was.differences(wanted)
	await := func(before *status) func(context.Context) error {
		return func(ctx context.Context) error { return f.cloud.awaitReady(ctx, f.cluster, before) }
	}
	ready := "wait until cluster " + f.name + " is ready"
	switch {
	case last.stopped() && len(changes) == 0:
		text := fmt.Sprintf("have metalstack.cloud retry what stopped cluster %s (%s)", f.name, last)
		p.add(text, func(ctx context.Context) error { return f.cloud.retry(ctx, f.cluster) })
		p.add(ready, await(last))
	case last.creating():
		p.add("wait for the creation of cluster "+f.name+" that is under way", await(nil))
	case !last.stopped() && !last.done() && len(changes) == 0:
		p.settle = await(nil)
	}
	if len(changes) > 0 {
		before := last
		text := fmt.Sprintf("change cluster %s: %s", f.name, strings.Join(changes, ", "))
		p.add(text, func(ctx context.Context) (err error) {
			before, err = f.cloud.update(ctx, f.cluster, wanted)
			return err
		})
		p.add(ready, func(ctx context.Context) error { return f.cloud.awaitReady(ctx, f.cluster, before) })
	}
	return nil
}

func (p *Plan) add(text string, do func(context.Context) error) {
	p.steps = append(p.steps, step{text, do})
}

// Apply does the steps and stops at the first that goes wrong; then Steps are those that were done, and another plan finishes what is
// left. At its end it looks again.
func (p *Plan) Apply(ctx context.Context) error {
	for i, s := range p.steps {
		if err := s.do(ctx); err != nil {
			p.steps = p.steps[:i]
			return err
		}
	}
	if p.settle != nil {
		if err := p.settle(ctx); err != nil {
			return err
		}
	}
	if len(p.steps) == 0 && p.settle == nil {
		return nil
	}
	return p.verify(ctx)
}

// Found is what was found when the plan was made or, once it has been applied, afterwards.
func (p *Plan) Found() *Found { return p.found }

func (p *Plan) verify(ctx context.Context) error {
	now, err := p.cloud.Observe(ctx, p.want)
	if err != nil {
		return err
	}
	p.found = now
	left, err := now.Plan(p.want)
	if err != nil {
		return err
	}
	if steps := left.Steps(); len(steps) > 0 {
		return fmt.Errorf("cluster %s: something undoes it at once (%s); look who else changes it", p.want.Name, strings.Join(steps, ", "))
	}
	return nil
}
