package metalstackcloud

import (
	"fmt"
	"time"
)

// Want is what a cluster is to be. What is not told stays as it is, and is metalstack.cloud's default in a new cluster.
type Want struct {
	Name        string
	Absent      bool
	Partition   string
	Version     string // of Kubernetes; a minor alone is its newest patch in a new cluster, and any in an existing one
	Workers     []WantWorker
	Remove      []string // groups of workers that may go
	Maintenance WantMaintenance
}

// WantWorker is a group of workers as it is to be.
type WantWorker struct {
	Name, MachineType                          string
	MinSize, MaxSize, MaxSurge, MaxUnavailable *int
}

// WantMaintenance is when metalstack.cloud may work on the cluster by itself, and at what.
type WantMaintenance struct {
	Hour, Minute                                 *int
	Timezone                                     string
	Duration                                     time.Duration
	KubernetesAutoupdate, MachineImageAutoupdate *bool
}

// spec is everything of a cluster that can be asked for.
type spec struct {
	partition, version string
	workers            []Worker
	maintenance        maintenance
}

func specOf(c *cluster) spec {
	s := spec{partition: c.Partition, version: c.Kubernetes.Version, workers: c.Workers}
	if c.Maintenance != nil {
		s.maintenance = *c.Maintenance
	}
	return s
}

// The defaults for a new cluster where the API has none: the first group of workers as the CLI names it, and the maintenance window as
// the console and the Terraform provider set it.
const (
	firstGroup   = "group-0"
	windowHour   = 1
	windowZone   = "UTC"
	windowLength = 2 * time.Hour
	defaultSurge = 1
)

// over is a group as it becomes of what it was.
func (w WantWorker) over(was Worker) Worker {
	was.Name = w.Name
	if w.MachineType != "" {
		was.MachineType = w.MachineType
	}
	set(&was.MinSize, w.MinSize)
	set(&was.MaxSize, w.MaxSize)
	set(&was.MaxSurge, w.MaxSurge)
	set(&was.MaxUnavailable, w.MaxUnavailable)
	return was
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// over is the maintenance as it becomes of what it was.
func (m WantMaintenance) over(was maintenance) maintenance {
	if m.KubernetesAutoupdate != nil {
		was.KubernetesAutoupdate = m.KubernetesAutoupdate
	}
	if m.MachineImageAutoupdate != nil {
		was.MachineimageAutoupdate = m.MachineImageAutoupdate
	}
	if m.Hour == nil && m.Timezone == "" && m.Duration == 0 {
		return was
	}
	window := timeWindow{Begin: clock{Hour: windowHour, Timezone: windowZone}, Duration: seconds(windowLength)}
	if was.TimeWindow != nil {
		window = *was.TimeWindow
	}
	set(&window.Begin.Hour, m.Hour)
	set(&window.Begin.Minute, m.Minute)
	if m.Timezone != "" {
		window.Begin.Timezone = m.Timezone
	}
	if m.Duration != 0 && m.Duration != window.duration() {
		window.Duration = seconds(m.Duration)
	}
	was.TimeWindow = &window
	return was
}

// withDefaults has a window in any case.
func (m WantMaintenance) withDefaults() WantMaintenance {
	if m.Timezone == "" {
		m.Timezone = windowZone
	}
	return m
}

func seconds(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }

// described is a spec under the names of the module's options, for people and for a diff.
func (s spec) described() map[string]any {
	workers := []any{}
	for _, w := range s.workers {
		workers = append(workers, map[string]any{"name": w.Name, "machine_type": w.MachineType, "min_size": w.MinSize, "max_size": w.MaxSize,
			"max_surge": w.MaxSurge, "max_unavailable": w.MaxUnavailable})
	}
	return map[string]any{"partition": s.partition, "kubernetes_version": s.version, "workers": workers, "maintenance": s.maintenance.described()}
}

func (m maintenance) described() map[string]any {
	told := map[string]any{}
	if m.TimeWindow != nil {
		told["begin"] = m.TimeWindow.Begin.String()
		told["time_zone"] = m.TimeWindow.Begin.Timezone
		told["duration"] = m.TimeWindow.duration().String()
	}
	if m.KubernetesAutoupdate != nil {
		told["kubernetes_autoupdate"] = *m.KubernetesAutoupdate
	}
	if m.MachineimageAutoupdate != nil {
		told["machineimage_autoupdate"] = *m.MachineimageAutoupdate
	}
	return told
}

func (c clock) String() string { return fmt.Sprintf("%02d:%02d", c.Hour, c.Minute) }
