package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/metrics"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/schedule"
	"github.com/metal-stack/initial-cluster/internal/host"
)

type timer struct {
	Calendar    string `ansible:"calendar"`
	Delay       int    `ansible:"delay"`
	DrillEvery  int    `ansible:"drill_every"`
	OnFailure   string `ansible:"on_failure"`
	MetricsFile string `ansible:"metrics_file"`
}

var scheduleOption = ansible.Option{
	Name: "schedule", Type: ansible.Dict, ApplyDefaults: true,
	Description: []string{
		"When the timer of state V(scheduled) takes backups. With the same on several servers one of them takes each backup: whose timer is the first. The others find it in the " +
			"stores and leave it at that, unless it is older than O(max_age), which without a value of its own is half of the time between two runs.",
	},
	Options: []ansible.Option{
		{Name: "calendar", Default: "hourly", Description: []string{"When, as OnCalendar in C(systemd.time(7)) has it."}},
		{
			Name: "delay", Type: ansible.Int, Default: 300,
			Description: []string{"Up to how many seconds later, at random, so that not all servers begin at the same time. At most a quarter of the time between two runs."},
		},
		{
			Name: "drill_every", Type: ansible.Int, Default: 0,
			Description: []string{
				"After how many seconds a run restores a backup out of each store for a try, as state V(drilled) does; 0 is never. It needs O(identities), which then lie on the server: who " +
					"takes it over can read older backups, too.",
			},
		},
		{Name: "on_failure", Description: []string{"A unit of systemd that is started when a run has failed, as V(alert@%n.service)."}},
		{
			Name: "metrics_file", Type: ansible.Path, Default: "/var/lib/prometheus/node-exporter/etcd_backup.prom",
			Description: []string{"Where metrics are written for the textfile collector of Prometheus' node_exporter."},
		},
	},
}

// runCommand is what the timer starts.
var runCommand = ansible.NewCommand("run", "do one run of a schedule, with @FILE as options", options,
	func(ctx context.Context, in params) (any, error) { return in.round(ctx) })

// takes tells whether backups are taken with these options, now or later.
func (in params) takes() bool { return in.State == "present" || in.State == "scheduled" }

func (in params) scheduleProblems() (problems []string) {
	if in.State != "scheduled" {
		return nil
	}
	if in.AcceptLineage {
		problems = append(problems, "accept_lineage: it is said once, with state present, and not by a timer")
	}
	if in.Schedule.Delay < 0 || in.Schedule.DrillEvery < 0 {
		problems = append(problems, "schedule: delay and drill_every cannot be negative")
	}
	if in.Schedule.DrillEvery > 0 && len(in.Recipients) > 0 && in.Identities == "" && in.IdentitiesFile == "" {
		problems = append(problems, "schedule.drill_every: a drill needs identities")
	}
	return problems
}

func scheduled(ctx context.Context, w *wanted, mode ansible.Mode) (ansible.Result, error) {
	h := host.Local{}
	s, err := w.schedule(ctx, h)
	if err != nil {
		return ansible.Result{}, err
	}
	return apply(ctx, mode, func() (*schedule.Plan, error) { return s.Plan(ctx, h) })
}

// absent needs no keys and no stores, and so is no state of wanted.
func (in params) absent(ctx context.Context, mode ansible.Mode) (ansible.Result, error) {
	h := host.Local{}
	before, err := installed(ctx, h)
	if err != nil {
		return ansible.Result{}, err
	}
	s := schedule.Schedule{Folders: []string{in.WorkDir}, Show: shown}
	for _, one := range []written{before, in.written()} {
		s.Gone = append(s.Gone, one.files()...)
	}
	if before.WorkDir != "" && before.WorkDir != in.WorkDir {
		s.Folders = append(s.Folders, before.WorkDir)
	}
	slices.Sort(s.Gone)
	s.Gone = slices.Compact(s.Gone)
	return apply(ctx, mode, func() (*schedule.Plan, error) { return s.Absent(ctx, h) })
}

// apply does what is planned, and plans again: what is left then did not work.
func apply(ctx context.Context, mode ansible.Mode, plan func() (*schedule.Plan, error)) (ansible.Result, error) {
	todo, err := plan()
	if err != nil || mode.Check {
		return result(todo), err
	}
	if err := todo.Apply(ctx); err != nil {
		return result(todo), err
	}
	left, err := plan()
	if err == nil && len(left.Steps()) > 0 {
		err = fmt.Errorf("it was done, and is to be done again: %s; look at systemd's journal", strings.Join(left.Steps(), "; "))
	}
	return result(todo), err
}

func result(plan *schedule.Plan) ansible.Result {
	if plan == nil {
		return ansible.Result{}
	}
	return ansible.Planned(plan)
}

// schedule is what is to be on this machine.
func (w *wanted) schedule(ctx context.Context, h host.Host) (s schedule.Schedule, err error) {
	interval, err := schedule.Interval(ctx, h, w.Schedule.Calendar)
	if err != nil {
		return s, err
	}
	in := w.params
	if in.Schedule.DrillEvery == 0 {
		in.Identities, in.IdentitiesFile = "", "" // who takes backups need not read them
	}
	if in.MaxAge == 0 {
		in.MaxAge = int(interval.Seconds()) / 2
	}
	if every := int(interval.Seconds()); in.Schedule.Delay >= in.MaxAge || in.MaxAge+in.Schedule.Delay > every {
		return s, fmt.Errorf("schedule.delay: %d seconds do not go with max_age, %d, as there are %d between two runs: whose timer is late finds no backup that is young enough, "+
			"or the next one too early; make the delay shorter", in.Schedule.Delay, in.MaxAge, every)
	}
	text, err := ansible.Encode(in)
	if err != nil {
		return s, err
	}
	program, err := os.Open(etcdbackup.Self)
	if err != nil {
		return s, err
	}
	before, err := installed(ctx, h)
	if err != nil {
		return s, err
	}
	s = schedule.Schedule{
		Cluster: in.Cluster, Program: program, Options: text, Show: shown, Arguments: []string{"--run", "@" + schedule.Options},
		Calendar: in.Schedule.Calendar, Delay: time.Duration(in.Schedule.Delay) * time.Second, OnFailure: in.Schedule.OnFailure,
		Deadline: time.Duration(in.BackupTimeout)*time.Second + time.Minute, Folders: []string{filepath.Dir(in.Schedule.MetricsFile)},
	}
	for _, file := range before.files() {
		if !slices.Contains(in.written().files(), file) {
			s.Gone = append(s.Gone, file)
		}
	}
	return s, nil
}

// shown are options for people, beside others.
func shown(text, other string) any {
	var options, others map[string]any
	_ = json.Unmarshal([]byte(other), &others) // what is no JSON differs as a whole
	if json.Unmarshal([]byte(text), &options) != nil {
		return "no options"
	}
	return spec.Shown(options, others)
}

// written is where a run writes.
type written struct {
	WorkDir  string `json:"work_dir"`
	Schedule struct {
		MetricsFile string `json:"metrics_file"`
	} `json:"schedule"`
}

func (in params) written() (w written) {
	w.WorkDir, w.Schedule.MetricsFile = in.WorkDir, in.Schedule.MetricsFile
	return w
}

// files are those that are of no use without a schedule.
func (w written) files() (all []string) {
	if w.WorkDir != "" {
		left, _ := filepath.Glob(filepath.Join(w.WorkDir, "run-*")) // of killed runs
		all = append(left, w.history(), filepath.Join(w.WorkDir, "lock"))
	}
	if w.Schedule.MetricsFile != "" {
		all = append(all, w.Schedule.MetricsFile)
	}
	return all
}

func (w written) history() string { return filepath.Join(w.WorkDir, "history.json") }

// installed is where the runs of a schedule write that is there.
func installed(ctx context.Context, h host.Host) (w written, err error) {
	text, err := schedule.Installed(ctx, h)
	if err == nil && text != "" && json.Unmarshal([]byte(text), &w) != nil {
		err = fmt.Errorf("%s: it is no JSON; remove it and run this again", schedule.Options)
	}
	return w, err
}

// round is one run of the schedule. What becomes of it is told to the journal, to Prometheus, and by the exit code.
func (in params) round(ctx context.Context) (any, error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, time.Duration(in.BackupTimeout)*time.Second)
	defer cancel()
	began := time.Now()
	history, err := readHistory(in.written().history())
	drill := in.Schedule.DrillEvery > 0 && history.DrillDue(time.Duration(in.Schedule.DrillEvery)*time.Second, began)
	rounded := etcdbackup.Rounded{Failures: map[string]error{etcdbackup.Taking: err}}
	if err == nil {
		rounded = in.do(ctx, drill)
	}
	history.Add(rounded, began, time.Since(began), drill)
	return rounded.String(), errors.Join(rounded.Failed(), in.tell(context.WithoutCancel(ctx), history))
}

func (in params) do(ctx context.Context, drill bool) etcdbackup.Rounded {
	failed := func(err error) etcdbackup.Rounded {
		return etcdbackup.Rounded{Failures: map[string]error{etcdbackup.Taking: err}}
	}
	w, err := in.wanted(ctx)
	if err != nil {
		return failed(err)
	}
	taker, err := w.taker(ctx)
	if err != nil {
		return failed(w.close(err))
	}
	round := etcdbackup.Round{Taker: taker, Drill: drill}
	if round.Who, err = os.Hostname(); err != nil {
		return failed(w.close(err))
	}
	if in.Keep != nil {
		policy := in.Keep.policy()
		round.Policy = &policy
	}
	rounded := round.Do(ctx)
	if err := w.close(nil); err != nil {
		rounded.Failures[etcdbackup.Listing] = errors.Join(rounded.Failures[etcdbackup.Listing], err)
	}
	return rounded
}

func readHistory(file string) (h metrics.History, err error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err == nil && json.Unmarshal(text, &h) != nil {
		err = os.Remove(file) // counters begin anew, as Prometheus knows of them
	}
	return h, err
}

// tell writes the history and the metrics, each as a whole or not at all.
func (in params) tell(ctx context.Context, history metrics.History) error {
	text, err := json.Marshal(history)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(in.WorkDir, 0o700); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	files := []host.File{
		host.Text(in.written().history(), 0o600, string(text)), host.Text(in.Schedule.MetricsFile, 0o644, history.Text(in.Cluster)),
	}
	for _, f := range files {
		if _, err := (host.Local{}).Write(ctx, f); err != nil {
			return fmt.Errorf("metrics: %w", err)
		}
	}
	return nil
}
