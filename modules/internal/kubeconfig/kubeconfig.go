// Package kubeconfig lets a module hand out a cluster: it puts it into a kubeconfig with a credential of Google's that lasts, and
// takes it out again. The credential is minted by a copy of the module's own program, which Kubernetes' clients call.
package kubeconfig

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"

	"github.com/metal-stack/initial-cluster/internal/gcp"
	"github.com/metal-stack/initial-cluster/internal/kube"
	"github.com/metal-stack/initial-cluster/modules/internal/auth"
)

// The kinds of users, which is how clients get a token.
const (
	Exec   = "exec"                   // a copy of this program mints one whenever it is needed
	Token  = "token"                  // there is one in the kubeconfig, until it ends
	Google = "gke-gcloud-auth-plugin" // Google's plugin is asked, which is installed by other means
)

// Handout is a cluster as it is to stand in a kubeconfig.
type Handout struct {
	Path        string // empty is kubectl's own
	Current     bool   // whether it becomes the current context
	User        string // Exec, Token or Google
	Name        string // of the cluster, the user and the context
	Server      string // https://HOST; empty if it is not known before the cluster is made, then the plan is for looking at only
	CA          []byte // PEM, empty for a public certificate
	Auth        auth.Params
	Credentials *gcp.Credentials // what Auth opened
}

// Problems are what cannot be handed out, to be told before a cluster is made.
func Problems(user string, options auth.Params) []string {
	if user == Exec && options.AccessToken != "" {
		return []string{"access_token: it cannot be renewed, so no user of kind exec can be made of it; give other credentials, or ask for the kind token"}
	}
	return nil
}

// unknown stands in a plan's difference for the address of a cluster that is to be made.
const unknown = "https://(known when the cluster is there)"

// Plan plans what has to be done so that the cluster can be used by way of the kubeconfig. For a user of the kind Token it mints one, unless there
// is one of the same credentials that is good for long.
func (h Handout) Plan(ctx context.Context) (*Plan, error) {
	found, err := observe(h.Path)
	if err != nil {
		return nil, err
	}
	plan := &Plan{path: found.Path(), lookOnly: h.Server == ""}
	access := kube.Access{Name: h.Name, Server: cmp.Or(h.Server, unknown), CA: h.CA}
	key := storedKey(found.Path(), h.Name)
	switch h.User {
	case Exec:
		err = h.planExec(plan, &access, key)
	case Token:
		err = h.planToken(ctx, &access.User, found)
	default:
		access.User.Exec = googlePlugin(h.Auth)
	}
	if err != nil {
		return nil, err
	}
	merge, err := found.Merge(access, h.Current)
	if err != nil {
		return nil, err
	}
	plan.add(merge)
	if h.User != Exec || !h.inline() {
		err = plan.addRemoval(key)
	}
	return plan, err
}

// Purge plans that neither the kubeconfig knows of the cluster, nor a key is kept for it. An empty path is kubectl's own.
func Purge(path, name string) (*Plan, error) {
	found, err := observe(path)
	if err != nil {
		return nil, err
	}
	purge, err := found.Purge(name)
	if err != nil {
		return nil, err
	}
	plan := &Plan{path: found.Path()}
	plan.add(purge)
	return plan, plan.addRemoval(storedKey(found.Path(), name))
}

func observe(path string) (*kube.Config, error) {
	if path == "" {
		var err error
		if path, err = kube.DefaultConfigPath(); err != nil {
			return nil, err
		}
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	return kube.ObserveConfig(absolute)
}

// Plan is what is to be done, in this order: what the credential needs, the kubeconfig, and what is needed no more.
type Plan struct {
	path     string
	parts    []part
	lookOnly bool
}

type part interface {
	Steps() []string
	Diff() (before, after any)
	Apply(ctx context.Context) error
}

func (p *Plan) add(next part) { p.parts = append(p.parts, next) }

// Path is the kubeconfig's path, absolute.
func (p *Plan) Path() string { return p.path }

// Steps are the steps, each one sentence.
func (p *Plan) Steps() (steps []string) {
	for _, part := range p.parts {
		steps = append(steps, part.Steps()...)
	}
	return steps
}

// Diff is the access as it is and as it is to be, with secrets hidden.
func (p *Plan) Diff() (before, after any) {
	was, will := map[string]any{}, map[string]any{}
	for _, part := range p.parts {
		b, a := part.Diff()
		maps.Copy(was, b.(map[string]any))
		maps.Copy(will, a.(map[string]any))
	}
	return was, will
}

// Apply does the steps and stops at the first that goes wrong; then Steps are those that were done, and another plan finishes what is left.
func (p *Plan) Apply(ctx context.Context) error {
	if p.lookOnly {
		return errors.New("write the kubeconfig: the cluster has no address yet; run it again when it has")
	}
	for i, part := range p.parts {
		if ctx.Err() != nil {
			p.parts = p.parts[:i]
			return fmt.Errorf("write the kubeconfig: interrupted; run it again: %w", context.Cause(ctx))
		}
		if err := part.Apply(ctx); err != nil {
			p.parts = p.parts[:i+1]
			return err
		}
	}
	return nil
}
