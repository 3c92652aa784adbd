package etcdbackup_test

import (
	"context"
	"crypto/ed25519"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/retention"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/scratch"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/snapshot"
)

func TestABackupIsTakenOnceAndRestores(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 300, 100)
	planned, err := w.taker(t).Take(t.Context(), true)
	require.NoError(t, err)
	assert.Equal(t, "take a backup of initial into "+w.vault(t).Store.String(), planned.Planned)
	backups, err := w.vault(t).List(t.Context())
	require.NoError(t, err)
	assert.Empty(t, backups, "check mode stores nothing")

	m := w.take(t).Manifest
	assert.EqualValues(t, 300, m.Keys)
	assert.True(t, m.Compared)
	assert.True(t, m.Encrypted)
	assert.Empty(t, w.leftovers(t))
	again, err := w.taker(t).Take(t.Context(), false)
	require.NoError(t, err)
	assert.Equal(t, m.Name, again.Recent, "nothing was written since, so the backup is enough")
	planned, err = w.taker(t).Take(t.Context(), true)
	require.NoError(t, err)
	assert.Equal(t, m.Name, planned.Recent, "and check mode says so")
	assert.Empty(t, planned.Planned)

	drilled, err := w.drill(t, "")
	require.NoError(t, err)
	assert.Equal(t, m.Name, drilled.Name)
	assert.Equal(t, m.Hash, drilled.Result.Hash)
}

func TestOthersOpenABackupWithoutThisProgram(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 10, 100)
	name := w.take(t).Manifest.Name
	content, err := os.Open(w.content(name))
	require.NoError(t, err)
	defer content.Close()
	plain, err := age.Decrypt(content, w.identity)
	require.NoError(t, err)
	if _, err := exec.LookPath("zstd"); err != nil && os.Getenv("CI") != "true" {
		t.Skip("needs zstd; make system-packages installs it")
	}
	unpack := exec.Command("sh", "-c", "zstd -d | tar t")
	unpack.Stdin = plain
	list, err := unpack.Output()
	require.NoError(t, err)
	assert.Equal(t, "snapshot.db\nmembers.txt\n", string(list))
}

func TestARecentBackupIsEnough(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 10, 10)
	name := w.take(t).Manifest.Name
	w.etcd.Fill(t, "more", 10, 10)
	taker := w.taker(t)
	taker.MaxAge, taker.Now = time.Hour, func() time.Time { return now.Add(59 * time.Minute) }
	outcome, err := taker.Take(t.Context(), false)
	require.NoError(t, err)
	assert.Equal(t, name, outcome.Recent)
	taker.Now = func() time.Time { return now.Add(61 * time.Minute) }
	outcome, err = taker.Take(t.Context(), false)
	require.NoError(t, err)
	assert.NotEmpty(t, outcome.Acknowledged)
}

func TestWhatDoesNotGoOnIsQuarantined(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 200, 10)
	w.etcd.Fill(t, "key", 200, 20)
	first := w.take(t).Manifest
	empty := newWorld(t)
	empty.folder, empty.keys = w.folder, w.keys
	empty.etcd.Fill(t, "key", 1, 1)
	later := empty.taker(t)
	later.Now = func() time.Time { return now.Add(time.Minute) }
	outcome, err := later.Take(t.Context(), false)
	require.ErrorContains(t, err, "initial: this is another cluster (etcd-")
	assert.Empty(t, outcome.Acknowledged)
	assert.Equal(t, []string{w.folder}, outcome.Quarantined)
	require.ErrorContains(t, err, "backup "+outcome.Manifest.Name+" is stored and counts for nothing. Is that as it should be, then say so once by accept_lineage")
	newest, err := w.vault(t).Find(t.Context(), "")
	require.NoError(t, err)
	assert.Equal(t, first.Name, newest.Name)
	drilled, err := w.drill(t, "")
	require.NoError(t, err)
	assert.Equal(t, first.Name, drilled.Name)
	require.Len(t, drilled.Passed, 1, "the newer one is not passed over in silence")
	assert.Contains(t, drilled.Passed[0], "backup "+outcome.Manifest.Name+" of initial is not good: ")
	_, err = empty.taker(t).Take(t.Context(), false)
	require.ErrorContains(t, err, "it is not stored, as one such backup of the same day is")
	pruned, err := w.vault(t).Prune(t.Context(), retention.Policy{Last: 1}, now.Add(time.Hour), false)
	require.NoError(t, err)
	assert.Empty(t, pruned.Deleted)

	accepting := empty.taker(t)
	accepting.AcceptLineage = true
	accepted, err := accepting.Take(t.Context(), false)
	require.NoError(t, err)
	assert.Equal(t, 2, accepted.Manifest.Generation)
	empty.etcd.Fill(t, "more", 10, 10)
	assert.Equal(t, 2, empty.take(t).Manifest.Generation, "once said, the new lineage goes on")
}

func TestTwoRunsAtOnceAreOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 10, 10)
	const runs = 4
	failures := make(chan error, runs)
	taker := w.taker(t)
	for range runs {
		go func() {
			_, err := taker.Take(context.Background(), false)
			failures <- err
		}()
	}
	succeeded := 0
	for range runs {
		if err := <-failures; err == nil {
			succeeded++
		} else {
			assert.EqualError(t, err, "another run is at work in "+w.work+"; wait until it has ended, or give this one a folder of its own")
		}
	}
	assert.Positive(t, succeeded)
	_, err := w.drill(t, "")
	require.NoError(t, err)
}

func TestPruneKeepsWhatThePolicyWantsOnlyAfterTheNewestVerified(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var names []string
	for i := range 3 {
		w.etcd.Fill(t, string(rune('a'+i)), 5, 10)
		names = append(names, w.take(t).Manifest.Name)
	}
	policy := retention.Policy{Last: 1}
	planned, err := w.vault(t).Prune(t.Context(), policy, now.Add(time.Hour), true)
	require.NoError(t, err)
	assert.Empty(t, planned.Deleted)
	assert.False(t, planned.Decisions[2].Keep)

	whole := damage(t, w.content(names[2]), 100)
	_, err = w.vault(t).Prune(t.Context(), policy, now.Add(time.Hour), false)
	require.ErrorContains(t, err, "backup "+names[2]+" of initial, the newest, is not good: ")
	require.ErrorContains(t, err, "; nothing of its lineage is deleted")
	require.NoError(t, os.WriteFile(w.content(names[2]), whole, 0o600))
	require.NoError(t, os.Remove(filepath.Join(w.folder, "initial", names[2], "quarantine.json")))

	pruned, err := w.vault(t).Prune(t.Context(), policy, now.Add(time.Hour), false)
	require.NoError(t, err)
	assert.Equal(t, []string{names[1], names[0]}, pruned.Deleted)
	_, err = w.drill(t, names[2])
	require.NoError(t, err)
	again, err := w.vault(t).Prune(t.Context(), policy, now.Add(time.Hour), false)
	require.NoError(t, err)
	assert.Empty(t, again.Deleted)
}

// damage flips a bit and gives what was there.
func damage(t *testing.T, path string, at int) []byte {
	t.Helper()
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	flipped := append([]byte{}, whole...)
	flipped[at] ^= 4
	require.NoError(t, os.WriteFile(path, flipped, 0o600))
	return whole
}

func TestVerifyMarksWhatIsDamagedAndTheOneBeforeIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 5, 10)
	older := w.take(t).Manifest.Name
	w.etcd.Fill(t, "more", 5, 10)
	newer := w.take(t).Manifest.Name
	damage(t, w.content(newer), 400)
	_, err := w.reader(t).Verify(t.Context(), "", true)
	require.ErrorContains(t, err, "backup "+newer+" of initial is not good: ")
	found, err := w.vault(t).Find(t.Context(), "")
	require.NoError(t, err)
	assert.Equal(t, newer, found.Name, "looking marks nothing")

	verdicts, err := w.reader(t).Verify(t.Context(), "", false)
	require.Error(t, err)
	require.Len(t, verdicts, 2)
	assert.False(t, verdicts[0].Opened)
	assert.True(t, verdicts[1].Opened)
	drilled, err := w.drill(t, "")
	require.NoError(t, err)
	assert.Equal(t, older, drilled.Name)
	_, err = w.drill(t, newer)
	require.ErrorContains(t, err, "backup "+newer+" of initial is not good: quarantined: ")
}

// Whoever can write to the store can take backups away, and can't make us take theirs for ours.
func TestAForgedBackupIsNotTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 5, 10)
	ours := w.take(t).Manifest.Name
	forger := newWorld(t)
	forger.folder, forger.keys.Recipients = w.folder, w.keys.Recipients // which are public
	forger.etcd.Fill(t, "evil", 500, 10)
	forged := forger.take(t).Manifest.Name
	moved := filepath.Join(w.folder, "initial", "20991231T000000Z-r9-00000000")
	require.NoError(t, os.CopyFS(moved, os.DirFS(filepath.Join(w.folder, "initial", ours))))

	found, err := w.vault(t).Find(t.Context(), "")
	require.NoError(t, err)
	assert.Equal(t, ours, found.Name)
	backups, err := w.vault(t).List(t.Context())
	require.NoError(t, err)
	bad := map[string]string{}
	for _, b := range backups {
		bad[b.Name] = b.Bad
	}
	assert.Equal(t, map[string]string{
		ours: "", forged: "its manifest is not signed by a trusted key, so it is not ours or was changed",
		filepath.Base(moved): "its manifest is that of initial/" + ours + ", so somebody moved it",
	}, bad)
}

func TestAStrangersKeyOpensNothingAndMarksNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 5, 10)
	name := w.take(t).Manifest.Name
	stranger, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	v := w.vault(t)
	v.Keys.Identities = []age.Identity{stranger}
	_, err = v.Drill(t.Context(), name, etcdbackup.Work{Dir: t.TempDir()}, etcdbackup.Examiner{Program: etcdbackup.Self})
	require.EqualError(t, err, v.Store.String()+": backup "+name+" of initial: none of the identities opens it")
	verdicts, err := v.Verify(t.Context(), "", false)
	require.NoError(t, err)
	assert.False(t, verdicts[0].Opened)
	assert.Empty(t, verdicts[0].Bad)
}

func TestATokenIsNotStoredUnencryptedNorUnproved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 5, 10)
	taker := w.taker(t)
	taker.Origin.Token = "secret"
	_, err := taker.Take(t.Context(), false)
	require.EqualError(t, err, "the snapshot holds no bootstrap data of k3s, so it is of another kind of etcd or of a k3s that was never up")
	taker.Keys.Recipients = nil
	_, err = taker.Take(t.Context(), false)
	require.EqualError(t, err, "refusing to store the k3s server token without encryption; give recipients")
	backups, err := w.vault(t).List(t.Context())
	require.NoError(t, err)
	assert.Empty(t, backups)
}

func TestTooLittleRoomIsSaidBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	taker := w.taker(t)
	huge := filepath.Join(t.TempDir(), "snapshot-1")
	require.NoError(t, os.WriteFile(huge, nil, 0o600))
	require.NoError(t, os.Truncate(huge, 8<<40)) // takes no space
	taker.Origin = etcdbackup.Origin{File: huge}
	_, err := taker.Take(t.Context(), true)
	require.Error(t, err)
	assert.Regexp(t, "^work folder "+w.work+": 25165856 MiB are needed and [0-9]+ MiB are free; make room, or give a folder on another disk$", err.Error())
}

func TestOtherKeysOfOursAreTrusted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 5, 10)
	name := w.take(t).Manifest.Name
	v := w.vault(t)
	v.Keys.Trusted, v.Keys.Signing = []ed25519.PublicKey{w.keys.Signing.Public().(ed25519.PublicKey)}, nil
	found, err := v.Find(t.Context(), "")
	require.NoError(t, err)
	assert.Equal(t, name, found.Name)
}

func TestAPreparedSnapshotIsAheadOfItsCluster(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 30, 10)
	m := w.take(t).Manifest
	to := filepath.Join(t.TempDir(), "restore.db")
	prepared, err := w.reader(t).Prepare(t.Context(), "", to, etcdbackup.Work{Dir: w.work}, etcdbackup.Examiner{Program: etcdbackup.Self})
	require.NoError(t, err)
	assert.Equal(t, m.Name, prepared.Name)
	assert.Empty(t, w.leftovers(t))
	facts, err := snapshot.Inspect(to)
	require.NoError(t, err)
	assert.Equal(t, m.Revision+scratch.Bump, facts.Revision)
	_, err = w.reader(t).Prepare(t.Context(), "", to, etcdbackup.Work{Dir: w.work}, etcdbackup.Examiner{Program: etcdbackup.Self})
	require.ErrorContains(t, err, "advance the revision: open "+to+": file exists")
}
