package k3s_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/k3s"
	"github.com/metal-stack/initial-cluster/testing/etcdtest"
)

// sealed is what k3s writes for a password.
func sealed(t *testing.T, password, content string) map[string]string {
	t.Helper()
	key, value := etcdtest.Bootstrap(t, password, content)
	return map[string]string{key: value}
}

func TestATokenIsProvedAgainstTheSnapshot(t *testing.T) {
	t.Parallel()
	held := sealed(t, "pass:word", `{"ServerCA": {}}`)
	hash := "K10" + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	assert.NoError(t, k3s.Opens("pass:word\n", held))
	assert.NoError(t, k3s.Opens(hash+"::server:pass:word", held))
	damaged := map[string]string{}
	for key := range held {
		damaged[key] = "0011:AAAA"
	}
	for _, c := range []struct {
		token string
		held  map[string]string
		want  string
	}{
		{"other", held, "the bootstrap data in the snapshot is of another token; give the one that the cluster had when the snapshot was taken"},
		{hash + "::server:other", held, "the bootstrap data in the snapshot is of another token; give the one that the cluster had when the snapshot was taken"},
		{"pass:word", nil, "the snapshot holds no bootstrap data of k3s, so it is of another kind of etcd or of a k3s that was never up"},
		{"pass:word", damaged, "the token does not open the bootstrap data in the snapshot: it is too short"},
		{"pass:word", sealed(t, "pass:word", "{}"), "the token opens the bootstrap data in the snapshot, but there are no files in it"},
	} {
		assert.EqualError(t, k3s.Opens(c.token, c.held), c.want)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

func TestWhatARestoreNeedsIsFound(t *testing.T) {
	t.Parallel()
	i := k3s.Installation{DataDir: t.TempDir(), ConfigDir: t.TempDir()}
	_, err := i.Token()
	require.EqualError(t, err, "read the server's token: open "+i.DataDir+"/server/token: no such file or directory; run this on a k3s server")
	write(t, i.DataDir+"/server/token", "secret\n")
	require.NoError(t, os.Symlink(i.DataDir+"/server/token", i.DataDir+"/server/agent-token"))
	write(t, i.DataDir+"/server/manifests/a.yaml", "a: b")
	write(t, i.ConfigDir+"/config.yaml", "token: secret")
	write(t, i.ConfigDir+"/config.yaml.d/10.yaml", "")
	files, err := i.Files()
	require.NoError(t, err)
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	assert.Equal(t, []string{"k3s/server/token", "k3s/server/agent-token", "k3s/server/manifests/a.yaml", "k3s/config/config.yaml", "k3s/config/config.yaml.d/10.yaml"}, names)
	token, err := i.Token()
	require.NoError(t, err)
	assert.Equal(t, "secret", token)
}

func TestTheNewestSnapshotOfK3sIsFirst(t *testing.T) {
	t.Parallel()
	i := k3s.Installation{DataDir: t.TempDir()}
	for _, name := range []string{
		"etcd-snapshot-a-1700000001", "on-demand-b-1700000003.zip", "etcd-snapshot-z-1700000002", "on-demand-b-1700000009.part", // which was once the newest:
		"keep-this", "etcd-snapshot-a-1700000009.zip.tmp", "etcd-snapshot-a-1700000009.bak", "etcd-snapshot-a-1700000009-copy", "etcd-snapshot-a-170000000",
	} {
		write(t, i.DataDir+"/server/db/snapshots/"+name, "")
	}
	files, err := i.Snapshots()
	require.NoError(t, err)
	var names []string
	for _, f := range files {
		names = append(names, filepath.Base(f))
	}
	assert.Equal(t, []string{"on-demand-b-1700000003.zip", "etcd-snapshot-z-1700000002", "etcd-snapshot-a-1700000001"}, names)
}

func TestASnapshotIsAsOldAsItsNameOrItsFile(t *testing.T) {
	t.Parallel()
	written := time.Unix(1600000000, 0)
	for name, want := range map[string]time.Time{
		"etcd-snapshot-node-a-1700000001": time.Unix(1700000001, 0), "on-demand-b-1700000003.zip": time.Unix(1700000003, 0), "snapshot.db": written,
	} {
		path := filepath.Join(t.TempDir(), name)
		write(t, path, "")
		require.NoError(t, os.Chtimes(path, written, written))
		taken, err := k3s.Taken(path)
		require.NoError(t, err)
		assert.Equal(t, want, taken, name)
	}
	_, err := k3s.Taken("/nowhere/snapshot.db")
	assert.EqualError(t, err, "read snapshot: stat /nowhere/snapshot.db: no such file or directory")
}
