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

// Purpose is what is to happen to a server.
type Purpose string

// What may happen to a server: after a restart it comes back, after a stop it does not by itself, and a removed one is no member any more.
const (
	Restart Purpose = "restart"
	Stop    Purpose = "stop"
	Remove  Purpose = "remove"
)

// Wish is what somebody wants to do to a server.
type Wish struct {
	Node    string // the server's
	Purpose Purpose
	Timeout time.Duration // how long to wait until it may be done
	Hold    time.Duration // how long the work may take; for that long others wait, also if it is killed
	Outage  bool          // agreed that the cluster is without API meanwhile
}

// Turn is the leave to do it. As long as it is held no other server is restarted, stopped or removed.
type Turn struct {
	cluster *Cluster
	holder  string
	ends    time.Time
	servers []string // their URLs
	None    bool     // there is no etcd whose quorum could break, and no lease is held
}

// Turn waits until the wish can be granted without breaking the quorum of etcd, and grants it to one in the cluster at a time. It runs on a
// server of the cluster, while its API works. A server whose k3s does not serve needs no leave: there is nothing left to break.
//
// Whoever gets it does the work within Context, waits with AwaitServer for what comes back, and then releases it.
func (c *Cluster) Turn(ctx context.Context, w Wish) (*Turn, error) {
	if w.Hold < time.Second {
		return nil, fmt.Errorf("%s %s: how long it may take is not said", w.Purpose, w.Node)
	}
	t := &Turn{cluster: c, holder: w.Node}
	watched := observation{}
	err := until(ctx, fmt.Sprintf("leave to %s %s", w.Purpose, w.Node), w.Timeout, func(ctx context.Context) (bool, string, error) {
		return t.ask(ctx, w, &watched)
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// ask looks first, so that who must wait does not hold the lease, and again with it: others may have worked between.
func (t *Turn) ask(ctx context.Context, w Wish, watched *observation) (bool, string, error) {
	if why, err := t.refusal(ctx, w); why != "" || err != nil || t.None {
		return t.None && err == nil && why == "", why, err
	}
	begin := time.Now()
	taken, state, err := t.cluster.take(ctx, t.holder, w.Hold, watched)
	if !taken {
		return false, state, err
	}
	t.ends = begin.Add(w.Hold)
	why, err := t.refusal(ctx, w)
	if why == "" && err == nil {
		return true, "", nil
	}
	return false, why, errors.Join(err, t.Release(ctx))
}

// refusal is why the wish cannot be granted now, or, as an error, ever.
func (t *Turn) refusal(ctx context.Context, w Wish) (why string, err error) {
	members, err := t.cluster.Members(ctx)
	if isNoEtcd(err) {
		t.None = true
		return "", alone(w)
	}
	if code(err) == http.StatusUnauthorized {
		return "", err
	}
	if err != nil {
		return err.Error(), nil
	}
	t.servers = nil
	for _, m := range members.Voters() {
		t.servers = append(t.servers, t.cluster.server(m))
	}
	if why, err := members.refusal(w); why != "" || err != nil {
		return why, err
	}
	others := slices.DeleteFunc(members.Voters(), func(m Member) bool { return m.Node() == w.Node })
	return unfit(t.cluster.Sick(ctx, others), len(others), members.needed(w)), nil
}

// alone judges a wish about the only server.
func alone(w Wish) error {
	if w.Purpose == Remove && !w.Outage {
		return fmt.Errorf("refusing to remove %s: it is the only server, and the cluster would be gone", w.Node)
	}
	return nil
}

// needed is how many of the other voters must serve when the server is away.
func (m Members) needed(w Wish) int {
	voters := len(m.Voters())
	own, found := m.Of(w.Node)
	switch {
	case !found || own.Learner || voters == 1:
		return 0
	case w.Purpose == Remove:
		return quorum(voters - 1) // of those that stay
	case w.Outage:
		return 0
	}
	return quorum(voters)
}

// refusal judges by the members alone.
func (m Members) refusal(w Wish) (why string, err error) {
	own, found := m.Of(w.Node)
	if !found || own.Learner {
		return "", nil // it does not count
	}
	if len(m.Voters()) == 1 {
		return "", alone(w)
	}
	if learners := m.Learners(); len(learners) > 0 {
		return fmt.Sprintf("%s joins and is no voter yet", learners), nil
	}
	if len(m.Voters()) == 2 && w.Purpose != Remove && !w.Outage {
		return "", fmt.Errorf("refusing to %s %s: of two servers (%s) neither may be away, or the cluster stops; add a third, or agree to the outage",
			w.Purpose, w.Node, m.Voters())
	}
	return "", nil
}

// unfit tells that too few of the others serve.
func unfit(sick map[string]error, others, needed int) string {
	if needed == 0 || others-len(sick) >= needed {
		return ""
	}
	var why []string
	for _, node := range slices.Sorted(maps.Keys(sick)) {
		why = append(why, fmt.Sprintf("%s (%v)", node, sick[node]))
	}
	return fmt.Sprintf("%d of the other servers must serve, and %d do; not %s", needed, others-len(sick), strings.Join(why, ", "))
}

// Context ends with the turn: what is done within it is not done after another's turn has begun.
func (t *Turn) Context(ctx context.Context) (context.Context, context.CancelFunc) {
	if t.None {
		return context.WithCancel(ctx)
	}
	return context.WithDeadlineCause(ctx, t.ends, errors.New("the time for which no other server is stopped is over"))
}

// releaseTimeout bounds the release at all servers together.
const releaseTimeout = 30 * time.Second

// Release ends the turn, at whichever server answers: the turn's own may be stopped now. It may be called after the context has ended. If
// it fails, others wait until the time of Wish.Hold is over.
func (t *Turn) Release(ctx context.Context) error {
	if t.None {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	err := t.cluster.giveBack(ctx, t.holder)
	for i := 0; err != nil && i < len(t.servers); i++ {
		err = t.cluster.giveBack(ctx, t.holder, "--server="+t.servers[i])
	}
	if err != nil {
		return fmt.Errorf("give back the lease %s/%s: %w; others wait until it ends by itself", systemNamespace, leaseName, err)
	}
	return nil
}
