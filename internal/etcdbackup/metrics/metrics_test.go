package metrics

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/manifest"
	"github.com/metal-stack/initial-cluster/testing/golden"
)

var (
	noon   = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	backup = etcdbackup.Backup{Manifest: manifest.Manifest{Taken: noon, Snapshot: manifest.Sum{Size: 20480}, Content: manifest.Sum{Size: 4096}}}
)

// good is a round that took a backup into two stores.
func good() etcdbackup.Rounded {
	return etcdbackup.Rounded{
		Outcome: etcdbackup.Outcome{Acknowledged: []string{`/mnt/"near"`, "s3://far/x"}},
		Stores:  []etcdbackup.Stock{{Store: `/mnt/"near"`, Newest: backup, Good: 3}, {Store: "s3://far/x", Newest: backup, Good: 3, Bad: 1}},
	}
}

// halfBad is a later one in which one store was away.
func halfBad() etcdbackup.Rounded {
	newer := backup
	newer.Taken = noon.Add(time.Hour)
	away := errors.New("away")
	return etcdbackup.Rounded{
		Outcome:  etcdbackup.Outcome{Acknowledged: []string{`/mnt/"near"`}},
		Failures: map[string]error{etcdbackup.Taking: away, etcdbackup.Listing: away, etcdbackup.Drilling: away},
		Stores:   []etcdbackup.Stock{{Store: `/mnt/"near"`, Newest: newer, Good: 4}, {Store: "s3://far/x", Unknown: true, Drilled: away}},
	}
}

func TestTheTextTellsOfAllRounds(t *testing.T) {
	var h History
	assert.True(t, h.DrillDue(time.Hour, noon))
	h.Add(good(), noon, 1500*time.Millisecond, false)
	golden.Text(t, "good.prom", h.Text("initial"))
	h = again(t, h)
	h.Add(halfBad(), noon.Add(time.Hour), 2*time.Second, true)
	golden.Text(t, "half bad.prom", h.Text("initial"))
}

// again is the history as the next run reads it.
func again(t *testing.T, h History) (read History) {
	t.Helper()
	text, err := json.Marshal(h)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &read))
	return read
}

func TestADrillIsDueUntilOneOfEachStoreWentWell(t *testing.T) {
	const week = 7 * 24 * time.Hour
	var h History
	h.Add(halfBad(), noon, time.Second, true)
	assert.True(t, h.DrillDue(week, noon.Add(time.Hour)), "the store that was away")
	h.Add(good(), noon, time.Second, true)
	assert.False(t, h.DrillDue(week, noon.Add(week-time.Second)))
	assert.True(t, h.DrillDue(week, noon.Add(week)))
}

func TestAnEmptyStoreHasNoNewestBackup(t *testing.T) {
	var h History
	h.Add(good(), noon, time.Second, false)
	h.Add(etcdbackup.Rounded{Stores: []etcdbackup.Stock{{Store: "/mnt/other"}}}, noon, time.Second, false)
	assert.NotContains(t, h.Text("initial"), "newest", "an old time would hide that all are gone")
	assert.NotContains(t, h.Text("initial"), "near")
}

func TestWhatLiesInQuarantineWasNotTaken(t *testing.T) {
	var h History
	h.Add(etcdbackup.Rounded{
		Outcome:  etcdbackup.Outcome{Quarantined: []string{"/mnt/near"}},
		Failures: map[string]error{etcdbackup.Taking: errors.New("another cluster")},
	}, noon, time.Second, false)
	assert.NotContains(t, h.Text("initial"), "etcd_backup_taken_")
}
