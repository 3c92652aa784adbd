package k3s

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
	"github.com/metal-stack/initial-cluster/internal/k3s/release"
)

// Plan is what is to be done to a node. It is applied once.
type Plan struct {
	*Node
	want     Want
	steps    []step
	warnings []string

	release  *release.Version // to be downloaded; nil if nothing is
	target   binary           // as it is to be
	at       place
	start    running // what k3s is to be started with
	reasons  []string
	starting bool // it is started, or started anew
	turn     *cluster.Turn
	closers  []func() error

	writeBinary func(context.Context) error // nil if the binary stays
	unitWritten bool
	links       []string          // that are made
	images      map[string]string // SHA-256 of archives of images, by path
	texts       []text
	removed     []string
	sweeps      bool     // pods are ended
	ran         bool     // k3s, before all this
	labelled    bool     // labels and taints are the wanted ones once the steps are done, but for the taints of an agent
	tainted     []taint  // what the node has of them
	kept        []string // folders that state absent leaves
}

type step struct {
	text string
	do   func(context.Context) error
}

func (p *Plan) add(do func(context.Context) error, format string, args ...any) {
	p.steps = append(p.steps, step{fmt.Sprintf(format, args...), do})
}

// silently adds what goes with other steps and is nothing that an operator waits for.
func (p *Plan) silently(do func(context.Context) error) { p.steps = append(p.steps, step{do: do}) }

// Steps are the steps, each one sentence.
func (p *Plan) Steps() []string {
	texts := []string{}
	for _, s := range p.steps {
		if s.text != "" {
			texts = append(texts, s.text)
		}
	}
	return texts
}

// Warnings are what an operator should know beside the steps.
func (p *Plan) Warnings() []string { return p.warnings }

// Plan is what makes the node what is wanted. Of the network it asks for releases and for the other servers. What must not be done is an
// error.
func (n *Node) Plan(ctx context.Context, want Want) (*Plan, error) {
	p := &Plan{Node: n, want: want, ran: n.state.Active}
	ending := want.State == Absent || want.State == Stopped || want.State == Killed
	switch {
	case n.role == "" || n.role == want.Role:
	case ending:
		p.want.Role = n.role // what is there ends, whatever it is
	default:
		return nil, fmt.Errorf("refusing to make this %s a node of role %s: run state absent first", n.role, want.Role)
	}
	switch want.State {
	case Absent:
		return p, p.planAbsent(ctx)
	case Stopped, Killed:
		return p, p.planStop(ctx)
	case Installed:
		return p, p.planInstalled(ctx)
	}
	return p, p.planPresent(ctx)
}

// Apply does the steps and stops at the first that goes wrong; then Steps are those that were done, and another plan finishes what is left.
func (p *Plan) Apply(ctx context.Context) (err error) {
	if len(p.Steps()) == 0 {
		return nil
	}
	defer func() {
		if problem := p.close(ctx); err == nil { // or else it follows from that, as a leave that cannot be given back where k3s does not start
			err = problem
		}
	}()
	for i, s := range p.steps {
		if err := s.do(ctx); err != nil {
			p.steps = p.steps[:i]
			return err
		}
	}
	return nil
}

// close gives back what the steps have taken.
func (p *Plan) close(ctx context.Context) error {
	var problems []error
	for _, c := range slices.Backward(p.closers) {
		problems = append(problems, c())
	}
	if p.turn != nil {
		problems = append(problems, p.turn.Release(ctx))
	}
	return errors.Join(problems...)
}

func (p *Plan) run(ctx context.Context, words ...string) error {
	_, err := p.host.Run(ctx, host.Words(words...))
	return err
}
