package main

import (
	"time"

	"github.com/metal-stack/initial-cluster/internal/gke"
	"github.com/metal-stack/initial-cluster/modules/internal/auth"
)

type params struct {
	auth.Params
	State              string `ansible:"state"`
	Project            string `ansible:"project"`
	Location           string `ansible:"location"`
	Name               string `ansible:"name"`
	DeletionProtection bool   `ansible:"deletion_protection"`

	KubernetesVersion string             `ansible:"kubernetes_version"`
	ReleaseChannel    string             `ansible:"release_channel"`
	MaintenanceWindow *maintenanceWindow `ansible:"maintenance_window"`
	Labels            map[string]string  `ansible:"labels"`
	Addons            addons             `ansible:"addons"`

	MachineType        string `ansible:"machine_type"`
	DiskType           string `ansible:"disk_type"`
	DiskSizeGB         *int32 `ansible:"disk_size_gb"`
	ImageType          string `ansible:"image_type"`
	InitialNodeCount   *int32 `ansible:"initial_node_count"`
	Autoscaling        *bool  `ansible:"autoscaling"`
	AutoscalingMin     *int32 `ansible:"autoscaling_min_nodes"`
	AutoscalingMax     *int32 `ansible:"autoscaling_max_nodes"`
	AutoUpgrade        *bool  `ansible:"auto_upgrade"`
	AutoRepair         *bool  `ansible:"auto_repair"`
	NodeServiceAccount string `ansible:"node_service_account"`

	MaxPodsPerNode     *int64    `ansible:"max_pods_per_node"`
	Network            string    `ansible:"network"`
	Subnetwork         string    `ansible:"subnetwork"`
	PrivateNodes       *bool     `ansible:"private_nodes"`
	PrivateEndpoint    *bool     `ansible:"private_endpoint"`
	DNSEndpoint        *bool     `ansible:"dns_endpoint"`
	AuthorizedNetworks *[]string `ansible:"authorized_networks"`

	Kubeconfig         string `ansible:"kubeconfig"`
	KubeconfigCurrent  bool   `ansible:"kubeconfig_current"`
	KubeconfigUser     string `ansible:"kubeconfig_user"`
	KubeconfigEndpoint string `ansible:"kubeconfig_endpoint"`

	APIEndpoint   string `ansible:"api_endpoint"`
	APITimeout    int    `ansible:"api_timeout"`
	CreateTimeout int    `ansible:"create_timeout"`
	UpdateTimeout int    `ansible:"update_timeout"`
	DeleteTimeout int    `ansible:"delete_timeout"`
}

type maintenanceWindow struct {
	Start    string   `ansible:"start"`
	End      string   `ansible:"end"`
	Weekdays []string `ansible:"weekdays"`
}

type addons struct {
	HTTPLoadBalancing        *bool `ansible:"http_load_balancing"`
	HorizontalPodAutoscaling *bool `ansible:"horizontal_pod_autoscaling"`
	DNSCache                 *bool `ansible:"dns_cache"`
	GCEPersistentDiskCSI     *bool `ansible:"gce_persistent_disk_csi_driver"`
	GCPFilestoreCSI          *bool `ansible:"gcp_filestore_csi_driver"`
	GCSFuseCSI               *bool `ansible:"gcs_fuse_csi_driver"`
	GKEBackupAgent           *bool `ansible:"gke_backup_agent"`
}

func (a addons) wanted() map[string]bool {
	all := map[string]bool{}
	for name, wanted := range map[string]*bool{
		"http_load_balancing": a.HTTPLoadBalancing, "horizontal_pod_autoscaling": a.HorizontalPodAutoscaling, "dns_cache": a.DNSCache,
		"gce_persistent_disk_csi_driver": a.GCEPersistentDiskCSI, "gcp_filestore_csi_driver": a.GCPFilestoreCSI, "gcs_fuse_csi_driver": a.GCSFuseCSI,
		"gke_backup_agent": a.GKEBackupAgent,
	} {
		if wanted != nil {
			all[name] = *wanted
		}
	}
	return all
}

// channels are the words of release_channel.
var channels = map[string]string{"": "", "rapid": "RAPID", "regular": "REGULAR", "stable": "STABLE", "extended": "EXTENDED", "none": "UNSPECIFIED"}

// want is what the options ask for. They have no problems any more.
func (in params) want(project string) gke.Want {
	return gke.Want{
		Place:  gke.Place{Project: project, Location: in.Location, Name: in.Name},
		Absent: in.State == "absent", DeletionProtection: in.DeletionProtection,
		Version: in.KubernetesVersion, Channel: channels[in.ReleaseChannel], Labels: in.Labels, Addons: in.Addons.wanted(), Window: in.window(),
		MaxPodsPerNode: value(in.MaxPodsPerNode), Network: in.Network, Subnetwork: in.Subnetwork,
		PrivateNodes: in.PrivateNodes, PrivateEndpoint: in.PrivateEndpoint, DNSEndpoint: in.DNSEndpoint, AuthorizedNetworks: in.AuthorizedNetworks,
		Pool: gke.Pool{
			MachineType: in.MachineType, DiskType: in.DiskType, DiskSizeGB: value(in.DiskSizeGB), ImageType: in.ImageType,
			ServiceAccount: in.NodeServiceAccount, InitialCount: value(in.InitialNodeCount),
			Autoscaling: in.Autoscaling, MinCount: in.AutoscalingMin, MaxCount: in.AutoscalingMax, AutoUpgrade: in.AutoUpgrade, AutoRepair: in.AutoRepair,
		},
	}
}

func value[T any](v *T) (zero T) {
	if v == nil {
		return zero
	}
	return *v
}

// window is the maintenance window, nil if none is asked for.
func (in params) window() *gke.Window {
	w := in.MaintenanceWindow
	if w == nil || w.Start == "" && w.End == "" {
		return nil
	}
	start, _ := timeOfDay(w.Start)
	end, _ := timeOfDay(w.End)
	return &gke.Window{Start: start, End: end, Days: w.days()}
}

func timeOfDay(text string) (time.Duration, error) {
	for _, form := range []string{"15:04:05", "15:04"} {
		if t, err := time.Parse(form, text); err == nil {
			return t.Sub(t.Truncate(24 * time.Hour)), nil
		}
	}
	return 0, errNoTime
}
