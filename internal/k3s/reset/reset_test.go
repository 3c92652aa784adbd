package reset

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/settings"
	"github.com/metal-stack/initial-cluster/testing/k3stest"
)

// asRestorer makes the test binary a program that resets the k3s of the machine on which it runs: with a binary, from a snapshot, by a token.
const asRestorer = "RESET_K3S"

func TestMain(m *testing.M) {
	if words := strings.Fields(os.Getenv(asRestorer)); len(words) == 3 {
		os.Exit(restore(words[0], words[1], words[2]))
	}
	os.Exit(m.Run())
}

const data = "/var/lib/rancher/k3s"

func restore(k3s, snapshot, token string) int {
	ctx := context.Background()
	moved, err := Aside(ctx, host.Local{}, data, Begins)
	if err == nil {
		b := Beginning{K3s: k3s, DataDir: data, Snapshot: snapshot, Settings: settings.Settings{
			"token": {token}, "server": {"https://10.77.0.99:6443"}, "cluster-init": {"true"}, "etcd-s3": {"true"},
		}}
		err = b.Begin(ctx, host.Local{})
	}
	fmt.Println(moved, err)
	return 0
}

func TestAServerBeginsAnewFromASnapshot(t *testing.T) {
	release := k3stest.Find(t, k3stest.Versions[0])
	m := k3stest.NewNetwork(t).Machine(t, "s1")
	m.Write(t, "/etc/rancher/k3s/config.yaml", "token: hunter2\ncluster-init: true\n")
	unit := m.Start(t, release, "server")
	unit.Ready(t)
	kubectl := func(words ...string) k3stest.Answer {
		return m.Run(t, append([]string{release, "kubectl"}, words...)...)
	}
	require.Equal(t, 0, kubectl("create", "namespace", "kept").Code)
	require.Equal(t, 0, m.Run(t, release, "etcd-snapshot", "save", "--name", "before").Code)
	snapshot := strings.TrimSpace(m.Run(t, "sh", "-c", "ls "+data+"/server/db/snapshots/before-*").Output)
	require.Equal(t, 0, kubectl("create", "namespace", "lost").Code)
	unit.Stop(t)

	run := func(snapshot, token string) string {
		said := m.Run(t, "env", fmt.Sprintf("%s=%s %s %s", asRestorer, release, snapshot, token), os.Args[0])
		assert.Empty(t, said.Errors)
		assert.False(t, m.Has(configFile))
		return strings.TrimSpace(said.Output)
	}
	assert.Regexp(t, `^\[`+data+`/server/db/etcd-aside-\d+\] begin anew from /nowhere: etcd: snapshot path does not exist: /nowhere$`, run("/nowhere", "hunter2"))
	assert.Equal(t, "[] begin anew from "+snapshot+": bootstrap data already found and encrypted with different token; "+
		"the cluster was made with another token; give that, and change it by rotation only", run(snapshot, "hunter3"))
	assert.Regexp(t, `^\[`+data+`/server/db/etcd-aside-\d+\] <nil>$`, run(snapshot, "hunter2"), "what the failed one has left is kept, too")

	m.Start(t, release, "server").Ready(t)
	assert.Equal(t, 0, kubectl("get", "namespace", "kept").Code)
	assert.Contains(t, kubectl("get", "namespace", "lost").Errors, "not found")
}
