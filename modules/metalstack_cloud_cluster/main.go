// Command metalstack_cloud_cluster is the Ansible module metalstack.initial_cluster.metalstack_cloud_cluster.
package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/metalstackcloud"
)

// pace is how fast metalstack.cloud is asked.
var pace = metalstackcloud.DefaultPace

func main() { ansible.Main(spec, run) }

func run(ctx context.Context, in params, mode ansible.Mode) (ansible.Result, error) {
	want, problems := in.want()
	if len(problems) > 0 {
		return ansible.Result{}, errors.New(strings.Join(problems, "; "))
	}
	ansible.Conceal(ctx, strings.TrimSpace(in.APIToken))
	ctx, cancel := context.WithTimeout(ctx, time.Duration(in.ClusterTimeout)*time.Second)
	defer cancel()
	cloud, err := metalstackcloud.Open(ctx, metalstackcloud.Access{Token: in.APIToken, URL: in.APIURL, Project: in.Project, Pace: pace})
	if err != nil {
		return ansible.Result{}, err
	}
	found, err := cloud.Observe(ctx, want)
	if err != nil {
		return ansible.Result{}, err
	}
	plan, err := found.Plan(want)
	if err != nil {
		return ansible.Result{}, err
	}
	credential, err := in.credential(ctx, cloud, found)
	if err != nil {
		return ansible.Result{}, err
	}
	if !mode.Check {
		if err = plan.Apply(ctx); err == nil {
			err = credential.apply(ctx, plan.Found())
		} else {
			credential.steps = nil
		}
	}
	return in.result(plan, credential, mode), err
}

// result is both halves of the work in one.
func (in params) result(plan *metalstackcloud.Plan, credential *credential, mode ansible.Mode) ansible.Result {
	result := ansible.Planned(plan)
	if in.Kubeconfig != "" {
		result.Steps = append(result.Steps, credential.steps...)
		result.Diff = append(result.Diff, ansible.Diff{Before: credential.before, After: credential.after})
	}
	result.Changed = len(result.Steps) > 0
	result.Warnings = credential.warnings
	result.Values = map[string]any{}
	if told := plan.Found().Describe(); told != nil {
		result.Values["cluster"] = told
	}
	if in.Kubeconfig != "" && in.State == "present" {
		result.Values["kubeconfig"], result.Values["context"] = in.Kubeconfig, credential.name
	}
	result.Msg = in.verdict(result, mode)
	return result
}

func (in params) verdict(result ansible.Result, mode ansible.Mode) string {
	switch {
	case !result.Changed && in.State == "absent":
		return "there is no cluster " + in.Name
	case !result.Changed:
		return "cluster " + in.Name + " is as it is wanted"
	case mode.Check:
		return "would change: " + strings.Join(result.Steps, "; ")
	default:
		return "done: " + strings.Join(result.Steps, "; ")
	}
}
