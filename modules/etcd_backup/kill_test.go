package main

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// killRuns is how often a run is killed; FAULT_RUNS=200 is the full matrix.
func killRuns(t *testing.T) uint64 {
	t.Helper()
	if text := os.Getenv("FAULT_RUNS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err)
		return uint64(n)
	}
	return 6
}

// A run that is killed at any time leaves the older backups whole and lists no half one, and the next run goes through.
func TestAKilledRunLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	taken(t, w)
	killed := 0
	for seed := range killRuns(t) {
		w.etcd.Fill(t, "/more", 5, 100)
		after := time.Duration(rand.New(rand.NewPCG(seed, 8)).IntN(900)) * time.Millisecond
		if w.killedAfter(t, after) {
			killed++
		}
		verdict := w.run(t, "verified", false)
		require.Equal(t, false, verdict["failed"], "seed %d: %v", seed, verdict["msg"])
	}
	w.etcd.Fill(t, "/last", 5, 100)
	result := w.run(t, "k3s", false)
	require.Equal(t, false, result["failed"], result["msg"])
	left, err := filepath.Glob(filepath.Join(w.dir, "work/run-*"))
	require.NoError(t, err)
	assert.Empty(t, left)
	drilled := w.run(t, "drilled", false)
	require.Equal(t, false, drilled["failed"], drilled["msg"])
	t.Logf("%d of %d runs were killed before they ended; lost: 0", killed, killRuns(t))
}

// killedAfter runs the module and kills it; it tells whether it was still running.
func (w *world) killedAfter(t *testing.T, after time.Duration) bool {
	t.Helper()
	text, err := os.ReadFile("testdata/k3s.args.json")
	require.NoError(t, err)
	require.True(t, json.Valid(text))
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	module := exec.CommandContext(ctx, os.Args[0], "-") // which the context's end kills
	module.Env = []string{asModule + "=1", "HOME=" + w.dir, "PATH=/nowhere"}
	module.Stdin = strings.NewReader(w.fill(t, string(text)))
	err = module.Run()
	var exit *exec.ExitError
	return errors.As(err, &exit) && !exit.Exited()
}
