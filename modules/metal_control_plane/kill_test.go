package main

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

const (
	kills = 20 // of an installation, and as many of an upgrade
	// span is about how long a run takes: the hooks' jobs take two seconds each.
	span = 8 * time.Second
)

func TestEveryRunConvergesAfterAKillAndHooksRunOnce(t *testing.T) {
	shared := newWorld(t)
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range kills {
		install, upgrade := time.Duration(random.Int64N(int64(span))), time.Duration(random.Int64N(int64(span)))
		t.Run(fmt.Sprintf("killed after %s and %s (seed %d)", install.Round(time.Millisecond), upgrade.Round(time.Millisecond), seed), func(t *testing.T) {
			t.Parallel()
			w := shared.fresh(fmt.Sprintf("kill-%d", i))
			w.converges(t, "killed_installation", install)
			w.converges(t, "killed_upgrade", upgrade)
		})
	}
}

// converges kills a run, and asserts that the next one finishes its work without doing again what was done.
func (w *world) converges(t *testing.T, file string, after time.Duration) {
	t.Helper()
	made := w.watchJobs(t)
	arguments := w.arguments(t, file, false)
	w.killed(t, arguments, after)
	result := w.run(t, arguments)
	assert.NotEqual(t, true, result["failed"], "%v", result["msg"])
	again := w.run(t, arguments)
	assert.Equal(t, false, again["changed"], "%v", again["steps"])
	for _, status := range w.statuses(t) {
		assert.NotContains(t, status, "pending")
	}
	for job, count := range made.end() {
		assert.Equal(t, 1, count, "%s of %s ran more than once (killed after %s)", job, file, after)
	}
}

func TestTwoRunsAtOnceDoTheWorkOnce(t *testing.T) {
	w := newWorld(t).fresh("both")
	made := w.watchJobs(t)
	arguments := w.arguments(t, "killed_installation", false)
	results := make([]map[string]any, 2)
	var both sync.WaitGroup
	for i := range results {
		both.Go(func() { results[i] = w.run(t, arguments) })
	}
	both.Wait()
	for _, result := range results {
		assert.NotEqual(t, true, result["failed"], "%v", result["msg"])
	}
	assert.ElementsMatch(t, []any{true, false}, []any{results[0]["changed"], results[1]["changed"]}, "%v", results)
	assert.Equal(t, []string{"deployed"}, w.statuses(t))
	for job, count := range made.end() {
		assert.Equal(t, 1, count, "%s ran more than once", job)
	}
}
