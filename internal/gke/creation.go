package gke

import (
	"context"
	"fmt"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
)

// What a new cluster gets where a Want says nothing: the settings of metal-stack's role gcp-create, and its deployments' sizes.
const (
	DefaultMachineType    = "e2-standard-8"
	DefaultDiskType       = "pd-standard"
	DefaultDiskSizeGB     = 100
	DefaultImageType      = "COS_CONTAINERD"
	DefaultMinCount       = 1
	DefaultMaxCount       = 3
	DefaultMaxPodsPerNode = 110
)

// scopes are what tokens of the nodes' account are good for; gcloud calls them gke-default.
var scopes = []string{
	"https://www.googleapis.com/auth/devstorage.read_only", "https://www.googleapis.com/auth/logging.write", "https://www.googleapis.com/auth/monitoring",
	"https://www.googleapis.com/auth/servicecontrol", "https://www.googleapis.com/auth/service.management.readonly", "https://www.googleapis.com/auth/trace.append",
}

func (p *Plan) planCreation() error {
	o := offerOf(p.state.offers, p.want.Location, p.want.Channel)
	version, err := o.choose(p.want.Version)
	if err != nil {
		return err
	}
	p.warnOfRapid(version)
	if len(p.state.elsewhere) > 0 {
		p.warn("the project has a cluster %s already, in %s", p.want.Name, strings.Join(p.state.elsewhere, ", "))
	}
	request := &containerpb.CreateClusterRequest{Parent: p.want.parent(), Cluster: p.want.creation(version)}
	pool := request.Cluster.NodePools[0]
	kind := "regional"
	if zonal(p.want.Location) {
		kind = "zonal"
	}
	text := fmt.Sprintf("create the %s cluster with Kubernetes %s and node pool %s: %d %s in each zone%s",
		kind, version, pool.Name, pool.InitialNodeCount, pool.Config.MachineType, scaling(pool.Autoscaling))
	p.after = p.want.wanted(request.Cluster)
	p.steps = append(p.steps, step{text, "create cluster", func(ctx context.Context, api containerpb.ClusterManagerClient) (*containerpb.Operation, error) {
		return api.CreateCluster(ctx, request)
	}})
	return nil
}

func scaling(a *containerpb.NodePoolAutoscaling) string {
	if !a.GetEnabled() {
		return ""
	}
	return fmt.Sprintf(", scaling from %d to %d", a.MinNodeCount, a.MaxNodeCount)
}

// warnOfRapid says what Google does not: a version without a channel enrols a cluster in the most mature channel that has it.
func (p *Plan) warnOfRapid(version string) {
	in := channelsWith(p.state.offers, version)
	if p.want.Channel == "" && len(in) == 1 && in[0] == "RAPID" {
		p.warn("Kubernetes %s is in the release channel RAPID only, which Google enrols the cluster in; set release_channel or kubernetes_version to have another", version)
	}
}

// creation is the cluster as it is asked for. The fields are those that gcloud fills from the options of the role gcp-create.
func (w Want) creation(version string) *containerpb.Cluster {
	c := &containerpb.Cluster{
		Name: w.Name, InitialClusterVersion: version, Network: w.Network, Subnetwork: w.Subnetwork, ResourceLabels: w.Labels,
		MasterAuth:               &containerpb.MasterAuth{}, // no password, also for versions that would make one
		AddonsConfig:             w.newAddons(),
		IpAllocationPolicy:       &containerpb.IPAllocationPolicy{UseIpAliases: true},
		DefaultMaxPodsConstraint: &containerpb.MaxPodsConstraint{MaxPodsPerNode: or(w.MaxPodsPerNode, DefaultMaxPodsPerNode)},
		NodePools:                []*containerpb.NodePool{w.Pool.creation()},
	}
	if w.Channel != "" {
		c.ReleaseChannel = channel(w.Channel)
	}
	if w.Window != nil {
		c.MaintenancePolicy = w.Window.into(nil)
	}
	if w.PrivateNodes != nil {
		c.NetworkConfig = &containerpb.NetworkConfig{DefaultEnablePrivateNodes: w.PrivateNodes}
	}
	c.ControlPlaneEndpointsConfig = w.newEndpoints()
	return c
}

func (w Want) newAddons() *containerpb.AddonsConfig {
	config := &containerpb.AddonsConfig{
		HttpLoadBalancing: &containerpb.HttpLoadBalancing{}, HorizontalPodAutoscaling: &containerpb.HorizontalPodAutoscaling{},
		KubernetesDashboard: &containerpb.KubernetesDashboard{Disabled: true}, NetworkPolicyConfig: &containerpb.NetworkPolicyConfig{Disabled: true},
	}
	for name, wanted := range w.Addons {
		addons[name].set(config, wanted)
	}
	return config
}

func (w Want) newEndpoints() *containerpb.ControlPlaneEndpointsConfig {
	if w.PrivateEndpoint == nil && w.AuthorizedNetworks == nil && w.DNSEndpoint == nil {
		return nil
	}
	config := &containerpb.ControlPlaneEndpointsConfig{}
	if w.DNSEndpoint != nil {
		config.DnsEndpointConfig = &containerpb.ControlPlaneEndpointsConfig_DNSEndpointConfig{AllowExternalTraffic: w.DNSEndpoint}
	}
	if w.PrivateEndpoint != nil || w.AuthorizedNetworks != nil {
		config.IpEndpointsConfig = &containerpb.ControlPlaneEndpointsConfig_IPEndpointsConfig{}
	}
	if w.PrivateEndpoint != nil {
		public := !*w.PrivateEndpoint
		config.IpEndpointsConfig.EnablePublicEndpoint = &public
	}
	if w.AuthorizedNetworks != nil {
		config.IpEndpointsConfig.AuthorizedNetworksConfig = networks(*w.AuthorizedNetworks)
	}
	return config
}

// bounds are the least and the most nodes of a new pool in each zone, and how many it begins with. Of those that are not wanted the
// default makes way for those that are.
func (w Pool) bounds() (low, high, initial int32) {
	low = deref(w.MinCount, DefaultMinCount)
	initial = or(w.InitialCount, max(low, 1))
	return low, deref(w.MaxCount, max(DefaultMaxCount, low, initial)), initial
}

func (w Pool) creation() *containerpb.NodePool {
	low, high, initial := w.bounds()
	pool := &containerpb.NodePool{
		Name: PoolName, InitialNodeCount: initial,
		Management: &containerpb.NodeManagement{AutoUpgrade: deref(w.AutoUpgrade, true), AutoRepair: deref(w.AutoRepair, true)},
		Config: &containerpb.NodeConfig{
			MachineType: or(w.MachineType, DefaultMachineType), DiskType: or(w.DiskType, DefaultDiskType), DiskSizeGb: or(w.DiskSizeGB, DefaultDiskSizeGB),
			ImageType: strings.ToUpper(or(w.ImageType, DefaultImageType)), ServiceAccount: w.ServiceAccount,
			Metadata: map[string]string{"disable-legacy-endpoints": "true"}, OauthScopes: scopes,
		},
	}
	if deref(w.Autoscaling, true) {
		pool.Autoscaling = &containerpb.NodePoolAutoscaling{Enabled: true, MinNodeCount: low, MaxNodeCount: high}
	}
	return pool
}

// wanted is a new cluster for the diff, by the names of the options.
func (w Want) wanted(c *containerpb.Cluster) map[string]any {
	pool := c.NodePools[0]
	all := map[string]any{
		"name": c.Name, "location": w.Location, "kubernetes_version": c.InitialClusterVersion, "max_pods_per_node": c.DefaultMaxPodsConstraint.MaxPodsPerNode,
		"machine_type": pool.Config.MachineType, "disk_type": pool.Config.DiskType, "disk_size_gb": pool.Config.DiskSizeGb, "image_type": pool.Config.ImageType,
		"initial_node_count": pool.InitialNodeCount, "autoscaling": pool.Autoscaling != nil,
		"auto_upgrade": pool.Management.AutoUpgrade, "auto_repair": pool.Management.AutoRepair,
	}
	if pool.Autoscaling != nil {
		all["autoscaling_min_nodes"], all["autoscaling_max_nodes"] = pool.Autoscaling.MinNodeCount, pool.Autoscaling.MaxNodeCount
	}
	for name := range w.Addons {
		all["addons."+name] = w.Addons[name]
	}
	if w.Window != nil {
		all["maintenance_window"] = w.Window.String()
	}
	if w.Channel != "" {
		all["release_channel"] = channelName(w.Channel)
	}
	if len(w.Labels) > 0 {
		all["labels"] = w.Labels
	}
	w.wantedNetwork(all)
	return all
}

func (w Want) wantedNetwork(all map[string]any) {
	for option, text := range map[string]string{"network": w.Network, "subnetwork": w.Subnetwork, "node_service_account": w.Pool.ServiceAccount} {
		if text != "" {
			all[option] = text
		}
	}
	for option, value := range map[string]*bool{"private_nodes": w.PrivateNodes, "private_endpoint": w.PrivateEndpoint, "dns_endpoint": w.DNSEndpoint} {
		if value != nil {
			all[option] = *value
		}
	}
	if w.AuthorizedNetworks != nil {
		all["authorized_networks"] = sorted(*w.AuthorizedNetworks)
	}
}
