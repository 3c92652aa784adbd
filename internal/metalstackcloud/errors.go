package metalstackcloud

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Code is why a request came to nothing: a code of the Connect protocol, or one of the two that are ours.
type Code string

// The codes that are told apart (https://connectrpc.com/docs/protocol#error-codes).
const (
	AlreadyExists      Code = "already_exists"
	DeadlineExceeded   Code = "deadline_exceeded"
	FailedPrecondition Code = "failed_precondition"
	Internal           Code = "internal"
	InvalidArgument    Code = "invalid_argument"
	NotFound           Code = "not_found"
	PermissionDenied   Code = "permission_denied"
	ResourceExhausted  Code = "resource_exhausted"
	Unauthenticated    Code = "unauthenticated"
	Unavailable        Code = "unavailable"
	Unimplemented      Code = "unimplemented"
	Unreachable        Code = "unreachable" // there was no answer
	Foreign            Code = "foreign"     // the answer is not the API's
)

// Error is why a request came to nothing.
type Error struct {
	Doing   string
	Code    Code
	Said    string // what the API said, on one line
	next    string
	tries   int
	lasting bool
	cause   error
}

func (e *Error) Error() string {
	doing := e.Doing
	if e.tries > 1 {
		doing = fmt.Sprintf("%s, %d tries", doing, e.tries)
	}
	text := doing + ": " + e.Said
	if e.next != "" {
		text += "; " + e.next
	}
	return text
}

func (e *Error) Unwrap() error { return e.cause }

// Temporary tells whether the same request may succeed later, and is one that may have succeeded already.
func (e *Error) Temporary() bool {
	switch e.Code {
	case Unavailable, DeadlineExceeded:
		return true
	case Unreachable, Foreign:
		return !e.lasting
	}
	return false
}

// codeOf is the code of an error, or empty.
func codeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// uncertain tells whether the request may have been accepted although it has failed.
func uncertain(err error) bool {
	switch codeOf(err) {
	case Unavailable, DeadlineExceeded, Unreachable, Foreign, Internal, "unknown":
		return true
	}
	return false
}

// explain says what an error answer means for whoever asked.
func (c *Cloud) explain(r request, code Code, message string) *Error {
	e := &Error{Code: code}
	message = oneLine(message)
	because := func(why string) {
		e.Said = why
		if message != "" {
			e.Said += " (" + message + ")"
		}
	}
	switch code {
	case Unauthenticated:
		because("metalstack.cloud does not accept the token")
		e.next = c.tokenRemedy()
	case PermissionDenied:
		because("the token may not do that")
		e.next = fmt.Sprintf("let it call %s in project %s, or make one with the role editor there", r.method, c.project)
	case NotFound:
		because("metalstack.cloud does not find it")
		e.next = "check project " + c.project + " and the names"
	case AlreadyExists:
		because("it exists already")
		e.next = "run it again to go on with it"
	case FailedPrecondition:
		because("metalstack.cloud refuses it as things are")
		e.next = "mend that in the console, and run it again"
	case InvalidArgument:
		because("metalstack.cloud does not take these values")
		e.next = "correct the option"
	case ResourceExhausted:
		because("a limit is reached")
		e.next = "ask for less, have the limit raised, or wait if it is one of requests a minute"
	case Unavailable, DeadlineExceeded:
		because("metalstack.cloud cannot answer now")
		e.next = "run it again later"
	case Unimplemented:
		because(c.Host() + " has no " + r.method)
		e.next = askProxy
	default:
		because("metalstack.cloud fails with code " + oneLine(string(code)))
		e.next = "run it again, and ask its support if that does not help"
	}
	return e
}

func (c *Cloud) tokenRemedy() string {
	const anew = "make a new one in the console, under Access Tokens"
	if !c.expires.IsZero() && c.expires.Before(time.Now()) {
		return "it expired at " + c.expires.UTC().Format(time.RFC3339) + ", " + anew
	}
	return anew + ", and check that it is of " + c.Host()
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
