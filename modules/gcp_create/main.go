// Command gcp_create is the Ansible module metalstack.initial_cluster.gcp_create.
package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/gcp"
	"github.com/metal-stack/initial-cluster/modules/internal/auth"
	"github.com/metal-stack/initial-cluster/modules/internal/kubeconfig"
)

func main() { ansible.Main(spec, run, kubeconfig.Credential) }

func run(ctx context.Context, in params, mode ansible.Mode) (ansible.Result, error) {
	if err := auth.Join(in.problems()); err != nil {
		return ansible.Result{}, err
	}
	if err := in.locate(); err != nil {
		return ansible.Result{}, err
	}
	looking, cancel := context.WithTimeout(ctx, seconds(in.APITimeout))
	defer cancel()
	credentials, err := in.open(looking)
	if err != nil {
		return ansible.Result{}, err
	}
	want := in.want(credentials.Project())
	result, err := task{in, credentials, want, mode}.run(ctx, looking)
	result.Warnings = append(credentials.Warnings(), result.Warnings...)
	if err != nil {
		err = fmt.Errorf("%s: %w", want.Place, err)
	}
	return result, err
}

// open gets the credentials and a token: whether they are good shows here, before anything is asked of GKE.
func (in params) open(ctx context.Context) (*gcp.Credentials, error) {
	credentials, err := in.Open(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	token, err := credentials.Token(ctx)
	if err != nil {
		return nil, err
	}
	ansible.Conceal(ctx, token.Value)
	if credentials.Project() == "" {
		return nil, errors.New("project: the credentials name none, so it must be given")
	}
	return credentials, nil
}
