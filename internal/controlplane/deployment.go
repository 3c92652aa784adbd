package controlplane

import (
	"context"
	"fmt"

	"github.com/metal-stack/initial-cluster/internal/cluster"
)

// Deployment is components and the cluster they are for.
type Deployment struct {
	cluster    *cluster.Cluster
	components []Component
	renderer   *renderer
	holder     string
}

// New asks the cluster what it is. The components have no Problems.
func New(ctx context.Context, c *cluster.Cluster, components []Component) (*Deployment, error) {
	config, err := c.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	d := &Deployment{cluster: c, components: components, renderer: &renderer{config: config}, holder: cluster.Self()}
	if err := d.learn(); err != nil {
		return nil, fmt.Errorf("reach the cluster: %w", err)
	}
	return d, nil
}

// Secrets are the values in the Secrets that the components render to, once they are planned. They may be in no output.
func (p *Plan) Secrets() []string {
	var all []string
	for _, part := range p.parts {
		if part.want != nil {
			all = append(all, part.want.objects.secrets()...)
			all = append(all, part.want.hookSet.secrets()...)
		}
		all = append(all, part.base.secrets()...)
	}
	return all
}
