package metalstackcloudtest

import (
	"slices"
	"time"

	"connectrpc.com/connect"
	"github.com/google/uuid"
)

func (s *Server) list(_ *token, q *ListMessage) (*clustersAnswer, error) {
	answer := &clustersAnswer{}
	for _, c := range s.state.Clusters {
		if c.Message.Project == q.Project {
			answer.Clusters = append(answer.Clusters, s.view(c))
		}
	}
	return answer, nil
}

func (s *Server) get(_ *token, q *KeyMessage) (*clusterAnswer, error) {
	c, err := s.find(q.UUID, q.Project)
	if err != nil {
		return nil, err
	}
	return &clusterAnswer{s.view(c)}, nil
}

// find finds a cluster; the mutex is held.
func (s *Server) find(id, project string) (*cluster, error) {
	for _, c := range s.state.Clusters {
		if c.Message.UUID == id && c.Message.Project == project {
			return c, nil
		}
	}
	return nil, refuse(connect.CodeNotFound, "no entity with uuid:%q found", id)
}

func (s *Server) view(c *cluster) *ClusterMessage {
	told := *c.Message
	told.Status = s.status(c)
	return &told
}

func (s *Server) create(_ *token, q *CreateMessage) (*clusterAnswer, error) {
	if err := s.validate(q); err != nil {
		return nil, err
	}
	for _, c := range s.state.Clusters {
		if c.Message.Project == q.Project && c.Message.Name == q.Name {
			return nil, refuse(connect.CodeAlreadyExists, "cluster with name %q already exists in project %q", q.Name, q.Project)
		}
	}
	c := s.add(q)
	s.begin(c, "Create")
	return &clusterAnswer{s.view(c)}, nil
}

func (s *Server) add(q *CreateMessage) *cluster {
	now := time.Now().UTC().Format(time.RFC3339)
	yes := true
	c := &cluster{Message: &ClusterMessage{
		UUID: uuid.NewString(), Name: q.Name, Project: q.Project, Partition: q.Partition, Kubernetes: q.Kubernetes, Workers: q.Workers, Maintenance: q.Maintenance,
		Tenant: "lab@metalstack.cloud", CreatedAt: now, UpdatedAt: now, Purpose: "production",
		Monitoring: &MonitoringMessage{"admin", uuid.NewString(), "https://monitoring." + q.Name + ".example.com"},
	}}
	if c.Message.Maintenance == nil {
		c.Message.Maintenance = &MaintenanceMessage{}
	}
	for _, automatic := range []**bool{&c.Message.Maintenance.KubernetesAutoupdate, &c.Message.Maintenance.MachineimageAutoupdate} {
		if *automatic == nil {
			*automatic = &yes
		}
	}
	s.state.Clusters = append(s.state.Clusters, c)
	return c
}

func (s *Server) update(_ *token, q *UpdateMessage) (*clusterAnswer, error) {
	c, err := s.find(q.UUID, q.Project)
	if err != nil {
		return nil, err
	}
	if c.Message.DeletedAt != "" {
		return nil, refuse(connect.CodeFailedPrecondition, "cluster %q is being deleted", c.Message.Name)
	}
	after := *c.Message
	if q.Kubernetes != nil {
		if err := s.upgradable(c.Message, q.Kubernetes.Version); err != nil {
			return nil, err
		}
		after.Kubernetes = q.Kubernetes
	}
	if len(q.Workers) > 0 {
		after.Workers = merged(c.Message.Workers, q.Workers)
	}
	if q.Maintenance != nil {
		after.Maintenance = q.Maintenance
	}
	if err := s.validate(&CreateMessage{after.Name, after.Project, after.Partition, after.Kubernetes, after.Workers, after.Maintenance}); err != nil {
		return nil, err
	}
	after.UpdatedAt = time.Now().UTC().Format(time.RFC3339)
	c.Message = &after
	s.begin(c, "Reconcile")
	return &clusterAnswer{s.view(c)}, nil
}

// merged are the workers after an update: groups that are not named go, of the others what is left out stays.
func merged(was, update []WorkerMessage) []WorkerMessage {
	var after []WorkerMessage
	for _, w := range update {
		if i := slices.IndexFunc(was, func(has WorkerMessage) bool { return has.Name == w.Name }); i >= 0 {
			keep(&w.MachineType, was[i].MachineType)
			keep(&w.Minsize, was[i].Minsize)
			keep(&w.Maxsize, was[i].Maxsize)
			keep(&w.Maxsurge, was[i].Maxsurge)
			keep(&w.Maxunavailable, was[i].Maxunavailable)
		}
		after = append(after, w)
	}
	return after
}

func keep[T any](field **T, was *T) {
	if *field == nil {
		*field = was
	}
}

func (s *Server) delete(_ *token, q *KeyMessage) (*clusterAnswer, error) {
	c, err := s.find(q.UUID, q.Project)
	if err != nil {
		return nil, err
	}
	if c.Message.DeletedAt == "" {
		c.Message.DeletedAt = time.Now().UTC().Format(time.RFC3339)
		s.begin(c, "Delete")
	}
	return &clusterAnswer{s.view(c)}, nil
}

// operate repeats an operation that has failed.
func (s *Server) operate(_ *token, q *KeyMessage) (*clusterAnswer, error) {
	c, err := s.find(q.UUID, q.Project)
	if err != nil {
		return nil, err
	}
	if q.Operate != "OPERATE_RETRY" || !c.Operation.Halted {
		return nil, refuse(connect.CodeFailedPrecondition, "operation %s is not possible now", q.Operate)
	}
	s.begin(c, c.Operation.Type)
	return &clusterAnswer{s.view(c)}, nil
}

func (s *Server) getCredentials(_ *token, q *KeyMessage) (*credentialsAnswer, error) {
	c, err := s.find(q.UUID, q.Project)
	if err != nil {
		return nil, err
	}
	life := 8 * time.Hour
	if q.Expiration != "" {
		if life, err = time.ParseDuration(q.Expiration); err != nil {
			return nil, refuse(connect.CodeInvalidArgument, "%v", err)
		}
	}
	if c.Endpoint == "" {
		return nil, refuse(connect.CodeFailedPrecondition, "cluster %q has no kubeconfig yet", c.Message.Name)
	}
	config, err := s.kubeconfig(c, life)
	return &credentialsAnswer{config}, err
}

// Add puts a cluster there behind everybody's back, also a second of a name. It is ready once its operation has ended.
func (s *Server) Add(m CreateMessage) (id string, err error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	c := s.add(&m)
	s.begin(c, "Create")
	return c.Message.UUID, s.save()
}

// Change changes a cluster as someone in the console does, without an operation.
func (s *Server) Change(id string, edit func(*ClusterMessage)) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, c := range s.state.Clusters {
		if c.Message.UUID == id {
			edit(c.Message)
		}
	}
	return s.save()
}

// Clusters are all clusters as the API tells them.
func (s *Server) Clusters() []ClusterMessage {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var all []ClusterMessage
	for _, c := range s.state.Clusters {
		all = append(all, *s.view(c))
	}
	return all
}
