package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// cordonedBy marks a node that was cordoned here. One that an operator has cordoned keeps that.
const cordonedBy = "initial-cluster.metal-stack.io/cordoned"

// Drain is how a node is emptied.
type Drain struct {
	Node    string
	Timeout time.Duration // for all its pods together
	Force   bool          // also of pods that nothing makes anew elsewhere
}

// Drained tells that Drain has cordoned the node, and Uncordon has not yet let pods onto it again.
func (n Node) Drained() bool { return n.annotations[cordonedBy] != "" }

// ToDrain tells whether Drain would do anything.
func (c *Cluster) ToDrain(ctx context.Context, d Drain) (bool, error) {
	node, elsewhere, err := c.drainable(ctx, d.Node)
	if err != nil || !elsewhere {
		return false, err
	}
	left, err := c.podsOf(ctx, d.Node)
	return !node.Cordoned || len(left) > 0, err
}

// drainable finds the node, and tells whether there is another that could take its pods.
func (c *Cluster) drainable(ctx context.Context, name string) (node Node, elsewhere bool, err error) {
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return Node{}, false, err
	}
	i := slices.IndexFunc(nodes, func(n Node) bool { return n.Name == name })
	if i < 0 {
		return Node{}, false, fmt.Errorf("drain %s: no node of that name", name)
	}
	return nodes[i], slices.ContainsFunc(nodes, func(n Node) bool { return n.Name != name && n.Ready && !n.Cordoned }), nil
}

// Drain cordons the node and evicts its pods, as their disruption budgets allow, but for those of DaemonSets. If there is no other node that
// could take them it does nothing. If it fails, the node is as it was before. It runs on a server.
func (c *Cluster) Drain(ctx context.Context, d Drain) (changed bool, err error) {
	node, elsewhere, err := c.drainable(ctx, d.Node)
	if err != nil || !elsewhere {
		return false, err
	}
	if err := c.cordon(ctx, node); err != nil {
		return false, err
	}
	if err := c.evict(ctx, d); err != nil {
		_, undone := c.Uncordon(context.WithoutCancel(ctx), d.Node)
		return true, errors.Join(err, undone)
	}
	return true, nil
}

// cordon marks first: a run that ends between leaves a mark that does no harm.
func (c *Cluster) cordon(ctx context.Context, n Node) error {
	if n.Cordoned {
		return nil
	}
	if _, err := c.kubectl(ctx, "", "annotate", "node", n.Name, "--overwrite", cordonedBy+"=true"); err != nil {
		return err
	}
	_, err := c.kubectl(ctx, "", "cordon", n.Name)
	return err
}

// overdue is for how many seconds a pod is waited for that should have ended. On a node that is dead none ever does, and its Node object may
// say for most of a minute that it is Ready.
const overdue = "30"

// evict trusts the exit code alone, and tells which pods are left.
func (c *Cluster) evict(ctx context.Context, d Drain) error {
	// One second more: kubectl's own end leaves nothing half said.
	ctx, cancel := context.WithTimeout(ctx, d.Timeout+askTimeout)
	defer cancel()
	words := []string{
		c.access.K3s, "kubectl", "drain", d.Node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=" + d.Timeout.String(),
		"--skip-wait-for-delete-timeout=" + overdue,
	}
	if d.Force {
		words = append(words, "--force")
	}
	command := host.Words(words...)
	if c.access.Kubeconfig != "" {
		command.Env = map[string]string{"KUBECONFIG": c.access.Kubeconfig}
	}
	_, err := c.access.Host.Run(ctx, command)
	var failed *host.RunError
	if !errors.As(err, &failed) {
		return err
	}
	left, lookErr := c.podsOf(context.WithoutCancel(ctx), d.Node)
	if lookErr != nil || len(left) == 0 {
		return fmt.Errorf("drain %s: %w", d.Node, err)
	}
	return fmt.Errorf("drain %s: %d pods are left after %s (%s): %w", d.Node, len(left), d.Timeout, strings.Join(left, ", "), err)
}

// podsOf are the pods of the node that a drain evicts, as namespace/name.
func (c *Cluster) podsOf(ctx context.Context, node string) ([]string, error) {
	var list struct{ Items []object }
	if err := c.get(ctx, &list, "pods", "--all-namespaces", "--field-selector=spec.nodeName="+node); err != nil {
		return nil, err
	}
	var names []string
	for _, pod := range list.Items {
		if pod.Status.Phase != "Succeeded" && pod.Status.Phase != "Failed" && !pod.stays() {
			names = append(names, pod.Metadata.Namespace+"/"+pod.Metadata.Name)
		}
	}
	return names, nil
}

// stays tells of a pod that a drain leaves alone: a DaemonSet's, and the mirror of a static one.
func (o object) stays() bool {
	for _, owner := range o.Metadata.OwnerReferences {
		if owner.Kind == "DaemonSet" || owner.Kind == "Node" {
			return true
		}
	}
	return false
}

// Uncordon lets pods onto a node again that Drain has cordoned, in this run or one that was interrupted. It runs on a server.
func (c *Cluster) Uncordon(ctx context.Context, name string) (changed bool, err error) {
	node, found, err := c.Node(ctx, name)
	if err != nil || !found || !node.Drained() {
		return false, err
	}
	if _, err := c.kubectl(ctx, "", "uncordon", name); err != nil {
		return false, err
	}
	_, err = c.kubectl(ctx, "", "annotate", "node", name, cordonedBy+"-")
	return true, err
}
