package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// timed does one run of a schedule, as the timer does, and gives what the journal gets.
func (w *world) timed(t *testing.T) (said string, code int) {
	t.Helper()
	recipient, err := os.ReadFile(filepath.Join(w.dir, "recipient"))
	require.NoError(t, err)
	signing, err := os.ReadFile(filepath.Join(w.dir, "signing.pem"))
	require.NoError(t, err)
	text, err := json.Marshal(map[string]any{
		"state": "scheduled", "cluster": "initial", "stores": []any{map[string]any{"folder": w.dir + "/store"}}, "signing_key": string(signing),
		"recipients": []string{string(recipient)}, "data_dir": w.dir + "/k3s", "config_dir": w.dir + "/config", "work_dir": w.dir + "/work",
		"endpoints": []string{w.etcd.Endpoint(0)}, "keep": map[string]any{"last": 1, "minimum_age": 0}, "max_age": 1,
		"schedule": map[string]any{"metrics_file": w.dir + "/etcd_backup.prom"},
	})
	require.NoError(t, err)
	w.write(t, "options.json", string(text))
	run := exec.CommandContext(t.Context(), os.Args[0], "--run", "@"+w.dir+"/options.json")
	run.Env = []string{asModule + "=1", "PATH=/usr/bin:/bin"}
	out, err := run.CombinedOutput()
	if err != nil {
		require.ErrorAs(t, err, new(*exec.ExitError))
	}
	for _, secret := range w.secrets {
		assert.NotContains(t, string(out), secret)
	}
	return w.mask(string(out)), run.ProcessState.ExitCode()
}

func (w *world) metrics(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, "etcd_backup.prom"))
	require.NoError(t, err)
	return string(text)
}

func TestARunOfTheScheduleTellsWhatFailedAndMendsItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	said, code := w.timed(t)
	require.Zero(t, code, said)
	assert.Regexp(t, `^backup @BACKUP-r\d+@ of revision \d+ with \d+ keys \(\d+ KiB\) is in @DIR@/store\n$`, said)
	assert.Contains(t, w.metrics(t), `etcd_backup_last_run_success{cluster="initial"} 1`)
	taken := time.Now()

	store := filepath.Join(w.dir, "store")
	require.NoError(t, os.Rename(store, store+".away"))
	said, code = w.timed(t)
	assert.Equal(t, 1, code)
	assert.True(t, strings.HasPrefix(said, "etcd_backup --run: backup: no store can be reached: @DIR@/store: list initial/*: there is no folder @DIR@/store"), said)
	assert.Equal(t, 1, strings.Count(said, "\n"), "one line: %s", said)
	told := w.metrics(t)
	for _, line := range []string{
		`etcd_backup_last_run_success{cluster="initial"} 0`, `etcd_backup_failures_total{cluster="initial",step="backup"} 1`,
		`etcd_backup_runs_total{cluster="initial"} 2`, `etcd_backup_backups{cluster="initial",store="` + store + `",state="good"} 1`,
	} {
		assert.Contains(t, told, line+"\n")
	}

	require.NoError(t, os.Rename(store+".away", store))
	w.etcd.Fill(t, "/later", 10, 10)
	require.Eventually(t, func() bool { return time.Since(taken) > 2*time.Second }, time.Minute, 50*time.Millisecond, "the backup gets older than max_age")
	said, code = w.timed(t)
	require.Zero(t, code, said)
	assert.Contains(t, said, "; deleted 1\n", "one is kept")
	assert.Contains(t, w.metrics(t), `etcd_backup_last_run_success{cluster="initial"} 1`)
	info, err := os.Stat(filepath.Join(w.dir, "etcd_backup.prom"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o644), info.Mode(), "node_exporter is not root")
}

func TestScheduleOptionsThatMakeNoSenseAreToldAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	result := w.process(t, map[string]any{
		"state": "scheduled", "cluster": "initial", "stores": []any{map[string]any{"folder": w.dir + "/store"}}, "recipients": []string{"@recipient@"},
		"accept_lineage": true, "keep": map[string]any{}, "schedule": map[string]any{"delay": -1, "drill_every": 60},
	})
	assert.Equal(t, "signing_key: state scheduled needs it, or signing_key_file; make one: openssl genpkey -algorithm ed25519; "+
		"accept_lineage: it is said once, with state present, and not by a timer; keep: the policy keeps nothing; say how many to keep (last, hourly, daily, weekly or monthly); "+
		"schedule.drill_every: a drill needs identities; schedule: delay and drill_every cannot be negative", result["msg"])
}
