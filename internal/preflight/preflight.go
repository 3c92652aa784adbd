// Package preflight looks whether a cluster has what metal-stack's control plane needs of it: each need with what was found, and how to
// mend it. It changes nothing, except where proof is asked for by name, and then takes back what it made.
package preflight

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/metal-stack/initial-cluster/internal/cluster"
)

// Needs are what the cluster must have. What is empty is not looked at, unless it says so.
type Needs struct {
	MinVersion, MaxVersion string // of Kubernetes, as 1.32; the last is included
	StorageClass           string // empty means the default one, which is always looked at
	ProveStorage           bool   // by a claim
	LoadBalancer           bool
	ProveLoadBalancer      bool // by a Service
	CPU, Memory            string
	Issuer                 string   // a ClusterIssuer of cert-manager
	Names                  []string // that must resolve
	Endpoints              []string // host:port that must accept connections
	URLs                   []string // that must answer, as that of an issuer of tokens
	ObjectStorage          *ObjectStorage
	Namespace              string // in which the credentials must be able to deploy, always looked at
	Timeout                time.Duration
}

// Check is one need and what was found.
type Check struct {
	Name, Found string
	OK          bool
	Remedy      string // empty if it is well
}

func (c Check) String() string { return fmt.Sprintf("%s: %s; %s", c.Name, c.Found, c.Remedy) }

func well(name, format string, args ...any) Check {
	return Check{Name: name, Found: fmt.Sprintf(format, args...), OK: true}
}

func ill(name, remedy, format string, args ...any) Check {
	return Check{Name: name, Found: fmt.Sprintf(format, args...), Remedy: remedy}
}

// failed is a need that could not be looked at.
func (p *preflight) failed(name string, err error) Check {
	return ill(name, "mend that and look again", "cannot be looked at: %v", p.cluster.Explain(err))
}

type preflight struct {
	cluster *cluster.Cluster
	needs   Needs
}

// Run looks at all needs side by side; the checks are in the order of Needs.
func Run(ctx context.Context, c *cluster.Cluster, n Needs) []Check {
	p := &preflight{c, n}
	looks := []func(context.Context) Check{p.version, p.storage, p.permissions}
	if n.LoadBalancer {
		looks = append(looks, p.loadBalancer)
	}
	if n.CPU != "" || n.Memory != "" {
		looks = append(looks, p.capacity)
	}
	if n.Issuer != "" {
		looks = append(looks, p.issuer)
	}
	for _, name := range n.Names {
		looks = append(looks, func(ctx context.Context) Check { return resolve(ctx, name) })
	}
	for _, endpoint := range n.Endpoints {
		looks = append(looks, func(ctx context.Context) Check { return dial(ctx, endpoint) })
	}
	for _, url := range n.URLs {
		looks = append(looks, func(ctx context.Context) Check { return get(ctx, url) })
	}
	if n.ObjectStorage != nil {
		looks = append(looks, n.ObjectStorage.look)
	}
	checks := make([]Check, len(looks))
	var all sync.WaitGroup
	for i, look := range looks {
		all.Go(func() { checks[i] = look(ctx) })
	}
	all.Wait()
	return checks
}

// Problems makes one line of the needs that are not met, or nil.
func Problems(checks []Check) error {
	var texts []string
	for _, c := range checks {
		if !c.OK {
			texts = append(texts, c.String())
		}
	}
	if texts == nil {
		return nil
	}
	return fmt.Errorf("the cluster lacks what the control plane needs: %s", strings.Join(texts, "; "))
}

// Invalid are the needs that cannot be read.
func (n Needs) Invalid() []string {
	var problems []string
	for name, quantity := range map[string]string{"cpu": n.CPU, "memory": n.Memory} {
		if _, err := resource.ParseQuantity(quantity); quantity != "" && err != nil {
			problems = append(problems, fmt.Sprintf("preflight: %s: %q is no quantity, as 2700m and 5Gi are", name, quantity))
		}
	}
	for name, version := range map[string]string{"kubernetes_min": n.MinVersion, "kubernetes_max": n.MaxVersion} {
		if _, _, err := minor(version); version != "" && err != nil {
			problems = append(problems, fmt.Sprintf("preflight: %s: %q is no minor version, as 1.35 is", name, version))
		}
	}
	return problems
}
