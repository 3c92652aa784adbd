package gke

import (
	"testing"

	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/stretchr/testify/assert"
)

func TestProgressSaysWhatIsBeingDone(t *testing.T) {
	t.Parallel()
	metric := func(name string, value int64) *containerpb.OperationProgress_Metric {
		return &containerpb.OperationProgress_Metric{Name: name, Value: &containerpb.OperationProgress_Metric_IntValue{IntValue: value}}
	}
	nodes := &containerpb.OperationProgress{Metrics: []*containerpb.OperationProgress_Metric{metric("NODES_TOTAL", 3), metric("NODES_COMPLETE", 1)}}
	cases := map[string]watch{
		"node pool default-pool 1/3 nodes": {seen: &containerpb.Operation{Detail: "Done with 1 out of 3 nodes", Progress: nodes,
			TargetLink: "https://container.googleapis.com/v1/projects/1/zones/europe-west3-a/clusters/initial/nodePools/default-pool"}},
		"cluster is being deployed, node pool default-pool 0/3 nodes": {seen: &containerpb.Operation{Detail: "Cluster is being deployed."}, nodes: "node pool default-pool 0/3 nodes"},
		"node pool default-pool 2/3 nodes":                            {nodes: "node pool default-pool 2/3 nodes", seen: &containerpb.Operation{}},
		"cluster is being deployed":                                   {seen: &containerpb.Operation{Detail: "Cluster is being deployed"}},
		"SET_LABELS is pending": {seen: &containerpb.Operation{
			OperationType: containerpb.Operation_SET_LABELS, Status: containerpb.Operation_PENDING}},
	}
	for text, w := range cases {
		assert.Equal(t, text, w.progress())
	}
}
