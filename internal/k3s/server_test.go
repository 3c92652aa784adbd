package k3s

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/metal-stack/initial-cluster/internal/k3s/service"
)

func TestDataOfALaterMinorDoesNotFit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ installed, of, want string }{
		"the same":         {"v1.35.4+k3s1", "v1.35.4+k3s1", ""},
		"a later patch":    {"v1.35.4+k3s1", "v1.35.6+k3s1", ""},
		"an earlier minor": {"v1.35.4+k3s1", "v1.34.2+k3s1", ""},
		"not installed":    {"", "v1.35.4+k3s1", ""},
		"unknown":          {"v1.35.4+k3s1", "", ""},
		"of a later minor": {"v1.35.4+k3s1", "v1.36.3+k3s1", "it is of k3s v1.36.3+k3s1, and v1.35.4+k3s1 is installed here, which may not read it; install that release or a later one (k3s_version)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := (&Server{node: &Node{binary: binary{version: c.installed}}}).Fits(c.of)
			if c.want == "" {
				assert.NoError(t, err)
				return
			}
			assert.EqualError(t, err, c.want)
		})
	}
}

func TestTheOnlyServerIsRemovedWhenTheClusterIsToGo(t *testing.T) {
	t.Parallel()
	p := Plan{Node: &Node{role: service.Server, data: sqliteData, hostname: "s1"}, want: Want{State: Absent}}
	assert.EqualError(t, p.planLeave(t.Context()), "refusing to remove s1: it is the only server, and the cluster would be gone with all that is in it; "+
		"take a backup, and accept cluster_loss")
	p.want.Accept = []string{"cluster_loss"}
	assert.NoError(t, p.planLeave(t.Context()))
}

func TestARunningServerGetsAnotherReleaseOnlyByAnUpgrade(t *testing.T) {
	t.Parallel()
	node := Node{role: service.Server, data: etcdData, binary: binary{version: "v1.35.6+k3s1"}, state: service.State{Active: true}}
	p := Plan{Node: &node, want: Want{Role: service.Server}, target: binary{version: "v1.35.9+k3s1"}}
	assert.EqualError(t, p.checkUpgrade(), "refusing to go from v1.35.6+k3s1 to v1.35.9+k3s1: nobody has taken a snapshot and looked at all nodes before; "+
		"run playbook upgrade, which does")
	p.want.Upgrade = true
	assert.NoError(t, p.checkUpgrade())
	p.want.Upgrade, p.target = false, node.binary
	assert.NoError(t, p.checkUpgrade(), "it is the same")
	node.state.Active, p.target.version = false, "v1.35.9+k3s1"
	assert.NoError(t, p.checkUpgrade(), "nothing runs that could be lost")
}

func TestAServerWithSQLiteIsConvertedAlone(t *testing.T) {
	t.Parallel()
	node := Node{role: service.Server, data: sqliteData, dataDir: "/data", addresses: []string{"10.0.0.11"}, state: service.State{Active: true}}
	want := Want{Role: service.Server, State: Present, DataDir: "/data", Token: "secret", Servers: []string{"10.0.0.11", "10.0.0.12", "10.0.0.13"}}
	p := Plan{Node: &node, want: want}
	assert.EqualError(t, p.refuse(t.Context()),
		"its data is SQLite's, which no other server can share; convert it first, with this server alone in servers (datastore etcd), then add the others")
	p.want.Servers = want.Servers[:1]
	assert.NoError(t, p.refuse(t.Context()))
	assert.Equal(t, place{init: true}, p.rest(), "k3s takes the data over into etcd")
}
