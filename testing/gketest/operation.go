package gketest

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

// operation is an operation of the API and what it is to bring about.
type operation struct {
	*containerpb.Operation
	project string
	cluster string // resource name
	pool    string // of an operation on one node pool
	begin   time.Time
	takes   time.Duration
	after   *containerpb.Cluster // what the cluster is afterwards; nil when it is gone
	failure *status.Status       // the operation ends in this
	nodes   int                  // that are replaced or made
}

// change is what a request wants to do to a cluster.
type change struct {
	kind  containerpb.Operation_Type
	pool  string
	after *containerpb.Cluster
	nodes int
}

const apiURL = "https://container.googleapis.com/v1/"

// begin starts an operation on a cluster; the mutex is held.
func (s *Server) begin(c *cluster, wanted change) (*containerpb.Operation, error) {
	o := &operation{
		Operation: &containerpb.Operation{
			Name: operationName(), OperationType: wanted.kind, Status: containerpb.Operation_RUNNING,
			Zone: c.Location, Location: c.Location, StartTime: time.Now().UTC().Format(time.RFC3339Nano),
		},
		project: c.project, cluster: c.name, pool: wanted.pool, begin: time.Now(), takes: s.duration(wanted.kind), after: wanted.after, nodes: wanted.nodes,
	}
	_, number := s.options.Google.APIDisabled(c.project, service)
	parent := "projects/" + number + "/" + locationWord(c.Location) + "/" + c.Location
	o.SelfLink, o.TargetLink = apiURL+parent+"/operations/"+o.Name, apiURL+parent+"/clusters/"+c.Name
	if wanted.pool != "" {
		o.TargetLink += "/nodePools/" + wanted.pool
	}
	o.failure = s.operationFault(c, wanted.kind)
	setStatus(c.Cluster, wanted)
	s.state.operations = append(s.state.operations, o)
	if err := s.save(); err != nil {
		return nil, refuse(codes.Internal, "keep the state: %v", err)
	}
	s.running.Go(func() { s.drive(o) })
	return o.view(c.Name), nil
}

// Updates take a third of a creation, what changes only settings a tenth.
func (s *Server) duration(kind containerpb.Operation_Type) time.Duration {
	switch kind {
	case containerpb.Operation_CREATE_CLUSTER:
		return s.options.OperationTime
	case containerpb.Operation_SET_LABELS, containerpb.Operation_SET_MAINTENANCE_POLICY, containerpb.Operation_SET_NODE_POOL_MANAGEMENT:
		return s.options.OperationTime / 10
	default:
		return s.options.OperationTime / 3
	}
}

func operationName() string {
	random := make([]byte, 16)
	rand.Read(random)
	return fmt.Sprintf("operation-%d-%x-%x-%x-%x-%x", time.Now().UnixMilli(), random[:4], random[4:6], random[6:8], random[8:10], random[10:])
}

// locationWord is how Google's links name a location: v1 still says zones of zones.
func locationWord(location string) string {
	if isZone(location) {
		return "zones"
	}
	return "locations"
}

func setStatus(c *containerpb.Cluster, wanted change) {
	switch wanted.kind {
	case containerpb.Operation_CREATE_CLUSTER:
		c.Status = containerpb.Cluster_PROVISIONING
	case containerpb.Operation_DELETE_CLUSTER:
		c.Status = containerpb.Cluster_STOPPING
	default:
		c.Status = containerpb.Cluster_RECONCILING
	}
	for _, pool := range c.NodePools {
		if pool.Name == wanted.pool || c.Status == containerpb.Cluster_STOPPING {
			pool.Status = map[containerpb.Operation_Type]containerpb.NodePool_Status{
				containerpb.Operation_CREATE_NODE_POOL: containerpb.NodePool_PROVISIONING,
				containerpb.Operation_DELETE_NODE_POOL: containerpb.NodePool_STOPPING,
				containerpb.Operation_DELETE_CLUSTER:   containerpb.NodePool_STOPPING,
			}[wanted.kind]
			if pool.Status == 0 {
				pool.Status = containerpb.NodePool_RECONCILING
			}
		}
	}
}

// resume goes on with the operations that were running when an earlier server ended.
func (s *Server) resume() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, o := range s.state.operations {
		if o.Status != containerpb.Operation_DONE {
			s.running.Go(func() { s.drive(o) })
		}
	}
}

// drive does what the operation is to do, not before its time has come.
func (s *Server) drive(o *operation) {
	s.mutex.Lock()
	c := s.state.clusters[o.cluster]
	s.mutex.Unlock()
	var err error
	if o.OperationType == containerpb.Operation_CREATE_CLUSTER && c.kube == nil && !s.fails(o) {
		err = s.run(c, c.CurrentMasterVersion)
	}
	if err == nil && !s.pause(o) {
		return
	}
	if err == nil && !s.fails(o) {
		err = s.settle(c, o)
	}
	if s.ctx.Err() == nil {
		s.finish(c, o, err)
	}
}

func (s *Server) fails(o *operation) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return o.failure != nil
}

// pause returns when the operation's time has come and operations are not held, and false when the server is closed before.
func (s *Server) pause(o *operation) bool {
	select {
	case <-time.After(time.Until(o.begin.Add(o.takes))):
	case <-s.ctx.Done():
		return false
	}
	s.mutex.Lock()
	held := s.held
	s.mutex.Unlock()
	if held == nil {
		return true
	}
	select {
	case <-held:
		return true
	case <-s.ctx.Done():
		return false
	}
}

func (s *Server) settle(c *cluster, o *operation) error {
	switch o.OperationType {
	case containerpb.Operation_DELETE_CLUSTER:
		return s.remove(c)
	case containerpb.Operation_UPGRADE_MASTER:
		if err := c.stop(); err != nil {
			return err
		}
		return s.run(c, o.after.CurrentMasterVersion)
	default:
		return nil
	}
}

// finish ends an operation: the cluster becomes what was wanted, or stays what it was, or is broken if it never was.
func (s *Server) finish(c *cluster, o *operation, err error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err != nil {
		o.failure = &status.Status{Code: int32(code.Code_INTERNAL), Message: "Internal error: " + err.Error()}
	}
	o.Status, o.EndTime = containerpb.Operation_DONE, time.Now().UTC().Format(time.RFC3339Nano)
	o.Detail = ""
	switch {
	case o.failure != nil:
		o.fail(c.Cluster)
	case o.after == nil:
		delete(s.state.clusters, c.name)
	default:
		c.Cluster = o.after
		rest(c.Cluster, containerpb.Cluster_RUNNING)
	}
	o.after = nil
	if err := s.save(); err != nil {
		o.Error = &status.Status{Code: int32(code.Code_INTERNAL), Message: "keep the state: " + err.Error()}
	}
}

func (o *operation) fail(c *containerpb.Cluster) {
	o.Error, o.StatusMessage = o.failure, o.failure.Message
	condition := &containerpb.StatusCondition{CanonicalCode: code.Code(o.failure.Code), Message: o.failure.Message}
	if strings.Contains(o.failure.Message, "does not have enough resources available") {
		condition.Code = containerpb.StatusCondition_GCE_STOCKOUT
	}
	o.ClusterConditions = append(o.ClusterConditions, condition)
	if o.OperationType != containerpb.Operation_CREATE_CLUSTER {
		rest(c, containerpb.Cluster_RUNNING)
		return
	}
	rest(c, containerpb.Cluster_ERROR)
	c.StatusMessage, c.Conditions = o.failure.Message, []*containerpb.StatusCondition{condition}
}

// rest gives a cluster the status in which nothing is done to it, and a new etag as after every change.
func rest(c *containerpb.Cluster, status containerpb.Cluster_Status) {
	c.Status, c.Etag = status, etag()
	c.CurrentNodeCount = 0
	for _, pool := range c.NodePools {
		pool.Status = map[bool]containerpb.NodePool_Status{true: containerpb.NodePool_RUNNING, false: containerpb.NodePool_ERROR}[status == containerpb.Cluster_RUNNING]
		pool.Etag = etag()
		c.CurrentNodeCount += nodes(pool)
	}
}

// busy is the operation that a cluster has, or nil: one at a time.
func (s *Server) busy(name string) *operation {
	for _, o := range s.state.operations {
		if o.cluster == name && o.Status != containerpb.Operation_DONE {
			return o
		}
	}
	return nil
}

// Hold keeps operations from ending, whatever time has passed, until Release.
func (s *Server) Hold() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.held == nil {
		s.held = make(chan struct{})
	}
}

// Release lets operations end again.
func (s *Server) Release() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.held != nil {
		close(s.held)
		s.held = nil
	}
}

// StartOperation lets Google itself begin something with a cluster: an upgrade of nodes, a repair.
func (s *Server) StartOperation(name string, kind containerpb.Operation_Type) (*containerpb.Operation, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	c, err := s.idle(name)
	if err != nil {
		return nil, err
	}
	return s.begin(c, change{kind: kind, after: proto.CloneOf(c.Cluster), nodes: int(c.CurrentNodeCount)})
}
