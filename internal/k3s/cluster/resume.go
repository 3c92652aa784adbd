package cluster

import "context"

// GiveBack frees the leave that an earlier run of a node has had and not given back, because it was killed. It runs on a server of the
// cluster; where the node does not have it, nothing happens.
func (c *Cluster) GiveBack(ctx context.Context, node string) error { return c.giveBack(ctx, node) }
