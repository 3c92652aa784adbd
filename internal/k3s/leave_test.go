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
