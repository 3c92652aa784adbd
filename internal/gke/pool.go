package gke

import (
	"context"
	"fmt"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/protobuf/proto"
)

// changePool plans the settings of the node pool, each kind by the request of its own that the API wants.
func (p *Plan) changePool(refused *refusals) {
	pool := p.state.pool()
	if pool == nil {
		p.warnMissingPool()
		return
	}
	p.changeAutoscaling(pool, refused)
	p.changeManagement(pool, refused)
	p.changeMachines(pool)
	p.changeImage(pool)
}

func (p *Plan) warnMissingPool() {
	names := []string{}
	for _, pool := range p.state.Cluster.NodePools {
		names = append(names, pool.Name)
	}
	p.warn("the cluster has no node pool %s (it has %s), so the options about nodes are not compared", PoolName, orNone(strings.Join(names, ", ")))
}

func (p *Plan) changeAutoscaling(pool *containerpb.NodePool, refused *refusals) {
	want, actual := p.want.Pool, pool.GetAutoscaling()
	enabled := deref(want.Autoscaling, actual.GetEnabled())
	changed := want.Autoscaling != nil && p.differs("autoscaling", actual.GetEnabled(), enabled)
	low, high := deref(want.MinCount, actual.GetMinNodeCount()), deref(want.MaxCount, actual.GetMaxNodeCount())
	if enabled && want.MinCount != nil && p.differs("autoscaling_min_nodes", actual.GetMinNodeCount(), low) {
		changed = true
	}
	if enabled && want.MaxCount != nil && p.differs("autoscaling_max_nodes", actual.GetMaxNodeCount(), high) {
		changed = true
	}
	if !changed {
		return
	}
	if enabled && low > high {
		refused.add("autoscaling_max_nodes", high, fmt.Sprintf("autoscaling_min_nodes %d", low))
		return
	}
	wanted, text := &containerpb.NodePoolAutoscaling{}, "turn autoscaling of node pool "+pool.Name+" off"
	if enabled {
		wanted = &containerpb.NodePoolAutoscaling{Enabled: true, MinNodeCount: low, MaxNodeCount: high, LocationPolicy: actual.GetLocationPolicy()}
		text = fmt.Sprintf("let node pool %s scale from %d to %d nodes in each zone", pool.Name, low, high)
	}
	p.steps = append(p.steps, step{text, "set autoscaling", func(ctx context.Context, api containerpb.ClusterManagerClient) (*containerpb.Operation, error) {
		return api.SetNodePoolAutoscaling(ctx, &containerpb.SetNodePoolAutoscalingRequest{Name: p.want.pool(pool.Name), Autoscaling: wanted})
	}})
}

func (p *Plan) changeManagement(pool *containerpb.NodePool, refused *refusals) {
	want, actual := p.want.Pool, pool.GetManagement()
	wanted := proto.CloneOf(actual)
	if wanted == nil {
		wanted = &containerpb.NodeManagement{}
	}
	wanted.UpgradeOptions = nil // output only
	wanted.AutoUpgrade, wanted.AutoRepair = deref(want.AutoUpgrade, actual.GetAutoUpgrade()), deref(want.AutoRepair, actual.GetAutoRepair())
	upgrade := want.AutoUpgrade != nil && p.differs("auto_upgrade", actual.GetAutoUpgrade(), wanted.AutoUpgrade)
	repair := want.AutoRepair != nil && p.differs("auto_repair", actual.GetAutoRepair(), wanted.AutoRepair)
	if !upgrade && !repair {
		return
	}
	// https://cloud.google.com/kubernetes-engine/docs/concepts/release-channels: both are on in every channel
	in := or(p.want.Channel, p.state.Cluster.GetReleaseChannel().GetChannel().String())
	if in != noChannel && !wanted.AutoUpgrade {
		refused.add("auto_upgrade", "on in the release channel "+channelName(in), false)
	}
	if in != noChannel && !wanted.AutoRepair {
		refused.add("auto_repair", "on in the release channel "+channelName(in), false)
	}
	text := fmt.Sprintf("turn automatic upgrade %s and automatic repair %s in node pool %s", onOff(wanted.AutoUpgrade), onOff(wanted.AutoRepair), pool.Name)
	p.steps = append(p.steps, step{text, "set node management", func(ctx context.Context, api containerpb.ClusterManagerClient) (*containerpb.Operation, error) {
		return api.SetNodePoolManagement(ctx, &containerpb.SetNodePoolManagementRequest{Name: p.want.pool(pool.Name), Management: wanted})
	}})
}

// changeMachines replaces the nodes by such of another machine or disk, all in one request: nodes are replaced once.
func (p *Plan) changeMachines(pool *containerpb.NodePool) {
	want, config := p.want.Pool, pool.GetConfig()
	request, texts := &containerpb.UpdateNodePoolRequest{Name: p.want.pool(pool.Name), Etag: pool.Etag}, []string{}
	if want.MachineType != "" && p.differs("machine_type", config.GetMachineType(), want.MachineType) {
		request.MachineType = want.MachineType
		texts = append(texts, fmt.Sprintf("machine_type %s instead of %s", want.MachineType, config.GetMachineType()))
	}
	if want.DiskType != "" && p.differs("disk_type", config.GetDiskType(), want.DiskType) {
		request.DiskType = want.DiskType
		texts = append(texts, fmt.Sprintf("disk_type %s instead of %s", want.DiskType, config.GetDiskType()))
	}
	if want.DiskSizeGB != 0 && p.differs("disk_size_gb", config.GetDiskSizeGb(), want.DiskSizeGB) {
		request.DiskSizeGb = int64(want.DiskSizeGB)
		texts = append(texts, fmt.Sprintf("disk_size_gb %d instead of %d", want.DiskSizeGB, config.GetDiskSizeGb()))
	}
	if len(texts) == 0 {
		return
	}
	p.steps = append(p.steps, step{"replace the nodes of node pool " + pool.Name + ": " + strings.Join(texts, ", "), "replace nodes",
		func(ctx context.Context, api containerpb.ClusterManagerClient) (*containerpb.Operation, error) {
			return api.UpdateNodePool(ctx, request)
		}})
}

func (p *Plan) changeImage(pool *containerpb.NodePool) {
	actual, wanted := pool.GetConfig().GetImageType(), strings.ToUpper(p.want.Pool.ImageType)
	if wanted == "" || !p.differs("image_type", strings.ToUpper(actual), wanted) {
		return
	}
	p.update(fmt.Sprintf("replace the nodes of node pool %s: image_type %s instead of %s", pool.Name, wanted, actual), "replace nodes",
		&containerpb.ClusterUpdate{DesiredNodePoolId: pool.Name, DesiredImageType: wanted})
}
