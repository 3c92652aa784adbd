package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

// persistence is for how long a refusal must be said again and again that k3s does not end with: a server that has just started refuses for a
// moment, too.
const persistence = 10 * time.Second

// Await waits until a service that was started is ready. It ends before the time is up when the log tells of something that time does not
// mend; the error is then k3s' own words and what to do.
func Await(ctx context.Context, s System, role string, log Log, timeout time.Duration) error {
	var reason Reason
	var since time.Time // when its cause was first seen
	o := wait.Options{For: Name(role) + " to be ready", Timeout: timeout, Interval: time.Second, Begin: 200 * time.Millisecond}
	err := wait.Until(ctx, o, func(ctx context.Context) (bool, string, error) {
		state, err := s.State(ctx, role)
		if err != nil || state.Active {
			return state.Active, "", err
		}
		lines, err := log(ctx)
		if err != nil {
			return false, "", err
		}
		before := reason
		if reason = Why(lines); reason.Next != before.Next {
			since = time.Now()
		}
		lasts := reason.Told && reason.When != before.When && time.Since(since) > persistence
		if reason.Ends || lasts {
			return false, "", fmt.Errorf("start %s: %s", Name(role), reason)
		}
		return false, state.Detail + said(reason), nil
	})
	var gaveUp *wait.GaveUp
	if errors.As(err, &gaveUp) && reason.Next != "" {
		return fmt.Errorf("%w; %s", err, reason.Next)
	}
	if errors.As(err, &gaveUp) {
		return fmt.Errorf("%w; read the journal of %s", err, Name(role))
	}
	return err
}

func said(r Reason) string {
	if r.Said == "" {
		return ""
	}
	return ": " + r.Said
}

// Watch gives a context that ends when the log tells that k3s ends again and again, or for something that time does not mend: also after it
// has told that it is ready, as when its kubelet does not start. The cause of the end is k3s' own words.
func Watch(ctx context.Context, role string, log Log) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(watchInterval):
			}
			if lines, err := log(ctx); err == nil {
				if reason := Why(lines); reason.Ends {
					cancel(fmt.Errorf("%s ends, and is started again: %s", Name(role), reason))
				}
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}

// watchInterval is that of systemd between two starts of k3s (RestartSec).
const watchInterval = 5 * time.Second
