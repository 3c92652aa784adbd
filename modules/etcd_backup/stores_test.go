package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/store"
	"github.com/metal-stack/initial-cluster/testing/storetest"
)

// Each store acknowledges for itself: one that is gone takes nothing from the other, and has the next backup again when it is back.
func TestStoresAcknowledgeForThemselves(t *testing.T) {
	t.Parallel()
	for _, kind := range storetest.Kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.secrets = append(w.secrets, storetest.Secrets...)
			w.acknowledged(t, storetest.Start(t, kind).Spot(t))
		})
	}
}

// acknowledged takes backups into the world's own folder and another store while that folder is there, gone, and back again.
func (w *world) acknowledged(t *testing.T, other storetest.Spot) {
	t.Helper()
	name := other.Open(store.Limits{}).String()
	take := w.takes(map[string]any{"folder": "@DIR@/store"}, other.Option)
	result := w.process(t, take)
	require.Equal(t, false, result["failed"], result["msg"])
	assert.Equal(t, []any{"@DIR@/store", name}, result["acknowledged"])

	require.NoError(t, os.Rename(filepath.Join(w.dir, "store"), filepath.Join(w.dir, "away")))
	w.etcd.Fill(t, "/more", 5, 10)
	result = w.process(t, take)
	assert.Equal(t, "@DIR@/store: list initial/*: there is no folder @DIR@/store; mount its disk, or make it", result["msg"])
	assert.Equal(t, true, result["failed"])
	assert.Equal(t, []any{name}, result["acknowledged"])
	require.NoError(t, os.Rename(filepath.Join(w.dir, "away"), filepath.Join(w.dir, "store")))
	result = w.process(t, take)
	require.Equal(t, false, result["failed"], result["msg"])
	require.Len(t, result["acknowledged"], 2, "the folder lacks what the other has")

	result = w.process(t, w.reads("drilled", other.Option))
	require.Equal(t, false, result["failed"], result["msg"])
	assert.Equal(t, true, result["drills"].([]any)[0].(map[string]any)["token"])
	prune := w.reads("pruned", other.Option)
	prune["keep"] = map[string]any{"last": 1, "minimum_age": 0}
	pruned := w.process(t, prune)
	require.Equal(t, false, pruned["failed"], pruned["msg"])
	assert.Len(t, pruned["steps"], 2)
	verified := w.process(t, w.reads("verified", other.Option))
	require.Equal(t, false, verified["failed"], verified["msg"])
	assert.Len(t, verified["stores"].([]any)[0].(map[string]any)["backups"], 1)
}

// takes are the arguments of a run that takes a backup of the world's k3s into stores.
func (w *world) takes(stores ...map[string]any) map[string]any {
	return map[string]any{
		"cluster": "initial", "stores": stores, "work_dir": "@DIR@/work", "endpoints": []string{"@ETCD@"}, "data_dir": "@DIR@/k3s",
		"config_dir": "@DIR@/config", "signing_key_file": "@DIR@/signing.pem", "recipients": []string{"@recipient@"},
	}
}

// reads are those of one with another state, with the people's keys.
func (w *world) reads(state string, stores ...map[string]any) map[string]any {
	return map[string]any{
		"state": state, "cluster": "initial", "stores": stores, "work_dir": "@DIR@/drill", "trusted_keys": []string{"@signing.pub@"}, "identities_file": "@DIR@/identity",
	}
}
