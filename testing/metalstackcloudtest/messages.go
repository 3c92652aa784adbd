package metalstackcloudtest

// The messages of api.v1 in the JSON of Protocol Buffers: what has its default value is left out of answers.

// ClusterMessage is api.v1.Cluster.
type ClusterMessage struct {
	UUID        string              `json:"uuid,omitempty"`
	Name        string              `json:"name,omitempty"`
	Project     string              `json:"project,omitempty"`
	Partition   string              `json:"partition,omitempty"`
	Kubernetes  *KubernetesMessage  `json:"kubernetes,omitempty"`
	Workers     []WorkerMessage     `json:"workers,omitempty"`
	Maintenance *MaintenanceMessage `json:"maintenance,omitempty"`
	Tenant      string              `json:"tenant,omitempty"`
	CreatedAt   string              `json:"createdAt,omitempty"`
	UpdatedAt   string              `json:"updatedAt,omitempty"`
	DeletedAt   string              `json:"deletedAt,omitempty"`
	Status      *StatusMessage      `json:"status,omitempty"`
	Purpose     string              `json:"purpose,omitempty"`
	Monitoring  *MonitoringMessage  `json:"monitoring,omitempty"`
}

// KubernetesMessage is api.v1.KubernetesSpec.
type KubernetesMessage struct {
	Version string `json:"version,omitempty"`
}

// WorkerMessage is api.v1.Worker, and api.v1.WorkerUpdate where pointers tell what was left out.
type WorkerMessage struct {
	Name           string  `json:"name,omitempty"`
	MachineType    *string `json:"machineType,omitempty"`
	Minsize        *int    `json:"minsize,omitempty"`
	Maxsize        *int    `json:"maxsize,omitempty"`
	Maxsurge       *int    `json:"maxsurge,omitempty"`
	Maxunavailable *int    `json:"maxunavailable,omitempty"`
}

// MaintenanceMessage is api.v1.Maintenance.
type MaintenanceMessage struct {
	KubernetesAutoupdate   *bool          `json:"kubernetesAutoupdate,omitempty"`
	MachineimageAutoupdate *bool          `json:"machineimageAutoupdate,omitempty"`
	TimeWindow             *WindowMessage `json:"timeWindow,omitempty"`
}

// WindowMessage is api.v1.MaintenanceTimeWindow.
type WindowMessage struct {
	Begin    *TimeMessage `json:"begin,omitempty"`
	Duration string       `json:"duration,omitempty"`
}

// TimeMessage is api.v1.Time.
type TimeMessage struct {
	Hour     int    `json:"hour,omitempty"`
	Minute   int    `json:"minute,omitempty"`
	Timezone string `json:"timezone,omitempty"`
}

// StatusMessage is api.v1.ClusterStatus.
type StatusMessage struct {
	UUID                  string             `json:"uuid,omitempty"`
	Progress              int                `json:"progress,omitempty"`
	State                 string             `json:"state,omitempty"`
	Type                  string             `json:"type,omitempty"`
	APIServerReady        string             `json:"apiServerReady,omitempty"`
	ControlPlaneReady     string             `json:"controlPlaneReady,omitempty"`
	NodesReady            string             `json:"nodesReady,omitempty"`
	SystemComponentsReady string             `json:"systemComponentsReady,omitempty"`
	LastErrors            []LastErrorMessage `json:"lastErrors,omitempty"`
}

// LastErrorMessage is api.v1.ClusterStatusLastError.
type LastErrorMessage struct {
	Description    string `json:"description,omitempty"`
	TaskID         string `json:"taskId,omitempty"`
	LastUpdateTime string `json:"lastUpdateTime,omitempty"`
}

// MonitoringMessage is api.v1.ClusterMonitoring.
type MonitoringMessage struct {
	Username string `json:"username,omitempty"`
	Password string `json:"password,omitempty"`
	Endpoint string `json:"endpoint,omitempty"`
}

// CreateMessage is api.v1.ClusterServiceCreateRequest.
type CreateMessage struct {
	Name        string              `json:"name,omitempty"`
	Project     string              `json:"project,omitempty"`
	Partition   string              `json:"partition,omitempty"`
	Kubernetes  *KubernetesMessage  `json:"kubernetes,omitempty"`
	Workers     []WorkerMessage     `json:"workers,omitempty"`
	Maintenance *MaintenanceMessage `json:"maintenance,omitempty"`
}

// UpdateMessage is api.v1.ClusterServiceUpdateRequest.
type UpdateMessage struct {
	UUID        string              `json:"uuid,omitempty"`
	Project     string              `json:"project,omitempty"`
	Kubernetes  *KubernetesMessage  `json:"kubernetes,omitempty"`
	Workers     []WorkerMessage     `json:"workers,omitempty"`
	Maintenance *MaintenanceMessage `json:"maintenance,omitempty"`
}

// KeyMessage is api.v1.ClusterServiceGetRequest and that of Delete; with its other fields also those of GetCredentials and Operate.
type KeyMessage struct {
	UUID       string `json:"uuid,omitempty"`
	Project    string `json:"project,omitempty"`
	Expiration string `json:"expiration,omitempty"`
	Operate    string `json:"operate,omitempty"`
}

// ListMessage is api.v1.ClusterServiceListRequest.
type ListMessage struct {
	Project string `json:"project,omitempty"`
}

type clusterAnswer struct {
	Cluster *ClusterMessage `json:"cluster,omitempty"`
}

type clustersAnswer struct {
	Clusters []*ClusterMessage `json:"clusters,omitempty"`
}

type credentialsAnswer struct {
	Kubeconfig string `json:"kubeconfig,omitempty"`
}

func (m *CreateMessage) project() string { return m.Project }
func (m *UpdateMessage) project() string { return m.Project }
func (m *KeyMessage) project() string    { return m.Project }
func (m *ListMessage) project() string   { return m.Project }
