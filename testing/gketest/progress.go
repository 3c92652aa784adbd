package gketest

import (
	"fmt"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/protobuf/proto"
)

// stage is a part of an operation as Google tells it: a metric, the detail that gcloud shows, its share of the time.
type stage struct {
	metric, detail string
	share          float64
}

var creation = []stage{
	{"CLUSTER_CONFIGURING", "Cluster is being configured", 0.2},
	{"CLUSTER_DEPLOYING", "Cluster is being deployed", 0.5},
	{"CLUSTER_HEALTHCHECKING", "Cluster is being health-checked", 0.3},
}

// view is the operation as the API tells it now.
func (o *operation) view(cluster string) *containerpb.Operation {
	v := proto.CloneOf(o.Operation)
	if o.OperationType == containerpb.Operation_CREATE_CLUSTER {
		o.tellCreation(v)
	} else if o.nodes > 0 {
		o.tellNodes(v, cluster)
	}
	return v
}

// fraction is how much of the operation is done, below 1 until it is.
func (o *operation) fraction() float64 {
	if o.Status == containerpb.Operation_DONE {
		return 1
	}
	if o.takes == 0 {
		return 0
	}
	return min(0.99, float64(time.Since(o.begin))/float64(o.takes))
}

func (o *operation) tellCreation(v *containerpb.Operation) {
	const steps = 10
	done := o.fraction()
	v.Progress = &containerpb.OperationProgress{Name: o.Name, Status: o.Status}
	for _, s := range creation {
		part := max(0, min(1, done/s.share))
		done -= s.share
		status := containerpb.Operation_RUNNING
		switch {
		case part == 1:
			status = containerpb.Operation_DONE
		case part == 0 && s.metric != creation[0].metric:
			status = containerpb.Operation_PENDING
		case v.Status != containerpb.Operation_DONE:
			v.Detail = s.detail
		}
		v.Progress.Metrics = append(v.Progress.Metrics, metric(s.metric, int64(part*steps)), metric(s.metric+"_TOTAL", steps))
		v.Progress.Stages = append(v.Progress.Stages, &containerpb.OperationProgress{Name: s.metric, Status: status})
	}
}

func (o *operation) tellNodes(v *containerpb.Operation, cluster string) {
	ready := int(o.fraction() * float64(o.nodes))
	v.Progress = &containerpb.OperationProgress{Name: o.Name, Status: o.Status, Metrics: []*containerpb.OperationProgress_Metric{
		metric("NODES_TOTAL", int64(o.nodes)), metric("NODES_FAILED", 0), metric("NODES_COMPLETE", int64(ready)),
	}}
	if v.Status != containerpb.Operation_DONE {
		v.Detail = fmt.Sprintf("Done with %d out of %d nodes (%.1f%%): %d being processed, %d succeeded",
			ready, o.nodes, 100*float64(ready)/float64(o.nodes), min(1, o.nodes-ready), ready)
	}
}

func metric(name string, value int64) *containerpb.OperationProgress_Metric {
	return &containerpb.OperationProgress_Metric{Name: name, Value: &containerpb.OperationProgress_Metric_IntValue{IntValue: value}}
}

// view is the cluster as the API tells it now: while it is made its nodes come one by one, in the last part of the time.
func (s *Server) view(c *cluster) *containerpb.Cluster {
	v := proto.CloneOf(c.Cluster)
	o := s.busy(c.name)
	if o == nil || o.OperationType != containerpb.Operation_CREATE_CLUSTER {
		return v
	}
	late := max(0, (o.fraction()-0.7)/0.3)
	for _, pool := range v.NodePools {
		v.CurrentNodeCount += int32(late * float64(nodes(pool)))
	}
	return v
}

// nodes is how many nodes a pool has: its count in each of its zones.
func nodes(pool *containerpb.NodePool) int32 {
	return pool.InitialNodeCount * int32(max(1, len(pool.Locations)))
}
