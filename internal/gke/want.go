package gke

// Want is what is wanted of a cluster. What is empty or nil is not asked for: an existing cluster keeps what it has, a new one gets
// metal-stack's default (see creation) or Google's. The names of the options that messages use are those of the module gcp_create.
type Want struct {
	Place
	Absent             bool
	DeletionProtection bool   // refuse to delete
	Version            string // of Kubernetes: a version, an alias (1.36, latest), or - for Google's default
	Channel            string // RAPID, REGULAR, STABLE, EXTENDED, or UNSPECIFIED for none
	Labels             map[string]string
	Addons             map[string]bool // by the names that AddonNames gives
	Window             *Window
	Pool               Pool
	MaxPodsPerNode     int64
	Network            string // a name, or projects/P/global/networks/N
	Subnetwork         string
	PrivateNodes       *bool
	PrivateEndpoint    *bool // the control plane has no public address
	DNSEndpoint        *bool // the control plane is reached by its name, from outside
	AuthorizedNetworks *[]string
}

// Pool is what is wanted of the node pool that a cluster is made with. Counts are per zone.
type Pool struct {
	MachineType    string
	DiskType       string
	DiskSizeGB     int32
	ImageType      string
	ServiceAccount string
	InitialCount   int32 // of a new cluster only
	Autoscaling    *bool
	MinCount       *int32
	MaxCount       *int32
	AutoUpgrade    *bool
	AutoRepair     *bool
}

// PoolName is the name of the node pool that a cluster is made with, which is gcloud's name for it.
const PoolName = "default-pool"

func or[T comparable](value, otherwise T) T {
	if value == *new(T) {
		return otherwise
	}
	return value
}

func deref[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}
