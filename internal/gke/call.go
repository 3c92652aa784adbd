package gke

import (
	"context"
	"path"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

// How long one try of a request may take, as Google's own client libraries have it, and how tries follow each other.
const (
	readPatience  = 20 * time.Second
	writePatience = 45 * time.Second
	firstPause    = 200 * time.Millisecond
	readTries     = 5
	// Google asks for exponential pauses after 429; its quotas are counted by the minute.
	// https://cloud.google.com/kubernetes-engine/quotas
	quotaPause = 30 * time.Second
)

// call is what every request passes: it brings a token, limits the time, and tries again what may be tried again. Its errors are a
// *Refusal, or what the credentials say.
func (s *Session) call(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	name := path.Base(method)
	pause, renewed := firstPause, false
	for try := 1; ; try++ {
		if err := s.token(ctx); err != nil {
			return err
		}
		err := limited(ctx, name, func(ctx context.Context) error { return invoke(ctx, method, request, reply, conn, opts...) })
		if err == nil {
			return nil
		}
		r := s.refusal(name, request, err)
		r.Tries, r.cause = try, context.Cause(ctx)
		switch again := r.retry(); {
		case r.cause != nil || again == never:
			return r
		case again == anew && renewed, again == soon && try == readTries:
			return r
		case again == anew:
			renewed = true
			s.credentials.Forget()
		case again == soon:
			sleep(ctx, pause)
			pause *= 2
		default:
			r.rest(ctx)
		}
		if ctx.Err() != nil { // the answer says more than that the time is up
			return r
		}
	}
}

func reads(method string) bool {
	return strings.HasPrefix(method, "Get") || strings.HasPrefix(method, "List")
}

func limited(ctx context.Context, method string, do func(context.Context) error) error {
	patience := writePatience
	if reads(method) {
		patience = readPatience
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return do(ctx)
}

// again says whether and when a request is worth another try.
type again int

const (
	never again = iota
	anew        // once, with a new token
	soon        // after a short pause, some times
	later       // after a long pause, until the time is up
)

// retry is the whole of what is tried again without looking first. A write that may have been accepted is not: whether it was, shows
// only another look at the cluster (see Plan.Apply).
func (r *Refusal) retry() again {
	switch {
	case r.Code == codes.Unauthenticated:
		return anew
	case r.Code == codes.ResourceExhausted, r.Reason == "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED":
		return later
	case reads(r.Method) && (r.Code == codes.Unavailable || r.Code == codes.DeadlineExceeded):
		return soon
	}
	return never
}

// rest waits as long as Google asks for.
func (r *Refusal) rest(ctx context.Context) {
	pause := r.RetryAfter
	if pause == 0 {
		pause = quotaPause
	}
	wait.Report(ctx, "GKE asks to wait %s (%s)", pause, r.Message)
	sleep(ctx, pause)
}

func sleep(ctx context.Context, pause time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
}
