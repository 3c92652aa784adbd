// Package ansible is the module protocol: it turns Ansible's arguments into a struct, runs a module's work, and prints the one
// JSON object that Ansible reads, as Python's AnsibleModule does. What a module is for it does not know.
package ansible

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

// Main is a module's main function: it reads the arguments, runs, prints the result and exits, with 1 if the result has failed.
// Arguments come from the file that the first argument names (as Ansible calls binary modules), or for "-" from standard input.
func Main[P any](spec Spec, run Run[P]) {
	os.Exit(process{args: os.Args[1:], stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.LookupEnv, signals: watchProcess}.main(spec, work(spec, run)))
}

// process is what Main has of the outer world.
type process struct {
	args           []string
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         lookupEnv
	signals        func(cancel context.CancelCauseFunc) (stop func())
}

// grace is how long a module may go on after a signal, to leave no half state behind.
const grace = 10 * time.Second

// job is a module's work behind its own type of params.
type job func(ctx context.Context, params *Object, mode Mode) (Result, error)

func work[P any](spec Spec, run Run[P]) job {
	return func(ctx context.Context, params *Object, mode Mode) (Result, error) {
		var in P
		if err := decode(params, &in); err != nil {
			return Result{}, err
		}
		return run(ctx, in, mode)
	}
}

func (p process) main(spec Spec, run job) int {
	call, code, done := p.parse(spec)
	if done {
		return code
	}
	secrets := &concealed{}
	reply := p.answer(spec, run, call, secrets)
	return p.print(reply, secrets)
}

// answer does everything between the arguments and the printing.
func (p process) answer(spec Spec, run job, call call, secrets *concealed) *Object {
	in, err := p.read(call.argsFile)
	if err != nil {
		return failure(err.Error())
	}
	valid := spec.Validate(in.params, p.getenv)
	secrets.add(valid.NoLogValues...)
	reply := NewObject()
	if problems := in.fatal(spec, valid); len(problems) > 0 {
		reply = failure(joinProblems(problems))
		reply.Set("errors", toPython(problems))
	} else {
		result, err := p.attempt(run, valid.Params, in, call, secrets)
		reply = in.report(result, err)
	}
	in.complete(reply, valid)
	return reply
}

// attempt runs the work until it ends, or until its grace is over after a signal.
func (p process) attempt(run job, params *Object, in input, call call, secrets *concealed) (Result, error) {
	ctx, cancel := context.WithCancelCause(context.WithValue(context.Background(), concealKey{}, secrets))
	defer cancel(nil)
	defer p.signals(cancel)()
	progress := startProgress(call.progressFile, secrets)
	defer progress.stop()
	ctx = wait.WithReporter(ctx, progress.report)

	type outcome struct {
		result Result
		err    error
	}
	ended := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			if v := recover(); v != nil {
				o.err = &panicError{v, debug.Stack()}
			}
			ended <- o
		}()
		o.result, o.err = run(ctx, params, in.mode)
	}()
	select {
	case o := <-ended:
		return o.result, interrupted(ctx, o.err, progress.last())
	case <-ctx.Done():
	}
	select {
	case o := <-ended:
		return o.result, interrupted(ctx, o.err, progress.last())
	case <-time.After(grace):
		err := fmt.Errorf("still busy %s later", grace)
		return Result{}, interrupted(ctx, err, progress.last())
	}
}

// interrupted adds to an error that came after a signal what the signal was and what to do.
func interrupted(ctx context.Context, err error, last string) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	var gaveUp *wait.GaveUp
	if errors.As(err, &gaveUp) {
		return fmt.Errorf("%w; run it again to go on", err)
	}
	if last == "" {
		last = "nothing yet"
	}
	return fmt.Errorf("%w; interrupted by %w, last seen %s, run it again to go on", err, context.Cause(ctx), last)
}

type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string {
	return fmt.Sprintf("panic: %v; this is a defect of the module, please report it with the output of -vvv", e.value)
}
