package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/golden"
)

// moduleCase is one case, whose arguments are in testdata. Where a case has nothing to break halfway, the store is not mounted.
type moduleCase struct {
	name  string
	world func(t *testing.T, w *world)
}

var cases = []moduleCase{
	{"k3s", nil},
	{"etcd without encryption", nil},
	{"listed", taken},
	{"verified", taken},
	{"verified as it is stored", taken},
	{"a damaged backup", damaged},
	{"drilled", taken},
	{"pruned", thrice},
	{"wrong options", nil},
	{"restored without its name", nil},
	{"token of another cluster", otherToken},
}

func TestCases(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := map[string]any{}
			w := c.fresh(t)
			got["1 check"] = w.run(t, c.name, true)
			got["2 apply"] = w.run(t, c.name, false)
			got["3 apply again"] = w.run(t, c.name, false)
			assert.NotEqual(t, true, got["3 apply again"].(map[string]any)["changed"], "the second run changes nothing")

			w = c.fresh(t)
			store, away := filepath.Join(w.dir, "store"), filepath.Join(w.dir, "away")
			require.NoError(t, os.Rename(store, away))
			got["4 apply with a fault"] = w.run(t, c.name, false)
			require.NoError(t, os.Rename(away, store))
			got["5 apply after the fault"] = w.run(t, c.name, false)
			golden.Result(t, c.name, got)
		})
	}
}

func (c moduleCase) fresh(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	if c.world != nil {
		c.world(t, w)
	}
	return w
}

func (w *world) run(t *testing.T, name string, check bool) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", strings.ReplaceAll(name, " ", "_")+".args.json"))
	require.NoError(t, err)
	var args map[string]any
	require.NoError(t, json.Unmarshal(text, &args))
	args["_ansible_check_mode"], args["_ansible_diff"] = check, true
	return w.process(t, args)
}

// taken has a backup already.
func taken(t *testing.T, w *world) {
	t.Helper()
	result := w.run(t, "k3s", false)
	require.Equal(t, true, result["changed"], "%v", result)
}

func thrice(t *testing.T, w *world) {
	t.Helper()
	for _, prefix := range []string{"/a", "/b", "/c"} {
		taken(t, w)
		w.etcd.Fill(t, prefix, 10, 10)
	}
}

// damaged has a backup in whose content a bit flipped.
func damaged(t *testing.T, w *world) {
	t.Helper()
	taken(t, w)
	found, err := filepath.Glob(filepath.Join(w.dir, "store/initial/*/content.tar.zst.age"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	content, err := os.ReadFile(found[0])
	require.NoError(t, err)
	content[len(content)-1] ^= 1
	require.NoError(t, os.WriteFile(found[0], content, 0o600))
}

func otherToken(t *testing.T, w *world) {
	t.Helper()
	w.write(t, "k3s/server/token", strings.Replace(token, "very-secret", "rotated", 1))
}

// What a killed run left is removed by the next one.
func TestLeftoversOfAKilledRunAreRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write(t, "work/run-123/snapshot.db", "half")
	taken(t, w)
	left, err := os.ReadDir(filepath.Join(w.dir, "work"))
	require.NoError(t, err)
	require.Len(t, left, 1)
	assert.Equal(t, "lock", left[0].Name())
}

// Once, a backup in quarantine was told as acknowledged, taken and good.
func TestWhatLiesInQuarantineIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	w, other := newWorld(t), newWorld(t)
	taken(t, w)
	key, err := os.ReadFile(filepath.Join(w.dir, "signing.pem"))
	require.NoError(t, err)
	other.write(t, "signing.pem", string(key))
	result := other.process(t, other.takes(map[string]any{"folder": w.dir + "/store"}))
	assert.Equal(t, true, result["failed"])
	assert.Contains(t, result["msg"], "this is another cluster")
	require.Len(t, result["steps"], 1)
	assert.Regexp(t, "^store backup .* in quarantine in ", result["steps"].([]any)[0])
	assert.Equal(t, []any{}, result["acknowledged"])
	backup := result["backup"].(map[string]any)
	assert.Equal(t, false, backup["good"])
	assert.Contains(t, backup["why"], "this is another cluster")
}

// Once, an adopted snapshot was as new as its adoption.
func TestAnAdoptedSnapshotHasTheTimeInItsName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	response, err := w.etcd.Client(t, 0).SnapshotWithVersion(t.Context())
	require.NoError(t, err)
	content, err := io.ReadAll(response.Snapshot)
	require.NoError(t, err)
	w.write(t, "k3s/server/db/snapshots/etcd-snapshot-s1-1700000000", string(content))
	w.write(t, "k3s/server/db/snapshots/etcd-snapshot-s1-1800000000.zip.tmp", "half")
	args := w.takes(map[string]any{"folder": "@DIR@/store"})
	args["source"] = "file"
	for _, changed := range []bool{true, false} {
		result := w.process(t, args)
		require.Equal(t, false, result["failed"], result["msg"])
		assert.Equal(t, changed, result["changed"])
	}
	found, err := filepath.Glob(filepath.Join(w.dir, "store/initial/20231114T221320Z-*/manifest.json"))
	require.NoError(t, err)
	assert.Len(t, found, 1)
}
