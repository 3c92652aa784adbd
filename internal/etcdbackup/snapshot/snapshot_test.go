package snapshot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/snapshot"
	"github.com/metal-stack/initial-cluster/testing/etcdtest"
)

// asInspector makes the test binary what inspects a file, as a damaged one may end it.
const asInspector = "RUN_AS_INSPECTOR"

func TestMain(m *testing.M) {
	if file := os.Getenv(asInspector); file != "" {
		facts, err := snapshot.Inspect(file)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		_ = json.NewEncoder(os.Stdout).Encode(facts)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// taken is a snapshot of a small etcd.
func taken(t *testing.T) []byte {
	t.Helper()
	etcd := etcdtest.Run(t, etcdtest.Options{})
	etcd.Fill(t, "key", 50, 100)
	client := etcd.Client(t, 0)
	lease, err := client.Grant(t.Context(), 3600)
	require.NoError(t, err)
	for key, value := range map[string]string{
		"/bootstrap/0123456789ab": "salt:sealed", "/bootstrap/gone": "x",
		"/registry/namespaces/kube-system": "k8s\x00\x0a\x0f\x0a\x02v1\x12\x09Namespace\x12\x1f\x0a\x1d\x0a\x0bkube-system\x2a\x0eaaaa-bbbb-cccc",
	} {
		_, err = client.Put(t.Context(), key, value, clientv3.WithLease(lease.ID))
		require.NoError(t, err)
	}
	_, err = client.Delete(t.Context(), "/bootstrap/gone")
	require.NoError(t, err)
	_, err = client.Compact(t.Context(), 2)
	require.NoError(t, err)
	response, err := client.SnapshotWithVersion(context.Background())
	require.NoError(t, err)
	content, err := io.ReadAll(response.Snapshot)
	require.NoError(t, err)
	return content
}

func inspect(t *testing.T, content []byte) (snapshot.Facts, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "snapshot.db")
	require.NoError(t, os.WriteFile(file, content, 0o600))
	inspector := exec.Command(os.Args[0])
	inspector.Env = []string{asInspector + "=" + file}
	out, err := inspector.Output()
	var facts snapshot.Facts
	if err != nil {
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
		return facts, string(exit.Stderr)
	}
	require.NoError(t, json.Unmarshal(out, &facts))
	return facts, ""
}

func TestASnapshotTellsWhatIsInIt(t *testing.T) {
	t.Parallel()
	content := taken(t)
	facts, problem := inspect(t, content)
	assert.Empty(t, problem)
	assert.EqualValues(t, len(content), facts.Size)
	assert.Len(t, facts.SHA256, 64)
	assert.Contains(t, []string{"", "3.7.0"}, facts.StorageVersion) // etcd writes it some time after its start
	facts.Size, facts.SHA256, facts.StorageVersion = 0, "", ""
	assert.Equal(t, snapshot.Facts{
		Revision: 6, CompactRevision: 2, Leases: 1, KubernetesUID: "aaaa-bbbb-cccc",
		Bootstrap: map[string]string{"/bootstrap/0123456789ab": "salt:sealed"},
	}, facts)
}

func TestDamageIsNamed(t *testing.T) {
	t.Parallel()
	content := taken(t)
	for name, c := range map[string]struct {
		content []byte
		problem string
	}{
		"empty":          {nil, "snapshot: its length of 0 bytes is not that of a whole snapshot with etcd's SHA-256 at its end\n"},
		"without sum":    {content[:len(content)-32], fmt.Sprintf("snapshot: its length of %d bytes is not that of a whole snapshot with etcd's SHA-256 at its end\n", len(content)-32)},
		"cut at a page":  {content[:len(content)-4096], "snapshot: its content does not have the SHA-256 that etcd wrote at its end\n"},
		"no database":    {sealed(make([]byte, 8192)), "snapshot: open its database: invalid database\n"},
		"pages replaced": {sealed(broken(content)), ""},
	} {
		_, problem := inspect(t, c.content)
		if c.problem == "" {
			assert.NotEmpty(t, problem, name)
		} else {
			assert.Equal(t, c.problem, problem, name)
		}
	}
}

// No flipped bit and no cut goes unnoticed: 400 runs of each seed's own.
func TestNoFlipAndNoCutGoesUnnoticed(t *testing.T) {
	t.Parallel()
	content := taken(t)
	file := filepath.Join(t.TempDir(), "snapshot.db")
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 2))
		flipped := append([]byte{}, content...)
		flipped[random.IntN(len(flipped))] ^= 1 << random.IntN(8)
		require.NoError(t, os.WriteFile(file, flipped, 0o600))
		_, err := snapshot.Inspect(file) // the sum is wrong, so the database is never opened
		require.Error(t, err, "flip of seed %d", seed)
		require.NoError(t, os.WriteFile(file, content[:random.IntN(len(content)/512)*512+random.IntN(2)*32], 0o600))
		_, err = snapshot.Inspect(file)
		require.Error(t, err, "cut of seed %d", seed)
	}
}
