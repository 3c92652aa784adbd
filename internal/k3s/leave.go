package k3s

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
	"github.com/metal-stack/initial-cluster/internal/k3s/service"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// planForget finds another server of the cluster, at which this one can be taken out. If there is none, it is alone, or the cluster cannot
// be told; only the first needs no leave.
func (p *Plan) planForget(ctx context.Context, name string) error {
	members, problem := p.members(ctx)
	_, mine := members.Of(name)
	switch {
	case problem == nil && len(members) == 1 && mine:
		return p.planLast(name)
	case problem == nil:
		p.add(func(ctx context.Context) error { return p.leave(ctx, name, members) }, "take member and node %s out of the cluster, when the others can do without it", name)
		return nil
	case p.want.accepts("member_left_behind"):
		p.warnings = append(p.warnings, fmt.Sprintf("the cluster may still have a member and a node %s: %v", name, problem))
		return nil
	}
	return fmt.Errorf("refusing to remove server %s: the cluster cannot be told, and its member would stay and count: %w; "+
		"start what is down, or accept member_left_behind", name, problem)
}

// planLast judges the end of a server that is the cluster.
func (p *Plan) planLast(name string) error {
	if p.want.accepts("cluster_loss") {
		return nil
	}
	return fmt.Errorf("refusing to remove %s: it is the only server, and the cluster would be gone with all that is in it; "+
		"take a backup, and accept cluster_loss", name)
}

// members asks this server, or else the others.
func (p *Plan) members(ctx context.Context) (cluster.Members, error) {
	var problems []error
	for i, url := range p.urls() {
		a := p.access(url)
		if i == 0 || a.Token == "" { // this server itself takes what its data is bound to, also while the token is rotated
			a.Token = p.bound
		}
		c, err := cluster.Open(ctx, a)
		if err == nil {
			var members cluster.Members
			if members, err = c.Members(ctx); err == nil {
				return members, nil
			}
		}
		if errors.Is(err, cluster.ErrNoEtcd) {
			return cluster.Members{{Name: p.Name(p.want) + "-"}}, nil // as etcd would name it
		}
		problems = append(problems, err)
	}
	return nil, errors.Join(problems...)
}

// urls are those of this server and of the others that are told.
func (p *Plan) urls() []string {
	urls := []string{p.urlOf("127.0.0.1")}
	for _, server := range p.want.Servers {
		if server != p.self() {
			urls = append(urls, p.urlOf(server))
		}
	}
	if known := p.settings.Get("server"); known != "" && !slices.Contains(urls, known) {
		urls = append(urls, known)
	}
	return urls
}

// leave has the first of the other members that serves take this one out.
func (p *Plan) leave(ctx context.Context, name string, members cluster.Members) error {
	var problems []string
	for _, m := range members {
		if m.Node() == name || m.Learner {
			continue
		}
		url := p.urlOf(m.Address())
		err := p.leaveAt(ctx, name, url)
		if err == nil {
			return nil
		}
		problems = append(problems, url+": "+err.Error())
		if ctx.Err() != nil {
			break
		}
	}
	return fmt.Errorf("take %s out of the cluster: %s", name, strings.Join(problems, "; "))
}

func (p *Plan) leaveAt(ctx context.Context, name, url string) (err error) {
	if err := p.writeRemote(ctx, url); err != nil {
		return err
	}
	defer func() {
		_, gone := p.host.Remove(context.WithoutCancel(ctx), remoteFile)
		err = errors.Join(err, gone)
	}()
	a := p.access(url)
	if a.Token == "" {
		a.Token = p.bound
	}
	a.Kubeconfig = remoteFile
	c, err := cluster.Open(ctx, a)
	if err != nil {
		return err
	}
	turn, err := c.Turn(ctx, cluster.Wish{
		Node: name, Purpose: cluster.Remove, Timeout: p.want.StartTimeout, Hold: 2 * p.want.StartTimeout, Outage: p.want.accepts("quorum_loss"),
	})
	if err != nil {
		return err
	}
	within, cancel := turn.Context(ctx)
	defer cancel()
	stopped := p.stopWhenRemoved(within)
	_, err = c.Forget(within, name, p.want.StartTimeout)
	if err = errors.Join(err, stopped()); err == nil {
		err = p.system.Stop(within, service.Server) // the cluster may have forgotten it before k3s itself has noticed
	}
	return errors.Join(err, turn.Release(ctx))
}

// stopWhenRemoved stops k3s as soon as etcd has removed its member, of which k3s leaves a tombstone in its data: it ends then, and when the init
// system had started it again, five seconds later, it would join the cluster anew. What is returned ends the watch, and tells whether it failed.
func (p *Plan) stopWhenRemoved(ctx context.Context) func() error {
	watch, end := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		o := wait.Options{For: "etcd to remove its member", Interval: tombstoneInterval}
		err := wait.Until(watch, o, func(ctx context.Context) (bool, string, error) {
			_, err := p.host.Stat(ctx, path.Join(p.dataDir, "server/db/etcd/tombstone"))
			if errors.Is(err, fs.ErrNotExist) {
				return false, "", nil
			}
			return err == nil, "", err
		})
		if err == nil {
			err = p.system.Stop(ctx, service.Server)
		}
		done <- err
	}()
	return func() error {
		end()
		err := <-done
		if unseen := (*wait.GaveUp)(nil); errors.As(err, &unseen) { // Forget tells what became of it
			return nil
		}
		return err
	}
}

// tombstoneInterval is a fraction of the five seconds that k3s is down.
const tombstoneInterval = 200 * time.Millisecond
