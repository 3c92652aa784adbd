package cluster

import (
	"context"
	"fmt"
	"time"
)

const (
	removeAnnotation  = "etcd.k3s.cattle.io/remove"
	addressAnnotation = "etcd.k3s.cattle.io/node-address"
)

// Forget removes a node from the cluster: its member of etcd, its Node object and the password that keeps another machine from taking its
// name. It runs on a server that stays, while the cluster has its quorum; for the node of a server the caller holds the Turn to remove it.
// What an earlier run has begun it goes on with.
func (c *Cluster) Forget(ctx context.Context, name string, timeout time.Duration) (changed bool, err error) {
	node, found, err := c.Node(ctx, name)
	if err != nil {
		return false, err
	}
	members, err := c.Members(ctx)
	if err != nil && !isNoEtcd(err) {
		return false, err
	}
	member, isMember := members.Of(name)
	if isMember && (!found || node.Member == "") {
		if err := c.disown(ctx, member, found); err != nil {
			return false, err
		}
	}
	if found || isMember {
		if _, err := c.kubectl(ctx, "", "delete", "node", name, "--ignore-not-found", "--wait=false"); err != nil {
			return false, err
		}
	}
	if err := c.awaitGone(ctx, name, node.UID, timeout); err != nil {
		return true, err
	}
	forgotten, err := c.forgetPassword(ctx, name)
	return found || isMember || forgotten, err
}

// Knows tells whether Forget would do anything, and whether the node is a server's.
func (c *Cluster) Knows(ctx context.Context, name string) (known, server bool, err error) {
	node, found, err := c.Node(ctx, name)
	if err != nil {
		return false, false, err
	}
	members, err := c.Members(ctx)
	if err != nil && !isNoEtcd(err) {
		return false, false, err
	}
	_, isMember := members.Of(name)
	var secret object
	err = c.get(ctx, &secret, "secret", passwordSecret(name), "--namespace="+systemNamespace)
	return found || isMember || secret.Metadata.Name != "", isMember || node.Server, err
}

// disown makes k3s remove a member that no node stands for: it does so for a node that says that it is this member and shall go.
func (c *Cluster) disown(ctx context.Context, m Member, found bool) error {
	if !found {
		ghost := object{APIVersion: "v1", Kind: "Node", Metadata: metadata{Name: m.Node(), Labels: map[string]string{etcdLabel: "true"}}}
		ghost.Spec.Unschedulable = true
		if err := c.write(ctx, ghost, "create"); err != nil {
			return err
		}
	}
	_, err := c.kubectl(ctx, "", "annotate", "node", m.Node(), "--overwrite", memberAnnotation+"="+m.Name, addressAnnotation+"="+m.Address(), removeAnnotation+"=true")
	if err != nil {
		return err
	}
	return until(ctx, "etcd to remove "+m.Name, removeTimeout, func(ctx context.Context) (bool, string, error) {
		members, err := c.Members(ctx)
		if err != nil {
			return false, err.Error(), nil
		}
		_, still := members.Of(m.Node())
		return !still, "it is a member", nil
	})
}

// removeTimeout is for the removal of one member, which may cost the cluster its leader for ten seconds.
const removeTimeout = 2 * time.Minute

// awaitGone waits until a node of which the UID was seen, if there was one, is no more.
func (c *Cluster) awaitGone(ctx context.Context, name, uid string, timeout time.Duration) error {
	return until(ctx, "node "+name+" to be gone", timeout, func(ctx context.Context) (bool, string, error) {
		node, found, err := c.Node(ctx, name)
		if err != nil {
			state, err := unanswered(err)
			return false, state, err
		}
		if found && uid != "" && node.UID != uid {
			return false, "", fmt.Errorf("node %s was removed and has joined anew, as k3s runs there; stop k3s on it, and run this again", name)
		}
		if found {
			return false, "its Node object is there", nil
		}
		members, err := c.Members(ctx)
		if err != nil && !isNoEtcd(err) {
			return false, err.Error(), nil
		}
		_, still := members.Of(name)
		return !still, "its member of etcd is there", nil
	})
}

// passwordSecret keeps the hash of what is in /etc/rancher/node/password of the node.
func passwordSecret(node string) string { return node + ".node-password.k3s" }

// forgetPassword removes what k3s has left of it, as it does where the Node object was deleted while no server ran.
func (c *Cluster) forgetPassword(ctx context.Context, node string) (changed bool, err error) {
	said, err := c.kubectl(ctx, "", "delete", "secret", passwordSecret(node), "--namespace="+systemNamespace, "--ignore-not-found")
	return said != "", err
}
