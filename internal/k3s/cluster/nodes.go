package cluster

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"
)

// Node is one of the cluster's.
type Node struct {
	Name, Version string // the version is that of its kubelet: v1.36.3+k3s1
	UID           string // another one when it was removed and has joined anew
	Server, Etcd  bool   // whether it is a server, and one with a member of etcd
	Ready         bool
	Why           string // it is not ready
	Cordoned      bool
	Member        string // name of its member of etcd
	annotations   map[string]string
}

// object is what is used of an object of Kubernetes.
type object struct {
	APIVersion string   `json:"apiVersion,omitempty"`
	Kind       string   `json:"kind,omitempty"`
	Metadata   metadata `json:"metadata"`
	Spec       struct {
		Unschedulable bool `json:"unschedulable,omitempty"`
	} `json:"spec"`
	Status struct {
		Phase      string      `json:"phase,omitempty"`
		Conditions []condition `json:"conditions,omitempty"`
		NodeInfo   struct {
			KubeletVersion string `json:"kubeletVersion,omitempty"`
		} `json:"nodeInfo"`
	} `json:"status"`
}

type metadata struct {
	Name            string            `json:"name,omitempty"`
	Namespace       string            `json:"namespace,omitempty"`
	ResourceVersion string            `json:"resourceVersion,omitempty"`
	UID             string            `json:"uid,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
	Annotations     map[string]string `json:"annotations,omitempty"`
	OwnerReferences []struct {
		Kind string `json:"kind"`
	} `json:"ownerReferences,omitempty"`
}

type condition struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

const (
	serverLabel      = "node-role.kubernetes.io/control-plane"
	etcdLabel        = "node-role.kubernetes.io/etcd"
	memberAnnotation = "etcd.k3s.cattle.io/node-name"
)

func (o object) node() Node {
	n := Node{
		Name: o.Metadata.Name, UID: o.Metadata.UID, Version: o.Status.NodeInfo.KubeletVersion, Cordoned: o.Spec.Unschedulable, Why: "its kubelet has told nothing",
		Server: o.Metadata.Labels[serverLabel] != "", Etcd: o.Metadata.Labels[etcdLabel] != "", Member: o.Metadata.Annotations[memberAnnotation],
		annotations: o.Metadata.Annotations,
	}
	for _, one := range o.Status.Conditions {
		switch {
		case one.Type == "Ready" && one.Status == "True":
			n.Ready, n.Why = true, ""
		case one.Type == "Ready":
			n.Why = strings.TrimSuffix(one.Reason+" ("+one.Message, " (") + ")"
		}
	}
	return n
}

// Nodes are all nodes, by name.
func (c *Cluster) Nodes(ctx context.Context) ([]Node, error) {
	var list struct{ Items []object }
	if err := c.get(ctx, &list, "nodes"); err != nil {
		return nil, err
	}
	var nodes []Node
	for _, one := range list.Items {
		nodes = append(nodes, one.node())
	}
	sort.Slice(nodes, func(i, j int) bool { return nodes[i].Name < nodes[j].Name })
	return nodes, nil
}

// Node is one node; found tells whether there is one of that name.
func (c *Cluster) Node(ctx context.Context, name string) (node Node, found bool, err error) {
	var one object
	err = c.get(ctx, &one, "node", name)
	return one.node(), one.Metadata.Name != "", err
}

// look is how often the state of something is looked at that is waited for.
const look = time.Second

// AwaitReady returns when the node is Ready and has the version, if one is named, within the time. It runs on a server.
func (c *Cluster) AwaitReady(ctx context.Context, node, version string, timeout time.Duration) error {
	return until(ctx, "node "+node+" to be Ready", timeout, func(ctx context.Context) (bool, string, error) {
		return c.isReady(ctx, node, version)
	})
}

func (c *Cluster) isReady(ctx context.Context, name, version string) (bool, string, error) {
	node, found, err := c.Node(ctx, name)
	if err != nil {
		state, err := unanswered(err)
		return false, state, err
	}
	switch {
	case !found:
		return false, "no node of that name", nil
	case version != "" && node.Version != version:
		return false, fmt.Sprintf("it is %s, not %s", node.Version, version), nil
	case !node.Ready:
		return false, "not Ready: " + node.Why, nil
	}
	return true, "", nil
}

// AwaitServer returns when the server at which the cluster was opened is a voter of etcd, of which it asks itself, and its node is Ready.
// It runs on that server. One without etcd needs the node alone.
func (c *Cluster) AwaitServer(ctx context.Context, node, version string, timeout time.Duration) error {
	return until(ctx, "server "+node, timeout, func(ctx context.Context) (bool, string, error) {
		if state := c.votes(ctx, node); state != "" {
			return false, state, nil
		}
		return c.isReady(ctx, node, version)
	})
}

// votes tells why the server does not, or nothing.
func (c *Cluster) votes(ctx context.Context, node string) (state string) {
	members, err := c.Members(ctx)
	if isNoEtcd(err) {
		return ""
	}
	if err != nil {
		return err.Error()
	}
	member, found := members.Of(node)
	switch {
	case !found:
		return "it is no member of etcd, which has " + members.String()
	case member.Learner:
		return "a learner of etcd, not a voter yet"
	}
	return ""
}
