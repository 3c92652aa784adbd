// Package metalstackcloud makes, changes and deletes Kubernetes clusters at metalstack.cloud, by the JSON form of its API
// (https://github.com/metal-stack-cloud/api, package api.v1, over https://connectrpc.com/docs/protocol). What is done with their
// kubeconfigs it leaves to others.
package metalstackcloud

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// DefaultURL is where the API is if neither the token nor anybody else says.
const DefaultURL = "https://api.metalstack.cloud"

// requestTimeout bounds one request; metalstack.cloud does its work behind it.
const requestTimeout = 30 * time.Second

// Access is how the API is reached.
type Access struct {
	Token   string
	URL     string // empty is the token's issuer, as metalstack.cloud's Terraform provider takes it, or DefaultURL
	Project string // identifier; empty is the only project that the token is for
	Pace    Pace   // the zero Pace is DefaultPace
}

// Pace is how fast the API is asked.
type Pace struct {
	Look  time.Duration // between two looks at a cluster
	Begin time.Duration // how long after a change the status may tell of what was before
	Retry time.Duration // before a request without an answer is repeated; it doubles each time
}

// DefaultPace is for the real metalstack.cloud, where a change takes minutes.
var DefaultPace = Pace{Look: 5 * time.Second, Begin: time.Minute, Retry: time.Second}

// Cloud is a project at metalstack.cloud. It may be used by several goroutines.
type Cloud struct {
	base, token, project string
	expires              time.Time // of the token, zero if it does not tell
	pace                 Pace
	http                 *http.Client
}

// Open reads the token, and asks for the project if none is given.
func Open(ctx context.Context, a Access) (*Cloud, error) {
	token := strings.TrimSpace(a.Token)
	var claims jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(token, &claims); err != nil {
		return nil, errors.New("read the token: it is none of metalstack.cloud's; copy it anew from the console, under Access Tokens")
	}
	base, err := baseURL(a.URL, claims.Issuer)
	if err != nil {
		return nil, err
	}
	c := &Cloud{base: base, token: token, project: a.Project, pace: a.Pace, http: &http.Client{
		Timeout: requestTimeout,
		// A redirection leads to a login page, never to the API.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if claims.ExpiresAt != nil {
		c.expires = claims.ExpiresAt.Time
	}
	if c.pace == (Pace{}) {
		c.pace = DefaultPace
	}
	if c.project == "" {
		c.project, err = c.onlyProject(ctx)
	}
	return c, err
}

func baseURL(given, issuer string) (string, error) {
	for _, candidate := range []string{given, issuer, DefaultURL} {
		if candidate == "" {
			continue
		}
		where, err := url.Parse(candidate)
		if err != nil || where.Scheme != "https" || where.Host == "" {
			return "", fmt.Errorf("reach metalstack.cloud at %s: that is no https URL; correct api_url, or take a token of metalstack.cloud", candidate)
		}
		return strings.TrimSuffix(candidate, "/"), nil
	}
	return "", nil // not reached: the last candidate is never empty
}

// Project is the project's identifier.
func (c *Cloud) Project() string { return c.project }

// Host is where the API is, for people.
func (c *Cloud) Host() string { return strings.TrimPrefix(c.base, "https://") }

// projectForm is what tells projects from tenants, to which a token may give rights, too.
var projectForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// IsProject tells whether a text has the form of a project's identifier.
func IsProject(id string) bool { return projectForm.MatchString(id) }

func (c *Cloud) onlyProject(ctx context.Context) (string, error) {
	const doing = "find the token's project"
	var scope struct {
		ProjectRoles map[string]any
		Permissions  []struct{ Subject string }
	}
	if err := c.call(ctx, request{doing: doing, method: "MethodService/TokenScopedList", answer: &scope}); err != nil {
		return "", err
	}
	found := map[string]bool{}
	for id := range scope.ProjectRoles {
		found[id] = true
	}
	for _, permission := range scope.Permissions {
		found[permission.Subject] = true
	}
	maps.DeleteFunc(found, func(id string, _ bool) bool { return !IsProject(id) })
	switch ids := slices.Sorted(maps.Keys(found)); len(ids) {
	case 1:
		return ids[0], nil
	case 0:
		return "", errors.New(doing + ": the token is for none; make one that is for the project, or name the project")
	default:
		return "", fmt.Errorf("%s: the token is for %d, %s; name one of them as project", doing, len(ids), strings.Join(ids, ", "))
	}
}
