package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
)

// The operations.
const (
	info        = "info"
	check       = "check"
	checkBack   = "check_rollback"
	await       = "await"
	drain       = "drain"
	uncordon    = "uncordon"
	forget      = "forget"
	snapshot    = "snapshot"
	rotateToken = "rotate_token"
	rotateKeys  = "rotate_keys"
	rotateCerts = "rotate_certificates"
)

// task is one operation. It fills in what the module tells.
type task struct {
	params
	host    host.Host
	dry     bool // check mode: what tasks before this one would have done is not done
	cluster *cluster.Cluster
	self    string // the server's own node; empty without etcd
	msg     string
	values  map[string]any

	warnings []string
}

type doing func(context.Context) error

// plan looks, and tells in a sentence what is to be done and how; nothing if nothing is.
func (t *task) plan(ctx context.Context) (step string, do doing, err error) {
	if t.Operation != check { // which waits for more than that
		if err := t.cluster.AwaitMajority(ctx); err != nil {
			return "", nil, err
		}
	}
	return map[string]func(context.Context) (string, doing, error){
		info: t.info, check: t.check, checkBack: t.checkRollback, await: t.await, drain: t.drain, uncordon: t.uncordon, forget: t.forget, snapshot: t.snapshot,
		rotateToken: t.rotateToken, rotateKeys: t.rotateKeys, rotateCerts: t.rotateCertificates,
	}[t.Operation](ctx)
}

func (t *task) look(ctx context.Context) ([]cluster.Node, cluster.Members, error) {
	members, err := t.cluster.Members(ctx)
	if err != nil && !errors.Is(err, cluster.ErrNoEtcd) {
		return nil, nil, err
	}
	nodes, err := t.cluster.Nodes(ctx)
	if err != nil {
		return nil, nil, err
	}
	t.values["cluster"] = describe(nodes, members)
	return nodes, members, nil
}

func (t *task) info(ctx context.Context) (string, doing, error) {
	nodes, _, err := t.look(ctx)
	t.msg = fmt.Sprintf("the cluster has %d nodes", len(nodes))
	return "", nil, err
}

// check judges an upgrade before any node is touched. Those that an interrupted one has left on their way up arrive first; it is no way to mend any.
func (t *task) check(ctx context.Context) (string, doing, error) {
	if err := t.cluster.AwaitWell(ctx, t.timeout()); err != nil {
		return "", nil, fmt.Errorf("%w; mend or remove them before", err)
	}
	nodes, members, err := t.look(ctx)
	if err != nil {
		return "", nil, err
	}
	outdated, err := t.judge(nodes, func(node string, from, to cluster.Version) error {
		err := cluster.CheckUpgrade(from, to)
		if _, etcd := members.Of(node); err == nil && etcd {
			err = cluster.CheckEtcd(from, to)
		}
		return err
	})
	if err != nil {
		return "", nil, err
	}
	t.msg = fmt.Sprintf("%d of %d nodes are to be upgraded to %s", outdated, len(nodes), t.Version)
	return "", nil, nil
}

// checkRollback judges going back by the older binary. Where that will not do, it names the snapshots that will.
func (t *task) checkRollback(ctx context.Context) (string, doing, error) {
	nodes, _, err := t.look(ctx)
	if err != nil {
		return "", nil, err
	}
	outdated, problem := t.judge(nodes, func(_ string, from, to cluster.Version) error { return cluster.CheckRollback(from, to) })
	if problem == nil {
		t.msg = fmt.Sprintf("%d of %d nodes are to go back to %s", outdated, len(nodes), t.Version)
		return "", nil, nil
	}
	snapshots, err := t.cluster.Snapshots(ctx)
	if err != nil {
		return "", nil, errors.Join(problem, err)
	}
	names := []string{}
	for _, s := range snapshots {
		names = append(names, s.Name+" on "+s.Node)
	}
	return "", nil, fmt.Errorf("%w; there are: %s", problem, list(names))
}

// judge finds the nodes that have another version than the wanted one, and all that speaks against it.
func (t *task) judge(nodes []cluster.Node, may func(node string, from, to cluster.Version) error) (int, error) {
	to, err := cluster.ParseVersion(t.Version)
	if err != nil {
		return 0, err
	}
	outdated, problems := []string{}, []string{}
	for _, n := range nodes {
		from, err := cluster.ParseVersion(n.Version)
		if err != nil || from.Compare(to) == 0 {
			continue
		}
		outdated = append(outdated, n.Name)
		if err := may(n.Name, from, to); err != nil {
			problems = append(problems, n.Name+": "+err.Error())
		}
	}
	t.values["cluster"].(map[string]any)["outdated"] = outdated
	if len(problems) > 0 {
		return 0, errors.New(strings.Join(problems, "; "))
	}
	return len(outdated), nil
}

func (t *task) await(ctx context.Context) (string, doing, error) {
	if err := t.cluster.AwaitReady(ctx, t.Node, t.Version, t.timeout()); err != nil {
		return "", nil, err
	}
	t.msg = t.Node + " is Ready"
	_, _, err := t.look(ctx)
	return "", nil, err
}

func (t *task) drain(ctx context.Context) (string, doing, error) {
	wanted := cluster.Drain{Node: t.Node, Timeout: t.timeout(), Force: t.Force}
	left, err := t.cluster.ToDrain(ctx, wanted)
	if err != nil || !left {
		t.msg = "nothing to drain on " + t.Node
		return "", nil, err
	}
	return "drain " + t.Node, func(ctx context.Context) error {
		_, err := t.cluster.Drain(ctx, wanted)
		t.msg = t.Node + " is drained"
		return err
	}, nil
}

func (t *task) uncordon(ctx context.Context) (string, doing, error) {
	node, found, err := t.cluster.Node(ctx, t.Node)
	if err != nil {
		return "", nil, err
	}
	if !found {
		return "", nil, fmt.Errorf("uncordon %s: no node of that name", t.Node)
	}
	if !node.Drained() {
		t.msg = t.Node + " was not drained by this collection"
		return "", nil, nil
	}
	return "uncordon " + t.Node, func(ctx context.Context) error {
		_, err := t.cluster.Uncordon(ctx, t.Node)
		t.msg = "pods may run on " + t.Node + " again"
		return err
	}, nil
}

func (t *task) forget(ctx context.Context) (string, doing, error) {
	if t.Node == t.self {
		return "", nil, fmt.Errorf("refusing to remove %s: this runs on it, and nobody would be left to do it; run it on a server that stays", t.Node)
	}
	known, server, err := t.cluster.Knows(ctx, t.Node)
	if err != nil {
		return "", nil, err
	}
	if !known {
		t.msg = "the cluster knows no node " + t.Node
		return "", nil, nil
	}
	if !t.dry { // k3s runs still, as nothing has taken it off
		if err := t.silent(ctx); err != nil {
			return "", nil, err
		}
	}
	return "remove node " + t.Node + " from the cluster", func(ctx context.Context) (err error) {
		if server {
			turn, err := t.cluster.Turn(ctx, cluster.Wish{Node: t.Node, Purpose: cluster.Remove, Timeout: t.timeout(), Hold: 2 * t.timeout()})
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, turn.Release(ctx)) }()
			within, cancel := turn.Context(ctx)
			defer cancel()
			ctx = within
		}
		_, err = t.cluster.Forget(ctx, t.Node, t.timeout())
		t.msg = "the cluster knows no node " + t.Node + " any more"
		return err
	}, nil
}

// silent refuses what would not last: k3s that runs and is removed joins again when its init system has started it anew.
func (t *task) silent(ctx context.Context) error {
	members, err := t.cluster.Members(ctx)
	if errors.Is(err, cluster.ErrNoEtcd) {
		return nil
	}
	own, found := members.Of(t.Node)
	if err != nil || !found || t.cluster.Sick(ctx, cluster.Members{own})[t.Node] != nil {
		return err
	}
	return fmt.Errorf("refusing to remove %s: its k3s answers at %s, and would join again; take k3s off it first (k3s_node with state absent), or stop it", t.Node, own.Address())
}

func (t *task) snapshot(context.Context) (string, doing, error) {
	return "take a snapshot of etcd", func(ctx context.Context) error {
		taken, err := t.cluster.Snapshot(ctx, t.SnapshotName)
		if err != nil {
			return err
		}
		t.values["snapshot"] = map[string]any{"name": taken.Name, "location": taken.Location, "node": taken.Node, "bytes": taken.Bytes}
		t.msg = fmt.Sprintf("snapshot %s of %d bytes is at %s", taken.Name, taken.Bytes, taken.Location)
		return nil
	}, nil
}

func (t *task) rotateToken(ctx context.Context) (string, doing, error) {
	if taken, err := t.cluster.Takes(ctx, t.NewToken); err != nil || taken {
		t.msg = "the server has that token already"
		return "", nil, err
	}
	return "give the cluster another token", func(ctx context.Context) error {
		_, err := t.cluster.RotateToken(ctx, t.NewToken)
		t.msg = "the cluster has another token; give it to all nodes now"
		return err
	}, nil
}

func (t *task) rotateKeys(ctx context.Context) (string, doing, error) {
	before, err := t.cluster.Encryption(ctx)
	if err != nil {
		return "", nil, err
	}
	if before.Unfinished() {
		t.msg = "an earlier rotation is finished by restarting the servers, one after the other; no other one was begun"
		t.warnings = append(t.warnings, "the servers have different keys ("+before.HashError+"): "+t.msg)
		return "", nil, nil
	}
	return "encrypt all Secrets with another key than " + before.Active, func(ctx context.Context) error {
		after, err := t.cluster.RotateKeys(ctx, t.timeout())
		t.values["encryption"] = map[string]any{"active": after.Active, "inactive": slices.Clone(after.Inactive), "stage": after.Stage}
		t.msg = "Secrets are encrypted with " + after.Active + "; restart the other servers now, one after the other"
		return err
	}, nil
}
