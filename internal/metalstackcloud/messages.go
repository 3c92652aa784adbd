package metalstackcloud

import (
	"strconv"
	"strings"
	"time"
)

// cluster is api.v1.Cluster as far as it is used. Its monitoring is left out: that holds a password.
type cluster struct {
	UUID        string       `json:"uuid"`
	Name        string       `json:"name"`
	Project     string       `json:"project"`
	Partition   string       `json:"partition"`
	Kubernetes  kubernetes   `json:"kubernetes"`
	Workers     []Worker     `json:"workers"`
	Maintenance *maintenance `json:"maintenance"`
	DeletedAt   string       `json:"deletedAt"`
	Status      *status      `json:"status"`
}

type kubernetes struct {
	Version string `json:"version"`
}

// Worker is a group of like machines. Zeros are sent: in an update, what is left out stays.
type Worker struct {
	Name           string `json:"name"`
	MachineType    string `json:"machineType"`
	MinSize        int    `json:"minsize"`
	MaxSize        int    `json:"maxsize"`
	MaxSurge       int    `json:"maxsurge"`
	MaxUnavailable int    `json:"maxunavailable"`
}

type maintenance struct {
	KubernetesAutoupdate   *bool       `json:"kubernetesAutoupdate,omitempty"`
	MachineimageAutoupdate *bool       `json:"machineimageAutoupdate,omitempty"`
	TimeWindow             *timeWindow `json:"timeWindow,omitempty"`
}

type timeWindow struct {
	Begin    clock  `json:"begin"`
	Duration string `json:"duration"` // as "7200s"
}

type clock struct {
	Hour     int    `json:"hour"`
	Minute   int    `json:"minute"`
	Timezone string `json:"timezone"`
}

// status is what Gardener, which runs the clusters, tells of the last operation on one.
type status struct {
	Progress   int
	State      string
	Type       string
	LastErrors []struct{ Description string }

	APIServerReady        string `json:"apiServerReady"`
	ControlPlaneReady     string `json:"controlPlaneReady"`
	NodesReady            string `json:"nodesReady"`
	SystemComponentsReady string `json:"systemComponentsReady"`
}

// Types and states of operations (github.com/gardener/gardener/pkg/apis/core/v1beta1, LastOperation).
const (
	creating  = "Create"
	deleting  = "Delete"
	succeeded = "Succeeded"
	failed    = "Failed"  // it is not tried again by itself
	aborted   = "Aborted" // nor is that
)

// stopped tells that the last operation came to nothing and will not be tried again by itself. With state Error it will.
func (s *status) stopped() bool { return s != nil && (s.State == failed || s.State == aborted) }

func (s *status) done() bool { return s != nil && s.State == succeeded && s.Type != deleting }

// creating tells that the cluster was never ready yet and is on its way.
func (s *status) creating() bool {
	return !s.stopped() && !s.done() && (s == nil || s.Type == "" || s.Type == creating)
}

// same tells whether two looks saw the same.
func (s *status) same(o *status) bool {
	if s == nil || o == nil {
		return s == o
	}
	return s.Type == o.Type && s.State == o.State && s.Progress == o.Progress && s.lastError() == o.lastError()
}

// String is the status as people read it while they wait.
func (s *status) String() string {
	if s == nil || s.Type == "" {
		return "no status yet"
	}
	text := strings.ToLower(s.Type) + " " + strings.ToLower(s.State) + " " + percent(s.Progress)
	var missing []string
	for _, part := range []struct{ name, ready string }{
		{"api server", s.APIServerReady}, {"control plane", s.ControlPlaneReady}, {"nodes", s.NodesReady}, {"system components", s.SystemComponentsReady},
	} {
		if part.ready != "" && part.ready != "True" {
			missing = append(missing, part.name)
		}
	}
	if len(missing) > 0 {
		text += ", not ready: " + strings.Join(missing, ", ")
	}
	if last := s.lastError(); last != "" && s.State != succeeded {
		text += ", last error: " + last
	}
	return text
}

// lastError is what went wrong last, or empty.
func (s *status) lastError() string {
	if s == nil {
		return ""
	}
	texts := make([]string, len(s.LastErrors))
	for i, e := range s.LastErrors {
		texts[i] = oneLine(e.Description)
	}
	return strings.Join(texts, "; ")
}

func (c *cluster) deleting() bool {
	return c.DeletedAt != "" || c.Status != nil && c.Status.Type == deleting
}

func (w *timeWindow) duration() time.Duration {
	d, err := time.ParseDuration(w.Duration)
	if err != nil {
		return 0 // it differs from any that is wanted, and so is set anew
	}
	return d
}

func percent(progress int) string { return strconv.Itoa(progress) + "%" }
