package main

import (
	"context"
	"time"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/gcp"
	"github.com/metal-stack/initial-cluster/internal/gke"
)

// task is one run, once it is known as whom.
type task struct {
	in          params
	credentials *gcp.Credentials
	want        gke.Want
	mode        ansible.Mode
}

// run looks and plans; looking is limited by itself, as only then is known how long the rest may take.
func (t task) run(ctx, looking context.Context) (result ansible.Result, err error) {
	session, err := gke.Open(t.credentials, t.in.APIEndpoint)
	if err != nil {
		return result, err
	}
	defer session.Close()
	found, err := session.Observe(looking, t.want)
	if err != nil {
		return result, err
	}
	plan, err := found.Plan(t.want)
	if err == nil { // what is wrong with the file must not show when a cluster was made
		_, err = t.planKubeconfig(looking, gke.Reach{})
	}
	if err != nil {
		describe(ctx, session, found, &result)
		return result, err
	}
	result, err = t.converge(ctx, session, plan)
	if err == nil {
		err = t.handOut(ctx, plan.State(), &result)
	}
	result.Msg = verdict(plan.State(), result, t.mode)
	return result, err
}

// converge brings the cluster to what is wanted, or in check mode says what that takes.
func (t task) converge(ctx context.Context, session *gke.Session, plan *gke.Plan) (result ansible.Result, err error) {
	if t.mode.Check {
		result = ansible.Planned(plan)
	} else {
		limited, cancel := context.WithTimeout(ctx, t.in.limit(plan))
		defer cancel()
		err = plan.Apply(limited, session)
		result = ansible.Applied(plan)
	}
	result.Warnings = plan.Warnings()
	describe(ctx, session, plan.State(), &result)
	result.Values["operations"] = operations(plan)
	return result, err
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// limit is how long a plan may take.
func (in params) limit(plan *gke.Plan) time.Duration {
	switch {
	case in.State == "absent":
		return seconds(in.DeleteTimeout)
	case plan.Creates():
		return seconds(in.CreateTimeout)
	default:
		return seconds(in.UpdateTimeout)
	}
}
