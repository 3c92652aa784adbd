// Package cluster is what concerns a k3s cluster as a whole: its members and settings as the supervisors of its servers tell them, its
// nodes as a server's own k3s kubectl does, and what may happen to one node without harm to the others. The files and the service of a
// single node are another package's.
package cluster

import (
	"context"
	"net"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// Host is what is needed of a machine; every host.Host has it.
type Host interface {
	Run(ctx context.Context, c host.Command) (host.Output, error)
	Dial(ctx context.Context, network, address string) (net.Conn, error)
}

// Access says how the cluster is reached: over the network of a host, at the supervisor of one of its servers.
type Access struct {
	Host       Host
	URL        string // of a server: https://10.0.0.11:6443
	Token      string // of the servers, in its full or short form
	AgentToken string // if the cluster has one of its own for agents
	K3s        string // path of the binary on the host; empty is DefaultK3s
	Kubeconfig string // of the administrator, on the host; empty is k3s' own
}

// DefaultK3s is where k3s' installer and this collection put the binary.
const DefaultK3s = "/usr/local/bin/k3s"

// Cluster is one, seen from a host. What asks the supervisor works on any host, also on one that has yet to join. What asks Kubernetes
// (Nodes, Turn, Drain, Forget, ...) runs k3s kubectl there, and so needs a host on which a server runs.
type Cluster struct {
	*supervisor
	access Access
}

// Open opens the cluster at the server that the access names. It refuses a server that is not of the cluster that a full token is of.
func Open(ctx context.Context, a Access) (*Cluster, error) {
	s, err := openSupervisor(ctx, a)
	if err != nil {
		return nil, err
	}
	if a.K3s == "" {
		a.K3s = DefaultK3s
	}
	return &Cluster{supervisor: s, access: a}, nil
}

// at is the same cluster at another server.
func (c *Cluster) at(ctx context.Context, url string) (*Cluster, error) {
	a := c.access
	a.URL = url
	return Open(ctx, a)
}
