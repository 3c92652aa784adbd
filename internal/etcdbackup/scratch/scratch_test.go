package scratch_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/scratch"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/snapshot"
	"github.com/metal-stack/initial-cluster/testing/etcdtest"
)

// asScratch makes the test binary the process that boots a scratch etcd.
const asScratch = "RUN_AS_SCRATCH"

func TestMain(m *testing.M) {
	var answer any
	var err error
	switch os.Getenv(asScratch) {
	case "":
		os.Exit(m.Run())
	case "drill":
		var compact int64
		_, _ = fmt.Sscan(os.Args[3], &compact)
		answer, err = scratch.Drill(context.Background(), os.Args[1], os.Args[2], compact)
	case "advance":
		err = scratch.Advance(os.Args[1], os.Args[2], os.Args[3], scratch.Bump)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(answer)
	os.Exit(0)
}

func run(t *testing.T, what string, answer any, arguments ...string) string {
	t.Helper()
	process := exec.Command(os.Args[0], arguments...)
	process.Env = []string{asScratch + "=" + what}
	out, err := process.Output()
	if err != nil {
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
		return string(exit.Stderr)
	}
	require.NoError(t, json.Unmarshal(out, answer))
	return ""
}

func save(t *testing.T, client *clientv3.Client) (file string) {
	t.Helper()
	response, err := client.SnapshotWithVersion(context.Background())
	require.NoError(t, err)
	file = filepath.Join(t.TempDir(), "snapshot.db")
	out, err := os.Create(file)
	require.NoError(t, err)
	_, err = io.Copy(out, response.Snapshot)
	require.NoError(t, err)
	require.NoError(t, out.Close())
	return file
}

func TestADrillFindsWhatTheSourceHas(t *testing.T) {
	t.Parallel()
	etcd := etcdtest.Run(t, etcdtest.Options{})
	etcd.Fill(t, "key", 500, 200)
	etcd.Fill(t, "key", 250, 300)
	client := etcd.Client(t, 0)
	_, err := client.Grant(t.Context(), 3600)
	require.NoError(t, err)
	file := save(t, client)
	revision := get(t, client).Header.Revision
	_, err = client.Compact(t.Context(), revision-1) // after the snapshot, so the drill must do the same
	require.NoError(t, err)
	etcd.Fill(t, "later", 10, 10)
	hash, err := client.HashKV(t.Context(), etcd.Endpoint(0), revision)
	require.NoError(t, err)

	var got scratch.Result
	assert.Empty(t, run(t, "drill", &got, file, t.TempDir(), fmt.Sprint(hash.CompactRevision)))
	assert.Equal(t, scratch.Result{Revision: revision, CompactRevision: revision - 1, Keys: 500, Leases: 1, Hash: hash.Hash}, got)
}

func get(t *testing.T, client *clientv3.Client) *clientv3.GetResponse {
	t.Helper()
	r, err := client.Get(t.Context(), "k")
	require.NoError(t, err)
	return r
}

func TestADrillNeedsNoPassword(t *testing.T) {
	t.Parallel()
	etcd := etcdtest.Run(t, etcdtest.Options{})
	etcd.Fill(t, "key", 10, 10)
	client := etcd.Client(t, 0)
	for _, err := range []error{
		second(client.RoleAdd(t.Context(), "root")), second(client.UserAdd(t.Context(), "root", "secret")),
		second(client.UserGrantRole(t.Context(), "root", "root")),
		second(client.AuthEnable(t.Context())),
	} {
		require.NoError(t, err)
	}
	root, err := clientv3.New(clientv3.Config{Endpoints: etcd.Endpoints(), Username: "root", Password: "secret", Logger: zap.NewNop()})
	require.NoError(t, err)
	defer root.Close()
	var got scratch.Result
	assert.Empty(t, run(t, "drill", &got, save(t, root), t.TempDir(), "0"))
	assert.EqualValues(t, 10, got.Keys)
}

func second[T any](_ T, err error) error { return err }

// An etcd that is full still gives snapshots, and its alarm would come back with them.
func TestASnapshotOfAFullEtcdTakesWritesAgain(t *testing.T) {
	t.Parallel()
	etcd := etcdtest.Run(t, etcdtest.Options{Quota: 1 << 20})
	client := etcd.Client(t, 0)
	var err error
	for i := 0; err == nil; i++ {
		require.Less(t, i, 5000) // the quota is looked at when a batch is committed
		_, err = client.Put(t.Context(), fmt.Sprint(i), string(make([]byte, 100<<10)))
	}
	require.ErrorContains(t, err, "database space exceeded")
	alarms, err := client.AlarmList(t.Context())
	require.NoError(t, err)
	require.Equal(t, etcdserverpb.AlarmType_NOSPACE, alarms.Alarms[0].Alarm)
	var got scratch.Result
	assert.Empty(t, run(t, "drill", &got, save(t, client), t.TempDir(), "0"))
}

func TestAnAdvancedSnapshotIsAheadAndCompacted(t *testing.T) {
	t.Parallel()
	etcd := etcdtest.Run(t, etcdtest.Options{})
	etcd.Fill(t, "key", 300, 100)
	client := etcd.Client(t, 0)
	file, to := save(t, client), filepath.Join(t.TempDir(), "advanced.db")
	etcd.Raise(t, etcdserverpb.AlarmType_NOSPACE)
	was := get(t, client).Header.Revision
	var nothing any
	assert.Empty(t, run(t, "advance", &nothing, file, t.TempDir(), to))
	facts, err := snapshot.Inspect(to)
	require.NoError(t, err)
	assert.Equal(t, was+scratch.Bump, facts.Revision)
	assert.Equal(t, facts.Revision, facts.CompactRevision)
	assert.Zero(t, facts.Alarms)
	var got scratch.Result
	assert.Empty(t, run(t, "drill", &got, to, t.TempDir(), "0"))
	assert.EqualValues(t, 300, got.Keys)
	assert.Equal(t, facts.Revision, got.Revision)
}

func TestAFolderThatIsNotEmptyIsLeftAlone(t *testing.T) {
	t.Parallel()
	etcd := etcdtest.Run(t, etcdtest.Options{})
	etcd.Fill(t, "key", 1, 1)
	folder := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "data", "member"), 0o700))
	var got scratch.Result
	assert.Equal(t, "drill: restore: data-dir \""+folder+"/data\" not empty or could not be read\n", run(t, "drill", &got, save(t, etcd.Client(t, 0)), folder, "0"))
}
