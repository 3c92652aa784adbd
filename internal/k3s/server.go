package k3s

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
	"github.com/metal-stack/initial-cluster/internal/k3s/reset"
	"github.com/metal-stack/initial-cluster/internal/k3s/service"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// Server is a server whose data somebody else puts in its place: it runs, is stopped, reset and started with the settings that it has.
type Server struct {
	node *Node
	want Want
}

// ObserveServer looks at a machine for that. k3s need not be there yet, and is to be before Reset.
func ObserveServer(ctx context.Context, h host.Host, dataDir, binDir string, start time.Duration) (*Server, error) {
	want := Want{Role: service.Server, DataDir: dataDir, BinDir: binDir, StartTimeout: start}
	node, err := Observe(ctx, h, want)
	if err != nil {
		return nil, err
	}
	switch {
	case node.role == service.Agent:
		return nil, errors.New("this machine is an agent; run it on a server")
	case node.dataDir != dataDir:
		return nil, fmt.Errorf("k3s' data is in %s, and data_dir is %s; give the folder where it is", node.dataDir, dataDir)
	}
	return &Server{node, want}, nil
}

// Running tells whether k3s runs, ready or not.
func (s *Server) Running(ctx context.Context) (bool, error) {
	state, err := s.node.system.State(ctx, service.Server)
	return state.Running, err
}

// Token is what k3s would start with: that of its settings, or else of its data; empty if there is none.
func (s *Server) Token() string { return firstOf(s.node.given, s.node.bound) }

// Fits refuses data of a k3s of a later minor than the installed one, which it may not be able to read.
func (s *Server) Fits(version string) error {
	have, err := cluster.ParseVersion(s.node.binary.version)
	if err != nil {
		return nil // it is not installed yet
	}
	of, err := cluster.ParseVersion(version)
	if err != nil || have.Compare(of) >= 0 || minor(have) == minor(of) {
		return nil
	}
	return fmt.Errorf("it is of k3s %s, and %s is installed here, which may not read it; install that release or a later one (k3s_version)", of, have)
}

// minor is v1.36 of v1.36.3+k3s1.
func minor(v cluster.Version) string {
	return strings.Join(strings.SplitN(v.String(), ".", 3)[:2], ".")
}

// Serving are those of the addresses where a server of the token's cluster answers.
func (s *Server) Serving(ctx context.Context, addresses []string, token string) (found []string) {
	answers := make([]bool, len(addresses))
	var all sync.WaitGroup
	for i, address := range addresses {
		all.Go(func() {
			answers[i] = cluster.Serves(ctx, cluster.Access{Host: s.node.host, URL: s.url(address), Token: token})
		})
	}
	all.Wait()
	for i, address := range addresses {
		if answers[i] {
			found = append(found, address)
		}
	}
	return found
}

func (s *Server) url(address string) string {
	return "https://" + net.JoinHostPort(address, firstOf(s.node.settings.Get("https-listen-port"), "6443"))
}

// Stop ends k3s, and asks no other server: whoever calls it has said that the cluster has an outage.
func (s *Server) Stop(ctx context.Context) error { return s.node.system.Stop(ctx, service.Server) }

// Reset makes a cluster of this server alone from a snapshot, with the token of that, and does not start it. It holds the lock meanwhile, also
// if whoever runs it is killed.
func (s *Server) Reset(ctx context.Context, snapshot, token, lock string) error {
	if s.node.binary.version == "" {
		return fmt.Errorf("there is no k3s at %s; install it first (k3s_node, state installed)", s.node.binary.path)
	}
	with := maps.Clone(s.node.settings)
	delete(with, "token-file")
	with["token"] = []string{token}
	return reset.Beginning{K3s: s.node.binary.path, DataDir: s.want.DataDir, Snapshot: snapshot, Settings: with, Lock: lock}.Begin(ctx, s.node.host)
}

// Start starts k3s, if it does not run, has it start with the machine, and waits until it is ready.
func (s *Server) Start(ctx context.Context) error {
	state, err := s.node.system.State(ctx, service.Server)
	if err != nil || state.Active {
		return err
	}
	if !state.Enabled {
		if err := s.node.system.Enable(ctx, service.Server); err != nil {
			return err
		}
	}
	begin := s.node.system.Start
	if state.Running {
		begin = s.node.system.Follow
	}
	log, err := begin(ctx, service.Server)
	if err != nil {
		return err
	}
	return service.Await(ctx, s.node.system, service.Server, log, s.want.StartTimeout)
}

// Tidy removes the nodes that are not among the named ones, and lets all others come back with a new disk.
func (s *Server) Tidy(ctx context.Context, nodes []string) (done, warnings []string, err error) {
	c, err := s.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	forgotten, err := c.ForgetPasswords(ctx, s.node.Name(s.want))
	if forgotten {
		done = []string{"forget the passwords of the nodes, which get new ones"}
	}
	if err != nil || len(nodes) == 0 {
		return done, nil, err
	}
	removed, warnings, err := c.Tidy(ctx, append([]string{s.node.Name(s.want)}, nodes...), s.want.StartTimeout)
	return append(done, removed...), warnings, err
}

// open opens the cluster as soon as it answers here and has a majority, of which k3s tells shortly after it is ready.
func (s *Server) open(ctx context.Context) (c *cluster.Cluster, err error) {
	token, err := host.ReadText(ctx, s.node.host, path.Join(s.want.DataDir, "server/token"))
	if err != nil {
		return nil, err
	}
	o := wait.Options{For: "k3s to answer", Timeout: leastTimeout, Interval: lookInterval}
	err = wait.Until(ctx, o, func(ctx context.Context) (bool, string, error) {
		var problem error
		if c, problem = cluster.Open(ctx, cluster.Access{Host: s.node.host, URL: s.url("127.0.0.1"), Token: token, K3s: s.node.binary.path}); problem != nil {
			return false, problem.Error(), nil
		}
		return true, "", nil
	})
	if err != nil {
		return nil, err
	}
	return c, c.AwaitMajority(ctx)
}
