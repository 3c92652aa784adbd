package etcdbackup_test

import (
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/retention"
	"github.com/metal-stack/initial-cluster/testing/etcdtest"
)

// adopting is a taker of a snapshot that lies in a file since some days.
func (w *world) adopting(t *testing.T, file string, days float64) etcdbackup.Taker {
	t.Helper()
	taker := w.taker(t)
	taker.Origin = etcdbackup.Origin{File: file, Taken: now.Add(-time.Duration(days * 24 * float64(time.Hour)))}
	return taker
}

// saved are snapshots of a world, each later than the one before.
func (w *world) saved(t *testing.T, n int) (files []string) {
	t.Helper()
	for i := range n {
		w.etcd.Fill(t, string(rune('a'+i)), 20, 20)
		files = append(files, w.save(t))
	}
	return files
}

// Once, a snapshot of last month was a backup of today.
func TestAnAdoptedSnapshotIsAsOldAsItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	taker := w.adopting(t, w.saved(t, 1)[0], 30)
	outcome, err := taker.Take(t.Context(), false)
	require.NoError(t, err)
	assert.Equal(t, now.AddDate(0, 0, -30), outcome.Manifest.Taken)
	assert.Regexp(t, "^20261026T120000Z-r", outcome.Manifest.Name)
	for _, check := range []bool{true, false} {
		again, err := taker.Take(t.Context(), check)
		require.NoError(t, err)
		assert.Equal(t, outcome.Manifest.Name, again.Recent)
	}
}

// Once, the older of two files was quarantined when the newer one came first.
func TestSnapshotsAreAdoptedInAnyOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	files := w.saved(t, 4)
	names := make([]string, len(files))
	for _, i := range []int{2, 0, 3, 1} {
		taker := w.adopting(t, files[i], float64(20-i))
		outcome, err := taker.Take(t.Context(), false)
		require.NoError(t, err)
		names[3-i] = outcome.Manifest.Name
		again, err := taker.Take(t.Context(), false)
		require.NoError(t, err)
		assert.Equal(t, outcome.Manifest.Name, again.Recent, "also behind others")
	}
	backups, err := w.vault(t).List(t.Context())
	require.NoError(t, err)
	for i, b := range backups {
		assert.Equal(t, names[i], b.Name, "the newest first")
		assert.Empty(t, b.Bad)
	}
}

// Two servers that take theirs at the same moment may have different revisions, and clocks.
func TestSnapshotsOfTheSameMomentAreAdopted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	files := w.saved(t, 2)
	_, err := w.adopting(t, files[1], 10).Take(t.Context(), false)
	require.NoError(t, err)
	_, err = w.adopting(t, files[0], 9.999).Take(t.Context(), false)
	require.NoError(t, err)
}

func TestAnAdoptedSnapshotThatDoesNotFitIsQuarantinedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	files := w.saved(t, 3)
	_, err := w.adopting(t, files[1], 10).Take(t.Context(), false)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		file string
		days float64
		want string
	}{
		"set back":          {files[0], 3, "so it was restored or made anew"},
		"set back later on": {files[2], 20, ", which was taken later, so the cluster was restored or made anew between them"},
	} {
		taker := w.adopting(t, c.file, c.days)
		outcome, err := taker.Take(t.Context(), false)
		require.ErrorContains(t, err, c.want, name)
		assert.Empty(t, outcome.Acknowledged, name)
		_, err = taker.Take(t.Context(), false)
		require.ErrorContains(t, err, "it is not stored, as one such backup of the same day is", name)
	}
}

// Whether a file is needed is judged by its own time: a timer on each server finds the same snapshots for hours.
func TestAFileIsNotNeededBesideABackupOfItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	files := w.saved(t, 2)
	taken, err := w.adopting(t, files[0], 10).Take(t.Context(), false)
	require.NoError(t, err)
	for days, enough := range map[float64]bool{20: true, 9.99: true, 9.9: false} {
		taker := w.adopting(t, files[1], days)
		taker.MaxAge = time.Hour
		outcome, err := taker.Take(t.Context(), true)
		require.NoError(t, err)
		assert.Equal(t, enough, outcome.Recent == taken.Manifest.Name, days)
		assert.Equal(t, enough, outcome.Planned == "", days)
	}
}

// Once, a snapshot that was stored without the token, or for other people, was enough.
func TestABackupThatLacksTheTokenOrAReaderIsNotEnough(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key, value := etcdtest.Bootstrap(t, "secret", `{"ServerCA": {}}`)
	_, err := w.etcd.Client(t, 0).Put(t.Context(), key, value)
	require.NoError(t, err)
	other, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	taker := w.adopting(t, w.save(t), 10)
	take := func() etcdbackup.Outcome {
		outcome, err := taker.Take(t.Context(), false)
		require.NoError(t, err)
		return outcome
	}
	require.NotEmpty(t, take().Acknowledged)
	taker.Origin.Token = "secret"
	full := take().Manifest
	require.True(t, full.Token)
	require.NotEmpty(t, take().Recent)
	newest, err := w.vault(t).Find(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, full.Name, newest.Name)
	pruned, err := w.vault(t).Prune(t.Context(), retention.Policy{Last: 1}, now, false)
	require.NoError(t, err)
	require.Len(t, pruned.Deleted, 1)
	require.NotEqual(t, full.Name, pruned.Deleted[0], "the one with the token stays")
	taker.Origin.Token = ""
	require.NotEmpty(t, take().Recent, "it has more than is asked for")

	taker.Keys.Recipients = []age.Recipient{other.Recipient(), w.identity.Recipient()}
	require.NotEmpty(t, take().Acknowledged)
	taker.Keys.Recipients = []age.Recipient{w.identity.Recipient(), other.Recipient()}
	require.NotEmpty(t, take().Recent)
}
