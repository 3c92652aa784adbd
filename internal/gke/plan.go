package gke

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
)

// Plan is what is to be done about a cluster, in order. It is applied once.
type Plan struct {
	want          Want
	state         *State
	steps         []step
	done          []string // what Apply has begun, or has seen being done
	applied       bool
	before, after map[string]any
	warnings      []string
	operations    []*containerpb.Operation
}

// step is one request and the operation it begins.
type step struct {
	text  string // a sentence, the step's name too
	doing string // the same in few words, for errors
	ask   func(ctx context.Context, api containerpb.ClusterManagerClient) (*containerpb.Operation, error)
}

// Steps are the steps, each one sentence. Once the plan was applied they are those that were begun, or were found under way and waited
// for.
func (p *Plan) Steps() []string {
	if p.applied {
		return p.done
	}
	texts := []string{}
	for _, s := range p.steps {
		texts = append(texts, s.text)
	}
	return texts
}

// Diff is what the cluster has of what was asked for, and what was asked for, by the names of the options.
func (p *Plan) Diff() (before, after any) { return p.before, p.after }

// Warnings are what is odd but no reason to stop, each a line.
func (p *Plan) Warnings() []string {
	all := slices.Clone(p.warnings)
	if !p.applied && p.state.busy() && !p.adopts() {
		all = append(all, p.state.doing()+" is under way; nothing is changed before it has ended")
	}
	if err := p.state.healthy(p.want); err != nil && !p.applied {
		all = append(all, err.Error())
	}
	return all
}

// Operations are those that Apply began or waited for, in order, as they ended.
func (p *Plan) Operations() []*containerpb.Operation { return p.operations }

// Creates tells whether there is to be a cluster that is not there yet.
func (p *Plan) Creates() bool {
	status := p.state.Cluster.GetStatus()
	return !p.want.Absent && status != containerpb.Cluster_RUNNING && status != containerpb.Cluster_RECONCILING && status != containerpb.Cluster_DEGRADED
}

// State is the newest that was seen of the cluster.
func (p *Plan) State() *State { return p.state }

// Plan compares what was seen with what is wanted. It asks nobody. An error means that what is wanted cannot be had.
func (s *State) Plan(want Want) (*Plan, error) {
	p := &Plan{want: want, state: s, before: map[string]any{}, after: map[string]any{}}
	var err error
	switch {
	case want.Absent:
		err = p.planAbsence()
	case s.Cluster == nil:
		err = p.planCreation()
	case s.Cluster.Status == containerpb.Cluster_STOPPING:
		p.steps = append(p.steps, step{text: "wait for the deletion of the cluster, which is under way"})
		err = p.planCreation()
	case s.broken():
		err = p.planReplacement()
	case s.Cluster.Status == containerpb.Cluster_ERROR:
		err = fmt.Errorf("the cluster is in ERROR (%s); look at it in the console, or delete it (state absent) and run this again", conditions(s.Cluster))
	default:
		err = p.planChanges()
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// adopts tells that what is under way is what is wanted, and waiting for it a step.
func (p *Plan) adopts() bool { return len(p.steps) > 0 && p.steps[0].ask == nil }

func (p *Plan) warn(format string, args ...any) {
	p.warnings = append(p.warnings, fmt.Sprintf(format, args...))
}

func (p *Plan) planAbsence() error {
	c := p.state.Cluster
	if c == nil {
		if len(p.state.elsewhere) > 0 {
			p.warn("there is no cluster %s in %s, but one in %s, which is left alone; check location", p.want.Name, p.want.Location, strings.Join(p.state.elsewhere, ", "))
		}
		if p.state.unlisted != "" {
			p.warn("it could not be checked whether the cluster is in another location: %s", p.state.unlisted)
		}
		return nil
	}
	p.before = summary(c)
	if c.Status == containerpb.Cluster_STOPPING {
		p.steps = append(p.steps, step{text: "wait for the deletion of the cluster, which is under way"})
		return nil
	}
	if p.want.DeletionProtection {
		return errors.New("refusing to delete the cluster: deletion_protection is set; set it to false first")
	}
	p.steps = append(p.steps, p.deletion("delete the cluster with all that is in it"))
	p.warn("load balancers and disks that workloads of the cluster made stay behind and cost money; look for them in the console of project %s", p.want.Project)
	return nil
}

func (p *Plan) deletion(text string) step {
	return step{text: text, doing: "delete cluster", ask: func(ctx context.Context, api containerpb.ClusterManagerClient) (*containerpb.Operation, error) {
		return api.DeleteCluster(ctx, &containerpb.DeleteClusterRequest{Name: p.want.resource()})
	}}
}

// planReplacement is for a cluster that never came up. Google deletes it too, some time.
func (p *Plan) planReplacement() error {
	if p.want.DeletionProtection {
		return fmt.Errorf("the creation of the cluster failed (%s), and deletion_protection keeps what is left of it; set it to false to make the cluster anew",
			failure(p.state.failed))
	}
	p.steps = append(p.steps, p.deletion("delete the cluster, which never ran: its creation failed"))
	return p.planCreation()
}

// planChanges is for a cluster that is there, or is being made.
func (p *Plan) planChanges() error {
	if p.state.Cluster.Status == containerpb.Cluster_PROVISIONING {
		p.steps = append(p.steps, step{text: "wait for the creation of the cluster, which is under way"})
	}
	var refused refusals
	p.compareFixed(&refused)
	p.changeCluster()
	p.changePool(&refused)
	if err := refused.error(); err != nil {
		return err
	}
	if err := p.upgrade(); err != nil {
		return err
	}
	p.changeWindow()
	return nil
}

// differs notes a setting for the diff and tells whether it is other than wanted.
func (p *Plan) differs(option string, actual, wanted any) bool {
	p.before[option], p.after[option] = actual, wanted
	return !reflect.DeepEqual(actual, wanted)
}

// update plans a request for what was seen: if the cluster is another by then, Google refuses it.
func (p *Plan) update(text, doing string, update *containerpb.ClusterUpdate) {
	update.Etag = p.state.Cluster.Etag
	p.steps = append(p.steps, step{text, doing, func(ctx context.Context, api containerpb.ClusterManagerClient) (*containerpb.Operation, error) {
		return api.UpdateCluster(ctx, &containerpb.UpdateClusterRequest{Name: p.want.resource(), Update: update})
	}})
}

// summary is a cluster that is to be deleted, for the diff.
func summary(c *containerpb.Cluster) map[string]any {
	pools := map[string]any{}
	for _, pool := range c.NodePools {
		pools[pool.Name] = pool.GetConfig().GetMachineType()
	}
	return map[string]any{"name": c.Name, "location": c.Location, "status": c.Status.String(), "kubernetes_version": c.CurrentMasterVersion, "node_pools": pools}
}

// merged is the labels with others set over them.
func merged(labels, over map[string]string) map[string]string {
	all := maps.Clone(labels)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, over)
	return all
}
