package main

import (
	"context"
	"fmt"
	"time"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/gke"
)

// subnetworkPatience is how long is asked for what deployments of today want to know, and this module does not need.
const subnetworkPatience = 30 * time.Second

// describe puts the cluster into the result, with the range of its nodes' addresses, which only the network knows.
func describe(ctx context.Context, session *gke.Session, found *gke.State, result *ansible.Result) {
	result.Values = map[string]any{"cluster": map[string]any{}}
	cluster := found.Describe()
	if cluster == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, subnetworkPatience)
	defer cancel()
	cidr, err := session.NodeCIDR(ctx, found)
	if err != nil {
		result.Warnings = append(result.Warnings, fmt.Sprintf("the range of the nodes' addresses is not known: %v", err))
	}
	cluster["node_cidr"] = cidr
	result.Values["cluster"] = cluster
}

func operations(plan *gke.Plan) []map[string]any {
	all := []map[string]any{}
	for _, o := range plan.Operations() {
		all = append(all, map[string]any{
			"name": o.Name, "type": o.OperationType.String(), "status": o.Status.String(), "target": o.TargetLink, "start_time": o.StartTime, "end_time": o.EndTime,
		})
	}
	return all
}

// verdict is the result in a line.
func verdict(found *gke.State, result ansible.Result, mode ansible.Mode) string {
	switch cluster := found.Cluster; {
	case mode.Check && result.Changed:
		return fmt.Sprintf("cluster %s is not as wanted, steps to do: %d", found.Place, len(result.Steps))
	case cluster == nil:
		return fmt.Sprintf("there is no cluster %s", found.Place)
	default:
		return fmt.Sprintf("cluster %s is %s with Kubernetes %s at %s", found.Place, cluster.Status, cluster.CurrentMasterVersion, cluster.Endpoint)
	}
}
