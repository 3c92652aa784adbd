package gketest

import (
	"context"
	"maps"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

// GetCluster tells one cluster.
func (s *Server) GetCluster(_ context.Context, r *containerpb.GetClusterRequest) (*containerpb.Cluster, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	c := s.state.clusters[r.Name]
	if c == nil {
		return nil, notFound(r.Name)
	}
	return s.view(c), nil
}

// ListClusters tells those of a location, or with - of all.
func (s *Server) ListClusters(_ context.Context, r *containerpb.ListClustersRequest) (*containerpb.ListClustersResponse, error) {
	project, location, _ := place(r.Parent)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	answer := &containerpb.ListClustersResponse{}
	for _, name := range slices.Sorted(maps.Keys(s.state.clusters)) {
		c := s.state.clusters[name]
		if c.project == project && (location == "-" || location == c.Location) {
			answer.Clusters = append(answer.Clusters, s.view(c))
		}
	}
	return answer, nil
}

// DeleteCluster begins a deletion.
func (s *Server) DeleteCluster(_ context.Context, r *containerpb.DeleteClusterRequest) (*containerpb.Operation, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	c, err := s.idle(r.Name)
	if err != nil {
		return nil, err
	}
	return s.begin(c, change{kind: containerpb.Operation_DELETE_CLUSTER})
}

// idle is a cluster to which nothing is done; the mutex is held.
func (s *Server) idle(name string) (*cluster, error) {
	c := s.state.clusters[name]
	if c == nil {
		return nil, notFound(name)
	}
	o := s.busy(name)
	if o == nil {
		return c, nil
	}
	if o.pool != "" {
		return nil, refuse(codes.FailedPrecondition, "Cluster is running incompatible operation %s.", o.Name)
	}
	return nil, refuse(codes.FailedPrecondition, "Operation %s is currently %s cluster %s. Please wait and try again once it is done.",
		o.Name, doing(o.OperationType), c.Name)
}

func doing(kind containerpb.Operation_Type) string {
	switch kind {
	case containerpb.Operation_CREATE_CLUSTER:
		return "creating"
	case containerpb.Operation_DELETE_CLUSTER:
		return "deleting"
	case containerpb.Operation_UPGRADE_MASTER, containerpb.Operation_UPGRADE_NODES, containerpb.Operation_AUTO_UPGRADE_NODES:
		return "upgrading"
	case containerpb.Operation_REPAIR_CLUSTER, containerpb.Operation_AUTO_REPAIR_NODES:
		return "repairing"
	default:
		return "updating"
	}
}

// change begins an operation that makes of the cluster what edit makes of its copy. The cluster is named or is that of the named
// node pool, whose own name edit needs.
func (s *Server) change(name string, kind containerpb.Operation_Type, etag string, edit func(c *cluster, after *containerpb.Cluster) error) (*containerpb.Operation, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	c, err := s.idle(clusterName(name))
	if err != nil {
		return nil, err
	}
	if c.Status != containerpb.Cluster_RUNNING && c.Status != containerpb.Cluster_DEGRADED {
		return nil, refuse(codes.FailedPrecondition, "Cluster %q is in status %s; it must be RUNNING.", c.Name, c.Status)
	}
	wanted := change{kind: kind, after: proto.CloneOf(c.Cluster)}
	if _, _, below := place(name); len(below) > 1 {
		wanted.pool = below[1]
		pool := poolOf(c.Cluster, wanted.pool)
		if pool == nil {
			return nil, notFound(name)
		}
		if etag != "" && etag != pool.Etag {
			return nil, refuse(codes.Aborted, "Node pool etag %q does not match the current %q.", etag, pool.Etag)
		}
		if replacesNodes[kind] {
			wanted.nodes = int(nodes(pool))
		}
	} else if etag != "" && etag != c.Etag {
		return nil, refuse(codes.Aborted, "Cluster etag %q does not match the current %q.", etag, c.Etag)
	}
	if err := edit(c, wanted.after); err != nil {
		return nil, err
	}
	return s.begin(c, wanted)
}

var replacesNodes = map[containerpb.Operation_Type]bool{
	containerpb.Operation_UPGRADE_NODES: true, containerpb.Operation_CREATE_NODE_POOL: true, containerpb.Operation_SET_NODE_POOL_SIZE: true,
}

func poolOf(c *containerpb.Cluster, name string) *containerpb.NodePool {
	for _, pool := range c.NodePools {
		if pool.Name == name {
			return pool
		}
	}
	return nil
}

// SetLabels replaces the labels; the request must carry the fingerprint it has read.
func (s *Server) SetLabels(_ context.Context, r *containerpb.SetLabelsRequest) (*containerpb.Operation, error) {
	return s.change(r.Name, containerpb.Operation_SET_LABELS, "", func(c *cluster, after *containerpb.Cluster) error {
		if r.LabelFingerprint != c.LabelFingerprint {
			return refuse(codes.Aborted, "Labels could not be set due to fingerprint mismatch.")
		}
		after.ResourceLabels, after.LabelFingerprint = r.ResourceLabels, fingerprint()
		return nil
	})
}

// GetOperation tells an operation.
func (s *Server) GetOperation(_ context.Context, r *containerpb.GetOperationRequest) (*containerpb.Operation, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	o := s.operation(r.Name)
	if o == nil {
		return nil, notFound(r.Name)
	}
	return o.told(), nil
}

func (o *operation) told() *containerpb.Operation {
	_, _, below := place(o.cluster)
	return o.view(below[0])
}

func (s *Server) operation(name string) *operation {
	project, location, below := place(name)
	for _, o := range s.state.operations {
		if len(below) == 1 && o.Name == below[0] && o.project == project && o.Location == location {
			return o
		}
	}
	return nil
}

// ListOperations tells those of a location, or with - of all.
func (s *Server) ListOperations(_ context.Context, r *containerpb.ListOperationsRequest) (*containerpb.ListOperationsResponse, error) {
	project, location, _ := place(r.Parent)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	answer := &containerpb.ListOperationsResponse{}
	for _, o := range s.state.operations {
		if o.project == project && (location == "-" || location == o.Location) {
			answer.Operations = append(answer.Operations, o.told())
		}
	}
	return answer, nil
}

// Cluster is what the API would tell of a cluster (projects/P/locations/L/clusters/N), or nil.
func (s *Server) Cluster(name string) *containerpb.Cluster {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if c := s.state.clusters[name]; c != nil {
		return s.view(c)
	}
	return nil
}

// Clusters are the resource names of all clusters.
func (s *Server) Clusters() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Sorted(maps.Keys(s.state.clusters))
}

// Kubeconfig is the path of a kubeconfig with all rights in a cluster's Kubernetes, or empty if none runs.
func (s *Server) Kubeconfig(name string) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if c := s.state.clusters[name]; c != nil && c.kube != nil {
		return c.kube.Kubeconfig()
	}
	return ""
}

// Operations are the operations on a cluster, the oldest first.
func (s *Server) Operations(name string) []*containerpb.Operation {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var all []*containerpb.Operation
	for _, o := range s.state.operations {
		if o.cluster == name {
			all = append(all, o.told())
		}
	}
	return all
}

// Change changes a cluster behind everybody's back, as someone in the console does.
func (s *Server) Change(name string, edit func(*containerpb.Cluster)) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	c := s.state.clusters[name]
	if c == nil {
		return notFound(name)
	}
	edit(c.Cluster)
	c.Etag = etag()
	return s.save()
}

// CancelOperation stops what can be stopped: a change of nodes.
func (s *Server) cancelOperation(name string) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	o := s.operation(name)
	switch {
	case o == nil:
		return notFound(name)
	case o.Status == containerpb.Operation_DONE:
		return refuse(codes.FailedPrecondition, "Operation %s is already done.", o.Name)
	case !strings.Contains(o.OperationType.String(), "NODE"):
		return refuse(codes.FailedPrecondition, "Operation %s of type %s cannot be cancelled.", o.Name, o.OperationType)
	}
	o.Status = containerpb.Operation_ABORTING
	o.failure = cancelled(o.Name)
	return s.save()
}
