package etcdbackup_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/scratch"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/snapshot"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/source"
	"github.com/metal-stack/initial-cluster/internal/store"
	"github.com/metal-stack/initial-cluster/testing/etcdtest"
)

// TestMain makes the test binary the program that examines snapshots.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 || strings.HasPrefix(os.Args[1], "-test.") {
		code := m.Run()
		writeTable()
		os.Exit(code)
	}
	arguments := map[string]string{}
	for _, argument := range os.Args[2:] {
		name, value, _ := strings.Cut(argument, "=")
		arguments[name] = value
	}
	answer, err := examine(os.Args[1], arguments)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(answer)
	os.Exit(0)
}

func examine(command string, in map[string]string) (any, error) {
	switch command {
	case "--restore":
		return obey()
	case "--identify":
		return snapshot.Identify(in["file"])
	case "--inspect":
		return snapshot.Inspect(in["file"])
	case "--drill":
		var compact int64
		_, _ = fmt.Sscan(in["compact"], &compact)
		return scratch.Drill(context.Background(), in["file"], in["folder"], compact)
	case "--advance":
		var bump int64
		_, _ = fmt.Sscan(in["bump"], &bump)
		return struct{}{}, scratch.Advance(in["file"], in["folder"], in["to"], bump)
	}
	return nil, fmt.Errorf("no command %s", command)
}

// world is an etcd, a folder for its backups, and the keys.
type world struct {
	etcd     *etcdtest.Cluster
	folder   string
	work     string
	identity *age.X25519Identity
	program  string // that examines snapshots
	memory   string // of a program that remembers
	keys     etcdbackup.Keys
}

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func newWorld(t testing.TB) *world {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	_, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	w := &world{etcd: etcdtest.Run(t, etcdtest.Options{}), folder: t.TempDir(), work: t.TempDir(), identity: identity, program: etcdbackup.Self}
	w.keys = etcdbackup.Keys{Signing: private, Recipients: []age.Recipient{identity.Recipient()}}
	return w
}

var quick = store.Limits{Deadline: time.Minute, Stall: 20 * time.Second, Attempts: 2}

func (w *world) vault(t testing.TB) etcdbackup.Vault {
	t.Helper()
	s, err := store.OpenFolder(w.folder, quick)
	require.NoError(t, err)
	return etcdbackup.Vault{Store: s, Cluster: "initial", Keys: w.keys}
}

func (w *world) taker(t testing.TB) etcdbackup.Taker {
	t.Helper()
	return etcdbackup.Taker{
		Origin: etcdbackup.Origin{Etcd: &source.Etcd{
			Endpoints: w.etcd.Endpoints(), Limits: source.Limits{Answer: 20 * time.Second, Snapshot: time.Minute, Stall: 20 * time.Second},
		}},
		Vaults: []etcdbackup.Vault{w.vault(t)}, Keys: w.keys, Work: etcdbackup.Work{Dir: w.work},
		Examiner: etcdbackup.Examiner{Program: w.program}, Now: func() time.Time { return now },
	}
}

// fill writes keys.
func (w *world) fill(t testing.TB, keys ...string) {
	t.Helper()
	for _, key := range keys {
		w.etcd.Fill(t, key, 1, 100)
	}
}

// public is the key whose backups count.
func (w *world) public(t testing.TB) string {
	t.Helper()
	content, err := x509.MarshalPKIXPublicKey(w.keys.Signing.Public())
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: content}))
}

func (w *world) take(t testing.TB) etcdbackup.Outcome {
	t.Helper()
	outcome, err := w.taker(t).Take(t.Context(), false)
	require.NoError(t, err)
	require.NotEmpty(t, outcome.Acknowledged)
	return outcome
}

// reader is the vault with the key that reads.
func (w *world) reader(t testing.TB) etcdbackup.Vault {
	t.Helper()
	v := w.vault(t)
	v.Keys.Identities = []age.Identity{w.identity}
	return v
}

// drill restores a backup and gives the error.
func (w *world) drill(t testing.TB, name string) (etcdbackup.Drilled, error) {
	t.Helper()
	return w.reader(t).Drill(t.Context(), name, etcdbackup.Work{Dir: t.TempDir()}, etcdbackup.Examiner{Program: etcdbackup.Self})
}

// content is the path of a backup's content.
func (w *world) content(name string) string {
	return filepath.Join(w.folder, "initial", name, "content.tar.zst.age")
}

func (w *world) leftovers(t testing.TB) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(w.work, "run-*"))
	require.NoError(t, err)
	return found
}

func sumOf(content []byte) store.Sum {
	sum := sha256.Sum256(content)
	return store.Sum{Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}
}
