package metalstackcloud

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

// news tells the status of an operation from that of the one before, which may go on being told for a while.
type news struct {
	before *status // nil if there was none
	counts time.Time
	begun  bool
}

func (c *Cloud) news(before *status) *news {
	return &news{before: before, counts: time.Now().Add(c.pace.Begin), begun: before == nil}
}

// has tells whether a status is new, or could not be the old one any more.
func (n *news) has(now *status) bool {
	n.begun = n.begun || !now.same(n.before) || time.Now().After(n.counts)
	return n.begun
}

// awaitReady waits until the operation on a cluster has succeeded that came after the given status.
func (c *Cloud) awaitReady(ctx context.Context, of *cluster, before *status) error {
	news := c.news(before)
	return c.await(ctx, "cluster "+of.Name+" to be ready", func(ctx context.Context) (bool, string, error) {
		now, state, err := c.look(ctx, of)
		switch {
		case now == nil || err != nil:
			return false, state, err
		case now.deleting():
			return false, "", fmt.Errorf("wait for cluster %s: somebody deletes it; run it again to create it anew", of.Name)
		case !news.has(now.Status):
			return false, "it has not begun yet, " + now.Status.String(), nil
		case now.Status.stopped():
			return false, "", stopped(of.Name, now.Status)
		}
		return now.Status.done(), now.Status.String(), nil
	})
}

// awaitEnd waits until a cluster is gone, by an operation that came after the given status.
func (c *Cloud) awaitEnd(ctx context.Context, of *cluster, before *status) error {
	news := c.news(before)
	return c.await(ctx, "cluster "+of.Name+" to be deleted", func(ctx context.Context) (bool, string, error) {
		now, state, err := c.look(ctx, of)
		switch {
		case codeOf(err) == NotFound:
			return true, "", nil
		case now == nil || err != nil:
			return false, state, err
		case !news.has(now.Status):
			return false, "the deletion has not begun yet, " + now.Status.String(), nil
		case now.Status.stopped():
			return false, "", stopped(of.Name, now.Status)
		}
		return false, now.Status.String(), nil
	})
}

func stopped(name string, s *status) error {
	return fmt.Errorf("cluster %s: metalstack.cloud has stopped: %s; mend what it names, and run it again to have it retried", name, s)
}

func (c *Cloud) await(ctx context.Context, what string, condition wait.Condition) error {
	err := wait.Until(ctx, wait.Options{For: what, Interval: c.pace.Look}, condition)
	var gaveUp *wait.GaveUp
	if errors.As(err, &gaveUp) && errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w; run it again to go on waiting, or raise cluster_timeout", err)
	}
	return err
}
