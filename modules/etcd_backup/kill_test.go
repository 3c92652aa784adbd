package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/storetest"
)

// faultRuns is how often something goes wrong in a kind of store; FAULT_RUNS=200 is the full matrix.
func faultRuns(t *testing.T) uint64 {
	t.Helper()
	if text := os.Getenv("FAULT_RUNS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err)
		return uint64(n)
	}
	return 3
}

// A run that is killed at any time, while it takes, prunes or drills, leaves the older backups whole and lists no half one, and the next run
// goes through.
func TestAKilledRunLosesNothing(t *testing.T) {
	t.Parallel()
	for _, kind := range storetest.Kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			spot := storetest.Start(t, kind).Spot(t)
			began := time.Now()
			require.Equal(t, true, w.process(t, w.takes(spot.Option))["changed"])
			usual, killed := time.Since(began), 0
			tally := tally{runs: faultRuns(t)}
			for seed := range tally.runs {
				w.etcd.Fill(t, "/more", 5, 100)
				random := rand.New(rand.NewPCG(seed, 8))
				result := w.killedAfter(t, time.Duration(random.Float64()*1.2*float64(usual)), w.doing(random, spot))
				if result == nil {
					killed++
				}
				tally.judge(t, w, spot, result)
			}
			w.etcd.Fill(t, "/last", 5, 100)
			result := w.process(t, w.takes(spot.Option))
			require.Equal(t, false, result["failed"], result["msg"])
			left, err := filepath.Glob(filepath.Join(w.dir, "work/run-*"))
			require.NoError(t, err)
			assert.Empty(t, left)
			drilled := w.process(t, w.reads("drilled", spot.Option))
			require.Equal(t, false, drilled["failed"], drilled["msg"])
			t.Logf("killed at any time, %s: %d were killed before they ended; %s", kind, killed, tally)
		})
	}
}

// doing is what a run does: most often it takes a backup.
func (w *world) doing(random *rand.Rand, spot storetest.Spot) map[string]any {
	switch random.IntN(5) {
	case 0:
		return w.reads("drilled", spot.Option)
	case 1:
		prune := w.reads("pruned", spot.Option)
		prune["keep"] = map[string]any{"last": 2, "minimum_age": 0}
		return prune
	}
	return w.takes(spot.Option)
}

// killedAfter runs the module, kills it after a while, and gives its result, or nil if it had not ended before.
func (w *world) killedAfter(t *testing.T, after time.Duration, args map[string]any) (result map[string]any) {
	t.Helper()
	text, err := json.Marshal(args)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	module := exec.CommandContext(ctx, os.Args[0], "-") // which the context's end kills
	module.Env = []string{asModule + "=1", "HOME=" + w.dir, "PATH=/nowhere"}
	module.Stdin = strings.NewReader(w.fill(t, string(text)))
	var out bytes.Buffer
	module.Stdout = &out
	_ = module.Run() // what it says counts
	if json.Unmarshal(out.Bytes(), &result) != nil {
		return nil
	}
	return result
}

// tally counts what became of runs.
type tally struct {
	runs                           uint64
	acknowledged, restorable, lost int
	revision                       float64 // of the last that was acknowledged
}

func (c tally) String() string {
	return fmt.Sprintf("%d / %d / %d / %d", c.runs, c.acknowledged, c.restorable, c.lost)
}

// judge wants all that is listed to verify, and the last backup that was acknowledged, or a later one, to be there.
func (c *tally) judge(t *testing.T, w *world, spot storetest.Spot, result map[string]any) {
	t.Helper()
	taken, acknowledged := result["backup"].(map[string]any)
	if acknowledged = acknowledged && len(result["acknowledged"].([]any)) > 0; acknowledged {
		c.acknowledged++
		c.revision = taken["revision"].(float64)
	}
	verdict := w.process(t, w.reads("verified", spot.Option))
	require.Equal(t, false, verdict["failed"], verdict["msg"])
	newest := 0.0
	for _, b := range verdict["stores"].([]any)[0].(map[string]any)["backups"].([]any) {
		if backup := b.(map[string]any); backup["opened"] == true {
			newest = max(newest, backup["revision"].(float64))
		}
	}
	switch {
	case newest < c.revision || newest == 0:
		c.lost++
		t.Errorf("the newest that is whole is of revision %v, and one of %v was acknowledged", newest, c.revision)
	case acknowledged:
		c.restorable++
	}
}

// A server that does not answer, or says that it is not well, is waited for as long as is said and no longer; what was there before stays.
func TestAStoreThatIsNotWellLosesNothing(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"s3", "gcs"} {
		for _, silent := range []bool{false, true} {
			name := map[bool]string{false: "5xx", true: "black hole"}[silent]
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				server := storetest.Start(t, kind)
				spot := server.Spot(t)
				impatient := maps.Clone(spot.Option)
				impatient["timeout"], impatient["stall_timeout"] = 20, 1
				require.Equal(t, true, w.process(t, w.takes(spot.Option))["changed"])
				fault := storetest.Answer(503, "")
				if silent {
					fault = server.Proxy().BlackHole
				}
				tally := tally{runs: faultRuns(t)}
				for seed := range tally.runs {
					random := rand.New(rand.NewPCG(seed, 9))
					w.etcd.Fill(t, "/more", 5, 100)
					left := random.IntN(12)
					server.Proxy().Choose(func(*http.Request) storetest.Fault {
						if left--; left < 0 { // from then on for good
							return fault
						}
						return nil
					})
					began := time.Now()
					result := w.process(t, w.takes(impatient))
					assert.Less(t, time.Since(began), 2*time.Minute)
					server.Proxy().Choose(nil)
					tally.judge(t, w, spot, result)
				}
				t.Logf("%s for good from some request on, %s: %s", name, kind, tally)
			})
		}
	}
}
