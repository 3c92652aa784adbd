package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
)

// Source is where releases come from.
type Source struct {
	Downloads string            // the folder of releases: https://github.com/k3s-io/k3s/releases/download
	Channels  string            // https://update.k3s.io/v1-release/channels
	Pinned    map[string]string // SHA-256 of files, by their names in the release; they go before those that lie beside the files
}

// answerTimeout is how long a server may take to begin its answer.
const answerTimeout = 30 * time.Second

// transport asks proxies and trusts authorities as the environment says. A client of net/http around it would only add what is not needed
// here: cookies, and redirects of requests with a body.
var transport = &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: answerTimeout, TLSHandshakeTimeout: answerTimeout}

// Resolve gives the version that a channel has now.
func (s Source) Resolve(ctx context.Context, channel string) (Version, error) {
	address := strings.TrimRight(s.Channels, "/") + "/" + url.PathEscape(channel)
	answer, err := ask(ctx, address)
	if err != nil {
		return Version{}, fmt.Errorf("resolve channel %s: %w", channel, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNotFound {
		return Version{}, fmt.Errorf("resolve channel %s: %s knows no such channel; name stable, latest, or a minor as v1.35", channel, s.Channels)
	}
	page, err := answer.Location()
	if err != nil {
		return Version{}, fmt.Errorf("resolve channel %s: %s answers %s, and not with the page of a release; name a version instead", channel, address, answer.Status)
	}
	version, err := cluster.ParseVersion(path.Base(page.Path))
	if err != nil {
		return Version{}, fmt.Errorf("resolve channel %s: it leads to %s: %w; name a version instead", channel, page, err)
	}
	return version, nil
}

// Sum gives the SHA-256 that a file of a release must have: the pinned one, or that which lies beside the file.
func (s Source) Sum(ctx context.Context, v Version, a Arch, name string) (string, error) {
	if pinned := s.Pinned[name]; pinned != "" {
		return strings.ToLower(pinned), nil
	}
	answer, err := s.get(ctx, v, a.sums())
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return "", fmt.Errorf("download %s: %w", s.address(v, a.sums()), err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 2 && strings.TrimPrefix(fields[1], "*") == name && len(fields[0]) == 64 {
			return strings.ToLower(fields[0]), nil
		}
	}
	return "", fmt.Errorf("%s has no sum of %s; is that a file of the release?", s.address(v, a.sums()), name)
}

// address is the URL of a file. The + of versions means a space to some servers.
func (s Source) address(v Version, name string) string {
	return strings.TrimRight(s.Downloads, "/") + "/" + strings.ReplaceAll(v.String(), "+", "%2B") + "/" + name
}

func (s Source) get(ctx context.Context, v Version, name string) (*http.Response, error) {
	address := s.address(v, name)
	answer, err := follow(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("download %s: %w", address, err)
	}
	switch answer.StatusCode {
	case http.StatusOK:
		return answer, nil
	case http.StatusNotFound:
		err = fmt.Errorf("there is none (%s); is there a release %s, and does the mirror have it?", answer.Status, v)
	default:
		err = fmt.Errorf("the server answers %s", answer.Status)
	}
	return nil, fmt.Errorf("download %s: %w", address, errors.Join(err, answer.Body.Close()))
}

// maxRedirects is how often an answer may lead elsewhere. GitHub's do once.
const maxRedirects = 10

// follow asks, and goes where the answers lead.
func follow(ctx context.Context, address string) (*http.Response, error) {
	for range maxRedirects {
		answer, err := ask(ctx, address)
		if err != nil {
			return nil, err
		}
		to, err := answer.Location()
		if err != nil || answer.StatusCode/100 != 3 {
			return answer, nil
		}
		address = to.String()
		if err := answer.Body.Close(); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("it leads elsewhere again and again, at last to %s", address)
}

// ask asks once, with the password that the address may have.
func ask(ctx context.Context, address string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if user := request.URL.User; user != nil {
		password, _ := user.Password()
		request.SetBasicAuth(user.Username(), password)
	}
	return transport.RoundTrip(request)
}
