package store

import (
	"context"
	"io"
	"sync/atomic"
	"time"
)

// watcher ends an attempt during which nothing moves.
type watcher struct {
	moved atomic.Int64
	stall time.Duration
}

type watcherKey struct{}

// watch gives a context that ends with the cause stalled when touch is not called on it for that long.
func watch(ctx context.Context, stall time.Duration) (context.Context, context.CancelFunc) {
	w := &watcher{stall: stall}
	ctx, cancel := context.WithCancelCause(context.WithValue(ctx, watcherKey{}, w))
	go w.run(ctx, cancel)
	return ctx, func() { cancel(context.Canceled) }
}

func (w *watcher) run(ctx context.Context, cancel context.CancelCauseFunc) {
	ticker := time.NewTicker(w.stall / 4)
	defer ticker.Stop()
	seen, since := w.moved.Load(), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if now := w.moved.Load(); now != seen {
			seen, since = now, time.Now()
		}
		if time.Since(since) >= w.stall {
			cancel(stalled{w.stall.String()})
			return
		}
	}
}

// touch tells the context's watcher that something moved.
func touch(ctx context.Context) {
	if w, ok := ctx.Value(watcherKey{}).(*watcher); ok {
		w.moved.Add(1)
	}
}

// watched is a reader that ends with a context, and whose bytes count as moving.
type watched struct {
	ctx context.Context
	io.Reader
}

func (w watched) Read(p []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	n, err := w.Reader.Read(p)
	if n > 0 {
		touch(w.ctx)
	}
	return n, err
}
