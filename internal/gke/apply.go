package gke

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

// So often a step is begun anew whose request may have been lost, or met another change.
const stepTries = 4

// busyPause is how long is waited for an operation that cannot be seen, before another try.
const busyPause = 5 * time.Second

// Apply does what is planned until the deadline of the context. It looks at the cluster anew after each step and plans from that, so
// it goes on from wherever the cluster is: what an interrupted run has begun it waits for, a request of which is not known whether
// it was accepted it sends again only if it was not. At the end nothing may be left to do.
func (p *Plan) Apply(ctx context.Context, s *Session) error {
	p.applied, p.done = true, []string{}
	r := &run{plan: p, session: s, now: p, tries: map[string]int{}}
	for r.now.state.busy() || len(r.now.steps) > 0 {
		if err := r.advance(ctx); err != nil {
			return err
		}
	}
	return p.state.healthy(p.want)
}

// run is a plan that is being applied.
type run struct {
	plan     *Plan // as it was begun with: it keeps the account
	now      *Plan // what is left
	session  *Session
	tries    map[string]int // by step
	finished map[string]bool
	pause    time.Duration
}

func (r *run) advance(ctx context.Context) error {
	var err error
	if r.now.state.busy() {
		err = r.waitForOthers(ctx)
	} else {
		err = r.do(ctx, r.now.steps[0])
	}
	if err != nil {
		return err
	}
	return r.look(ctx)
}

// look plans anew. What is no longer to be done has been done, by whomever.
func (r *run) look(ctx context.Context) error {
	state, err := r.session.Observe(ctx, r.plan.want)
	if err != nil {
		return err
	}
	next, err := state.Plan(r.plan.want)
	if err != nil {
		return err
	}
	for _, s := range r.now.steps {
		if !slices.ContainsFunc(next.steps, func(left step) bool { return left.text == s.text }) {
			r.plan.account(s.text)
		}
	}
	for _, warning := range next.warnings {
		if !slices.Contains(r.plan.warnings, warning) {
			r.plan.warnings = append(r.plan.warnings, warning)
		}
	}
	r.now, r.plan.state = next, state
	return nil
}

func (p *Plan) account(step string) {
	if !slices.Contains(p.done, step) {
		p.done = append(p.done, step)
	}
}

// waitForOthers waits for what an earlier run, somebody else or Google has begun. If that fails, the next look shows what is left to do;
// only a creation that fails is the end.
func (r *run) waitForOthers(ctx context.Context) error {
	state := r.now.state
	if state.under == nil {
		return r.session.awaitRest(ctx, r.plan.want)
	}
	wait.Report(ctx, "waiting for %s", state.doing())
	ended, err := r.session.await(ctx, r.plan.want.Place, state.under)
	if err != nil {
		return err
	}
	r.plan.operations = append(r.plan.operations, ended)
	if ended.OperationType == containerpb.Operation_CREATE_CLUSTER && failure(ended) != "" && !r.plan.want.Absent {
		return fmt.Errorf("create cluster: %w", &Failed{ended, r.plan.want.Project})
	}
	return nil
}

func (r *run) do(ctx context.Context, s step) error {
	if r.finished[s.text] {
		return fmt.Errorf("%s: Google says it is done, and it is still to do; look at the cluster in the console", s.doing)
	}
	wait.Report(ctx, "%s", s.text)
	begun, err := s.ask(ctx, r.session.api)
	if err != nil {
		return r.refused(ctx, s, err)
	}
	r.plan.account(s.text)
	ended, err := r.session.await(ctx, r.plan.want.Place, begun)
	if err != nil {
		return fmt.Errorf("%s: %w", s.doing, err)
	}
	r.plan.operations = append(r.plan.operations, ended)
	if failure(ended) != "" {
		return fmt.Errorf("%s: %w", s.doing, &Failed{ended, r.plan.want.Project})
	}
	if r.finished == nil {
		r.finished = map[string]bool{}
	}
	r.finished[s.text] = true
	return nil
}

// refused gives nil if another look at the cluster is to decide how to go on.
func (r *run) refused(ctx context.Context, s step, err error) error {
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		return fmt.Errorf("%s: %w", s.doing, err)
	}
	r.tries[s.text]++
	refusal.Tries = max(refusal.Tries, r.tries[s.text])
	again := (refusal.unclear() || refusal.outdated()) && r.tries[s.text] < stepTries
	if refusal.busy() {
		wait.Report(ctx, "GKE is busy with the cluster: %s", refusal.Message)
		again = true
	}
	if again {
		r.rest(ctx)
	}
	if again && ctx.Err() == nil {
		return nil
	}
	return fmt.Errorf("%s: %w%s", s.doing, err, r.now.state.hint())
}

// rest makes a pause, each time a longer one.
func (r *run) rest(ctx context.Context) {
	r.pause = min(max(firstPause, r.pause*2), busyPause)
	sleep(ctx, r.pause)
}

// healthy is an error if Google says of a cluster that is as wanted that it is not well.
func (s *State) healthy(want Want) error {
	if !want.Absent && s.Cluster.GetStatus() == containerpb.Cluster_DEGRADED {
		return fmt.Errorf("the cluster is DEGRADED (%s); mend that, and run this again", conditions(s.Cluster))
	}
	return nil
}
