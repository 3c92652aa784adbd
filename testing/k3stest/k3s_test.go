package k3stest

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	config   = Settings
	data     = Data
	database = data + "/server/db"
)

// server writes the config of a server: the first begins, the others join there.
func server(t *testing.T, m, first *Machine, lines ...string) {
	t.Helper()
	lines = append(lines, "token: secret")
	if first == nil {
		lines = append(lines, "cluster-init: true")
	} else {
		lines = append(lines, "server: https://"+first.Address+":6443")
	}
	m.Write(t, config, strings.Join(lines, "\n")+"\n")
}

type members struct {
	Members []struct {
		Name      string `json:"name"`
		IsLearner bool   `json:"isLearner"`
	} `json:"members"`
}

// voters are the members that vote, by the names of their nodes.
func voters(t *testing.T, m *Machine) []string {
	t.Helper()
	code, body := m.Get(t, m, "/db/info", "server", "secret")
	require.Equal(t, 200, code, body)
	var list members
	require.NoError(t, json.Unmarshal([]byte(body), &list))
	var names []string
	for _, member := range list.Members {
		if !member.IsLearner {
			names = append(names, member.Name[:max(0, strings.LastIndex(member.Name, "-"))])
		}
	}
	return names
}

// eventually holds within the patience of the package.
func eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, patience, 200*time.Millisecond, what)
}

func kubectl(t *testing.T, m *Machine, words ...string) Answer {
	t.Helper()
	return m.Run(t, append([]string{Find(t, Versions[0]), "kubectl"}, words...)...)
}

func TestReleasesDifferInContentAndVersion(t *testing.T) {
	t.Parallel()
	sums := map[string]bool{}
	for _, version := range Versions {
		path := Find(t, version)
		said, err := exec.Command(path, "--version").Output()
		require.NoError(t, err)
		assert.Regexp(t, `^k3s version `+regexp.QuoteMeta(version)+` \([0-9a-f]{8}\)\ngo version go1\.\S+\n$`, string(said))
		sum, err := exec.Command("sha256sum", path).Output()
		require.NoError(t, err)
		sums[strings.Fields(string(sum))[0]] = true
	}
	assert.Len(t, sums, len(Versions))
}

func TestThreeServersBecomeOneClusterAndLoseAMember(t *testing.T) {
	release, network := Find(t, Versions[0]), NewNetwork(t)
	one, two, three := network.Machine(t, "s1"), network.Machine(t, "s2"), network.Machine(t, "s3")
	server(t, one, nil)
	server(t, two, one)
	server(t, three, one)
	one.Start(t, release, "server").Ready(t)
	second, third := two.Start(t, release, "server"), three.Start(t, release, "server")
	second.Ready(t)
	third.Ready(t)
	assert.ElementsMatch(t, []string{"s1", "s2", "s3"}, voters(t, one))
	assert.Regexp(t, `(?s)Starting k3s v1\.35\.4\+k3s1 .*Managed etcd cluster not yet initialized.*Adding member s2-[0-9a-f]{8}=https://10\.77\.0\.12:2380 to etcd cluster \[s.*Starting etcd to join cluster with members \[s.*etcd data store connection OK.*Kube API server is now running.*ETCD server is now running.*k3s is up and running`, second.Journal(t))

	eventually(t, func() bool {
		said := kubectl(t, one, "get", "nodes", "-o", `jsonpath={range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="EtcdIsVoter")].reason} {end}`)
		return said.Output == "s1=MemberNotLearner s2=MemberNotLearner s3=MemberNotLearner "
	}, "all nodes say that they vote")

	removed := kubectl(t, one, "delete", "node", "s3", "--timeout=170s")
	require.Equal(t, 0, removed.Code, removed.Errors)
	code, last := third.Ended(t)
	assert.Equal(t, 1, code)
	assert.Equal(t, "etcd stopped - if this node was removed from the cluster, you must backup and delete "+database+"/etcd before rejoining", last)
	assert.ElementsMatch(t, []string{"s1", "s2"}, voters(t, one))

	again := three.Start(t, release, "server")
	again.Ready(t)
	assert.Contains(t, again.Journal(t), "tombstone file has been detected, removing data dir to rejoin the cluster")
	assert.ElementsMatch(t, []string{"s1", "s2", "s3"}, voters(t, one))

	two.Kill(t)
	eventually(t, func() bool {
		created := kubectl(t, one, "create", "namespace", "after-the-cut")
		return created.Code == 0 || strings.Contains(created.Errors, "AlreadyExists") // by a request whose answer was too late
	}, "two of three go on")

	// Removed while it was down, a server ends at each start until its data is moved away.
	require.Equal(t, 0, kubectl(t, one, "delete", "node", "s2", "--timeout=170s").Code)
	for range 2 {
		code, last := two.Start(t, release, "server").Ended(t)
		assert.Equal(t, 1, code)
		assert.Equal(t, "etcd stopped - if this node was removed from the cluster, you must backup and delete "+database+"/etcd before rejoining", last)
	}
	two.Run(t, "rm", "-rf", database+"/etcd")
	two.Start(t, release, "server").Ready(t)
	assert.ElementsMatch(t, []string{"s1", "s2", "s3"}, voters(t, one))
}

func TestAServerThatDoesNotFitIsRefused(t *testing.T) {
	release, network := Find(t, Versions[2]), NewNetwork(t)
	one, other := network.Machine(t, "s1"), network.Machine(t, "s2")
	server(t, one, nil)
	one.Start(t, release, "server").Ready(t)
	token := strings.TrimSpace(one.Read(t, data+"/server/token"))
	require.Regexp(t, `^K10[0-9a-f]{64}::server:secret$`, token)
	hash := token[3:67]
	join := "server: https://" + one.Address + ":6443\n"
	for name, refused := range map[string]struct{ config, error string }{
		"without a token":             {join, "Error: preparing server: failed to bootstrap cluster data: K3S_TOKEN is required to join a cluster"},
		"with the password of others": {join + "token: wrong\n", "Error: preparing server: failed to bootstrap cluster data: https://10.77.0.11:6443/v1-k3s/server-bootstrap: 401 Unauthorized"},
		"with the hash of others": {join + "token: K10" + strings.Repeat("0", 64) + "::server:secret\n",
			"Error: preparing server: failed to bootstrap cluster data: token CA hash does not match the Cluster CA certificate hash: " + strings.Repeat("0", 64) + " != " + hash},
		"with a setting that differs": {join + "token: secret\ncluster-cidr: 10.99.0.0/16\n",
			"Error: preparing server: failed to bootstrap cluster data: failed to validate server configuration: critical configuration value mismatch between servers"},
		"with the name of another": {join + "token: secret\nnode-name: s1\n", "Error: ETCD join failed: duplicate node name found, please use a unique name for this node"},
	} {
		t.Run(name, func(t *testing.T) {
			other.Write(t, config, refused.config)
			unit := other.Start(t, release, "server")
			code, last := unit.Ended(t)
			assert.Equal(t, 1, code)
			assert.True(t, strings.HasPrefix(last, refused.error), "%s\n%s", last, unit.Journal(t))
			if strings.Contains(refused.config, "cluster-cidr") {
				assert.Contains(t, unit.Journal(t), "critical configuration mismatched: cluster-cidr")
			}
			other.Run(t, "rm", "-rf", data)
		})
	}
	assert.Equal(t, []string{"s1"}, voters(t, one))
}

func TestASnapshotIsRestoredIntoAClusterOfOne(t *testing.T) {
	release, network := Find(t, Versions[1]), NewNetwork(t)
	m := network.Machine(t, "s1")
	server(t, m, nil)
	unit := m.Start(t, release, "server")
	unit.Ready(t)
	created := kubectl(t, m, "create", "namespace", "kept")
	require.Equal(t, 0, created.Code, created.Errors)
	saved := m.Run(t, release, "etcd-snapshot", "save", "--name", "before")
	require.Equal(t, 0, saved.Code, saved.Errors)
	assert.Regexp(t, `level=info msg="Snapshot before-s1-\d+ saved\."`, saved.Errors)
	require.Equal(t, 0, kubectl(t, m, "create", "namespace", "lost").Code)
	missing := m.Run(t, release, "etcd-snapshot", "delete", "nothing")
	assert.Equal(t, 0, missing.Code)
	assert.Contains(t, missing.Errors, `level=warning msg="Snapshot nothing not found."`)
	hidden := m.Run(t, release, "etcd-snapshot", "save", "--dir", "/nowhere")
	assert.Equal(t, 1, hidden.Code)
	assert.Regexp(t, `level=fatal msg="Error: see server log for details: etcd-snapshot error ID \d{5}"`, hidden.Errors)
	assert.Regexp(t, `level=error msg="etcd-snapshot error ID \d{5}: failed to get etcd-snapshot-dir: stat /nowhere: no such file or directory"`, unit.Journal(t))

	found, err := filepath.Glob(m.path(database + "/snapshots/before-s1-*"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	snapshot := database + "/snapshots/" + filepath.Base(found[0])
	unit.Stop(t)
	refused := m.Run(t, release, "server", "--cluster-reset-restore-path="+snapshot)
	assert.Equal(t, 1, refused.Code)
	assert.Contains(t, refused.Errors, `level=fatal msg="Error: invalid flag use; --cluster-reset required with --cluster-reset-restore-path"`)
	restored := m.Run(t, release, "server", "--cluster-reset", "--cluster-reset-restore-path="+snapshot)
	require.Equal(t, 0, restored.Code, restored.Errors)
	assert.Contains(t, restored.Errors, "Managed etcd cluster membership has been reset, restart without --cluster-reset flag now")
	require.True(t, m.Has(database+"/reset-flag"))
	twice := m.Run(t, release, "server", "--cluster-reset")
	assert.Equal(t, 1, twice.Code)
	assert.Contains(t, twice.Errors, "Managed etcd cluster membership was previously reset, please remove the cluster-reset flag")

	m.Start(t, release, "server").Ready(t)
	assert.False(t, m.Has(database+"/reset-flag"))
	assert.Equal(t, 0, kubectl(t, m, "get", "namespace", "kept").Code)
	assert.Contains(t, kubectl(t, m, "get", "namespace", "lost").Errors, "not found")
}

func TestASingleServerIsUpgradedAndBecomesAClusterOfEtcd(t *testing.T) {
	network := NewNetwork(t)
	m := network.Machine(t, "s1")
	m.Write(t, config, "token: secret\n")
	for _, version := range Versions {
		unit := m.Start(t, Find(t, version), "server")
		unit.Ready(t)
		eventually(t, func() bool {
			return kubectl(t, m, "get", "nodes", "-o", "jsonpath={.items[*].status.nodeInfo.kubeletVersion}").Output == version
		}, "the node is of "+version)
		assert.False(t, m.Has(database+"/etcd/member"))
		assert.True(t, m.Has(database+"/state.db"))
		code, _ := m.Get(t, m, "/db/info", "server", "secret")
		assert.Equal(t, 404, code)
		unit.Stop(t)
	}
	m.Write(t, config+".d/ha.yaml", "cluster-init: true\n")
	m.Start(t, Find(t, Versions[2]), "server").Ready(t)
	assert.True(t, m.Has(database+"/state.db.migrated"))
	assert.False(t, m.Has(database+"/state.db"))
	assert.Equal(t, []string{"s1"}, voters(t, m))
	assert.Equal(t, "s1", kubectl(t, m, "get", "nodes", "-o", "jsonpath={.items[*].metadata.name}").Output)
}

func TestAChangedTokenDoesNotOpenTheDatastore(t *testing.T) {
	release, network := Find(t, Versions[2]), NewNetwork(t)
	m := network.Machine(t, "s1")
	server(t, m, nil)
	unit := m.Start(t, release, "server")
	unit.Ready(t)
	unit.Stop(t)
	m.Write(t, config, "cluster-init: true\ntoken: other\n")
	code, last := m.Start(t, release, "server").Ended(t)
	assert.Equal(t, 1, code)
	assert.Equal(t, "Error: preparing server: failed to bootstrap cluster data: Failed to reconcile with temporary etcd: bootstrap data already found and encrypted with different token", last)

	m.Write(t, config, "cluster-init: true\ntoken: secret\n")
	m.Start(t, release, "server").Ready(t)
	rotated := m.Run(t, release, "token", "rotate", "--token", "secret", "--new-token", "other")
	assert.Equal(t, Answer{0, "Token rotated, restart k3s nodes with new token\n", rotated.Errors}, rotated)
	m.Kill(t)
	m.Write(t, config, "cluster-init: true\ntoken: other\n")
	m.Start(t, release, "server").Ready(t)
}
