package gke

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"
)

// State is what was seen of a place: one look, nothing of it is renewed.
type State struct {
	Place
	Cluster *containerpb.Cluster // nil where there is none

	under     *containerpb.Operation // what is being done to the cluster or its node pools; nil for nothing
	failed    *containerpb.Operation // the creation that left the cluster in ERROR
	offers    *containerpb.ServerConfig
	elsewhere []string // locations where the project has clusters of that name
	unlisted  string   // why that could not be learned
}

// Observe looks at the cluster, at what is being done to it, and at what else is needed to plan what is wanted. It changes nothing.
func (s *Session) Observe(ctx context.Context, want Want) (*State, error) {
	state := &State{Place: want.Place}
	var err error
	state.Cluster, err = s.api.GetCluster(ctx, &containerpb.GetClusterRequest{Name: want.resource()})
	if err != nil && !notFound(err) {
		return nil, fmt.Errorf("look at the cluster: %w", err)
	}
	if err := s.observeOperations(ctx, state); err != nil {
		return nil, err
	}
	if state.Cluster == nil {
		if err := s.observeElsewhere(ctx, state, want.Absent); err != nil {
			return nil, err
		}
	}
	if state.needsOffers(want) {
		state.offers, err = s.api.GetServerConfig(ctx, &containerpb.GetServerConfigRequest{Name: want.parent()})
		if err != nil {
			return nil, fmt.Errorf("look at what %s offers: %w%s", want.Location, err, state.hint())
		}
	}
	return state, nil
}

func notFound(err error) bool {
	var r *Refusal
	return errors.As(err, &r) && r.Code == codes.NotFound
}

// needsOffers tells whether a version must be chosen.
func (s *State) needsOffers(want Want) bool {
	if want.Absent {
		return false
	}
	if s.Cluster == nil || s.broken() || s.Cluster.Status == containerpb.Cluster_STOPPING {
		return true
	}
	return want.Version != "" && (!matches(s.Cluster.CurrentMasterVersion, want.Version) || !s.nodesMatch(want.Version))
}

func (s *State) nodesMatch(version string) bool {
	pool := s.pool()
	return pool == nil || matches(pool.Version, version)
}

// pool is the node pool that the options are about, or nil if the cluster does not have it.
func (s *State) pool() *containerpb.NodePool {
	for _, pool := range s.Cluster.GetNodePools() {
		if pool.Name == PoolName {
			return pool
		}
	}
	return nil
}

func (s *Session) observeOperations(ctx context.Context, state *State) error {
	all, err := s.api.ListOperations(ctx, &containerpb.ListOperationsRequest{Parent: state.parent()})
	switch {
	case notFound(err) && state.Cluster == nil:
		return nil
	case wrongLocation(err) && state.Cluster == nil:
		return nil // what the location offers, or its absence, says it better
	case err != nil:
		return fmt.Errorf("look at the operations of %s: %w", state.Location, err)
	}
	for _, o := range all.Operations {
		switch {
		case !about(o, state.Name):
		case o.Status != containerpb.Operation_DONE:
			state.under = o
		case o.OperationType == containerpb.Operation_CREATE_CLUSTER && failure(o) != "" && moment(o.StartTime).After(moment(state.failed.GetStartTime())):
			state.failed = o
		}
	}
	return nil
}

func wrongLocation(err error) bool {
	var r *Refusal
	return errors.As(err, &r) && r.Code == codes.InvalidArgument
}

// about tells whether an operation is one on a cluster or on a node pool of it. The API cannot be asked for these alone.
func about(o *containerpb.Operation, name string) bool {
	return strings.HasSuffix(o.TargetLink, "/clusters/"+name) || strings.Contains(o.TargetLink, "/clusters/"+name+"/")
}

// observeElsewhere looks for clusters of the same name in other locations: a mistyped location is the likeliest reason that a cluster
// is not found.
func (s *Session) observeElsewhere(ctx context.Context, state *State, must bool) error {
	all, err := s.api.ListClusters(ctx, &containerpb.ListClustersRequest{Parent: "projects/" + state.Project + "/locations/-"})
	if must && notFound(err) {
		return fmt.Errorf("look for the cluster in project %s: %w", state.Project, err)
	}
	if err != nil {
		state.unlisted = err.Error()
		return nil
	}
	for _, c := range all.Clusters {
		if c.Name == state.Name && c.Location != state.Location {
			state.elsewhere = append(state.elsewhere, c.Location)
		}
	}
	return nil
}

// hint is what a message about a wrong location ends with.
func (s *State) hint() string {
	if len(s.elsewhere) == 0 {
		return ""
	}
	return fmt.Sprintf(" (the project has a cluster %s in %s)", s.Name, strings.Join(s.elsewhere, ", "))
}

// broken tells that the cluster never came up: its creation failed, and nothing can be in it.
// https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters#status: ERROR is unusable
func (s *State) broken() bool {
	const apart = time.Minute // as far apart may be the times of a creation and of what it makes
	return s.Cluster.GetStatus() == containerpb.Cluster_ERROR && s.failed != nil &&
		moment(s.failed.StartTime).After(moment(s.Cluster.CreateTime).Add(-apart))
}

// moment reads a time as Google tells it. What is none is long ago.
func moment(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// busy tells that something is being done to the cluster, whether or not the operation is known.
func (s *State) busy() bool {
	if s.under != nil {
		return true
	}
	switch s.Cluster.GetStatus() {
	case containerpb.Cluster_PROVISIONING, containerpb.Cluster_RECONCILING, containerpb.Cluster_STOPPING:
		return true
	}
	return false
}

// doing names what is being done.
func (s *State) doing() string {
	if s.under == nil {
		return "cluster " + s.Cluster.GetStatus().String()
	}
	return operationText(s.under)
}

func operationText(o *containerpb.Operation) string {
	target := ""
	if strings.Contains(o.TargetLink, "/nodePools/") {
		target = " of node pool " + path.Base(o.TargetLink)
	}
	return fmt.Sprintf("%s (%s%s)", o.Name, o.OperationType, target)
}
