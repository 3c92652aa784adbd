package k3s

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/service"
)

// late is a k3s that has become a member of etcd when it is stopped.
type late struct {
	service.System
	data string
}

func (l late) Stop(context.Context, string) error {
	return os.MkdirAll(filepath.Join(l.data, "server/db/etcd/member/wal"), 0o700)
}

func TestAServerThatHasJoinedMeanwhileDoesNotJoinAgain(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	member := place{server: "https://10.0.0.12:6443"}
	p := &Plan{Node: &Node{host: host.Local{}, system: late{data: folder}, dataDir: folder, state: service.State{Running: true}}, at: member}
	require.NoError(t, p.meet(t.Context()))
	assert.Equal(t, member, p.at)
}
