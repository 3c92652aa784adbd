package gke

import (
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Refusal is an answer of the API that is an error, or why there is none. Its text is one line which says what to do.
type Refusal struct {
	Method     string // as CreateCluster
	Code       codes.Code
	Message    string            // Google's words, in one line
	Reason     string            // as SERVICE_DISABLED, where Google gives one
	Metadata   map[string]string // of the reason
	RetryAfter time.Duration     // 0 where Google does not say
	Tries      int
	project    string
	account    string
	host       string
	cause      error // why the caller's own context has ended
}

func (r *Refusal) Error() string { return r.explain() }

// Unwrap tells an interruption and a deadline of the caller's from answers of Google's.
func (r *Refusal) Unwrap() error { return r.cause }

func (s *Session) refusal(method string, request any, err error) *Refusal {
	said := status.Convert(err)
	r := &Refusal{
		Method: method, Code: said.Code(), Message: oneLine(said.Message()), project: projectOf(request),
		account: s.credentials.Describe(), host: strings.TrimSuffix(s.endpoint, ":443"),
	}
	for _, detail := range said.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			r.Reason, r.Metadata = d.Reason, d.Metadata
		case *errdetails.RetryInfo:
			r.RetryAfter = d.GetRetryDelay().AsDuration()
		}
	}
	return r
}

// projectOf is the project that a request is about.
func projectOf(request any) string {
	name := ""
	if r, ok := request.(interface{ GetName() string }); ok {
		name = r.GetName()
	}
	if r, ok := request.(interface{ GetParent() string }); ok && name == "" {
		name = r.GetParent()
	}
	return projectOfLink(name)
}

// busy tells that another operation runs on the cluster or the node pool: FAILED_PRECONDITION has no reason for it, only these texts.
// https://cloud.google.com/kubernetes-engine/docs/troubleshooting/concurrent-operations
func (r *Refusal) busy() bool {
	return r.Code == codes.FailedPrecondition && (strings.Contains(r.Message, "incompatible operation") ||
		strings.Contains(r.Message, "is currently") || strings.Contains(r.Message, "currently being"))
}

// unclear tells that a request may or may not have been accepted.
func (r *Refusal) unclear() bool {
	switch r.Code {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Internal, codes.Unknown, codes.Canceled:
		return true
	}
	return false
}

// outdated tells that the cluster is no longer what the request was made for: another look helps. NOT_FOUND is that too, unless it is
// about the nodes' account.
func (r *Refusal) outdated() bool {
	gone := r.Code == codes.NotFound && r.Method != "CreateCluster" && !noAccount.MatchString(r.Message)
	return gone || r.Code == codes.Aborted || r.Code == codes.AlreadyExists
}

// oneLine is a text of another's, fit to stand in a line: without breaks, not endless, without the full stop.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > 400 {
		text = string(runes[:400]) + "..."
	}
	return strings.TrimSuffix(text, ".")
}
