package gcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"
)

// exchange is one question to Google and what came back: what an error is explained by. Google's library tells it as text only.
type exchange struct {
	host, path string
	status     int // 0: no answer
	date       time.Time
	body       []byte // of an answer that is an error
	err        error  // why there is no answer
}

// recorder remembers the last exchange.
type recorder struct {
	next  http.RoundTripper
	mutex sync.Mutex
	seen  exchange
}

func (r *recorder) reset() { r.remember(exchange{}) }

func (r *recorder) remember(e exchange) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.seen = e
}

func (r *recorder) last() exchange {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.seen
}

// bound ends requests with a context, whatever context they were made with.
type bound struct {
	ctx  context.Context
	next http.RoundTripper
}

func (b bound) RoundTrip(r *http.Request) (*http.Response, error) {
	return b.next.RoundTrip(r.WithContext(b.ctx))
}

const longestAnswer = 1 << 20

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	seen := exchange{host: request.URL.Host, path: request.URL.Path}
	response, err := r.next.RoundTrip(request)
	if err != nil {
		seen.err = err
		r.remember(seen)
		return nil, err
	}
	content, err := wholeBody(response)
	if err != nil {
		seen.err = err
		r.remember(seen)
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(content))
	seen.status = response.StatusCode
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		seen.date = date
	}
	if seen.status >= http.StatusBadRequest {
		seen.body = content // of a good answer it could be a token
	}
	r.remember(seen)
	return response, nil
}

// wholeBody reads the body before anybody else does: an answer that stops half way is none.
func wholeBody(response *http.Response) ([]byte, error) {
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer))
	return content, err
}

// temporary is what is worth another try: https://cloud.google.com/storage/docs/retry-strategy has the list of statuses.
func (e exchange) temporary() bool {
	switch e.status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	case 0:
		return errors.Is(e.err, io.EOF) || errors.Is(e.err, io.ErrUnexpectedEOF) || errors.Is(e.err, syscall.ECONNRESET)
	}
	return false
}

// refusal is what Google's two forms of an error say: the OAuth endpoints' (RFC 6749) and the APIs' (google.rpc.Status).
type refusal struct {
	code     string // invalid_grant, or PERMISSION_DENIED
	text     string
	reason   string // of the API form: SERVICE_DISABLED, IAM_PERMISSION_DENIED, ...
	metadata map[string]string
}

func (e exchange) refusal() refusal {
	var oauth struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(e.body, &oauth) == nil && oauth.Error != "" {
		return refusal{code: oauth.Error, text: oneLine(oauth.Description)}
	}
	var api struct {
		Error struct {
			Message string `json:"message"`
			Status  string `json:"status"`
			Details []struct {
				Reason   string            `json:"reason"`
				Metadata map[string]string `json:"metadata"`
			} `json:"details"`
		} `json:"error"`
	}
	if json.Unmarshal(e.body, &api) != nil {
		return refusal{}
	}
	said := refusal{code: api.Error.Status, text: oneLine(api.Error.Message)}
	for _, detail := range api.Error.Details {
		if detail.Reason != "" {
			said.reason, said.metadata = detail.Reason, detail.Metadata
		}
	}
	return said
}

// oneLine is a text of another's, fit to stand in a line: without breaks, not endless, without the full stop.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:300]) + "..."
	}
	return strings.TrimSuffix(text, ".")
}

// hostOf drops the port that everybody knows.
func (e exchange) hostOf() string {
	if host, port, err := net.SplitHostPort(e.host); err == nil && port == "443" {
		return host
	}
	return e.host
}
