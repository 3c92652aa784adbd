package k3s

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
	"github.com/metal-stack/initial-cluster/internal/k3s/meet"
	"github.com/metal-stack/initial-cluster/internal/k3s/settings"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// rest is how config.yaml places a node that is in its cluster. A server always knows another one, so that it joins should its data be lost.
func (p *Plan) rest() place {
	w := p.want
	switch {
	case !w.server() && w.JoinURL != "":
		return place{server: w.JoinURL}
	case w.server() && len(w.Servers) == 0 && p.data == etcdData && p.settings.Get("server") != "":
		return place{server: p.settings.Get("server")} // it is not told whether it is alone
	case w.server() && !w.several():
		return place{init: !w.SQLite && !w.outside()}
	case w.outside():
		return place{}
	}
	others := slices.DeleteFunc(meet.Sorted(w.Servers), func(server string) bool { return w.server() && server == p.self() })
	if u, err := url.Parse(p.settings.Get("server")); err == nil && slices.Contains(others, u.Hostname()) {
		return place{server: p.settings.Get("server")}
	}
	if len(others) == 0 { // an agent that was told nothing keeps its own
		return place{server: p.settings.Get("server")}
	}
	return place{server: p.urlOf(others[0])}
}

func (p *Plan) urlOf(server string) string { return "https://" + net.JoinHostPort(server, p.port()) }

func (p *Plan) meeting() (meet.Meeting, error) {
	port, err := strconv.Atoi(p.port())
	return meet.Meeting{
		Self: p.self(), Servers: p.want.Servers, Port: port, Password: passwordOf(p.token(p.want)), NewCluster: p.want.NewCluster, Timeout: p.want.StartTimeout,
		Dial: p.host.Dial,
	}, err
}

// planMeeting decides, when it is applied, whether this server begins the cluster or joins it. What answers now is told already.
func (p *Plan) planMeeting(ctx context.Context) {
	text := "begin a cluster if no other server has data, or else join theirs"
	if p.want.Reset != nil {
		text = "join the cluster that begins anew"
	} else if m, err := p.meeting(); err == nil {
		if server := m.Serving(ctx); server != "" {
			text = "join the cluster of " + server
		}
	}
	p.add(p.meet, "%s", text)
}

func (p *Plan) meet(ctx context.Context) error {
	m, err := p.meeting()
	if err != nil {
		return err
	}
	if p.state.Running { // in vain, as it has no data yet; it would be in the way
		if err := p.system.Stop(ctx, p.want.Role); err != nil {
			return err
		}
		if err := p.lookAtData(ctx, p.want); err != nil || p.data == etcdData { // by now it is a member
			return err
		}
	}
	if p.want.Reset != nil {
		return p.join(ctx) // none begins but the one that has the snapshot
	}
	server := m.Serving(ctx)
	if server == "" {
		if p.want.Remote && !p.want.NewCluster {
			return errors.New("no other server answers, and over ssh they cannot be asked whether they have data; run the module on them, or say new_cluster")
		}
		verdict, err := m.Agree(ctx)
		if err != nil {
			return err
		}
		server = verdict.Join
	}
	if server == "" {
		p.at = place{init: true}
		return nil
	}
	return p.join(ctx)
}

// join waits until a server can be joined at, and compares what must be the same on all.
func (p *Plan) join(ctx context.Context) error {
	var urls []string
	for _, server := range meet.Sorted(p.want.Servers) {
		if server != p.self() {
			urls = append(urls, p.urlOf(server))
		}
	}
	var at *cluster.Cluster
	o := wait.Options{For: "a server to join at", Timeout: p.want.StartTimeout, Interval: lookInterval, Begin: lookInterval / 5}
	err := wait.Until(ctx, o, func(ctx context.Context) (bool, string, error) {
		var states []string
		for _, u := range urls {
			found, err := cluster.Search(ctx, p.access(u), []string{u})
			if err != nil {
				return false, "", err
			}
			if found.Cluster != nil {
				at, p.at = found.Cluster, place{server: u}
				return true, "", nil
			}
			states = append(states, describe(found, u))
		}
		return false, strings.Join(states, ", "), nil
	})
	if err != nil {
		return err
	}
	return at.AwaitJoin(ctx, cluster.Join{Node: p.Name(p.want), Settings: cluster.Wanted(asConfig(p.start.settings)), Timeout: p.want.StartTimeout})
}

// lookInterval is how often servers are asked that are not ready yet.
const lookInterval = time.Second

func describe(found cluster.Found, url string) string {
	if err := cmp.Or(found.Unready[url], found.Silent[url]); err != nil {
		return err.Error()
	}
	return url
}

// asConfig is settings as a file has them.
func asConfig(s settings.Settings) map[string]any {
	config := map[string]any{}
	for name, values := range s.Normal() {
		list := make([]any, len(values))
		for i, value := range values {
			list[i] = value
		}
		config[name] = list
	}
	return config
}
