package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/metalstackcloud"
)

type params struct {
	APIToken             string       `ansible:"api_token"`
	APIURL               string       `ansible:"api_url"`
	Project              string       `ansible:"project"`
	Name                 string       `ansible:"name"`
	Partition            string       `ansible:"partition"`
	KubernetesVersion    string       `ansible:"kubernetes_version"`
	Workers              []worker     `ansible:"workers"`
	RemoveWorkers        []string     `ansible:"remove_workers"`
	Maintenance          *maintenance `ansible:"maintenance"`
	Kubeconfig           string       `ansible:"kubeconfig"`
	KubeconfigExpiration int          `ansible:"kubeconfig_expiration"`
	KubeconfigCurrent    bool         `ansible:"kubeconfig_current"`
	ClusterTimeout       int          `ansible:"cluster_timeout"`
	State                string       `ansible:"state"`
}

type worker struct {
	Name           string `ansible:"name"`
	MachineType    string `ansible:"machine_type"`
	MinSize        *int   `ansible:"min_size"`
	MaxSize        *int   `ansible:"max_size"`
	MaxSurge       *int   `ansible:"max_surge"`
	MaxUnavailable *int   `ansible:"max_unavailable"`
}

type maintenance struct {
	Begin                  string `ansible:"begin"`
	TimeZone               string `ansible:"time_zone"`
	Duration               int    `ansible:"duration"`
	KubernetesAutoupdate   *bool  `ansible:"kubernetes_autoupdate"`
	MachineimageAutoupdate *bool  `ansible:"machineimage_autoupdate"`
}

// shortestLife is that of credentials at Gardener, which issues them.
const shortestLife = 10 * 60

// want is the wanted cluster, and everything that is wrong with the options beyond their types.
func (in params) want() (want metalstackcloud.Want, problems []string) {
	want = metalstackcloud.Want{Name: in.Name, Absent: in.State == "absent", Partition: in.Partition, Version: in.KubernetesVersion, Remove: in.RemoveWorkers}
	if in.Workers != nil {
		want.Workers = []metalstackcloud.WantWorker{}
	}
	for _, w := range in.Workers {
		want.Workers = append(want.Workers, metalstackcloud.WantWorker(w))
	}
	var problem string
	want.Maintenance, problem = in.Maintenance.want()
	problems = append(want.Problems(), in.accessProblems()...)
	if problem != "" {
		problems = append(problems, problem)
	}
	return want, problems
}

func (in params) accessProblems() (problems []string) {
	if strings.TrimSpace(in.APIToken) == "" {
		problems = append(problems, "api_token: it is empty; give a token, or set METAL_STACK_CLOUD_API_TOKEN")
	}
	if in.APIURL != "" && !strings.HasPrefix(in.APIURL, "https://") {
		problems = append(problems, fmt.Sprintf("api_url: %s is no https URL", in.APIURL))
	}
	if in.Project != "" && !metalstackcloud.IsProject(in.Project) {
		problems = append(problems, fmt.Sprintf("project: %q is no project's identifier, which has the form of a UUID and is not the project's name", in.Project))
	}
	if in.KubeconfigExpiration < shortestLife {
		problems = append(problems, fmt.Sprintf("kubeconfig_expiration: at least %d seconds are wanted", shortestLife))
	}
	if in.ClusterTimeout < 1 {
		problems = append(problems, "cluster_timeout: at least 1 second is wanted")
	}
	return problems
}

var timeForm = regexp.MustCompile(`^([01]?[0-9]|2[0-3]):([0-5][0-9])$`)

func (m *maintenance) want() (want metalstackcloud.WantMaintenance, problem string) {
	if m == nil {
		return want, ""
	}
	want = metalstackcloud.WantMaintenance{
		Timezone: m.TimeZone, Duration: time.Duration(m.Duration) * time.Hour,
		KubernetesAutoupdate: m.KubernetesAutoupdate, MachineImageAutoupdate: m.MachineimageAutoupdate,
	}
	if m.Begin == "" {
		return want, ""
	}
	parts := timeForm.FindStringSubmatch(m.Begin)
	if parts == nil {
		return want, fmt.Sprintf("maintenance: begin is %q; give a time of day in quotes, as \"22:30\"", m.Begin)
	}
	hour, _ := strconv.Atoi(parts[1]) // the form has digits alone
	minute, _ := strconv.Atoi(parts[2])
	want.Hour, want.Minute = &hour, &minute
	return want, ""
}
