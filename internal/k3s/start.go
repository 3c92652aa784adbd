package k3s

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
	"github.com/metal-stack/initial-cluster/internal/k3s/service"
	"github.com/metal-stack/initial-cluster/internal/k3s/settings"
	"github.com/metal-stack/initial-cluster/internal/k3s/sweep"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

func (p *Plan) definition() service.Definition {
	return service.Definition{Role: p.want.Role, Binary: p.binary.path}
}

// planStart makes k3s run with what is on the disk now.
func (p *Plan) planStart() {
	name := service.Name(p.want.Role)
	enable := func(ctx context.Context) error { return p.system.Enable(ctx, p.want.Role) }
	switch {
	case !p.state.Enabled:
		p.add(enable, "let %s start with the machine", name)
	case p.unitWritten:
		p.silently(enable)
	}
	switch {
	case p.starting && p.state.Running:
		p.add(p.restart, "restart %s (%s) and wait until it is ready", name, strings.Join(p.reasons, "; "))
	case p.starting:
		p.add(p.restart, "start %s and wait until it is ready", name)
	case !p.state.Active:
		p.add(p.await, "wait until %s is ready", name)
	}
}

// restart starts k3s, anew if it runs, and waits until it serves.
func (p *Plan) restart(ctx context.Context) error {
	if err := p.takeLateTurn(ctx); err != nil {
		return err
	}
	ctx, cancel := p.within(ctx)
	defer cancel()
	if err := p.renewNames(ctx); err != nil {
		return err
	}
	if p.want.server() && p.state.Running {
		if err := sweep.Yield(ctx, p.host); err != nil {
			return err
		}
	}
	next := p.nextRecord()
	next.Before, next.Leave = p.state.Run, p.record != nil && p.record.Leave
	if err := next.write(ctx, p.host); err != nil {
		return err
	}
	log, err := p.system.Start(ctx, p.want.Role)
	if err != nil {
		return err
	}
	p.record = &next
	return p.ready(ctx, log)
}

func (p *Plan) await(ctx context.Context) error {
	log, err := p.system.Follow(ctx, p.want.Role)
	if err != nil {
		return err
	}
	return p.ready(ctx, log)
}

// within bounds what is done while no other server may be stopped.
func (p *Plan) within(ctx context.Context) (context.Context, context.CancelFunc) {
	if p.turn == nil {
		return context.WithCancel(ctx)
	}
	return p.turn.Context(ctx)
}

// ready waits until k3s has told that it is ready, and then until the cluster says so of the node.
func (p *Plan) ready(ctx context.Context, log service.Log) error {
	begin := time.Now()
	if err := service.Await(ctx, p.system, p.want.Role, log, p.want.StartTimeout); err != nil {
		return err
	}
	left := max(p.want.StartTimeout-time.Since(begin), leastTimeout)
	watched, cancel := service.Watch(ctx, p.want.Role, log)
	defer cancel()
	c, err := p.reach(watched, left, func(context.Context) (bool, error) { return false, nil })
	if err != nil {
		return err
	}
	await := c.AwaitReady
	if p.want.server() {
		await = c.AwaitServer
	}
	if err := await(watched, p.Name(p.want), p.target.version, left); err != nil {
		return err
	}
	return p.settle(ctx, c)
}

// leastTimeout is what the cluster gets to tell of a node, however long its k3s took to be ready: kubelets tell every ten seconds.
const leastTimeout = 30 * time.Second

// settle ends what a start leaves open: a server that has begun a cluster forgets how, a drained one takes pods again, and labels that are
// not wanted any more go.
func (p *Plan) settle(ctx context.Context, c *cluster.Cluster) error {
	if p.want.several() && p.at.init {
		p.at = p.rest()
		if err := p.writeConfig(ctx); err != nil {
			return err
		}
	}
	if p.want.server() {
		if _, err := c.Uncordon(ctx, p.Name(p.want)); err != nil {
			return err
		}
	}
	if err := p.reconcile(ctx); err != nil {
		return err
	}
	return p.giveBack(ctx)
}

// cluster is the cluster, seen from this machine while its k3s runs.
func (p *Plan) cluster(ctx context.Context) (*cluster.Cluster, error) {
	a := p.access("https://" + net.JoinHostPort("127.0.0.1", p.port()))
	if p.want.server() { // what it has now, which is another than the wanted one until it is restarted, if the token is being rotated
		text, err := host.ReadText(ctx, p.host, path.Join(p.want.DataDir, "server/token"))
		if err != nil {
			return nil, err
		}
		a.Token = strings.TrimSpace(text)
	} else {
		a.URL, a.Kubeconfig = p.at.server, path.Join(p.want.DataDir, "agent/kubelet.kubeconfig")
	}
	return cluster.Open(ctx, a)
}

// reach opens the cluster as soon as k3s answers here: one that is killed, or ends by itself, is started again. If it is over before, there is
// none and no error.
func (p *Plan) reach(ctx context.Context, timeout time.Duration, over func(context.Context) (bool, error)) (c *cluster.Cluster, err error) {
	o := wait.Options{For: service.Name(p.want.Role) + " to answer", Timeout: timeout, Interval: lookInterval, Begin: lookInterval / 5}
	err = wait.Until(ctx, o, func(ctx context.Context) (bool, string, error) {
		var problem error
		if c, problem = p.cluster(ctx); problem == nil {
			return true, "", nil
		}
		var silent *cluster.Silent
		if !errors.As(problem, &silent) {
			return false, "", problem
		}
		done, err := over(ctx)
		return done, problem.Error(), err
	})
	return c, err
}

// ended tells whether k3s serves no longer.
func (p *Plan) ended(ctx context.Context) (bool, error) {
	state, err := p.system.State(ctx, p.want.Role)
	return !state.Active, err
}

func (p *Plan) access(url string) cluster.Access {
	return cluster.Access{Host: p.host, URL: url, Token: p.token(p.want), AgentToken: p.agentToken(p.want), K3s: p.binary.path}
}

// port is where k3s listens, the same on all servers.
func (p *Plan) port() string {
	if port, given := p.want.Config["https-listen-port"]; given {
		return fmt.Sprint(port)
	}
	return firstOf(p.settings.Get("https-listen-port"), "6443")
}

// renewNames has k3s make its serving certificate anew where names were added: it keeps the old one otherwise. The mark is that of
// "k3s certificate rotate" (k3s pkg/cluster/https.go).
func (p *Plan) renewNames(ctx context.Context) error {
	if p.data == "" || !p.want.server() || len(settings.Differences(only(p.settings, "tls-san"), only(p.start.settings, "tls-san"))) == 0 {
		return nil
	}
	_, err := p.host.Write(ctx, host.Text(path.Join(p.want.DataDir, "server/tls/dynamic-cert-regenerate"), 0o600, ""))
	return err
}

func only(s settings.Settings, name string) settings.Settings {
	return settings.Settings{name: s[name]}
}

// planTurn waits for the leave to stop a server that serves. The only server needs none, nor do those whose datastore is not etcd. Then it empties
// the server if that is wanted.
func (p *Plan) planTurn(ctx context.Context, purpose cluster.Purpose) {
	if purpose == cluster.Stop && p.want.accepts("quorum_loss") { // as where all are stopped: the last has nobody to ask
		return
	}
	if !p.starting && purpose == cluster.Restart || p.role != service.Server || !p.state.Active {
		return
	}
	others := p.hasOthers(ctx)
	if others {
		p.add(func(ctx context.Context) (err error) { return p.takeTurn(ctx, purpose) }, "wait until the other servers can do without this one")
	}
	if p.want.Drain && purpose == cluster.Restart && p.target.sum != p.binary.sum && (others || p.drains(ctx)) {
		p.add(p.drain, "drain %s", p.Name(p.want))
	}
}

// hasOthers tells whether there may be other members of etcd.
func (p *Plan) hasOthers(ctx context.Context) bool {
	if p.data != etcdData {
		return false
	}
	members, err := p.members(ctx)
	return err != nil || len(members) > 1
}

// drains tells whether there is another node to which pods can be moved: an agent of a single server, or a server of those that share a datastore
// outside of k3s. A node that is alone keeps its pods.
func (p *Plan) drains(ctx context.Context) bool {
	c, err := p.cluster(ctx)
	if err == nil {
		var some bool
		if some, err = c.ToDrain(ctx, cluster.Drain{Node: p.Name(p.want)}); err == nil {
			return some
		}
	}
	p.warnings = append(p.warnings, fmt.Sprintf("%s is not drained, as the cluster does not tell whether its pods have somewhere to go: %v", p.Name(p.want), err))
	return false
}

func (p *Plan) takeTurn(ctx context.Context, purpose cluster.Purpose) error {
	c, err := p.reach(ctx, p.want.StartTimeout, p.ended)
	if err != nil || c == nil { // it has ended meanwhile, as one that was killed: there is nothing left to ask for
		return err
	}
	if err := p.noteLeave(ctx); err != nil {
		return err
	}
	p.turn, err = c.Turn(ctx, cluster.Wish{
		Node: p.Name(p.want), Purpose: purpose, Timeout: time.Duration(max(1, len(p.want.Servers)-1)) * p.turnTime(), Hold: p.turnTime(),
		Outage: p.want.accepts("quorum_loss"),
	})
	return err
}

// takeLateTurn is for a server that did not serve when it was to take its turn, and does by now, as systemd starts again what has ended.
func (p *Plan) takeLateTurn(ctx context.Context) error {
	if p.turn != nil || p.role != service.Server {
		return nil
	}
	over, err := p.ended(ctx)
	if err != nil || over || !p.hasOthers(ctx) {
		return err
	}
	return p.takeTurn(ctx, cluster.Restart)
}

// noteLeave comes before what is to be undone once the server is back: a run that is killed cannot do that, and the next one does.
func (p *Plan) noteLeave(ctx context.Context) error {
	if p.record == nil {
		p.record = &record{}
	}
	p.record.Leave = true
	return p.record.write(ctx, p.host)
}

// turnTime is how long one server may take, with a minute for what has no time limit of its own. All others may be before this one.
func (p *Plan) turnTime() time.Duration {
	if p.want.Drain {
		return p.want.StartTimeout + p.want.DrainTimeout + time.Minute
	}
	return p.want.StartTimeout + time.Minute
}

// giveBack ends the turn of this run, or what is left of an earlier one's.
func (p *Plan) giveBack(ctx context.Context) error {
	if p.turn != nil {
		turn := p.turn
		p.turn = nil
		return turn.Release(ctx)
	}
	if p.record == nil || !p.record.Leave {
		return nil
	}
	c, err := p.cluster(ctx)
	if err != nil {
		return err
	}
	return c.GiveBack(ctx, p.Name(p.want))
}

func (p *Plan) drain(ctx context.Context) error {
	c, err := p.reach(ctx, p.want.StartTimeout, p.ended)
	if err != nil || c == nil {
		return err
	}
	if err := p.noteLeave(ctx); err != nil {
		return err
	}
	_, err = c.Drain(ctx, cluster.Drain{Node: p.Name(p.want), Timeout: p.want.DrainTimeout})
	if err != nil {
		return fmt.Errorf("%w; give drain_timeout more, or look what keeps them", err)
	}
	return nil
}
