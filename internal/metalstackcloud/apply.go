package metalstackcloud

import (
	"context"
	"errors"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

// key names a cluster to the API.
type key struct {
	UUID    string `json:"uuid"`
	Project string `json:"project"`
}

func (c *Cloud) key(of *cluster) key { return key{of.UUID, c.project} }

type createRequest struct {
	Name        string      `json:"name"`
	Project     string      `json:"project"`
	Partition   string      `json:"partition"`
	Kubernetes  kubernetes  `json:"kubernetes"`
	Workers     []Worker    `json:"workers"`
	Maintenance maintenance `json:"maintenance"`
}

type updateRequest struct {
	key
	Kubernetes  *kubernetes  `json:"kubernetes,omitempty"`
	Workers     []Worker     `json:"workers"`
	Maintenance *maintenance `json:"maintenance,omitempty"`
}

// create asks for a cluster once. If the answer is lost the cluster may be there all the same: then it is looked for.
func (c *Cloud) create(ctx context.Context, name string, s spec) (*cluster, error) {
	r := createRequest{name, c.project, s.partition, kubernetes{s.version}, s.workers, s.maintenance}
	var answer struct{ Cluster cluster }
	err := c.call(ctx, request{doing: "create cluster " + r.Name, method: "ClusterService/Create", body: r, answer: &answer, once: true})
	if err == nil {
		return &answer.Cluster, nil
	}
	if !uncertain(err) || ctx.Err() != nil {
		return nil, err
	}
	wait.Report(ctx, "%s; looking whether it was created all the same", err)
	made, lookErr := c.find(ctx, r.Name)
	if lookErr != nil || made == nil || made.deleting() {
		return nil, err
	}
	return made, nil
}

// update sends all workers, as those left out are removed, and of the rest what changes. It gives the status from before.
func (c *Cloud) update(ctx context.Context, was *cluster, to spec) (*status, error) {
	before := specOf(was)
	r := updateRequest{key: c.key(was), Workers: to.workers}
	if before.version != to.version {
		r.Kubernetes = &kubernetes{to.version}
	}
	if len(before.maintenanceOnly().differences(to.maintenanceOnly())) > 0 {
		r.Maintenance = &to.maintenance
	}
	now, err := c.get(ctx, was)
	if err != nil {
		return nil, err
	}
	return now.Status, c.call(ctx, request{doing: "change cluster " + was.Name, method: "ClusterService/Update", body: r})
}

func (s spec) maintenanceOnly() spec { return spec{maintenance: s.maintenance} }

// retry has metalstack.cloud go on with an operation that stopped.
func (c *Cloud) retry(ctx context.Context, of *cluster) error {
	body := struct {
		key
		Operate string `json:"operate"`
	}{c.key(of), "OPERATE_RETRY"}
	return c.call(ctx, request{doing: "have cluster " + of.Name + " retried", method: "ClusterService/Operate", body: body})
}

// delete asks for a deletion. A cluster that is gone already is what is wanted.
func (c *Cloud) delete(ctx context.Context, of *cluster) error {
	err := c.call(ctx, request{doing: "delete cluster " + of.Name, method: "ClusterService/Delete", body: c.key(of)})
	if codeOf(err) == NotFound {
		return nil
	}
	return err
}

func (c *Cloud) get(ctx context.Context, of *cluster) (*cluster, error) {
	var answer struct{ Cluster cluster }
	err := c.call(ctx, request{doing: "look at cluster " + of.Name, method: "ClusterService/Get", body: c.key(of), answer: &answer})
	return &answer.Cluster, err
}

// look is get for those who wait: what may be better at the next look is a state and no error.
func (c *Cloud) look(ctx context.Context, of *cluster) (now *cluster, state string, err error) {
	now, err = c.get(ctx, of)
	var failure *Error
	switch {
	case err == nil:
		return now, "", nil
	case ctx.Err() != nil: // the wait ends, and says what was seen before
		return nil, "", nil
	case errors.As(err, &failure) && failure.Temporary():
		return nil, err.Error(), nil
	}
	return nil, "", err
}
