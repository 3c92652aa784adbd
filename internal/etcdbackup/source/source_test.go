package source_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/snapshot"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/source"
	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/etcdtest"
)

var limits = source.Limits{Answer: 5 * time.Second, Snapshot: time.Minute, Stall: 10 * time.Second}

func TestASnapshotHasWhatTheClusterHadWhenItWasAsked(t *testing.T) {
	t.Parallel()
	etcd := etcdtest.Run(t, etcdtest.Options{})
	etcd.Fill(t, "key", 200, 100)
	member, err := source.Etcd{Endpoints: etcd.Endpoints(), Limits: limits}.Choose(t.Context())
	require.NoError(t, err)
	defer member.Close()
	file := filepath.Join(t.TempDir(), "snapshot.db")
	out, err := os.Create(file)
	require.NoError(t, err)
	require.NoError(t, member.Save(t.Context(), out))
	require.NoError(t, out.Close())
	facts, err := snapshot.Inspect(file)
	require.NoError(t, err)
	assert.Equal(t, member.Revision, facts.Revision)
	etcd.Fill(t, "later", 20, 10)
	state, err := member.At(t.Context(), facts.Revision)
	require.NoError(t, err)
	assert.EqualValues(t, 200, state.Keys)
	client := etcd.Client(t, 0)
	later, err := client.Get(t.Context(), "x")
	require.NoError(t, err)
	_, err = client.Compact(t.Context(), later.Header.Revision)
	require.NoError(t, err)
	_, err = member.At(t.Context(), facts.Revision)
	assert.ErrorIs(t, err, source.ErrCompacted)
}

// Without a quorum a member still gives a snapshot without an error, and what it gives is old.
func TestAMemberWithoutQuorumIsRefused(t *testing.T) {
	t.Parallel()
	etcd := etcdtest.Run(t, etcdtest.Options{Members: 3})
	etcd.Stop(1)
	etcd.Stop(2)
	etcd.LostLeader(t, 0)
	_, err := source.Etcd{Endpoints: etcd.Endpoints()[:1], Limits: limits}.Choose(t.Context())
	assert.EqualError(t, err, "no member can be backed up: "+etcd.Endpoint(0)+": it knows no leader, so it is alone or has lost the quorum, and its data may be old")
}

func TestTheNextMemberIsTakenIfTheFirstIsDown(t *testing.T) {
	t.Parallel()
	etcd := etcdtest.Run(t, etcdtest.Options{Members: 3})
	etcd.Stop(0)
	member, err := source.Etcd{Endpoints: etcd.Endpoints(), Limits: limits}.Choose(t.Context())
	require.NoError(t, err)
	defer member.Close()
	assert.Equal(t, etcd.Endpoint(1), member.Endpoint)
	assert.Len(t, member.Members, 3)
	require.Len(t, member.Warnings, 1)
	assert.Contains(t, member.Warnings[0], etcd.Endpoint(0)+": ")
	assert.Contains(t, member.Warnings[0], "connection refused")
}

func TestAlarmsAreToldAndACorruptClusterIsRefused(t *testing.T) {
	t.Parallel()
	etcd := etcdtest.Run(t, etcdtest.Options{})
	etcd.Raise(t, etcdserverpb.AlarmType_NOSPACE)
	member, err := source.Etcd{Endpoints: etcd.Endpoints(), Limits: limits}.Choose(t.Context())
	require.NoError(t, err)
	defer member.Close()
	assert.Equal(t, []string{"etcd has an alarm NOSPACE of member 1 and refuses writes until it is lifted"}, member.Warnings)
	etcd.Raise(t, etcdserverpb.AlarmType_CORRUPT)
	_, err = source.Etcd{Endpoints: etcd.Endpoints(), Limits: limits}.Choose(t.Context())
	assert.ErrorContains(t, err, "there is an alarm CORRUPT of member 1")
}

func TestWhereNothingAnswersItIsSaidWhereToLook(t *testing.T) {
	t.Parallel()
	_, err := source.Etcd{Endpoints: []string{"https://127.0.0.1:1"}, Limits: limits}.Choose(t.Context())
	assert.EqualError(t, err, "no member can be backed up: https://127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused; "+
		"does etcd run there (of k3s: systemctl status k3s), and is the port open?")
}

// etcd only closes the connection of whoever shows one.
func TestAClientsCertificateThatHasExpiredIsToldBefore(t *testing.T) {
	t.Parallel()
	authority, err := certtest.NewAuthority(t.TempDir())
	require.NoError(t, err)
	pair, err := authority.ShortClientCertificate(-time.Hour, "root")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "client")
	require.NoError(t, certtest.Write(file, pair))
	_, err = source.TLS(authority.File(), file+".crt", file+".key")
	assert.ErrorContains(t, err, "etcd's client certificate "+file+".crt is valid from ")
	assert.ErrorContains(t, err, " only; renew it (k3s does when it is restarted), or set the clock")
}

// A frozen etcd never ends a stream by itself.
func TestAStallEndsASnapshot(t *testing.T) {
	t.Parallel()
	etcd := etcdtest.Run(t, etcdtest.Options{})
	etcd.Fill(t, "key", 2000, 2000)
	through := etcd.Way(t, 0)
	of := source.Etcd{Endpoints: []string{through.Endpoint}, Limits: limits}
	of.Limits.Stall = 300 * time.Millisecond
	member, err := of.Choose(t.Context())
	require.NoError(t, err)
	defer member.Close()
	through.FreezeAfter(1 << 20)
	err = member.Save(t.Context(), io.Discard)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "take a snapshot: nothing came for 300ms, after ")
	assert.Contains(t, err.Error(), " bytes; its etcd hangs, look at its log")
}

func TestAFileIsReadPlainOrFromAZip(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	plain, zipped := filepath.Join(folder, "a-1"), filepath.Join(folder, "a-1.zip")
	require.NoError(t, os.WriteFile(plain, []byte("snapshot"), 0o600))
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	entry, err := w.Create("a-1")
	require.NoError(t, err)
	_, err = entry.Write([]byte("snapshot"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, os.WriteFile(zipped, archive.Bytes(), 0o600))
	for _, path := range []string{plain, zipped} {
		var got strings.Builder
		require.NoError(t, source.Copy(path, &got))
		assert.Equal(t, "snapshot", got.String())
		size, err := source.Size(path)
		require.NoError(t, err)
		assert.EqualValues(t, 8, size)
	}
	require.NoError(t, os.WriteFile(zipped, archive.Bytes()[:20], 0o600))
	assert.EqualError(t, source.Copy(zipped, io.Discard), "read snapshot "+zipped+": zip: not a valid zip file")
}
