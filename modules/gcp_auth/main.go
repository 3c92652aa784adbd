// Command gcp_auth is the Ansible module metalstack.initial_cluster.gcp_auth.
package main

import (
	"context"
	"slices"
	"time"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/gcp"
	"github.com/metal-stack/initial-cluster/internal/gcp/gcloud"
	"github.com/metal-stack/initial-cluster/modules/internal/auth"
)

type params struct {
	auth.Params
	Project             string   `ansible:"project"`
	Permissions         []string `ansible:"permissions"`
	Gcloud              bool     `ansible:"gcloud"`
	GcloudConfiguration string   `ansible:"gcloud_configuration"`
	ReturnToken         bool     `ansible:"return_token"`
	AuthTimeout         int      `ansible:"auth_timeout"`
	State               string   `ansible:"state"`
}

func main() { ansible.Main(spec, run) }

func run(ctx context.Context, in params, mode ansible.Mode) (ansible.Result, error) {
	if in.State == "absent" {
		return in.logout(ctx, mode)
	}
	if err := auth.Join(in.problems()); err != nil {
		return ansible.Result{}, err
	}
	limited, cancel := context.WithTimeout(ctx, time.Duration(in.AuthTimeout)*time.Second)
	defer cancel()
	credentials, err := in.Open(limited, in.Project)
	if err != nil {
		return ansible.Result{}, err
	}
	values, warnings, err := in.prove(limited, credentials)
	result := ansible.Result{}
	switch {
	case err != nil || !in.Gcloud:
	case credentials.Kind() == gcp.AccessToken:
		warnings = append(warnings, "gcloud's configuration is not written for an access token, which ends soon")
	default:
		result, err = in.login(ctx, mode, credentials)
	}
	result.Values, result.Warnings = values, append(credentials.Warnings(), warnings...)
	result.Msg = verdict(credentials)
	return result, err
}

// login lets gcloud use the credentials.
func (in params) login(ctx context.Context, mode ansible.Mode, credentials *gcp.Credentials) (ansible.Result, error) {
	target, delegates := credentials.Impersonates()
	want := gcloud.Login{Account: credentials.Own(), Project: credentials.Project(), Key: credentials.Material()}
	if target != "" {
		want.Impersonate = append(slices.Clone(delegates), target)
	}
	return in.configure(ctx, mode, func(c *gcloud.Configuration) (*gcloud.Plan, error) { return c.Login(want) })
}

func (in params) logout(ctx context.Context, mode ansible.Mode) (ansible.Result, error) {
	return in.configure(ctx, mode, (*gcloud.Configuration).Logout)
}

func (in params) configure(ctx context.Context, mode ansible.Mode, plan func(*gcloud.Configuration) (*gcloud.Plan, error)) (ansible.Result, error) {
	folder, err := gcp.ConfigFolder()
	if err != nil {
		return ansible.Result{}, err
	}
	found, err := gcloud.Observe(folder, in.GcloudConfiguration)
	if err != nil {
		return ansible.Result{}, err
	}
	todo, err := plan(found)
	if err != nil {
		return ansible.Result{}, err
	}
	if mode.Check {
		return ansible.Planned(todo), nil
	}
	err = todo.Apply(ctx)
	return ansible.Applied(todo), err
}
