package gke

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
)

// refusals collects what a cluster cannot become without being made anew.
type refusals []string

func (r *refusals) add(option string, actual, wanted any) {
	*r = append(*r, fmt.Sprintf("%s (is %v, wanted %v)", option, actual, wanted))
}

func (r refusals) error() error {
	if len(r) == 0 {
		return nil
	}
	return errors.New("refusing what cannot be changed in place: " + strings.Join(r, ", ") +
		"; set the options to what the cluster has, or delete it (state absent) and make it anew")
}

// compareFixed compares what only a new cluster or node pool can have.
func (p *Plan) compareFixed(refused *refusals) {
	c, want := p.state.Cluster, p.want
	fixed := func(option string, actual, wanted any) {
		if p.differs(option, actual, wanted) {
			refused.add(option, actual, wanted)
		}
	}
	if want.Network != "" {
		fixed("network", path.Base(c.Network), path.Base(want.Network))
	}
	if want.Subnetwork != "" {
		fixed("subnetwork", path.Base(c.Subnetwork), path.Base(want.Subnetwork))
	}
	if want.MaxPodsPerNode != 0 {
		fixed("max_pods_per_node", c.GetDefaultMaxPodsConstraint().GetMaxPodsPerNode(), want.MaxPodsPerNode)
	}
	if want.PrivateNodes != nil {
		fixed("private_nodes", privateNodes(c), *want.PrivateNodes)
	}
	if pool := p.state.pool(); pool != nil && want.Pool.ServiceAccount != "" {
		fixed("node_service_account", pool.GetConfig().GetServiceAccount(), want.Pool.ServiceAccount)
	}
}

func privateNodes(c *containerpb.Cluster) bool {
	return c.GetNetworkConfig().GetDefaultEnablePrivateNodes() || c.GetPrivateClusterConfig().GetEnablePrivateNodes()
}
