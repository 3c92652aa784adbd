package metalstackcloud

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/metal-stack/initial-cluster/internal/reach"
)

const (
	tries       = 4
	largeAnswer = 16 << 20
)

// request is one call of the API.
type request struct {
	doing  string // for people, as "create cluster initial"
	method string // SERVICE/METHOD
	body   any    // nil is the empty message
	answer any    // nil drops it
	once   bool   // may not be repeated
}

// call does a request; one that got no answer, or that the API calls temporary, again unless it may not be. The error is an *Error.
func (c *Cloud) call(ctx context.Context, r request) error {
	pause := c.pace.Retry
	for try := 1; ; try++ {
		failure := c.exchange(ctx, r)
		if failure == nil {
			return nil
		}
		failure.Doing, failure.tries = r.doing, try
		if r.once || try == tries || !failure.Temporary() {
			return failure
		}
		select {
		case <-ctx.Done():
			return failure
		case <-time.After(pause):
			pause *= 2
		}
	}
}

func (c *Cloud) exchange(ctx context.Context, r request) *Error {
	body := []byte("{}")
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return &Error{Code: Internal, Said: err.Error()}
		}
	}
	question, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/api.v1."+r.method, bytes.NewReader(body))
	if err != nil {
		return &Error{Code: Internal, Said: err.Error()}
	}
	question.Header.Set("Content-Type", "application/json")
	question.Header.Set("Connect-Protocol-Version", "1")
	question.Header.Set("Authorization", "Bearer "+c.token)
	question.Header.Set("User-Agent", "metalstack.initial_cluster")
	answer, err := c.http.Do(question)
	if err != nil {
		return c.unanswered(ctx, err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, largeAnswer))
	if err != nil {
		return c.unanswered(ctx, err)
	}
	return c.understand(r, answer, content)
}

func (c *Cloud) unanswered(ctx context.Context, err error) *Error {
	reason := reach.Explain(ctx, err)
	return &Error{Code: Unreachable, Said: c.Host() + ": " + reason.Why, next: reason.Next, lasting: reason.Lasting, cause: err}
}

// understand reads an answer. One that is not in JSON, or an error without a code, is of somebody else: a proxy, a load balancer.
func (c *Cloud) understand(r request, answer *http.Response, content []byte) *Error {
	kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return c.foreign(answer)
	}
	if answer.StatusCode != http.StatusOK {
		var told struct {
			Code    Code
			Message string
		}
		if err := json.Unmarshal(content, &told); err != nil || told.Code == "" {
			return c.foreign(answer)
		}
		return c.explain(r, told.Code, told.Message)
	}
	if r.answer == nil {
		return nil
	}
	if err := json.Unmarshal(content, r.answer); err != nil {
		return &Error{Code: Foreign, Said: c.Host() + " answers something that cannot be read (" + oneLine(err.Error()) + ")", next: askProxy, lasting: true}
	}
	return nil
}

const askProxy = "check api_url, and whether a proxy answers in its place"

func (c *Cloud) foreign(answer *http.Response) *Error {
	kind := answer.Header.Get("Content-Type")
	if kind == "" {
		kind = "without a content type"
	}
	said := fmt.Sprintf("%s answers %d %s, not as the API does", c.Host(), answer.StatusCode, oneLine(kind))
	switch answer.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return &Error{Code: Foreign, Said: said, next: "run it again later"}
	}
	return &Error{Code: Foreign, Said: said, next: askProxy, lasting: true}
}
