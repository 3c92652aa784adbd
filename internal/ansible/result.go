package ansible

import (
	"context"
	"time"
)

// Mode is how Ansible asked the module to run.
type Mode struct {
	Check     bool      // say what would change, change nothing
	Diff      bool      // show before and after
	Verbosity int       // number of -v
	Sent      time.Time // when the arguments were sent, by the controller's clock; zero where the action plugin has not said so
}

// Result is what a module tells Ansible. Whatever stands in it is censored before it is printed.
type Result struct {
	Changed  bool
	Msg      string         // one line for people
	Steps    []string       // what was done, or in check mode would be, each a sentence
	Diff     []Diff         // shown only if asked for
	Warnings []string       // shown by Ansible in purple
	Values   map[string]any // under the name of the thing: cluster, node, snapshot, ...
	Facts    map[string]any // become ansible_facts
}

// Diff is one difference, in the form in which Ansible shows it. Before and After are texts, or values that are shown as JSON.
type Diff struct {
	Before       any    `json:"before"`
	After        any    `json:"after"`
	BeforeHeader string `json:"before_header,omitempty"`
	AfterHeader  string `json:"after_header,omitempty"`
}

// Plan is what the domain packages give: ordered steps, none if nothing is to be done.
type Plan interface {
	Steps() []string           // each one sentence
	Diff() (before, after any) // actual against wanted, secrets masked
}

// Planned is the result of a run in check mode, Applied of one that did what the plan says (also as far as an error let it).
func Planned(p Plan) Result { return planned(p) }

// Applied is like Planned, for a plan that was applied.
func Applied(p Plan) Result { return planned(p) }

func planned(p Plan) Result {
	before, after := p.Diff()
	return Result{Changed: len(p.Steps()) > 0, Steps: p.Steps(), Diff: []Diff{{Before: before, After: after}}}
}

// Run is a module's work. Its params are the validated options, decoded into a struct whose fields carry the tag
// `ansible:"option"`. On an error the result is printed all the same, with failed and the error's text as msg.
type Run[P any] func(ctx context.Context, in P, mode Mode) (Result, error)
