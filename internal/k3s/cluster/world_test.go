package cluster_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
	"github.com/metal-stack/initial-cluster/testing/k3stest"
)

const (
	config = "/etc/rancher/k3s/config.yaml"
	data   = "/var/lib/rancher/k3s"
	// patience is for what takes half a minute on an idle machine: etcd's leader promotes learners every 15 s.
	patience = 3 * time.Minute
)

// server is a machine with k3s server on it.
type server struct {
	*k3stest.Machine
	t       *testing.T
	release string
	unit    *k3stest.Unit
}

func (s *server) url() string { return "https://" + s.Address + ":6443" }

// start writes the configuration and starts the server; first is the one to join at, and nil for a new cluster.
func (s *server) start(first *server, lines ...string) {
	s.t.Helper()
	lines = append(lines, "token: secret")
	if first == nil {
		lines = append(lines, "cluster-init: true")
	} else {
		lines = append(lines, "server: "+first.url())
	}
	s.Write(s.t, config, strings.Join(lines, "\n")+"\n")
	s.again()
}

func (s *server) again() { s.unit = s.Start(s.t, s.release, "server") }

// access leads from the server to itself.
func (s *server) access() cluster.Access {
	return cluster.Access{Host: s.Host(), URL: s.url(), Token: "secret", K3s: s.release}
}

func (s *server) open() *cluster.Cluster {
	s.t.Helper()
	c, err := cluster.Open(s.t.Context(), s.access())
	require.NoError(s.t, err)
	return c
}

func (s *server) kubectl(words ...string) string {
	s.t.Helper()
	said := s.Run(s.t, append([]string{s.release, "kubectl"}, words...)...)
	require.Equal(s.t, 0, said.Code, said.Errors)
	return said.Output
}

// servers are machines without k3s yet.
func servers(t *testing.T, names ...string) []*server {
	t.Helper()
	release, network := k3stest.Find(t, k3stest.Versions[2]), k3stest.NewNetwork(t)
	var all []*server
	for _, name := range names {
		all = append(all, &server{Machine: network.Machine(t, name), t: t, release: release})
	}
	return all
}

// three are the servers of a cluster, all voters.
func three(t *testing.T, lines ...string) (one, two, other *server) {
	t.Helper()
	all := servers(t, "s1", "s2", "s3")
	all[0].start(nil, lines...)
	all[0].unit.Ready(t)
	all[1].start(all[0], lines...)
	all[2].start(all[0], lines...)
	for i, s := range all {
		if i > 0 {
			s.unit.Ready(t)
		}
		require.NoError(t, s.open().AwaitServer(t.Context(), s.Name, "", patience))
	}
	return all[0], all[1], all[2]
}
