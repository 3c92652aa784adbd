package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Tidy makes a cluster that was restored forget what is no more. Servers that are not to be are none, as etcd has only the members that have
// joined since. Other nodes it watches for a while: one that tells of itself is left, and warned of.
func (c *Cluster) Tidy(ctx context.Context, keep []string, timeout time.Duration) (done, warnings []string, err error) {
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return nil, nil, err
	}
	stale := slices.DeleteFunc(nodes, func(n Node) bool { return slices.Contains(keep, n.Name) })
	alive, err := c.alive(ctx, slices.DeleteFunc(slices.Clone(stale), func(n Node) bool { return n.Server }), quietTime)
	if err != nil {
		return nil, nil, err
	}
	for _, n := range stale {
		if slices.Contains(alive, n.Name) {
			warnings = append(warnings, fmt.Sprintf("node %s is none of those that are named, and lives; it was left as it is", n.Name))
			continue
		}
		if _, err := c.Forget(ctx, n.Name, timeout); err != nil {
			return done, warnings, err
		}
		done = append(done, "remove node "+n.Name+", which is no more")
	}
	return done, warnings, nil
}

// quietTime is longer than a node that lives leaves its Lease as it is: its kubelet renews it every ten seconds, and it holds for 40. Whether
// a node is Ready is no sign: that is of the time of the backup until a new controller has taken over, and waited for 50 seconds.
const quietTime = time.Minute

// watchTime is how long Kubernetes may take to tell of the Leases at all.
const watchTime = 2 * time.Minute

// alive are the names of the nodes whose Leases change within the time. Who has no Lease is alive if it is Ready.
func (c *Cluster) alive(ctx context.Context, nodes []Node, quiet time.Duration) (names []string, err error) {
	if len(nodes) == 0 {
		return nil, nil
	}
	var first map[string]string
	var since time.Time
	err = until(ctx, "the Leases of the nodes", quiet+watchTime, func(ctx context.Context) (bool, string, error) {
		renewed, err := c.renewed(ctx)
		if err != nil {
			state, err := unanswered(err)
			return false, state, err
		}
		if first == nil {
			first, since = renewed, time.Now()
		}
		names = nil
		for _, n := range nodes {
			if renewed[n.Name] != first[n.Name] || renewed[n.Name] == "" && n.Ready {
				names = append(names, n.Name)
			}
		}
		return len(names) == len(nodes) || time.Since(since) >= quiet, "not all are renewed", nil
	})
	return names, err
}

// renewed tells when the Lease of each node was.
func (c *Cluster) renewed(ctx context.Context) (map[string]string, error) {
	var list struct{ Items []lease }
	if err := c.get(ctx, &list, "leases", "--namespace=kube-node-lease"); err != nil {
		return nil, err
	}
	times := map[string]string{}
	for _, one := range list.Items {
		times[one.Metadata.Name] = one.Spec.Renewed
	}
	return times, nil
}

// ForgetPasswords removes what keeps machines from taking the names of nodes but one's: they prove themselves by the token alone when they
// come back, and get a new password.
func (c *Cluster) ForgetPasswords(ctx context.Context, but string) (changed bool, err error) {
	said, err := c.kubectl(ctx, "", "get", "secrets", "--namespace="+systemNamespace, "--output=name")
	if err != nil {
		return false, err
	}
	var names []string
	for _, name := range strings.Fields(said) {
		if strings.HasSuffix(name, passwordSecret("")) && name != "secret/"+passwordSecret(but) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return false, nil
	}
	_, err = c.kubectl(ctx, "", append([]string{"delete", "--namespace=" + systemNamespace, "--ignore-not-found"}, names...)...)
	return true, err
}
