package gke

import (
	"context"
	"fmt"

	"cloud.google.com/go/container/apiv1/containerpb"
)

// mostSkew is how many minor versions nodes may be behind the control plane.
// https://cloud.google.com/kubernetes-engine/versioning#version_skew_policy
const mostSkew = 2

// upgrade plans versions, upward only: the control plane one minor version at a time, the nodes behind it. What is newer than wanted
// already stays, as what an alias names already does, though something newer may be on offer.
func (p *Plan) upgrade() error {
	wanted := p.want.Version
	if wanted == "" {
		return nil
	}
	at, nodes := p.state.Cluster.CurrentMasterVersion, nodeVersion(p.state)
	target := at
	if !matches(at, wanted) {
		found, err := p.target(at)
		if err != nil {
			return err
		}
		target = found
	}
	p.differs("kubernetes_version", at, target)
	for at != target {
		next, err := p.hop(at, target)
		if err != nil {
			return err
		}
		if nodes != "" && minor(next)-minor(nodes) > mostSkew {
			p.upgradeNodes(nodes, at)
			nodes = at
		}
		p.upgradeMaster(at, next)
		at = next
	}
	if nodes != "" && !matches(nodes, wanted) && older(nodes, at) {
		p.differs("node_version", nodes, at)
		p.upgradeNodes(nodes, at)
	}
	return nil
}

func nodeVersion(s *State) string {
	if pool := s.pool(); pool != nil {
		return pool.Version
	}
	return ""
}

// target is the version to go to: the one that is there if it is newer than what is wanted.
func (p *Plan) target(at string) (string, error) {
	o := p.offer()
	found := newest(o.versions, p.want.Version)
	switch {
	case found != "" && older(at, found):
		return found, nil
	case found != "" || older(p.want.Version, at):
		return at, nil
	}
	return "", o.lacks(p.want.Version)
}

// offer is what the cluster's channel, or the one that is wanted for it, offers.
func (p *Plan) offer() offer {
	return offerOf(p.state.offers, p.want.Location, or(p.want.Channel, p.state.Cluster.GetReleaseChannel().GetChannel().String()))
}

// hop is the next version on the way: the target if it is at most a minor version away.
func (p *Plan) hop(at, target string) (string, error) {
	if minor(target) <= minor(at)+1 {
		return target, nil
	}
	between := fmt.Sprintf("%d.%d", numbers(at)[0], minor(at)+1)
	for _, versions := range [][]string{p.offer().versions, p.state.offers.GetValidMasterVersions()} {
		if next := newest(versions, between); next != "" {
			return next, nil
		}
	}
	return "", fmt.Errorf("the way from %s to %s leads over Kubernetes %s, which %s does not offer any more; make the cluster anew, or wait for Google to upgrade it",
		at, target, between, p.want.Location)
}

func (p *Plan) upgradeMaster(from, to string) {
	p.steps = append(p.steps, step{fmt.Sprintf("upgrade the control plane from %s to %s", from, to), "upgrade the control plane",
		func(ctx context.Context, api containerpb.ClusterManagerClient) (*containerpb.Operation, error) {
			return api.UpdateMaster(ctx, &containerpb.UpdateMasterRequest{Name: p.want.resource(), MasterVersion: to})
		}})
}

func (p *Plan) upgradeNodes(from, to string) {
	p.steps = append(p.steps, step{fmt.Sprintf("upgrade the nodes of node pool %s from %s to %s", PoolName, from, to), "upgrade nodes",
		func(ctx context.Context, api containerpb.ClusterManagerClient) (*containerpb.Operation, error) {
			return api.UpdateNodePool(ctx, &containerpb.UpdateNodePoolRequest{Name: p.want.pool(PoolName), NodeVersion: to, Etag: p.state.pool().GetEtag()})
		}})
}
