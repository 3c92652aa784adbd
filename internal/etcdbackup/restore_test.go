package etcdbackup_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	etcdutl "go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/k3s"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/manifest"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/scratch"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/snapshot"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/source"
	"github.com/metal-stack/initial-cluster/internal/store"
	"github.com/metal-stack/initial-cluster/testing/etcdtest"
)

// machine is a k3s server whose k3s is an etcd.
type machine struct {
	dir     string
	runs    bool
	serving []string
	misfit  error
	broken  error // of a reset, which leaves half of the data
	calls   []string
	etcd    *embed.Etcd
	mute    bool // its etcd does not answer
}

func (m *machine) Running(context.Context) (bool, error) { return m.runs, nil }
func (m *machine) Token() string                         { return "" }
func (m *machine) Fits(string) error                     { return m.misfit }
func (m *machine) Serving(context.Context, []string, string) []string {
	return m.serving
}

func (m *machine) Stop(context.Context) error {
	m.calls, m.runs = append(m.calls, "stop"), false
	return nil
}

func (m *machine) database() string { return filepath.Join(m.dir, "server/db/etcd") }

func (m *machine) Reset(_ context.Context, from, token, _ string) error {
	m.calls = append(m.calls, "reset "+token)
	if m.broken != nil {
		return errors.Join(m.broken, os.MkdirAll(filepath.Join(m.database(), "member"), 0o700))
	}
	peer := "http://127.0.0.1:1"
	err := etcdutl.NewV3(zap.NewNop()).Restore(etcdutl.RestoreConfig{
		SnapshotPath: from, Name: "m", OutputDataDir: m.database(), PeerURLs: []string{peer}, InitialCluster: "m=" + peer, InitialClusterToken: "t",
	})
	return errors.Join(err, os.MkdirAll(filepath.Join(m.dir, "server/tls"), 0o700), os.WriteFile(filepath.Join(m.dir, "server/token"), []byte(token), 0o600))
}

func (m *machine) Start(context.Context) error {
	m.calls = append(m.calls, "start")
	c := embed.NewConfig()
	c.Name, c.Dir, c.ZapLoggerBuilder, c.UnsafeNoFsync = "m", m.database(), embed.NewZapLoggerBuilder(zap.NewNop()), true
	c.InitialCluster = c.InitialClusterFromName(c.Name) // if there are no data
	c.ListenClientUrls, c.ListenPeerUrls = []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}, []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	etcd, err := embed.StartEtcd(c)
	if err == nil {
		m.etcd, m.runs = etcd, true
		<-etcd.Server.ReadyNotify()
	}
	return err
}

func (m *machine) Tidy(context.Context, []string) (done, warnings []string, err error) {
	return []string{"tidy"}, nil, nil
}

func (m *machine) endpoint() (*source.Etcd, error) {
	if m.etcd == nil || m.mute {
		return nil, errors.New("there are no certificates")
	}
	limits := source.Limits{Answer: 20 * time.Second, Snapshot: time.Minute, Stall: 20 * time.Second}
	return &source.Etcd{Endpoints: []string{"http://" + m.etcd.Clients[0].Addr().String()}, Limits: limits}, nil
}

// order is a restore that another process does, so that it can be killed.
type order struct {
	Folder, Dir, Work, Identity, Public, Token, Name string
	Fallback                                         bool
}

const orderVariable = "RESTORE_ORDER"

func (o order) restorer(m *machine) (etcdbackup.Restorer, error) {
	s, err := store.OpenFolder(o.Folder, quick)
	if err != nil {
		return etcdbackup.Restorer{}, err
	}
	identity, err := age.ParseX25519Identity(o.Identity)
	if err != nil {
		return etcdbackup.Restorer{}, err
	}
	public, err := manifest.ParsePublic([]byte(o.Public))
	keys := etcdbackup.Keys{Identities: []age.Identity{identity}}
	keys.Trusted = append(keys.Trusted, public)
	return etcdbackup.Restorer{
		Vaults: []etcdbackup.Vault{{Store: s, Cluster: "initial", Keys: keys}}, Name: o.Name, Fallback: o.Fallback, Token: o.Token, Server: m, Etcd: m.endpoint,
		Installation: k3s.Installation{DataDir: o.Dir}, Work: etcdbackup.Work{Dir: o.Work}, Examiner: etcdbackup.Examiner{Program: etcdbackup.Self},
		Now: time.Now, Conceal: func(string) {},
	}, err
}

// obey does an order in this process.
func obey() (any, error) {
	var o order
	if err := json.Unmarshal([]byte(os.Getenv(orderVariable)), &o); err != nil {
		return nil, err
	}
	r, err := o.restorer(&machine{dir: o.Dir})
	if err != nil {
		return nil, err
	}
	return r.Restore(context.Background(), false)
}

// lost is a world with a backup of k3s, and a server that has other data.
func lost(t *testing.T) (*world, order) {
	t.Helper()
	w := newWorld(t)
	key, value := etcdtest.Bootstrap(t, "secret", `{"ServerCA": {}}`)
	_, err := w.etcd.Client(t, 0).Put(t.Context(), key, value)
	require.NoError(t, err)
	_, err = w.etcd.Client(t, 0).Put(t.Context(), snapshot.NamespaceKey, namespace("ours"))
	require.NoError(t, err)
	w.fill(t, "kept", "one")
	taker := w.taker(t)
	taker.Origin.K3s, taker.Origin.Token = &k3s.Installation{DataDir: t.TempDir(), ConfigDir: t.TempDir()}, "secret"
	_, err = taker.Take(t.Context(), false)
	require.NoError(t, err)
	o := order{Folder: w.folder, Dir: t.TempDir(), Work: t.TempDir(), Identity: w.identity.String(), Public: w.public(t)}
	for name, content := range before {
		path := filepath.Join(o.Dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return w, o
}

// before is what was on the server.
var before = map[string]string{
	"server/db/etcd/member/wal/0.wal": "old log", "server/db/etcd/name": "old", "server/tls/server-ca.crt": "old authority", "server/token": "old token",
	"server/cred/passwd": "old passwords",
}

// has wants the data of before below a folder, byte by byte.
func has(t *testing.T, dir string) {
	t.Helper()
	for name, content := range before {
		found, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, content, string(found), name)
	}
}

func TestARestoreMovesAsideAndProves(t *testing.T) {
	t.Parallel()
	w, o := lost(t)
	m := &machine{dir: o.Dir}
	r, err := o.restorer(m)
	require.NoError(t, err)
	look, err := r.Restore(t.Context(), true)
	require.NoError(t, err)
	assert.Len(t, look.Steps, 3)
	assert.Empty(t, m.calls)
	has(t, o.Dir)

	done, err := r.Restore(t.Context(), false)
	require.NoError(t, err)
	assert.Equal(t, []string{"reset secret", "start"}, m.calls)
	assert.Equal(t, done.Revision+scratch.Bump, done.Note.Restored)
	assert.EqualValues(t, 4, done.Keys)
	assert.Positive(t, done.Seconds)
	has(t, filepath.Join(o.Dir, done.Aside))
	assert.Empty(t, leftIn(t, o.Work), "nothing of the cluster is left in the work folder")

	again, err := r.Restore(t.Context(), false)
	require.NoError(t, err)
	assert.True(t, again.Same)
	assert.Empty(t, again.Steps)
	assert.Equal(t, done.ID, again.ID)

	// A backup of the cluster since: to go back to it is for people to say.
	w.fill(t, "since")
	taker := w.taker(t)
	taker.Origin.K3s, taker.Origin.Token = &k3s.Installation{DataDir: t.TempDir(), ConfigDir: t.TempDir()}, "secret"
	taker.Now = func() time.Time { return time.Now().Add(time.Hour) }
	newer, err := taker.Take(t.Context(), false)
	require.NoError(t, err)
	_, err = r.Restore(t.Context(), false)
	assert.ErrorContains(t, err, "the newest backup "+newer.Manifest.Name+" is one of the cluster since; name the one to restore, which for a restore to be finished is "+done.Backup)
	r.Name = done.Backup
	again, err = r.Restore(t.Context(), false)
	require.NoError(t, err)
	assert.True(t, again.Same)
	m.etcd.Close()
}

func leftIn(t *testing.T, work string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(work, "run-*"))
	require.NoError(t, err)
	return found
}

func TestARestoreThatK3sDoesNotTakeIsUndone(t *testing.T) {
	t.Parallel()
	_, o := lost(t)
	r, err := o.restorer(&machine{dir: o.Dir, broken: errors.New("k3s is broken")})
	require.NoError(t, err)
	_, err = r.Restore(t.Context(), false)
	assert.ErrorContains(t, err, "k3s is broken; the data of before is in its place again")
	has(t, o.Dir)
	entries, err := os.ReadDir(o.Dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "there is no folder beside it")
	assert.NoFileExists(t, etcdbackup.NoteFile(o.Dir))
}

func TestWhatSpeaksAgainstARestoreIsToldAtOnceAndTouchesNothing(t *testing.T) {
	t.Parallel()
	_, o := lost(t)
	m := &machine{dir: o.Dir, runs: true, serving: []string{"10.0.0.2"}, misfit: errors.New("k3s is too old")}
	r, err := o.restorer(m)
	require.NoError(t, err)
	_, err = r.Restore(t.Context(), false)
	assert.ErrorContains(t, err, "k3s is too old; refusing to restore while k3s runs on this server, 10.0.0.2; stop all servers of the cluster first (playbook restore does)")
	m.misfit = nil
	look, err := r.Restore(t.Context(), true)
	require.NoError(t, err)
	assert.Contains(t, look.Warnings[0], "k3s runs on this server, 10.0.0.2; stop all servers")

	r.Token = "another"
	_, err = r.Restore(t.Context(), true)
	assert.ErrorContains(t, err, "of another token")
	assert.ErrorContains(t, err, "The backup holds that one")
	assert.NotContains(t, err.Error(), "secret")
	assert.Empty(t, m.calls)
	has(t, o.Dir)
}

// started is a machine whose k3s somebody starts after the first look.
type started struct{ *machine }

func (s *started) Running(context.Context) (runs bool, err error) {
	runs, s.runs = s.runs, true
	return runs, nil
}

// Once, it was looked once whether k3s runs, a minute before its data were moved.
func TestK3sThatIsStartedMeanwhileKeepsItsData(t *testing.T) {
	t.Parallel()
	_, o := lost(t)
	m := &machine{dir: o.Dir}
	r, err := o.restorer(m)
	require.NoError(t, err)
	r.Server = &started{m}
	_, err = r.Restore(t.Context(), false)
	assert.ErrorContains(t, err, "refusing to restore while k3s runs on this server; stop all servers of the cluster first (playbook restore does)")
	assert.Empty(t, m.calls)
	has(t, o.Dir)
	assert.NoFileExists(t, etcdbackup.NoteFile(o.Dir))
}

func TestADamagedNewestBackupIsPassedOverOnlyIfAsked(t *testing.T) {
	t.Parallel()
	w, o := lost(t)
	older, err := w.reader(t).Find(t.Context(), "")
	require.NoError(t, err)
	w.fill(t, "newer")
	taker := w.taker(t)
	taker.Origin.K3s, taker.Origin.Token = &k3s.Installation{DataDir: t.TempDir(), ConfigDir: t.TempDir()}, "secret"
	taken, err := taker.Take(t.Context(), false)
	require.NoError(t, err)
	newest := taken.Manifest.Name
	spoil(t, w.content(newest))
	m := &machine{dir: o.Dir}
	r, err := o.restorer(m)
	require.NoError(t, err)
	_, err = r.Restore(t.Context(), false)
	assert.ErrorContains(t, err, "backup "+newest)
	assert.ErrorContains(t, err, "nothing was touched. Look for another copy or an earlier version of it, or say fallback to take an older one: the next is "+older.Name)
	assert.Empty(t, m.calls)
	r.Fallback = true
	done, err := r.Restore(t.Context(), false)
	require.NoError(t, err)
	assert.Equal(t, older.Name, done.Backup)
	assert.Contains(t, done.Warnings[0], "what was written after 2026-11-25T12:00:00Z is lost: the newer backup, "+newest)
	again, err := r.Restore(t.Context(), false)
	require.NoError(t, err)
	assert.True(t, again.Same)
	m.etcd.Close()
}

// taken is one more backup of the world's k3s.
func (w *world) taken(t *testing.T, key string, more ...etcdbackup.Vault) string {
	t.Helper()
	w.fill(t, key)
	taker := w.taker(t)
	taker.Vaults = append(taker.Vaults, more...)
	taker.Origin.K3s, taker.Origin.Token = &k3s.Installation{DataDir: t.TempDir(), ConfigDir: t.TempDir()}, "secret"
	outcome, err := taker.Take(t.Context(), false)
	require.NoError(t, err)
	return outcome.Manifest.Name
}

// Once, a newest backup that the list alone shows to be damaged was passed over without a word.
func TestANewestBackupThatTheListShowsToBeDamagedIsPassedOverOnlyIfAsked(t *testing.T) {
	t.Parallel()
	for name, flaw := range map[string]struct {
		do  func(t *testing.T, w *world, newest string)
		why string
	}{
		"content cut": {func(t *testing.T, w *world, newest string) {
			require.NoError(t, os.Truncate(w.content(newest), 100))
		}, "its content has 100 bytes and must have "},
		"content gone": {func(t *testing.T, w *world, newest string) {
			require.NoError(t, os.Remove(w.content(newest)))
		}, "its content is missing"},
		"manifest broken": {func(t *testing.T, w *world, newest string) {
			require.NoError(t, os.WriteFile(w.at(newest, "manifest.json"), []byte("{"), 0o600))
		}, "its manifest cannot be read"},
		"manifest changed": {func(t *testing.T, w *world, newest string) {
			spoil(t, w.at(newest, "manifest.json"))
		}, "its manifest "},
		"marked": {func(t *testing.T, w *world, newest string) {
			require.NoError(t, os.WriteFile(w.at(newest, "quarantine.json"), []byte(`{"reason": "evil"}`), 0o600))
		}, "quarantined: evil"},
		"marked, manifest gone": {func(t *testing.T, w *world, newest string) {
			require.NoError(t, os.Rename(w.at(newest, "manifest.json"), w.at(newest, "quarantine.json")))
		}, "it has no manifest"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, o := lost(t)
			older, err := w.reader(t).Find(t.Context(), "")
			require.NoError(t, err)
			newest := w.taken(t, "newer")
			flaw.do(t, w, newest)
			m := &machine{dir: o.Dir}
			r, err := o.restorer(m)
			require.NoError(t, err)
			_, err = r.Restore(t.Context(), true)
			assert.ErrorContains(t, err, "backup "+newest+" of initial is not good: "+flaw.why)
			assert.ErrorContains(t, err, "or say fallback to take an older one: the next is "+older.Name+" of 2026-11-25T12:00:00Z")
			_, err = r.Restore(t.Context(), false)
			assert.Error(t, err)
			assert.Empty(t, m.calls)
			has(t, o.Dir)

			r.Fallback = true
			look, err := r.Restore(t.Context(), true)
			require.NoError(t, err)
			assert.Equal(t, older.Name, look.Backup)
			require.Len(t, look.Warnings, 1)
			assert.Contains(t, look.Warnings[0], "is lost: the newer backup, "+newest+" of 2026-11-25T12:00:00Z, cannot be used: ")
			assert.Contains(t, look.Warnings[0], flaw.why)
			r.Fallback, r.Name = false, older.Name
			look, err = r.Restore(t.Context(), true)
			require.NoError(t, err, "whoever names one has chosen")
			assert.Empty(t, look.Warnings)
		})
	}
}

func TestAnOlderBackupThatIsNotGoodIsInNobodysWay(t *testing.T) {
	t.Parallel()
	w, o := lost(t)
	older, err := w.reader(t).Find(t.Context(), "")
	require.NoError(t, err)
	newest := w.taken(t, "newer")
	require.NoError(t, os.WriteFile(w.at(older.Name, "manifest.json"), []byte("{"), 0o600))
	r, err := o.restorer(&machine{dir: o.Dir})
	require.NoError(t, err)
	look, err := r.Restore(t.Context(), true)
	require.NoError(t, err)
	assert.Equal(t, newest, look.Backup)
	assert.Empty(t, look.Warnings)
}

// What a killed run leaves, and what was put aside for being another cluster, hold no restore up, and are told.
func TestABackupThatNeverCountedIsPassedOverWithAWarning(t *testing.T) {
	t.Parallel()
	w, o := lost(t)
	older, err := w.reader(t).Find(t.Context(), "")
	require.NoError(t, err)
	killed := w.taken(t, "newer")
	require.NoError(t, os.Remove(w.at(killed, "manifest.json")))
	empty := newWorld(t)
	empty.folder, empty.keys = w.folder, w.keys
	empty.fill(t, "other")
	taker := empty.taker(t)
	taker.Now = func() time.Time { return now.Add(time.Hour) }
	other, err := taker.Take(t.Context(), false)
	require.ErrorContains(t, err, "counts for nothing")
	r, err := o.restorer(&machine{dir: o.Dir})
	require.NoError(t, err)
	look, err := r.Restore(t.Context(), true)
	require.NoError(t, err)
	assert.Equal(t, older.Name, look.Backup)
	require.Len(t, look.Warnings, 2)
	told := strings.Join(look.Warnings, "\n")
	assert.Contains(t, told, "backup "+killed+" of initial is not good: it has no manifest, so it was never finished, unless its manifest was deleted since")
	assert.Contains(t, told, "backup "+other.Manifest.Name+" of initial is not good: quarantined: this is another cluster")
}

func TestAGoodCopyInAnotherStoreIsTakenWithAWarning(t *testing.T) {
	t.Parallel()
	w, o := lost(t)
	second, err := store.OpenFolder(t.TempDir(), quick)
	require.NoError(t, err)
	newest := w.taken(t, "newer", etcdbackup.Vault{Store: second, Cluster: "initial", Keys: w.keys})
	require.NoError(t, os.Truncate(w.content(newest), 100))
	r, err := o.restorer(&machine{dir: o.Dir})
	require.NoError(t, err)
	r.Vaults = append(r.Vaults, etcdbackup.Vault{Store: second, Cluster: "initial", Keys: r.Vaults[0].Keys})
	look, err := r.Restore(t.Context(), true)
	require.NoError(t, err)
	assert.Equal(t, newest, look.Backup)
	require.Len(t, look.Warnings, 1)
	assert.Contains(t, look.Warnings[0], "a copy could not be used: "+r.Vaults[0].Store.String()+": backup "+newest+" of initial is not good: its content has 100 bytes")
}

// unread is a store that lists contents and does not give them.
type unread struct{ store.Store }

func (u unread) Get(ctx context.Context, name string, to io.Writer) (store.Sum, error) {
	if strings.HasSuffix(name, ".age") {
		return store.Sum{}, &store.Error{Store: u.String(), Doing: "get " + name, Why: "503 Slow Down"}
	}
	return u.Store.Get(ctx, name, to)
}

// Once, an older backup was taken for whatever failed, such as a network that was down.
func TestABackupThatIsNotKnownToBeDamagedIsNotPassedOver(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]struct {
		begin func(t *testing.T, w *world, r *etcdbackup.Restorer)
		why   string
	}{
		"the store does not give it": {func(_ *testing.T, _ *world, r *etcdbackup.Restorer) {
			r.Vaults[0].Store = unread{r.Vaults[0].Store}
		}, "503 Slow Down"},
		"one copy is damaged, the other is not given": {func(t *testing.T, w *world, r *etcdbackup.Restorer) {
			newest, err := w.reader(t).Find(t.Context(), "")
			require.NoError(t, err)
			folder := t.TempDir()
			require.NoError(t, os.CopyFS(folder, os.DirFS(w.folder)))
			spoil(t, w.content(newest.Name))
			second, err := store.OpenFolder(folder, quick)
			require.NoError(t, err)
			r.Vaults = append(r.Vaults, etcdbackup.Vault{Store: unread{second}, Cluster: "initial", Keys: r.Vaults[0].Keys})
		}, "503 Slow Down"},
		"the identity is another": {func(t *testing.T, _ *world, r *etcdbackup.Restorer) {
			stranger, err := age.GenerateX25519Identity()
			require.NoError(t, err)
			r.Vaults[0].Keys.Identities = []age.Identity{stranger}
		}, "none of the identities opens it"},
		"there is no identity": {func(_ *testing.T, _ *world, r *etcdbackup.Restorer) {
			r.Vaults[0].Keys.Identities = nil
		}, "it is encrypted; give identities"},
		"another run is at work": {func(t *testing.T, _ *world, r *etcdbackup.Restorer) {
			lock, err := os.Create(filepath.Join(r.Work.Dir, "lock"))
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, lock.Close()) })
			require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
		}, "another run is at work"},
		"there is no room": {func(t *testing.T, _ *world, r *etcdbackup.Restorer) {
			r.Work.Dir = small(t, "size=1m")
		}, "make room"},
		"no process starts": {func(_ *testing.T, _ *world, r *etcdbackup.Restorer) {
			r.Examiner.Program = "/nowhere"
		}, "start a process to read the snapshot"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, o := lost(t)
			older, err := w.reader(t).Find(t.Context(), "")
			require.NoError(t, err)
			w.taken(t, "newer")
			m := &machine{dir: o.Dir}
			r, err := o.restorer(m)
			require.NoError(t, err)
			trouble.begin(t, w, &r)
			for _, r.Fallback = range []bool{true, false} {
				_, err = r.Restore(t.Context(), false)
				require.ErrorContains(t, err, trouble.why)
				require.ErrorContains(t, err, "so none takes its place: mend that and run it again, or name an older one: the next is "+older.Name)
			}
			assert.Empty(t, m.calls)
			has(t, o.Dir)
		})
	}
}

// once is a store whose first content comes with another byte.
type once struct {
	store.Store
	done bool
}

func (o *once) Get(ctx context.Context, name string, to io.Writer) (store.Sum, error) {
	if o.done || !strings.HasSuffix(name, ".age") {
		return o.Store.Get(ctx, name, to)
	}
	o.done = true
	f := &faulty{Store: o.Store, get: func(b []byte) []byte { b[len(b)/2] ^= 1; return b }}
	return f.Get(ctx, name, to)
}

func TestAByteThatChangesOnItsWayCostsNoBackup(t *testing.T) {
	t.Parallel()
	w, o := lost(t)
	newest := w.taken(t, "newer")
	o.Fallback = true
	r, err := o.restorer(&machine{dir: o.Dir})
	require.NoError(t, err)
	r.Vaults[0].Store = &once{Store: r.Vaults[0].Store}
	look, err := r.Restore(t.Context(), true)
	require.NoError(t, err)
	assert.Equal(t, newest, look.Backup)
	assert.Empty(t, look.Warnings)
}

func spoil(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	content[len(content)/2] ^= 1
	require.NoError(t, os.WriteFile(path, content, 0o600))
}

// A restore that is killed at any time is finished by the next run, and the data of before is whole wherever it is.
func TestAKilledRestoreIsFinished(t *testing.T) {
	t.Parallel()
	_, o := lost(t)
	origin := o.Dir
	phases := map[string]int{}
	for seed := range runsOf(t, 8) {
		o.Dir, o.Work = t.TempDir(), t.TempDir()
		require.NoError(t, os.CopyFS(o.Dir, os.DirFS(origin)))
		o.run(t, time.Duration(rand.New(rand.NewPCG(seed, 5)).IntN(1500))*time.Millisecond)
		phases[phase(o.Dir)]++
		done := o.run(t, time.Minute)
		require.NotNil(t, done, "seed %d", seed)
		assert.EqualValues(t, 4, done["keys"], "seed %d", seed)
		has(t, filepath.Join(o.Dir, fmt.Sprint(done["aside"])))
		require.False(t, t.Failed(), "seed %d", seed)
	}
	t.Logf("killed in the phases %v; not finished by the next run: 0", phases)
}

// A run that was killed between two of the moves has left some of the data in its place.
func TestARestoreThatWasKilledWhileItMovedGoesOn(t *testing.T) {
	t.Parallel()
	w, o := lost(t)
	b, err := w.reader(t).Find(t.Context(), "")
	require.NoError(t, err)
	note := etcdbackup.Note{ID: "id", Backup: b.Name, Phase: "aside", Aside: "before-restore-then"}
	text, err := json.Marshal(note)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(etcdbackup.NoteFile(o.Dir), text, 0o600))
	for _, name := range []string{"server/db/etcd", "server/tls"} {
		to := filepath.Join(o.Dir, note.Aside, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o700))
		require.NoError(t, os.Rename(filepath.Join(o.Dir, name), to))
	}
	m := &machine{dir: o.Dir}
	r, err := o.restorer(m)
	require.NoError(t, err)
	done, err := r.Restore(t.Context(), false)
	require.NoError(t, err)
	assert.Equal(t, note.Aside, done.Aside)
	has(t, filepath.Join(o.Dir, note.Aside))
	m.etcd.Close()
}

func phase(dir string) string {
	content, err := os.ReadFile(etcdbackup.NoteFile(dir))
	var note struct{ Phase string }
	if err != nil || json.Unmarshal(content, &note) != nil {
		return "before anything was touched"
	}
	return note.Phase
}

// run does the order in a process of its own that is killed after a time; it gives nothing if it was.
func (o order) run(t *testing.T, after time.Duration) (done map[string]any) {
	t.Helper()
	text, err := json.Marshal(o)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	process := exec.CommandContext(ctx, os.Args[0], "--restore")
	process.Env = append(os.Environ(), orderVariable+"="+string(text))
	var complaints strings.Builder
	process.Stderr = &complaints
	out, err := process.Output()
	if ctx.Err() != nil {
		return nil
	}
	require.NoError(t, err, complaints.String())
	require.NoError(t, json.Unmarshal(out, &done), string(out))
	return done
}

func TestAServerReadiesItselfToJoinOnce(t *testing.T) {
	t.Parallel()
	w, o := lost(t)
	m := &machine{dir: o.Dir, runs: true}
	r, err := o.restorer(m)
	require.NoError(t, err)
	r.Now = func() time.Time { return now }
	r.Etcd = func() (*source.Etcd, error) { return w.taker(t).Origin.Etcd, nil } // one of before
	_, steps, err := r.Rejoin(t.Context(), "1000000099-one", "ours", true)
	require.NoError(t, err)
	assert.Equal(t, []string{"stop k3s", "move the data that is here to before-restore-20261125T120000Z, so that the server joins the restored one"}, steps)
	has(t, o.Dir)
	note, _, err := r.Rejoin(t.Context(), "1000000099-one", "ours", false)
	require.NoError(t, err)
	has(t, filepath.Join(o.Dir, note.Aside))
	assert.Equal(t, []string{"stop"}, m.calls)
	m.runs = true // as a member of the restored cluster
	_, steps, err = r.Rejoin(t.Context(), "1000000099-one", "ours", false)
	require.NoError(t, err)
	assert.Empty(t, steps)
	_, steps, err = r.Rejoin(t.Context(), "2000000099-two", "ours", true)
	require.NoError(t, err)
	assert.Len(t, steps, 2, "of another restore")
	_, steps, err = r.Rejoin(t.Context(), "2-three", "ours", false)
	require.NoError(t, err)
	assert.Empty(t, steps, "its etcd is of the restored cluster, whose revisions no other has")
}

func namespace(uid string) string { return fmt.Sprintf(`{"metadata": {"uid": %q}}`, uid) }

// other is a machine whose k3s runs with the data of another cluster.
func other(t *testing.T, o order) *machine {
	t.Helper()
	m := &machine{dir: o.Dir}
	require.NoError(t, os.RemoveAll(m.database()))
	require.NoError(t, m.Start(t.Context()))
	t.Cleanup(m.down)
	at, err := m.endpoint()
	require.NoError(t, err)
	client, err := clientv3.New(clientv3.Config{Endpoints: at.Endpoints, Logger: zap.NewNop()})
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Put(t.Context(), snapshot.NamespaceKey, namespace("theirs"))
	require.NoError(t, err)
	m.calls = nil
	return m
}

// down is the machine after its k3s was stopped.
func (m *machine) down() {
	if m.etcd != nil {
		m.etcd.Close()
	}
	m.etcd, m.runs = nil, false
}

const ofAnother = "the data on this server is of another cluster (theirs) than the backup (ours); say accept_lineage if it is to be replaced"

// Once, a look while k3s ran saw nothing, and so all servers were stopped before the restore was refused.
func TestDataOfAnotherClusterIsNotReplacedUnasked(t *testing.T) {
	t.Parallel()
	_, o := lost(t)
	m := other(t, o)
	r, err := o.restorer(m)
	require.NoError(t, err)
	_, err = r.Restore(t.Context(), true)
	require.ErrorContains(t, err, ofAnother, "while it runs")
	m.mute = true
	look, err := r.Restore(t.Context(), true)
	require.NoError(t, err)
	assert.Contains(t, look.Warnings[1], "of which cluster the data on this server is cannot be told before k3s is stopped: there are no certificates")
	m.down()
	for _, look := range []bool{true, false} {
		_, err = r.Restore(t.Context(), look)
		require.ErrorContains(t, err, ofAnother)
	}
	assert.Empty(t, m.calls)
	assert.FileExists(t, filepath.Join(m.database(), "member/snap/db"))
	assert.NoFileExists(t, etcdbackup.NoteFile(o.Dir))

	r.AcceptOther = true
	look, err = r.Restore(t.Context(), true)
	require.NoError(t, err)
	assert.Len(t, look.Steps, 3)
}

// Once, a server that joins moved aside whatever was there.
func TestAServerWithTheDataOfAnotherClusterDoesNotJoinUnasked(t *testing.T) {
	t.Parallel()
	_, o := lost(t)
	m := other(t, o)
	r, err := o.restorer(m)
	require.NoError(t, err)
	for _, id := range []string{"1000000099-one", "1-whose-revision-it-has"} {
		_, _, err = r.Rejoin(t.Context(), id, "ours", false)
		require.EqualError(t, err, ofAnother, "while it runs")
	}
	assert.Empty(t, m.calls)
	m.down()
	for _, look := range []bool{true, false} {
		_, _, err = r.Rejoin(t.Context(), "1000000099-one", "ours", look)
		require.EqualError(t, err, ofAnother)
	}
	m.runs, m.mute = true, true
	_, _, err = r.Rejoin(t.Context(), "1000000099-one", "ours", false)
	require.EqualError(t, err, ofAnother+"; k3s was stopped to find out, and nothing else was touched")
	assert.Equal(t, []string{"stop"}, m.calls)
	assert.FileExists(t, filepath.Join(m.database(), "member/snap/db"))
	assert.NoFileExists(t, etcdbackup.NoteFile(o.Dir))

	r.AcceptOther = true
	note, _, err := r.Rejoin(t.Context(), "1000000099-one", "ours", false)
	require.NoError(t, err)
	assert.FileExists(t, filepath.Join(o.Dir, note.Aside, "server/db/etcd/member/snap/db"))
}
