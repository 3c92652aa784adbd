package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// refusal is an answer that was not wanted.
type refusal struct {
	status       int
	reason, text string
}

func (r *refusal) Error() string { return r.quote() }

// quote is what the server said.
func (r *refusal) quote() string {
	said := strings.TrimSpace(fmt.Sprintf("%d %s", r.status, http.StatusText(r.status)))
	if r.text != "" {
		said += ": " + r.text[:min(len(r.text), 300)]
	}
	return said
}

// refusalOf reads https://cloud.google.com/storage/docs/json_api/v1/status-codes, or what a proxy says.
func refusalOf(answer *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		return err
	}
	said := &refusal{status: answer.StatusCode, text: line(string(body))}
	var google struct {
		Error struct {
			Message string
			Errors  []struct{ Reason string }
		}
	}
	if json.Unmarshal(body, &google) == nil && google.Error.Message != "" {
		said.text = line(google.Error.Message)
		if len(google.Error.Errors) > 0 {
			said.reason = google.Error.Errors[0].Reason
		}
	}
	return said
}

// explain knows what Google answers, by its status and reason.
func (g *gcs) explain(err error) *problem {
	var said *refusal
	if !errors.As(err, &said) {
		return g.web.unanswered(err)
	}
	denied := func(why, next string) *problem { return &problem{why: why, next: next, kind: ErrDenied} }
	switch {
	case said.reason == "retentionPolicyNotMet", said.reason == "objectUnderActiveHold":
		return &problem{why: "the store keeps it (" + said.quote() + ")", next: "delete it after its retention", kind: ErrRetained}
	case said.reason == "rateLimitExceeded", said.reason == "userRateLimitExceeded", said.passing():
		return &problem{why: "the server answers " + said.quote(), next: "look at Google's status page, try later", temporary: true}
	case said.status == http.StatusPreconditionFailed:
		return exists()
	case said.status == http.StatusBadRequest && strings.Contains(strings.ToLower(said.text), "crc32c"):
		return changedOnTheWay()
	case said.status == http.StatusUnauthorized:
		p := denied("the server does not accept the token", "check the credentials, and the clock of this host")
		p.temporary = true // with a new token
		return p
	case said.status == http.StatusForbidden && said.reason == "quotaExceeded":
		return fullStore(said.quote())
	case said.status == http.StatusForbidden:
		return denied("access denied ("+said.quote()+")", "grant the account roles/storage.objectAdmin on the bucket")
	case said.status == http.StatusNotFound:
		return &problem{why: "there is no bucket " + g.options.Bucket, next: "make it, or check bucket and endpoint"}
	}
	return &problem{why: "the server answers " + said.quote(), next: "check whether a proxy answers in its place"}
}

func (r *refusal) passing() bool {
	return r.status >= 500 && r.status != http.StatusNotImplemented || r.status == http.StatusRequestTimeout || r.status == http.StatusTooManyRequests
}
