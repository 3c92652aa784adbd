package gke

import (
	"maps"
	"slices"

	"cloud.google.com/go/container/apiv1/containerpb"
)

// addon is one addon of the API. The two oldest say what is disabled, and are on if they say nothing.
type addon struct {
	has func(*containerpb.AddonsConfig) bool
	set func(*containerpb.AddonsConfig, bool)
}

var addons = map[string]addon{
	"http_load_balancing": {
		func(a *containerpb.AddonsConfig) bool { return !a.GetHttpLoadBalancing().GetDisabled() },
		func(a *containerpb.AddonsConfig, on bool) {
			a.HttpLoadBalancing = &containerpb.HttpLoadBalancing{Disabled: !on}
		},
	},
	"horizontal_pod_autoscaling": {
		func(a *containerpb.AddonsConfig) bool { return !a.GetHorizontalPodAutoscaling().GetDisabled() },
		func(a *containerpb.AddonsConfig, on bool) {
			a.HorizontalPodAutoscaling = &containerpb.HorizontalPodAutoscaling{Disabled: !on}
		},
	},
	"dns_cache": {
		func(a *containerpb.AddonsConfig) bool { return a.GetDnsCacheConfig().GetEnabled() },
		func(a *containerpb.AddonsConfig, on bool) {
			a.DnsCacheConfig = &containerpb.DnsCacheConfig{Enabled: on}
		},
	},
	"gce_persistent_disk_csi_driver": {
		func(a *containerpb.AddonsConfig) bool { return a.GetGcePersistentDiskCsiDriverConfig().GetEnabled() },
		func(a *containerpb.AddonsConfig, on bool) {
			a.GcePersistentDiskCsiDriverConfig = &containerpb.GcePersistentDiskCsiDriverConfig{Enabled: on}
		},
	},
	"gcp_filestore_csi_driver": {
		func(a *containerpb.AddonsConfig) bool { return a.GetGcpFilestoreCsiDriverConfig().GetEnabled() },
		func(a *containerpb.AddonsConfig, on bool) {
			a.GcpFilestoreCsiDriverConfig = &containerpb.GcpFilestoreCsiDriverConfig{Enabled: on}
		},
	},
	"gcs_fuse_csi_driver": {
		func(a *containerpb.AddonsConfig) bool { return a.GetGcsFuseCsiDriverConfig().GetEnabled() },
		func(a *containerpb.AddonsConfig, on bool) {
			a.GcsFuseCsiDriverConfig = &containerpb.GcsFuseCsiDriverConfig{Enabled: on}
		},
	},
	"gke_backup_agent": {
		func(a *containerpb.AddonsConfig) bool { return a.GetGkeBackupAgentConfig().GetEnabled() },
		func(a *containerpb.AddonsConfig, on bool) {
			a.GkeBackupAgentConfig = &containerpb.GkeBackupAgentConfig{Enabled: on}
		},
	},
}

// AddonNames are the addons that a Want may turn on and off.
func AddonNames() []string { return slices.Sorted(maps.Keys(addons)) }
