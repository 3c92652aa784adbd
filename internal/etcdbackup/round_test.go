package etcdbackup_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/retention"
	"github.com/metal-stack/initial-cluster/internal/store"
)

// server is one of those whose timers go off for the same etcd and the same store.
func (w *world) server(t testing.TB, name string, at time.Time) etcdbackup.Round {
	t.Helper()
	taker := w.taker(t)
	taker.Work.Dir = filepath.Join(w.work, name)
	taker.Now = func() time.Time { return at }
	taker.MaxAge = 30 * time.Minute
	return etcdbackup.Round{Taker: taker, Who: name, Policy: &retention.Policy{Last: 2}}
}

// Of three servers whose timers go off each hour one takes the backup, and when that is gone, another one.
func TestOneServerTakesTheBackupAndAnotherWhenItIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	round := func(name string, at time.Time) etcdbackup.Rounded {
		r := w.server(t, name, at).Do(t.Context())
		require.NoError(t, r.Failed())
		return r
	}
	for hour := range 3 {
		w.etcd.Fill(t, "/hour", 5, 20)
		at := now.Add(time.Duration(hour) * time.Hour)
		first := round("s1", at)
		require.Len(t, first.Acknowledged, 1, "%s", first)
		assert.Equal(t, min(hour+1, 2), first.Stores[0].Good, "two are kept")
		assert.Equal(t, max(hour-1, 0), first.Deleted)
		for i, name := range []string{"s2", "s3"} {
			r := round(name, at.Add(time.Duration(i+1)*time.Minute))
			assert.Equal(t, "backup "+first.Manifest.Name+" is enough", r.String())
			assert.Equal(t, first.Manifest.Name, r.Stores[0].Newest.Name, "each server tells of it")
		}
	}
	w.etcd.Fill(t, "/s1-is-gone", 5, 20)
	later := now.Add(3*time.Hour + 2*time.Minute)
	assert.Len(t, round("s2", later).Acknowledged, 1)
	assert.Empty(t, round("s3", later.Add(time.Minute)).Acknowledged)
}

// Once, a cluster that came up empty had the old backups pruned, as if what lies in quarantine were a newer one.
func TestARoundThatQuarantinesDeletesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, prefix := range []string{"a", "b", "c"} {
		w.etcd.Fill(t, prefix, 50, 20)
		w.take(t)
	}
	empty := newWorld(t)
	empty.folder, empty.keys = w.folder, w.keys
	empty.etcd.Fill(t, "key", 1, 1)
	server := empty.server(t, "s1", now.Add(time.Hour))
	server.Policy.Last = 1
	r := server.Do(t.Context())
	require.ErrorContains(t, r.Failed(), "backup: initial: this is another cluster (etcd-")
	assert.Equal(t, []string{w.folder}, r.Quarantined)
	assert.Empty(t, r.Acknowledged)
	assert.Zero(t, r.Deleted)
	assert.Equal(t, 3, r.Stores[0].Good)
	assert.Equal(t, 1, r.Stores[0].Bad)
}

// Timers that go off at the same moment make one backup.
func TestServersAtTheSameMomentTakeOneBackup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 20, 20)
	rounds := make(chan etcdbackup.Rounded)
	for _, name := range []string{"s1", "s2", "s3"} {
		server := w.server(t, name, now)
		go func() { rounds <- server.Do(t.Context()) }()
	}
	taken := 0
	for range 3 {
		r := <-rounds
		assert.NoError(t, r.Failed())
		taken += len(r.Acknowledged)
	}
	assert.Equal(t, 1, taken)
}

// A server that dies while it takes a backup holds the others up no longer than its lease; here another one gives up before.
func TestAServerThatNeverEndsIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 20, 20)
	end, err := w.taker(t).Origin.Etcd.Alone(t.Context(), "s1", time.Minute)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, end()) })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r := w.server(t, "s2", now).Do(ctx)
	assert.Regexp(t, "^backup: wait for the end of another server's backup: gave up after \\d+s, last seen s1 takes one", r.Failed().Error())
}

// A full etcd takes no key, and must be backed up all the same.
func TestAnEtcdWithoutSpaceIsBackedUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 20, 20)
	w.etcd.Raise(t, etcdserverpb.AlarmType_NOSPACE)
	r := w.server(t, "s1", now).Do(t.Context())
	require.NoError(t, r.Failed())
	assert.Contains(t, r.String(), "other servers may take one at the same time: ")
	assert.Contains(t, r.String(), "NOSPACE")
}

// Once, a unit failed whose backup was acknowledged, as the lock could not be given back, which ends by itself.
func TestALockThatCannotBeGivenBackIsAWarning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 20, 20)
	server, etcd := w.server(t, "s1", now), w.etcd.Client(t, 0)
	server.Now = func() time.Time {
		leases, err := etcd.Leases(t.Context())
		assert.NoError(t, err)
		for _, one := range leases.Leases {
			_, err := etcd.Revoke(t.Context(), one.ID)
			assert.NoError(t, err)
		}
		return now
	}
	r := server.Do(t.Context())
	require.NoError(t, r.Failed())
	assert.Equal(t, []string{w.folder}, r.Acknowledged)
	assert.Contains(t, r.String(), "other servers wait for the end of this backup for up to 2m0s more: etcdserver: requested lease not found")
}

func TestOneStoreThatFailsIsToldAndTheOtherHasTheBackup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 20, 20)
	away := filepath.Join(t.TempDir(), "away")
	require.NoError(t, os.Mkdir(away, 0o700))
	other, err := store.OpenFolder(away, quick)
	require.NoError(t, err)
	server := w.server(t, "s1", now)
	server.Vaults = append(server.Vaults, etcdbackup.Vault{Store: other, Cluster: "initial", Keys: w.keys})
	require.NoError(t, os.Remove(away))
	r := server.Do(t.Context())
	require.Error(t, r.Failed())
	assert.NotContains(t, r.Failed().Error(), "\n")
	assert.Contains(t, r.Failed().Error(), "there is no folder "+away)
	assert.Equal(t, []string{w.folder}, r.Acknowledged)
	assert.Equal(t, 1, r.Stores[0].Good)
	assert.True(t, r.Stores[1].Unknown)
}

// Once, each server took a backup of its own while one of two stores was away.
func TestWhileAStoreIsAwayOneServerTakesTheBackup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 20, 20)
	mount := filepath.Join(t.TempDir(), "mount")
	require.NoError(t, os.Mkdir(mount, 0o700))
	other, err := store.OpenFolder(mount, quick)
	require.NoError(t, err)
	require.NoError(t, os.Remove(mount))
	round := func(name string, at time.Time) etcdbackup.Rounded {
		server := w.server(t, name, at)
		server.Vaults = append(server.Vaults, etcdbackup.Vault{Store: other, Cluster: "initial", Keys: w.keys})
		return server.Do(t.Context())
	}
	first := round("s1", now)
	require.Equal(t, []string{w.folder}, first.Acknowledged)
	w.etcd.Fill(t, "more", 20, 20)
	r := round("s2", now.Add(time.Minute))
	assert.Equal(t, first.Manifest.Name, r.Recent)
	assert.ErrorContains(t, r.Failed(), "list: "+mount+": ", "and it is told that a store is away")
	assert.Contains(t, r.Warnings[0], "there is no folder "+mount)

	require.NoError(t, os.Mkdir(mount, 0o700))
	r = round("s3", now.Add(2*time.Minute))
	require.NoError(t, r.Failed())
	assert.Equal(t, []string{w.folder, mount}, r.Acknowledged, "when it is back it gets one at once")
}

func TestADueDrillIsDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 20, 20)
	server := w.server(t, "s1", now)
	server.Drill = true
	r := server.Do(t.Context())
	assert.ErrorContains(t, r.Failed(), "drill: ", "without an identity nothing can be opened")
	assert.ErrorContains(t, r.Stores[0].Drilled, "it is encrypted; give identities")
	server.Vaults = []etcdbackup.Vault{w.reader(t)}
	assert.NoError(t, server.Do(t.Context()).Failed())
}
