package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Error is of every operation of a store. It is one line that holds no secret.
type Error struct {
	Store string // as String has it
	Doing string // "put NAME"
	Why   string
	Next  string // what to do about it; may be empty
	Tries int    // how often it was tried in vain, if more than once
	kind  error
}

func (e *Error) Error() string {
	text := e.Store + ": " + e.Doing + ": " + e.Why
	if e.Tries > 1 {
		text += fmt.Sprintf(" (tried %d times)", e.Tries)
	}
	if e.Next != "" {
		text += "; " + e.Next
	}
	return text
}

// Unwrap is one of the package's errors, fs.ErrExist, fs.ErrNotExist, or the context's; nil for all that callers need not tell apart.
func (e *Error) Unwrap() error { return e.kind }

// problem is what went wrong with one attempt, as a backend knows it.
type problem struct {
	why, next string
	kind      error
	temporary bool // it may be tried again
}

func (p *problem) Error() string { return p.why + "; " + p.next }
func (p *problem) Unwrap() error { return p.kind }

// corrupt is a content that is not what it was said to be.
func corrupt(next, format string, args ...any) *problem {
	return &problem{why: fmt.Sprintf(format, args...), next: next, kind: ErrCorrupt}
}

// stalled is why a context of watch ended.
type stalled struct{ limit string }

func (s stalled) Error() string { return "nothing moved for " + s.limit }

// ended is the problem of an attempt whose context ended, or nil.
func ended(ctx context.Context) *problem {
	var stall stalled
	cause := context.Cause(ctx)
	switch {
	case cause == nil:
		return nil
	case errors.As(cause, &stall):
		return &problem{why: stall.Error(), next: "check the network and the store's health", temporary: true}
	case errors.Is(cause, context.DeadlineExceeded):
		return &problem{why: "not done within the time limit", next: "check the network, or give it more time", kind: context.DeadlineExceeded}
	}
	return &problem{why: "interrupted", next: "run it again", kind: cause}
}

// line is a text without the line breaks it may hold.
func line(text string) string { return strings.Join(strings.Fields(text), " ") }
