package etcdbackup_test

import (
	"context"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/retention"
	"github.com/metal-stack/initial-cluster/internal/store"
)

// Once, a backup of a server whose clock was days ahead kept all others from being taken until then.
func TestABackupOfTheFutureIsNotRecent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 10, 10)
	ahead := w.taker(t)
	ahead.Now = func() time.Time { return now.Add(48 * time.Hour) }
	_, err := ahead.Take(t.Context(), false)
	require.NoError(t, err)
	w.etcd.Fill(t, "more", 10, 10)
	taker := w.taker(t)
	taker.MaxAge = time.Hour
	outcome, err := taker.Take(t.Context(), false)
	require.NoError(t, err)
	assert.NotEmpty(t, outcome.Acknowledged)
	found, err := w.vault(t).Find(t.Context(), "")
	require.NoError(t, err)
	assert.Equal(t, outcome.Manifest.Name, found.Name)
}

// aged makes a backup look as if it had been put so long ago.
func (w *world) aged(t *testing.T, name string, age time.Duration) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(w.folder, "initial", name))
	require.NoError(t, err)
	for _, entry := range entries {
		then := time.Now().Add(-age)
		require.NoError(t, os.Chtimes(filepath.Join(w.folder, "initial", name, entry.Name()), then, then))
	}
}

// Once, a prune by a clock that was days ahead took away the content of a run that was just at work.
func TestARunAtWorkIsNoLeftoverToAWrongClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 5, 10)
	w.take(t)
	w.etcd.Fill(t, "more", 5, 10)
	atWork := w.take(t).Manifest.Name
	unfinished := filepath.Join(w.folder, "initial", atWork, "manifest.json")
	text, err := os.ReadFile(unfinished)
	require.NoError(t, err)
	require.NoError(t, os.Remove(unfinished))
	policy, ahead := retention.Policy{Last: 1}, time.Now().Add(48*time.Hour)
	pruned, err := w.vault(t).Prune(t.Context(), policy, ahead, false)
	require.NoError(t, err)
	assert.Empty(t, pruned.Deleted)
	require.NoError(t, os.WriteFile(unfinished, text, 0o600))
	_, err = w.drill(t, atWork)
	require.NoError(t, err)

	require.NoError(t, os.Remove(unfinished))
	w.aged(t, atWork, 25*time.Hour)
	pruned, err = w.vault(t).Prune(t.Context(), policy, time.Now(), false)
	require.NoError(t, err)
	assert.Equal(t, []string{atWork}, pruned.Deleted, "a day later than all else it was killed")
}

// Once, a list that lacked a manifest without saying so made a good backup look like a leftover, and it was deleted.
func TestAListThatLacksAManifestDeletesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 5, 10)
	older := w.take(t).Manifest.Name
	w.aged(t, older, 48*time.Hour)
	w.etcd.Fill(t, "more", 5, 10)
	w.take(t)
	v := w.vault(t)
	v.Store = &faulty{Store: v.Store, lacks: func(all []store.Info) (some []store.Info) {
		for _, info := range all {
			if info.Name != "initial/"+older+"/manifest.json" {
				some = append(some, info)
			}
		}
		return some
	}}
	_, err := v.Prune(t.Context(), retention.Policy{Last: 1}, time.Now(), false)
	require.EqualError(t, err, v.Store.String()+": list initial/*: partial list: it lacks the manifest of "+older+", which is there; nothing is deleted, look at the store's health")
	_, err = w.drill(t, older)
	require.NoError(t, err)
}

// Once, what others put beside the backups was taken for what a killed run left.
func TestWhatIsNotOursIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 5, 10)
	name := w.take(t).Manifest.Name
	others := filepath.Join(w.folder, "initial", "notes", "server.key")
	require.NoError(t, os.MkdirAll(filepath.Dir(others), 0o700))
	require.NoError(t, os.WriteFile(others, nil, 0o600))
	w.aged(t, "notes", 48*time.Hour)
	_, err := w.vault(t).Prune(t.Context(), retention.Policy{Last: 1}, time.Now(), false)
	require.NoError(t, err)
	assert.FileExists(t, others)
	backups, err := w.vault(t).List(t.Context())
	require.NoError(t, err)
	require.Len(t, backups, 1)
	assert.Equal(t, name, backups[0].Name)
}

// restless is a store whose contents come with another byte changed each time, from some reading on.
type restless struct {
	store.Store
	random *rand.Rand
	from   int
}

func (r *restless) Get(ctx context.Context, name string, to io.Writer) (store.Sum, error) {
	r.from--
	f := &faulty{Store: r.Store, get: func(b []byte) []byte { return flip(b, r.random) }}
	if r.from >= 0 || !strings.HasSuffix(name, ".age") {
		f.get = nil
	}
	return f.Get(ctx, name, to)
}

// Once, a byte that changed on its way to who verified made a good backup count for nothing.
func TestAByteThatChangesOnItsWayMarksNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 5, 10)
	name := w.take(t).Manifest.Name
	v := w.reader(t)
	v.Store = &restless{Store: v.Store, random: rand.New(rand.NewPCG(1, 1))}
	_, err := v.Verify(t.Context(), "", false)
	require.ErrorContains(t, err, ": verify "+name+": it is another one each time it is read, so the network or the store changes it: ")
	f := &faulty{Store: w.vault(t).Store, at: 1, get: func(b []byte) []byte { return flip(b, rand.New(rand.NewPCG(1, 1))) }}
	v.Store = f
	_, err = v.Verify(t.Context(), "", false)
	require.NoError(t, err, "the second reading is good")
	f.calls, f.at = 0, 0
	found, err := v.Find(t.Context(), "")
	require.NoError(t, err, "so it is with a manifest")
	assert.Equal(t, name, found.Name)
}

// endless gives contents that never end.
type endless struct{ store.Store }

func (e endless) Get(ctx context.Context, name string, to io.Writer) (store.Sum, error) {
	if !strings.HasSuffix(name, ".age") {
		return e.Store.Get(ctx, name, to)
	}
	for page := make([]byte, 1<<20); ; {
		if _, err := to.Write(page); err != nil {
			return store.Sum{}, err
		}
	}
}

// Once, a content that somebody had replaced was read to its end before it was compared, though it filled the disk.
func TestAContentWithoutAnEndFillsNoDisk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 5, 10)
	w.take(t)
	v := w.reader(t)
	v.Store = endless{v.Store}
	_, err := v.Drill(t.Context(), "", etcdbackup.Work{Dir: w.work}, etcdbackup.Examiner{Program: etcdbackup.Self})
	require.ErrorContains(t, err, "not as long as it must be: more than its ")
	assert.Empty(t, w.leftovers(t))
	_, err = v.Verify(t.Context(), "", false)
	require.ErrorContains(t, err, "not as long as it must be: more than its ")
}
