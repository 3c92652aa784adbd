package k3s

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
	"github.com/metal-stack/initial-cluster/internal/k3s/settings"
)

// planPresent plans in the order in which things are done: what takes time and changes nothing first, then what needs the other servers,
// then everything on the disk, then the start.
func (p *Plan) planPresent(ctx context.Context) error {
	if err := p.refuse(ctx); err != nil {
		return err
	}
	texts, err := p.planDisk(ctx)
	if err != nil {
		return err
	}
	if p.state.Running {
		p.reasons = p.stale(p.start, p.want.Role)
		if len(p.reasons) == 0 && p.want.State == Restarted {
			p.reasons = []string{"asked for"}
		}
	}
	p.starting = !p.state.Running || len(p.reasons) > 0 || p.resets(p.want)
	if err := p.checkUpgrade(); err != nil {
		return err
	}
	if err := p.checkLasting(ctx); err != nil {
		return err
	}
	if err := p.checkFleet(ctx); err != nil {
		return err
	}
	p.planDownload()
	if err := p.planImages(ctx); err != nil {
		return err
	}
	if err := p.planReset(ctx); err != nil {
		return err
	}
	p.planTurn(ctx, cluster.Restart)
	p.planWrites(ctx, texts)
	if err := p.planBegin(); err != nil {
		return err
	}
	p.planStart()
	if err := p.planLabels(ctx); err != nil {
		return err
	}
	p.planRecord()
	return nil
}

// planInstalled brings onto the disk what planPresent does, and starts nothing: somebody else puts the data in its place first. A k3s that runs
// is left as it is.
func (p *Plan) planInstalled(ctx context.Context) error {
	if p.state.Running {
		p.target = p.binary
		return nil
	}
	if err := p.refuse(ctx); err != nil {
		return err
	}
	texts, err := p.planDisk(ctx)
	if err != nil {
		return err
	}
	if err := p.checkUpgrade(); err != nil {
		return err
	}
	p.planDownload()
	if err := p.planImages(ctx); err != nil {
		return err
	}
	p.planWrites(ctx, texts)
	if len(p.Steps()) > 0 {
		p.silently(p.system.Reload)
	}
	p.planRecord()
	return nil
}

// planDisk finds what is to be on the disk, and what k3s is started with then.
func (p *Plan) planDisk(ctx context.Context) ([]text, error) {
	if err := p.chooseBinary(ctx); err != nil {
		return nil, err
	}
	p.at = p.rest()
	texts, err := p.compose(p.want, p.at)
	if err != nil {
		return nil, err
	}
	effective, err := p.effective(p.want, texts)
	p.start = running{
		binary: p.target.sum, version: p.target.version, settings: effective, registries: p.registries(texts), environment: foreign(p.want.Environment),
	}
	return texts, err
}

func (p *Plan) registries(texts []text) string {
	for _, t := range texts {
		if t.path == settings.RegistriesFile {
			return registriesOf(t.content)
		}
	}
	return registriesOf(p.files[settings.RegistriesFile].text)
}

// refuse tells all that must not be done, whatever else is to be.
func (p *Plan) refuse(ctx context.Context) error {
	var problems []string
	add := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	w := p.want
	add(p.data != "" && p.dataDir != w.DataDir, "the data is in %s, and data_dir is %s; move it while k3s is stopped, or give the folder where it is", p.dataDir, w.DataDir)
	add(p.data == etcdData && w.SQLite, "its data is etcd's, and there is no way back to SQLite; leave datastore out")
	add(p.data == sqliteData && w.several() && w.State != Installed,
		"its data is SQLite's, which no other server can share; convert it first, with this server alone in servers (datastore etcd), then add the others")
	add(w.server() && w.State != Installed && p.password != "" && w.Token != "" && passwordOf(w.Token) != p.password && !p.resets(w) && !p.taken(ctx),
		"token: it is not that of the cluster whose data is here, and no other server takes it; a token is changed by rotation alone (k3s_cluster), "+
			"while all servers are up")
	add(w.several() && p.token(w) == "" && !w.outside(), "token: it is wanted where there are several servers")
	add(!w.server() && p.token(w) == "", "token: it is wanted on an agent")
	add(!w.server() && w.JoinURL == "" && len(w.Servers) == 0 && p.settings.Get("server") == "", "servers: they are wanted on an agent, or join_url")
	add(w.several() && p.self() == "", "servers: none of %s is an address of this machine, which has %s", strings.Join(w.Servers, ", "), strings.Join(p.global(), ", "))
	if len(problems) > 0 {
		return errors.New(strings.Join(problems, "; "))
	}
	return nil
}

// taken tells whether a server of the cluster takes the wanted token, as one does when the token is being rotated.
func (p *Plan) taken(ctx context.Context) bool {
	for _, url := range p.urls() {
		c, err := cluster.Open(ctx, cluster.Access{Host: p.host, URL: url, Token: p.want.Token})
		if err != nil {
			continue
		}
		if taken, err := c.Takes(ctx, p.want.Token); err == nil && taken {
			return true
		}
	}
	return false
}

// self is the one of the servers that is this machine.
func (n *Plan) self() string {
	for _, server := range n.want.Servers {
		if slices.Contains(n.addresses, server) || strings.EqualFold(server, n.hostname) || strings.EqualFold(strings.SplitN(server, ".", 2)[0], n.hostname) {
			return server
		}
	}
	return ""
}

// global are the machine's addresses by which others may know it.
func (n *Node) global() []string {
	return slices.DeleteFunc(slices.Clone(n.addresses), func(a string) bool {
		return strings.HasPrefix(a, "127.") || a == "::1" || strings.HasPrefix(a, "fe80:")
	})
}

// checkUpgrade judges the step from the installed release to the wanted one. A node without data may have any.
func (p *Plan) checkUpgrade() error {
	from, err := cluster.ParseVersion(p.binary.version)
	if err != nil || p.binary.version == p.target.version || p.role == "" || p.resets(p.want) && p.want.server() { // another's data are gone then
		return nil
	}
	to, err := cluster.ParseVersion(p.target.version)
	if err != nil {
		return err
	}
	if err := cluster.CheckUpgrade(from, to); err != nil && !p.acceptsUpgrade(from, to) {
		return err
	}
	if p.data == etcdData {
		if err := cluster.CheckEtcd(from, to); err != nil {
			return err
		}
	}
	if p.state.Active && !p.want.Upgrade {
		return fmt.Errorf("refusing to go from %s to %s: nobody has taken a snapshot and looked at all nodes before; run playbook upgrade, which does", from, to)
	}
	return nil
}

func (p *Plan) acceptsUpgrade(from, to cluster.Version) bool {
	if to.Compare(from) < 0 {
		return p.want.accepts("downgrade")
	}
	return p.want.accepts("minor_skip")
}
