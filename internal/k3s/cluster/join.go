package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Found is what answers at the servers that one may know.
type Found struct {
	Cluster *Cluster         // at the first server that can be joined at; nil if there is none
	Unready map[string]error // URLs of servers that are there and cannot be joined at now, and why: there is a cluster
	Silent  map[string]error // URLs where nothing answers, and why
}

// Search asks all servers of the list, so that whether there is a cluster follows from what runs, not from a place in a list. A server that
// is of another cluster or does not take the token is an error: who went on as if there were nothing would make a second cluster.
func Search(ctx context.Context, a Access, urls []string) (Found, error) {
	f := Found{Unready: map[string]error{}, Silent: map[string]error{}}
	for _, url := range urls {
		a.URL = url
		if err := f.look(ctx, a); err != nil {
			return f, err
		}
	}
	return f, nil
}

func (f *Found) look(ctx context.Context, a Access) error {
	c, err := Open(ctx, a)
	if err == nil {
		_, err = c.Members(ctx)
	}
	var silent *Silent
	switch {
	case errors.As(err, &silent):
		f.Silent[a.URL] = err
	case errors.Is(err, ErrNoQuorum), code(err) == http.StatusServiceUnavailable, code(err) == http.StatusTooManyRequests:
		f.Unready[a.URL] = err
	case isNoEtcd(err):
		return fmt.Errorf("%w, and no second server can join it; give that one cluster-init, which moves its data to etcd", err)
	case err != nil:
		return err
	case f.Cluster == nil:
		f.Cluster = c
	}
	return nil
}

// Join is a server that is to become a member.
type Join struct {
	Node     string
	Settings Settings      // that it is to have: Wanted
	Timeout  time.Duration // how long to wait for the others to be well
}

// AwaitJoin returns when the server can join, and says before it starts what k3s would only write to its journal, again and again: settings
// that differ, a member left of an earlier life of the node, and servers that are down, without which no other becomes a voter.
func (c *Cluster) AwaitJoin(ctx context.Context, j Join) error {
	theirs, err := c.Settings(ctx)
	if code(err) == http.StatusUnauthorized {
		return fmt.Errorf("agent-token differs from that of %s, where the one given here is not known", c.url)
	}
	if err != nil {
		return err
	}
	if found := j.Settings.Differences(theirs); len(found) > 0 {
		return fmt.Errorf("settings differ from those of %s, and must be the same on all servers: %s", c.url, list(found))
	}
	return until(ctx, "the servers that "+j.Node+" joins", j.Timeout, func(ctx context.Context) (bool, string, error) {
		return c.joinable(ctx, j.Node)
	})
}

func list[T fmt.Stringer](all []T) string {
	var texts []string
	for _, one := range all {
		texts = append(texts, one.String())
	}
	return strings.Join(texts, ", ")
}

func (c *Cluster) joinable(ctx context.Context, node string) (bool, string, error) {
	members, err := c.Members(ctx)
	if err != nil {
		return false, err.Error(), nil
	}
	if own, found := members.Of(node); found {
		return false, "", fmt.Errorf("etcd has a member %s of this name at %s, and this server's data is not that member's; remove the node first, then it can join",
			own.Name, own.Address())
	}
	sick := c.Sick(ctx, members.Voters())
	var down []string
	for _, other := range slices.Sorted(maps.Keys(sick)) {
		down = append(down, fmt.Sprintf("%s (%v)", other, sick[other]))
	}
	return len(sick) == 0, "down: " + strings.Join(down, ", "), nil
}
