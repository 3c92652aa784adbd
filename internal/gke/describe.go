package gke

import (
	"context"
	"encoding/base64"
	"path"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
)

// Describe is what deployments need to know of the cluster that was seen, nil if there is none. Times and addresses are as Google tells them.
func (s *State) Describe() map[string]any {
	c := s.Cluster
	if c == nil {
		return nil
	}
	return map[string]any{
		"name": c.Name, "project": s.Project, "location": c.Location, "status": c.Status.String(), "self_link": c.SelfLink, "create_time": c.CreateTime,
		"endpoint": c.Endpoint, "private_endpoint": privateEndpoint(c), "dns_endpoint": c.GetControlPlaneEndpointsConfig().GetDnsEndpointConfig().GetEndpoint(),
		"ca_certificate": string(authority(c)), "kubernetes_version": c.CurrentMasterVersion, "release_channel": channelName(c.GetReleaseChannel().GetChannel().String()),
		"network": c.Network, "subnetwork": c.Subnetwork, "pod_cidr": podCIDR(c), "service_cidr": serviceCIDR(c),
		"node_count": c.CurrentNodeCount, "node_pools": pools(c), "labels": merged(c.ResourceLabels, nil),
	}
}

func pools(c *containerpb.Cluster) []map[string]any {
	all := []map[string]any{}
	for _, pool := range c.NodePools {
		config := pool.GetConfig()
		all = append(all, map[string]any{
			"name": pool.Name, "status": pool.Status.String(), "version": pool.Version, "locations": pool.Locations,
			"machine_type": config.GetMachineType(), "disk_type": config.GetDiskType(), "disk_size_gb": config.GetDiskSizeGb(), "image_type": config.GetImageType(),
			"service_account": config.GetServiceAccount(), "autoscaling": pool.GetAutoscaling().GetEnabled(),
			"min_nodes": pool.GetAutoscaling().GetMinNodeCount(), "max_nodes": pool.GetAutoscaling().GetMaxNodeCount(),
		})
	}
	return all
}

// authority is the certificate that the cluster's own is signed by, in PEM, or nil before there is one.
func authority(c *containerpb.Cluster) []byte {
	pem, err := base64.StdEncoding.DecodeString(c.GetMasterAuth().GetClusterCaCertificate())
	if err != nil {
		return nil // and so it stays as good as absent
	}
	return pem
}

func privateEndpoint(c *containerpb.Cluster) string {
	return or(c.GetControlPlaneEndpointsConfig().GetIpEndpointsConfig().GetPrivateEndpoint(), c.GetPrivateClusterConfig().GetPrivateEndpoint())
}

func podCIDR(c *containerpb.Cluster) string {
	return or(c.GetIpAllocationPolicy().GetClusterIpv4CidrBlock(), c.ClusterIpv4Cidr)
}

func serviceCIDR(c *containerpb.Cluster) string {
	return or(c.GetIpAllocationPolicy().GetServicesIpv4CidrBlock(), c.ServicesIpv4Cidr)
}

// NodeCIDR asks for the range of the subnetwork that the cluster's nodes are in, which the cluster itself does not tell.
func (s *Session) NodeCIDR(ctx context.Context, state *State) (string, error) {
	wanted := subnetwork(state)
	// The network may be another project's, which shares it.
	request := &containerpb.ListUsableSubnetworksRequest{Parent: "projects/" + state.Project}
	if host := projectOfLink(wanted); host != state.Project {
		request.Filter = "networkProjectId=" + host
	}
	for {
		answer, err := s.api.ListUsableSubnetworks(ctx, request)
		if err != nil {
			return "", err
		}
		for _, found := range answer.Subnetworks {
			if found.Subnetwork == wanted {
				return found.IpCidrRange, nil
			}
		}
		if request.PageToken = answer.NextPageToken; request.PageToken == "" {
			return "", nil
		}
	}
}

// subnetwork is the full name of the cluster's subnetwork.
func subnetwork(s *State) string {
	if full := s.Cluster.GetNetworkConfig().GetSubnetwork(); full != "" {
		return full
	}
	return "projects/" + s.Project + "/regions/" + region(s.Location) + "/subnetworks/" + path.Base(s.Cluster.Subnetwork)
}

func projectOfLink(name string) string {
	project, _, _ := strings.Cut(strings.TrimPrefix(name, "projects/"), "/")
	return project
}
