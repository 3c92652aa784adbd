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
// Nothing else is ever on standard output, and on standard error only the Go runtime's last words on a crash. A command is done instead
// if the program is called with its flag.
func Main[P any](spec Spec, run Run[P], commands ...Command) {
	p := process{args: os.Args[1:], commands: commands, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.LookupEnv, settle: settle, grace: grace}
	os.Exit(p.main(spec, work(run)))
}

// process is what Main has of the outer world.
type process struct {
	args           []string
	commands       []Command
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         lookupEnv
	settle         func(stdout io.Writer, cancel context.CancelCauseFunc) io.Writer // where the result goes, and what ends the run early
	grace          time.Duration
}

// grace is how long a module may go on after a signal, to leave no half state behind.
const grace = 10 * time.Second

// job is a module's work behind its own type of params.
type job func(ctx context.Context, params *Object, mode Mode) (Result, error)

func work[P any](run Run[P]) job {
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
	ctx, cancel := context.WithCancelCause(context.WithValue(context.Background(), concealKey{}, secrets))
	defer cancel(nil)
	p.stdout = p.settle(p.stdout, cancel)
	return p.print(p.answer(ctx, spec, run, call, secrets), secrets)
}

// answer does everything between the arguments and the printing.
func (p process) answer(ctx context.Context, spec Spec, run job, call call, secrets *concealed) *Object {
	in, err := p.read(ctx, call.argsFile)
	if err == nil {
		err = in.setEnvironment()
	}
	if err != nil {
		return failure(err.Error())
	}
	valid := spec.Validate(in.params, p.getenv)
	secrets.add(valid.NoLogValues...)
	secrets.addPasswords(valid.Params)
	var reply *Object
	if problems := in.fatal(spec, valid); len(problems) > 0 {
		reply = failure(joinProblems(problems))
		if len(problems) > 1 {
			reply.Set("errors", toPython(problems))
		}
	} else {
		valid.Warnings = append(valid.Warnings, spec.suspects(valid.Params)...)
		result, err := p.attempt(ctx, run, valid.Params, in.mode, startProgress(call.progressFile, secrets))
		reply = in.report(result, err)
	}
	in.complete(reply, valid)
	return reply
}

// outcome is how a module's work ended.
type outcome struct {
	result Result
	err    error
}

// attempt runs the work until it ends, or until its grace is over after the context was cancelled.
func (p process) attempt(ctx context.Context, run job, params *Object, mode Mode, progress *progress) (Result, error) {
	defer progress.stop()
	ended := make(chan outcome, 1)
	go func() { ended <- shielded(wait.WithReporter(ctx, progress.report), run, params, mode) }()
	select {
	case o := <-ended:
		return o.result, interrupted(ctx, o.err, progress.last())
	case <-ctx.Done():
	}
	select {
	case o := <-ended:
		return o.result, interrupted(ctx, o.err, progress.last())
	case <-time.After(p.grace):
		return Result{}, interrupted(ctx, &busyError{p.grace}, progress.last())
	}
}

// shielded makes an error of a panic.
func shielded(ctx context.Context, run job, params *Object, mode Mode) (o outcome) {
	defer func() {
		if v := recover(); v != nil {
			o.err = &panicError{v, debug.Stack()}
		}
	}()
	o.result, o.err = run(ctx, params, mode)
	return o
}

// interrupted adds to an error that came after the context was cancelled why that was, and what to do. Work that was done all
// the same is done.
func interrupted(ctx context.Context, err error, last string) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	var gaveUp *wait.GaveUp
	if errors.As(err, &gaveUp) { // which says all that by itself
		return fmt.Errorf("%w; run it again to go on", err)
	}
	if last == "" {
		last = "nothing yet"
	}
	err = fmt.Errorf("interrupted by %w, last seen %s: %w", context.Cause(ctx), last, err)
	if errors.Is(err, context.Canceled) { // other errors know better what to do next
		err = fmt.Errorf("%w; run it again to go on", err)
	}
	return err
}

type busyError struct{ grace time.Duration }

func (e *busyError) Error() string { return fmt.Sprintf("still busy %s later", e.grace) }

// Is makes it one of the ways to end after a cancellation.
func (e *busyError) Is(target error) bool { return target == context.Canceled }

type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string {
	return fmt.Sprintf("panic: %v; this is a defect of the module, please report it with the output of -vvv", e.value)
}
