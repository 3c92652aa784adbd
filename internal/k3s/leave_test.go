package k3s

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
	"github.com/metal-stack/initial-cluster/internal/k3s/service"
	"github.com/metal-stack/initial-cluster/internal/k3s/settings"
)

// stops tells of each role whose service is stopped.
type stops struct {
	service.System
	roles chan string
}

func (s stops) Stop(_ context.Context, role string) error {
	s.roles <- role
	return nil
}

// K3s that is started again after its removal joins anew, so it is stopped meanwhile, not when the cluster is seen to have forgotten it.
func TestAServerThatIsRemovedIsStoppedBeforeItComesBack(t *testing.T) {
	t.Parallel()
	folder, stopped := t.TempDir(), make(chan string, 1)
	etcd := filepath.Join(folder, "server/db/etcd")
	require.NoError(t, os.MkdirAll(etcd, 0o700))
	p := &Plan{Node: &Node{host: host.Local{}, system: stops{roles: stopped}, dataDir: folder}}

	require.NoError(t, p.stopWhenRemoved(t.Context())())
	assert.Empty(t, stopped, "nothing has removed it")

	end := p.stopWhenRemoved(t.Context())
	require.NoError(t, os.WriteFile(filepath.Join(etcd, "tombstone"), nil, 0o600))
	select {
	case role := <-stopped:
		assert.Equal(t, service.Server, role)
	case <-time.After(time.Minute):
		t.Error("the removed server goes on")
	}
	require.NoError(t, end())
}

// returns is a host on which a node is another one after its removal.
type returns struct {
	host.Local
	removed *bool
}

func (r returns) Run(_ context.Context, c host.Command) (host.Output, error) {
	switch {
	case slices.Contains(c.Words, "delete"):
		*r.removed = true
		return host.Output{}, nil
	case *r.removed:
		return host.Output{Stdout: `{"metadata": {"name": "s1", "uid": "2"}}`}, nil
	}
	return host.Output{Stdout: `{"metadata": {"name": "s1", "uid": "1"}}`}, nil
}

func TestANodeThatJoinsAnewIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	c, err := cluster.Open(t.Context(), cluster.Access{Host: returns{removed: new(bool)}, URL: "https://127.0.0.1:" + supervises(t), Token: "secret"})
	require.NoError(t, err)
	_, err = c.Forget(t.Context(), "s1", time.Minute)
	require.EqualError(t, err, "node s1 was removed and has joined anew, as k3s runs there; stop k3s on it, and run this again")
}

// leaving is a host whose cluster forgets a node as soon as it is told to.
type leaving struct{ returns }

func (l leaving) Run(ctx context.Context, c host.Command) (host.Output, error) {
	if *l.removed {
		return host.Output{}, nil
	}
	return l.returns.Run(ctx, c)
}

func (leaving) Write(context.Context, host.File) (bool, error) { return true, nil }
func (leaving) Remove(context.Context, string) (bool, error)   { return true, nil }

func TestAServerIsStoppedWhenTheClusterHasForgottenIt(t *testing.T) {
	t.Parallel()
	folder, stopped := t.TempDir(), make(chan string, 1)
	kubeconfig := filepath.Join(folder, "k3s.yaml")
	require.NoError(t, os.WriteFile(kubeconfig, []byte("server: https://127.0.0.1:6443\n"), 0o600))
	p := &Plan{
		Node: &Node{
			host: leaving{returns{removed: new(bool)}}, system: stops{roles: stopped}, dataDir: folder, bound: "secret", settings: settings.Settings{"write-kubeconfig": {kubeconfig}},
		},
		want: Want{StartTimeout: time.Minute, Accept: []string{"quorum_loss"}},
	}
	require.NoError(t, p.leaveAt(t.Context(), "s1", "https://127.0.0.1:"+supervises(t)))
	assert.Len(t, stopped, 1, "before others may work, and before it is started again")
}

func TestAServerThatHasLeftIsNotTheOnlyOne(t *testing.T) {
	t.Parallel()
	planned := func(name string) *Plan {
		port := supervises(t, `{"ID": 1, "name": "k3s-1-12345678", "peerURLs": ["https://127.0.0.1:2380"]}`)
		return &Plan{
			Node: &Node{host: host.Local{}, hostname: name, role: service.Server, data: etcdData, bound: "secret", settings: settings.Settings{"https-listen-port": {port}}},
			want: Want{State: Absent, Role: service.Server},
		}
	}
	left := planned("k3s-2")
	require.NoError(t, left.planLeave(t.Context()), "an earlier run has taken it out of the cluster, and was interrupted")
	assert.Equal(t, []string{"take member and node k3s-2 out of the cluster, when the others can do without it"}, left.Steps())
	require.ErrorContains(t, planned("k3s-1").planLeave(t.Context()), "refusing to remove k3s-1: it is the only server")
}
