package k3s

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/service"
	"github.com/metal-stack/initial-cluster/internal/k3s/settings"
)

func (units) Leftovers(string) []string { return nil }

// An agent's settings do not tell where local volumes lie: its servers' do.
func TestVolumesOfAnAgentGoIfTheyAreToldByNameAndElseStay(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	data, told, untold := folder+"/k3s", folder+"/volumes", folder+"/k3s/storage"
	for _, name := range []string{told, untold} {
		require.NoError(t, os.MkdirAll(filepath.Join(name, "pvc-1"), 0o755))
	}
	p := &Plan{
		Node: &Node{host: host.Local{}, system: units{}, dataDir: data, settings: settings.Settings{}, binary: binary{path: folder + "/bin/k3s"}},
		want: Want{Role: service.Agent, State: Absent, Volumes: told},
	}
	require.NoError(t, p.findKept(t.Context()))
	assert.Equal(t, []string{untold, told}, p.kept)
	names, err := p.leftovers(t.Context())
	require.NoError(t, err)
	assert.NotContains(t, names, told)

	p.want.Purge = []string{"volumes"}
	require.NoError(t, p.findKept(t.Context()))
	assert.Empty(t, p.kept)
	names, err = p.leftovers(t.Context())
	require.NoError(t, err)
	assert.Subset(t, names, []string{data, told})
}
