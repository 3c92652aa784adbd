package schedule

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/wait"
	"github.com/metal-stack/initial-cluster/testing/golden"
	"github.com/metal-stack/initial-cluster/testing/machines"
)

var example = Schedule{
	Cluster: "100%", Program: strings.NewReader("program"), Options: "{}\n", Arguments: []string{"--run", "@" + Options},
	Calendar: "hourly", Delay: 5 * time.Minute, Deadline: time.Hour, OnFailure: "alert@%n.service",
}

func TestTheFiles(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, f := range example.files() {
		content, err := io.ReadAll(f.Content)
		require.NoError(t, err)
		text.WriteString("# " + f.Path + " " + f.Mode.String() + "\n" + string(content) + "\n")
	}
	golden.Text(t, "files.golden", text.String())
}

// needsSystemd skips on a machine that has not the programs of systemd.
func needsSystemd(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil && os.Getenv("CI") != "true" {
		t.Skip("needs systemd-analyze; Debian's systemd has it")
	}
}

func TestSystemdTakesTheUnits(t *testing.T) {
	t.Parallel()
	needsSystemd(t)
	dir := t.TempDir()
	var units []string
	s := example
	s.Program, s.OnFailure = strings.NewReader("program"), ""
	for _, f := range s.files() {
		content, err := io.ReadAll(f.Content)
		require.NoError(t, err)
		if name, unit := strings.CutPrefix(f.Path, unitFolder); unit {
			content = []byte(strings.ReplaceAll(string(content), Program, "/bin/true"))
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
			units = append(units, filepath.Join(dir, name))
		}
	}
	said, err := exec.Command("systemd-analyze", append([]string{"verify", "--man=no", "--recursive-errors=no"}, units...)...).CombinedOutput()
	require.NoError(t, err, "%s", said)
	assert.Empty(t, string(said))
}

func TestTheTimeBetweenTwoRuns(t *testing.T) {
	t.Parallel()
	needsSystemd(t)
	for calendar, want := range map[string]time.Duration{
		"hourly": time.Hour, "*:0/1": time.Minute, "*:00,50": 10 * time.Minute, "Mon..Fri 03:00": 24 * time.Hour, "monthly": 28 * 24 * time.Hour,
		"03:00 Europe/Berlin": 23 * time.Hour,
	} {
		got, err := Interval(t.Context(), host.Local{}, calendar)
		require.NoError(t, err)
		assert.Equal(t, want, got, calendar)
	}
	for calendar, want := range map[string]string{
		"2030-01-01 10:00": `schedule "2030-01-01 10:00": it does not come again and again; say hourly, or as systemd.time(7) tells`,
		"now and then":     `Failed to parse calendar specification 'now and then': Invalid argument; systemd.time(7) tells what it may be`,
	} {
		_, err := Interval(t.Context(), host.Local{}, calendar)
		assert.ErrorContains(t, err, want)
	}
}

// Once, a run that the timer began after the machine was looked at went on, and the schedule was said to be there still.
func TestARunThatBeginsMeanwhileEndsWithTheSchedule(t *testing.T) {
	_, hosts := machines.Run(t, "s1")
	h, err := hosts[0].Open(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, h.Close()) })
	s := example
	s.Program, s.OnFailure, s.Show = strings.NewReader("#!/bin/sh\nexec sleep infinity\n"), "", func(string, string) any { return nil }
	present, err := s.Plan(t.Context(), h)
	require.NoError(t, err)
	require.NoError(t, present.Apply(t.Context()))

	absent, err := s.Absent(t.Context(), h)
	require.NoError(t, err)
	require.NoError(t, control(t.Context(), h, "start", "--no-block", service))
	o := wait.Options{For: "the run", Timeout: time.Minute, Interval: 100 * time.Millisecond}
	require.NoError(t, wait.Until(t.Context(), o, func(ctx context.Context) (bool, string, error) {
		state, err := show(ctx, h, service)
		return state["ActiveState"] == "activating", state["ActiveState"], err
	}))
	require.NoError(t, absent.Apply(t.Context()))
	left, err := s.Absent(t.Context(), h)
	require.NoError(t, err)
	assert.Empty(t, left.Steps())
	assert.Equal(t, []string{
		"stop etcd-backup.timer for good", "remove /etc/systemd/system/etcd-backup.timer", "remove /etc/systemd/system/etcd-backup.service",
		"remove /var/lib/systemd/timers/stamp-etcd-backup.timer", "remove /etc/etcd-backup", "remove /usr/local/lib/etcd-backup",
	}, absent.Steps())
}
