package gketest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"regexp"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

// namePattern is Google's own text for names of clusters and node pools.
const namePattern = `(?:[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?)`

var validName = regexp.MustCompile("^" + namePattern + "$")

// CreateCluster begins a creation.
func (s *Server) CreateCluster(ctx context.Context, r *containerpb.CreateClusterRequest) (*containerpb.Operation, error) {
	project, location, _ := place(r.Parent)
	if err := checkLocation(location); err != nil {
		return nil, err
	}
	if r.Cluster == nil {
		return nil, refuse(codes.InvalidArgument, "Cluster must be set.")
	}
	c := &cluster{Cluster: proto.CloneOf(r.Cluster), project: project, name: r.Parent + "/clusters/" + r.Cluster.Name}
	if err := checkCluster(c.Cluster, location); err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if _, there := s.state.clusters[c.name]; there {
		return nil, refuse(codes.AlreadyExists, "Already exists: %s.", told(c.name))
	}
	if err := s.checkProject(ctx, c); err != nil {
		return nil, err
	}
	if err := s.fill(c, location); err != nil {
		return nil, err
	}
	if err := s.checkQuota(c); err != nil {
		return nil, err
	}
	s.state.clusters[c.name] = c
	after := proto.CloneOf(c.Cluster)
	for _, pool := range c.NodePools {
		pool.Status = containerpb.NodePool_PROVISIONING
	}
	return s.begin(c, change{kind: containerpb.Operation_CREATE_CLUSTER, after: after})
}

// checkCluster refuses what is wrong in itself.
func checkCluster(c *containerpb.Cluster, location string) error {
	if !validName.MatchString(c.Name) {
		return refuse(codes.InvalidArgument, "Invalid value for field \"cluster.name\": %q. Must be a match of regex '%s'.", c.Name, namePattern)
	}
	if len(c.NodePools) > 0 && (c.InitialNodeCount != 0 || c.NodeConfig != nil) {
		return refuse(codes.InvalidArgument, "Cluster.initial_node_count and Cluster.node_config must not be set with Cluster.node_pools.")
	}
	if len(c.NodePools) == 0 && c.InitialNodeCount == 0 && !c.GetAutopilot().GetEnabled() {
		return refuse(codes.InvalidArgument, "Cluster.initial_node_count must be greater than zero.")
	}
	if len(c.NodePools) == 0 {
		c.NodePools = []*containerpb.NodePool{{Name: "default-pool", InitialNodeCount: c.InitialNodeCount, Config: c.NodeConfig}}
		c.InitialNodeCount, c.NodeConfig = 0, nil
	}
	if c.GetMasterAuth().GetUsername() != "" {
		return refuse(codes.InvalidArgument, "Basic authentication was removed for GKE cluster versions >= 1.19. The cluster cannot be created with basic authentication enabled.")
	}
	if pods := c.GetDefaultMaxPodsConstraint().GetMaxPodsPerNode(); c.DefaultMaxPodsConstraint != nil && (pods < 8 || pods > 256) {
		return refuse(codes.InvalidArgument, "Invalid value for field \"cluster.default_max_pods_constraint.max_pods_per_node\": %d. Must be between 8 and 256.", pods)
	}
	for _, pool := range c.NodePools {
		if err := checkPool(pool, location); err != nil {
			return err
		}
	}
	return checkWindow(c.MaintenancePolicy)
}

// checkProject refuses what the project does not have.
func (s *Server) checkProject(ctx context.Context, c *cluster) error {
	if c.Network == "" {
		c.Network = "default"
	}
	if !contains(s.networksOf(c.project), c.Network) {
		return refuse(codes.InvalidArgument, "Project %q has no network named %q.", c.project, c.Network)
	}
	for _, pool := range c.NodePools {
		if err := s.checkNodeAccount(ctx, c.project, pool.GetConfig().GetServiceAccount()); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) fill(c *cluster, location string) error {
	version, in, err := chooseVersion(location, c.InitialClusterVersion, c.ReleaseChannel)
	if err != nil {
		return err
	}
	for _, pool := range c.NodePools {
		if m := pool.Management; in != containerpb.ReleaseChannel_UNSPECIFIED && m != nil {
			if err := checkManagement(m, in); err != nil {
				return err
			}
		}
		if pool.Version != "" && pool.Version != "-" && newest([]string{version}, pool.Version) == "" {
			return refuse(codes.InvalidArgument, "Node version %q must match the cluster version %q.", pool.Version, version)
		}
	}
	c.ReleaseChannel = &containerpb.ReleaseChannel{Channel: in}
	c.InitialClusterVersion, c.CurrentMasterVersion, c.CurrentNodeVersion = version, version, version
	s.state.made++
	fillCluster(c, location)
	fillNetwork(c, s.state.made, location)
	for _, pool := range c.NodePools {
		fillPool(c, pool, version)
	}
	return nil
}

// fillCluster sets what Google sets.
func fillCluster(c *cluster, location string) {
	c.Id, c.Etag, c.LabelFingerprint = random(32), etag(), fingerprint()
	c.Location, c.Zone = location, location
	c.SelfLink = apiURL + told(c.name)
	c.CreateTime = time.Now().UTC().Format(time.RFC3339)
	if len(c.Locations) == 0 {
		c.Locations = zones(location)
	}
	c.MasterAuth = &containerpb.MasterAuth{ClientCertificateConfig: &containerpb.ClientCertificateConfig{}}
	c.LegacyAbac = orNew(c.LegacyAbac)
	c.LoggingService, c.MonitoringService = or(c.LoggingService, "logging.googleapis.com/kubernetes"), or(c.MonitoringService, "monitoring.googleapis.com/kubernetes")
	c.DefaultMaxPodsConstraint = orNew(c.DefaultMaxPodsConstraint)
	c.DefaultMaxPodsConstraint.MaxPodsPerNode = or(c.DefaultMaxPodsConstraint.MaxPodsPerNode, 110)
	c.NodeIpv4CidrSize = 24
	c.MaintenancePolicy = orNew(c.MaintenancePolicy)
	fillPolicy(c.MaintenancePolicy)
	c.AddonsConfig = orNew(c.AddonsConfig)
	c.AddonsConfig.KubernetesDashboard = &containerpb.KubernetesDashboard{Disabled: true}
	if c.AddonsConfig.NetworkPolicyConfig == nil {
		c.AddonsConfig.NetworkPolicyConfig = &containerpb.NetworkPolicyConfig{Disabled: true}
	}
	if c.AddonsConfig.GcePersistentDiskCsiDriverConfig == nil {
		c.AddonsConfig.GcePersistentDiskCsiDriverConfig = &containerpb.GcePersistentDiskCsiDriverConfig{Enabled: true}
	}
	if c.ShieldedNodes == nil {
		c.ShieldedNodes = &containerpb.ShieldedNodes{Enabled: true}
	}
	c.Autopilot, c.Autoscaling = orNew(c.Autopilot), orNew(c.Autoscaling)
	c.Autoscaling.AutoscalingProfile = containerpb.ClusterAutoscaling_BALANCED
	c.DatabaseEncryption = &containerpb.DatabaseEncryption{State: containerpb.DatabaseEncryption_DECRYPTED}
}

// fillNetwork sets addresses; each cluster has a pod range of its own, as at Google from 10.4.0.0/14 on, and the service range which
// Google manages.
func fillNetwork(c *cluster, count int, location string) {
	c.Subnetwork = or(c.Subnetwork, c.Network)
	c.ClusterIpv4Cidr = or(c.ClusterIpv4Cidr, fmt.Sprintf("10.%d.0.0/14", 4*(1+count%30)))
	c.ServicesIpv4Cidr = "34.118.224.0/20"
	p := orNew(c.IpAllocationPolicy)
	c.IpAllocationPolicy = p
	p.UseIpAliases, p.StackType = true, containerpb.StackType_IPV4
	p.ClusterIpv4CidrBlock = or(p.ClusterIpv4CidrBlock, c.ClusterIpv4Cidr)
	p.ServicesIpv4CidrBlock = or(p.ServicesIpv4CidrBlock, c.ServicesIpv4Cidr)
	c.ClusterIpv4Cidr, c.ServicesIpv4Cidr = p.ClusterIpv4CidrBlock, p.ServicesIpv4CidrBlock
	p.ClusterIpv4Cidr, p.ServicesIpv4Cidr = p.ClusterIpv4CidrBlock, p.ServicesIpv4CidrBlock
	p.ClusterSecondaryRangeName = or(p.ClusterSecondaryRangeName, "gke-"+c.Name+"-pods-"+c.Id[:8])
	c.NetworkConfig = orNew(c.NetworkConfig)
	c.NetworkConfig.Network = "projects/" + c.project + "/global/networks/" + c.Network
	c.NetworkConfig.Subnetwork = "projects/" + c.project + "/regions/" + regionOf(location) + "/subnetworks/" + c.Subnetwork
	c.PrivateClusterConfig = orNew(c.PrivateClusterConfig)
	c.PrivateClusterConfig.PrivateEndpoint = fmt.Sprintf("10.156.0.%d", 2+count%200)
	e := orNew(c.ControlPlaneEndpointsConfig)
	c.ControlPlaneEndpointsConfig = e
	e.DnsEndpointConfig = orNew(e.DnsEndpointConfig)
	e.DnsEndpointConfig.Endpoint = "gke-" + c.Id[:32] + "." + regionOf(location) + ".gke.goog"
	e.IpEndpointsConfig = orNew(e.IpEndpointsConfig)
	yes := true
	e.IpEndpointsConfig.Enabled = &yes
	if e.IpEndpointsConfig.EnablePublicEndpoint == nil {
		e.IpEndpointsConfig.EnablePublicEndpoint = &yes
	}
	e.IpEndpointsConfig.PrivateEndpoint = c.PrivateClusterConfig.PrivateEndpoint
}

// orNew is the message, or an empty one for none.
func orNew[T any](m *T) *T {
	if m == nil {
		return new(T)
	}
	return m
}

// or is the first value unless it is empty.
func or[T comparable](value, otherwise T) T {
	if value == *new(T) {
		return otherwise
	}
	return value
}

func random(bytes int) string {
	made := make([]byte, bytes)
	rand.Read(made)
	return hex.EncodeToString(made)
}

func etag() string        { return random(16) }
func fingerprint() string { return random(4) }
