package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// AwaitOpen opens the cluster as soon as the server answers, which one that is being started does after a while.
func AwaitOpen(ctx context.Context, a Access, timeout time.Duration) (c *Cluster, err error) {
	err = until(ctx, "k3s to answer", timeout, func(ctx context.Context) (bool, string, error) {
		var problem error
		c, problem = Open(ctx, a)
		var silent *Silent
		if errors.As(problem, &silent) || code(problem) >= http.StatusInternalServerError {
			return false, problem.Error(), nil
		}
		return problem == nil, "", problem
	})
	return c, err
}

// AwaitWell returns when all nodes are Ready and their servers serve. It runs on a server.
func (c *Cluster) AwaitWell(ctx context.Context, timeout time.Duration) error {
	return until(ctx, "all nodes to be well", timeout, func(ctx context.Context) (bool, string, error) {
		members, err := c.Members(ctx)
		if code(err) == http.StatusUnauthorized {
			return false, "", err
		}
		if err != nil && !isNoEtcd(err) {
			return false, err.Error(), nil
		}
		nodes, err := c.Nodes(ctx)
		if err != nil {
			state, err := unanswered(err)
			return false, state, err
		}
		sick := unwell(nodes, c.Sick(ctx, members.Voters()))
		return len(sick) == 0, strings.Join(sick, ", "), nil
	})
}

// unwell tells of the nodes that are not well, and why.
func unwell(nodes []Node, down map[string]error) (sick []string) {
	for _, n := range nodes {
		switch err := down[n.Name]; {
		case err != nil:
			sick = append(sick, fmt.Sprintf("%s (%v)", n.Name, err))
		case !n.Ready:
			sick = append(sick, fmt.Sprintf("%s (%s)", n.Name, n.Why))
		}
	}
	return sick
}
