// Package wait waits for a condition or a deadline and says, while it waits and when it gives up, what it last saw. What is
// waited for, and what may be retried, its callers decide.
package wait

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Condition looks once. Its state is a short text for people ("node pool default-pool 1/3 nodes"), shown as progress and named
// when the wait gives up. An error ends the wait at once: what may be tried again is not an error but a state.
type Condition func(ctx context.Context) (done bool, state string, err error)

// Options say how long to wait and how often to look.
type Options struct {
	For      string        // what is waited for, as it reads behind "wait for"
	Timeout  time.Duration // 0 means only the context ends the wait
	Interval time.Duration // from the end of one look to the begin of the next
	Begin    time.Duration // the first interval; each is half as long again until it is Interval. 0 is Interval
}

// GaveUp tells that a wait ended before its condition held.
type GaveUp struct {
	For      string
	After    time.Duration
	LastSeen string // empty if not even one look was finished
	Cause    error  // context.DeadlineExceeded, or why the context was cancelled
}

func (e *GaveUp) Error() string {
	seen := e.LastSeen
	if seen == "" {
		seen = "nothing yet"
	}
	why := "gave up"
	if !errors.Is(e.Cause, context.DeadlineExceeded) {
		why = "interrupted (" + e.Cause.Error() + ")"
	}
	return fmt.Sprintf("wait for %s: %s after %s, last seen %s", e.For, why, e.After.Round(time.Second), seen)
}

func (e *GaveUp) Unwrap() error { return e.Cause }

// Until looks at once and then every interval until the condition holds or fails, or the time is up (then the error is a
// *GaveUp). Each state is reported to the context's reporter.
func Until(ctx context.Context, o Options, condition Condition) error {
	begin := time.Now()
	if o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.Timeout)
		defer cancel()
	}
	last, pause := "", o.Begin
	if pause == 0 {
		pause = o.Interval
	}
	for {
		done, state, err := condition(ctx)
		if state != "" && (last == "" || ctx.Err() == nil) { // a look that was cut off tells of nothing but that
			last = state
		}
		if state != "" && !done {
			Report(ctx, "%s", state)
		}
		if ctx.Err() != nil && !done {
			return &GaveUp{For: o.For, After: time.Since(begin), LastSeen: last, Cause: context.Cause(ctx)}
		}
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return &GaveUp{For: o.For, After: time.Since(begin), LastSeen: last, Cause: context.Cause(ctx)}
		case <-time.After(pause):
			pause = min(pause*3/2, o.Interval)
		}
	}
}

type reporterKey struct{}

// WithReporter gives everything called with the returned context a place to tell what it is doing. The function must not block
// and may be called from several goroutines.
func WithReporter(ctx context.Context, report func(state string)) context.Context {
	return context.WithValue(ctx, reporterKey{}, report)
}

// Report tells what is being done, for people who wait. Without a reporter it does nothing.
func Report(ctx context.Context, format string, args ...any) {
	if report, ok := ctx.Value(reporterKey{}).(func(string)); ok {
		report(fmt.Sprintf(format, args...))
	}
}
