package gketest

import (
	"slices"
	"strconv"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"
)

var (
	imageTypes = []string{"COS_CONTAINERD", "UBUNTU_CONTAINERD", "WINDOWS_LTSC_CONTAINERD"}
	diskTypes  = []string{"pd-standard", "pd-balanced", "pd-ssd", "hyperdisk-balanced"}
	families   = []string{"e2", "n1", "n2", "n2d", "n4", "c2", "c2d", "c3", "c3d", "c4", "t2d", "t2a", "m1", "m3"}
	shapes     = []string{"standard", "highmem", "highcpu"}
	// Google's default for nodes, where a request names none.
	defaultScopes = []string{
		"https://www.googleapis.com/auth/devstorage.read_only", "https://www.googleapis.com/auth/logging.write", "https://www.googleapis.com/auth/monitoring",
		"https://www.googleapis.com/auth/service.management.readonly", "https://www.googleapis.com/auth/servicecontrol", "https://www.googleapis.com/auth/trace.append",
	}
)

func contains(all []string, one string) bool { return slices.Contains(all, one) }

// checkPool refuses what is wrong in a node pool by itself.
func checkPool(p *containerpb.NodePool, location string) error {
	if !validName.MatchString(p.Name) {
		return refuse(codes.InvalidArgument, "Invalid value for field \"node_pool.name\": %q. Must be a match of regex '%s'.", p.Name, namePattern)
	}
	if p.InitialNodeCount < 0 || p.InitialNodeCount > 1000 {
		return refuse(codes.InvalidArgument, "Invalid value for field \"node_pool.initial_node_count\": %d. Must be between 0 and 1000.", p.InitialNodeCount)
	}
	if err := checkConfig(p.GetConfig(), location); err != nil {
		return err
	}
	return checkAutoscaling(p.GetAutoscaling(), p.InitialNodeCount)
}

func checkConfig(config *containerpb.NodeConfig, location string) error {
	if err := checkMachine(config.GetMachineType(), location); err != nil {
		return err
	}
	if err := checkImage(config.GetImageType()); err != nil {
		return err
	}
	return checkDisk(config.GetDiskType(), int64(config.GetDiskSizeGb()), location)
}

func checkMachine(machine, location string) error {
	if machine != "" && cpus(machine) == 0 {
		return refuse(codes.InvalidArgument, "Machine type with name %q does not exist in zone %q.", machine, zones(location)[0])
	}
	return nil
}

// cpus is how many CPUs a machine type has, as its name tells, and 0 for none there is.
func cpus(machine string) int {
	if fixed, ok := map[string]int{"e2-micro": 2, "e2-small": 2, "e2-medium": 2, "f1-micro": 1, "g1-small": 1}[machine]; ok {
		return fixed
	}
	parts := strings.Split(machine, "-")
	if len(parts) != 3 || !contains(families, parts[0]) || !contains(shapes, parts[1]) {
		return 0
	}
	count, err := strconv.Atoi(parts[2])
	if err != nil || count < 1 || count > 224 || count > 32 && parts[0] == "e2" {
		return 0
	}
	return count
}

func checkImage(image string) error {
	if image != "" && !contains(imageTypes, strings.ToUpper(image)) {
		return refuse(codes.InvalidArgument, "Node image type %q is not supported. Valid image types: %s.", image, strings.Join(imageTypes, ", "))
	}
	return nil
}

func checkDisk(kind string, size int64, location string) error {
	if kind != "" && !contains(diskTypes, kind) {
		return refuse(codes.InvalidArgument, "Disk type with name %q does not exist in zone %q.", kind, zones(location)[0])
	}
	if size != 0 && (size < 10 || size > 65536) {
		return refuse(codes.InvalidArgument, "Invalid value for field \"node_config.disk_size_gb\": %d. Must be between 10 and 65536.", size)
	}
	return nil
}

func checkAutoscaling(a *containerpb.NodePoolAutoscaling, initial int32) error {
	if !a.GetEnabled() {
		return nil
	}
	total := a.TotalMinNodeCount != 0 || a.TotalMaxNodeCount != 0
	low, high := a.MinNodeCount, a.MaxNodeCount
	switch {
	case total && (low != 0 || high != 0):
		return refuse(codes.InvalidArgument, "Cannot set both per-zone node counts and total node counts in node pool autoscaling.")
	case total:
		low, high = a.TotalMinNodeCount, a.TotalMaxNodeCount
	}
	switch {
	case high < 1:
		return refuse(codes.InvalidArgument, "Node pool autoscaling: max_node_count must be greater than zero.")
	case low < 0 || low > high:
		return refuse(codes.InvalidArgument, "Node pool autoscaling: min_node_count (%d) must not be greater than max_node_count (%d).", low, high)
	case !total && initial != 0 && (initial < low || initial > high):
		return refuse(codes.InvalidArgument, "Node pool autoscaling: initial_node_count (%d) must be between min_node_count (%d) and max_node_count (%d).", initial, low, high)
	}
	return nil
}

// checkManagement refuses what a release channel does not let one turn off.
func checkManagement(m *containerpb.NodeManagement, in containerpb.ReleaseChannel_Channel) error {
	if !m.AutoUpgrade {
		return refuse(codes.InvalidArgument, "Auto_upgrade must be true when release_channel %s is set.", in)
	}
	if !m.AutoRepair {
		return refuse(codes.InvalidArgument, "Auto_repair must be true when release_channel %s is set.", in)
	}
	return nil
}

// fillPool sets what Google sets in a new node pool.
func fillPool(c *cluster, p *containerpb.NodePool, version string) {
	p.Version, p.Etag = version, etag()
	p.SelfLink = c.SelfLink + "/nodePools/" + p.Name
	p.Status = containerpb.NodePool_RUNNING
	p.PodIpv4CidrSize = 24
	if len(p.Locations) == 0 {
		p.Locations = c.Locations
	}
	for _, zone := range p.Locations {
		p.InstanceGroupUrls = append(p.InstanceGroupUrls, "https://www.googleapis.com/compute/v1/projects/"+c.project+"/zones/"+zone+
			"/instanceGroupManagers/gke-"+c.Name+"-"+p.Name+"-"+random(4)+"-grp")
	}
	if p.Management == nil {
		p.Management = &containerpb.NodeManagement{AutoUpgrade: true, AutoRepair: true}
	}
	if p.GetAutoscaling().GetEnabled() && p.Autoscaling.LocationPolicy == 0 {
		p.Autoscaling.LocationPolicy = containerpb.NodePoolAutoscaling_BALANCED
	}
	if p.MaxPodsConstraint == nil {
		p.MaxPodsConstraint = &containerpb.MaxPodsConstraint{MaxPodsPerNode: c.DefaultMaxPodsConstraint.MaxPodsPerNode}
	}
	if p.UpgradeSettings == nil {
		surge := containerpb.NodePoolUpdateStrategy_SURGE
		p.UpgradeSettings = &containerpb.NodePool_UpgradeSettings{MaxSurge: 1, Strategy: &surge}
	}
	p.Config = orNew(p.Config)
	fillConfig(p.Config)
}

func fillConfig(n *containerpb.NodeConfig) {
	n.MachineType, n.DiskType, n.DiskSizeGb = or(n.MachineType, "e2-medium"), or(n.DiskType, "pd-balanced"), or(n.DiskSizeGb, 100)
	n.ImageType, n.ServiceAccount = strings.ToUpper(or(n.ImageType, "COS_CONTAINERD")), or(n.ServiceAccount, "default")
	n.BootDisk = &containerpb.BootDisk{DiskType: n.DiskType, SizeGb: int64(n.DiskSizeGb)}
	if len(n.OauthScopes) == 0 {
		n.OauthScopes = defaultScopes
	}
	// Google keeps them sorted, however they came.
	n.OauthScopes = slices.Sorted(slices.Values(n.OauthScopes))
	if n.Metadata == nil {
		n.Metadata = map[string]string{}
	}
	n.Metadata["disable-legacy-endpoints"] = or(n.Metadata["disable-legacy-endpoints"], "true")
	if n.ShieldedInstanceConfig == nil {
		n.ShieldedInstanceConfig = &containerpb.ShieldedInstanceConfig{EnableIntegrityMonitoring: true}
	}
	n.EffectiveCgroupMode = containerpb.NodeConfig_EFFECTIVE_CGROUP_MODE_V2
}
