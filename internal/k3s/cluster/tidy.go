package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Tidy makes a cluster that was restored forget what is no more. Servers that are not to be are none, as etcd has only the members that have
// joined since. Of other nodes it waits until Kubernetes has noticed: one that goes on telling of itself is left, and warned of.
func (c *Cluster) Tidy(ctx context.Context, keep []string, timeout time.Duration) (done, warnings []string, err error) {
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, stale := range nodes {
		if slices.Contains(keep, stale.Name) {
			continue
		}
		if !stale.Server && !c.silent(ctx, stale.Name) {
			warnings = append(warnings, fmt.Sprintf("node %s is none of those that are named, and lives; it was left as it is", stale.Name))
			continue
		}
		if _, err := c.Forget(ctx, stale.Name, timeout); err != nil {
			return done, warnings, err
		}
		done = append(done, "remove node "+stale.Name+", which is no more")
	}
	return done, warnings, nil
}

// noticeTime is longer than Kubernetes takes to say of a node that it tells nothing: 50 seconds (node-monitor-grace-period).
const noticeTime = 90 * time.Second

// silent waits until a node is not Ready, as far as the cluster can tell.
func (c *Cluster) silent(ctx context.Context, name string) bool {
	return until(ctx, "node "+name+" to be not Ready", noticeTime, func(ctx context.Context) (bool, string, error) {
		node, _, err := c.Node(ctx, name)
		if err != nil {
			state, err := unanswered(err)
			return false, state, err
		}
		return !node.Ready, "Ready", nil
	}) == nil
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
