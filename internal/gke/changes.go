package gke

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
)

// changeCluster plans the settings of the cluster as a whole. The API takes one field a request.
func (p *Plan) changeCluster() {
	p.changeLabels()
	p.changeChannel()
	p.changeAddons()
	p.changeEndpoints()
}

// changeLabels sets the labels that are wanted; others stay.
func (p *Plan) changeLabels() {
	c := p.state.Cluster
	actual, sets := map[string]string{}, []string{}
	for _, key := range slices.Sorted(maps.Keys(p.want.Labels)) {
		if value, ok := c.ResourceLabels[key]; ok {
			actual[key] = value
		}
		if value, ok := c.ResourceLabels[key]; !ok || value != p.want.Labels[key] {
			sets = append(sets, key+"="+p.want.Labels[key])
		}
	}
	if len(p.want.Labels) == 0 || !p.differs("labels", actual, p.want.Labels) {
		return
	}
	request := &containerpb.SetLabelsRequest{
		Name: p.want.resource(), ResourceLabels: merged(c.ResourceLabels, p.want.Labels), LabelFingerprint: c.LabelFingerprint,
	}
	p.steps = append(p.steps, step{"set the labels " + strings.Join(sets, ", "), "set labels",
		func(ctx context.Context, api containerpb.ClusterManagerClient) (*containerpb.Operation, error) {
			return api.SetLabels(ctx, request)
		}})
}

func (p *Plan) changeChannel() {
	actual := p.state.Cluster.GetReleaseChannel().GetChannel().String()
	if p.want.Channel == "" || !p.differs("release_channel", channelName(actual), channelName(p.want.Channel)) {
		return
	}
	p.update(fmt.Sprintf("change the release channel from %s to %s", channelName(actual), channelName(p.want.Channel)), "change the release channel",
		&containerpb.ClusterUpdate{DesiredReleaseChannel: channel(p.want.Channel)})
}

func channelName(channel string) string {
	if channel == noChannel {
		return "none"
	}
	return strings.ToLower(channel)
}

func channel(name string) *containerpb.ReleaseChannel {
	return &containerpb.ReleaseChannel{Channel: containerpb.ReleaseChannel_Channel(containerpb.ReleaseChannel_Channel_value[name])}
}

func (p *Plan) changeAddons() {
	update, texts := &containerpb.AddonsConfig{}, []string{}
	for _, name := range slices.Sorted(maps.Keys(p.want.Addons)) {
		wanted := p.want.Addons[name]
		if p.differs("addons."+name, addons[name].has(p.state.Cluster.AddonsConfig), wanted) {
			addons[name].set(update, wanted)
			texts = append(texts, name+" "+onOff(wanted))
		}
	}
	if len(texts) > 0 {
		p.update("turn addons on or off: "+strings.Join(texts, ", "), "change addons", &containerpb.ClusterUpdate{DesiredAddonsConfig: update})
	}
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// changeEndpoints plans how the control plane is reached: one field of the API, in which what is not set stays.
func (p *Plan) changeEndpoints() {
	c := p.state.Cluster.GetControlPlaneEndpointsConfig()
	update, texts := &containerpb.ControlPlaneEndpointsConfig{}, []string{}
	if want := p.want.DNSEndpoint; want != nil && p.differs("dns_endpoint", c.GetDnsEndpointConfig().GetAllowExternalTraffic(), *want) {
		update.DnsEndpointConfig = &containerpb.ControlPlaneEndpointsConfig_DNSEndpointConfig{AllowExternalTraffic: want}
		texts = append(texts, "dns_endpoint "+onOff(*want))
	}
	ip := &containerpb.ControlPlaneEndpointsConfig_IPEndpointsConfig{}
	if want := p.want.PrivateEndpoint; want != nil && p.differs("private_endpoint", !publicEndpointOf(p.state.Cluster), *want) {
		public := !*want
		ip.EnablePublicEndpoint, update.IpEndpointsConfig = &public, ip
		texts = append(texts, "private_endpoint "+onOff(*want))
	}
	if want := p.want.AuthorizedNetworks; want != nil && p.differs("authorized_networks", authorized(p.state.Cluster), sorted(*want)) {
		ip.AuthorizedNetworksConfig, update.IpEndpointsConfig = networks(*want), ip
		texts = append(texts, "authorized_networks "+orNone(strings.Join(*want, ", ")))
	}
	if len(texts) > 0 {
		p.update("change how the control plane is reached: "+strings.Join(texts, "; "), "change the endpoints",
			&containerpb.ClusterUpdate{DesiredControlPlaneEndpointsConfig: update})
	}
}

func orNone(text string) string { return or(text, "none") }

func publicEndpointOf(c *containerpb.Cluster) bool {
	ip := c.GetControlPlaneEndpointsConfig().GetIpEndpointsConfig()
	if ip != nil && ip.EnablePublicEndpoint != nil {
		return *ip.EnablePublicEndpoint
	}
	return !c.GetPrivateClusterConfig().GetEnablePrivateEndpoint()
}

func authorized(c *containerpb.Cluster) []string {
	config := c.GetControlPlaneEndpointsConfig().GetIpEndpointsConfig().GetAuthorizedNetworksConfig()
	if config == nil {
		config = c.GetMasterAuthorizedNetworksConfig()
	}
	blocks := []string{}
	if config.GetEnabled() {
		for _, block := range config.CidrBlocks {
			blocks = append(blocks, block.CidrBlock)
		}
	}
	return sorted(blocks)
}

func sorted(texts []string) []string {
	all := slices.Clone(texts)
	slices.Sort(all)
	return all
}

// networks with no block at all let everybody in: the API calls that not enabled.
func networks(blocks []string) *containerpb.MasterAuthorizedNetworksConfig {
	config := &containerpb.MasterAuthorizedNetworksConfig{Enabled: len(blocks) > 0}
	for _, block := range blocks {
		config.CidrBlocks = append(config.CidrBlocks, &containerpb.MasterAuthorizedNetworksConfig_CidrBlock{CidrBlock: block})
	}
	return config
}

func (p *Plan) changeWindow() {
	if p.want.Window == nil {
		return
	}
	actual, wanted := windowText(p.state.Cluster.MaintenancePolicy), p.want.Window.String()
	if !p.differs("maintenance_window", actual, wanted) {
		return
	}
	policy := p.want.Window.into(p.state.Cluster.MaintenancePolicy)
	p.steps = append(p.steps, step{"set the maintenance window to " + wanted, "set the maintenance window",
		func(ctx context.Context, api containerpb.ClusterManagerClient) (*containerpb.Operation, error) {
			return api.SetMaintenancePolicy(ctx, &containerpb.SetMaintenancePolicyRequest{Name: p.want.resource(), MaintenancePolicy: policy})
		}})
}
