// Package metrics keeps what became of the rounds of a schedule, and tells it in the form that Prometheus reads.
package metrics

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup"
)

// History is what is kept from round to round, as JSON.
type History struct {
	Runs     int              `json:"runs"`
	Failures map[string]int   `json:"failures"` // by the step
	Last     Run              `json:"last"`
	Taken    *Run             `json:"taken,omitempty"` // the last that took a backup here
	Stores   map[string]Store `json:"stores"`
}

// Run is when a round was and how long it took.
type Run struct {
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds"`
	Good    bool      `json:"good"`
}

// Store is what a store had after the last round that could list it.
type Store struct {
	Newest        *time.Time `json:"newest,omitempty"` // when its newest good backup was taken
	SnapshotBytes int64      `json:"snapshot_bytes"`
	StoredBytes   int64      `json:"stored_bytes"`
	Good          int        `json:"good"`
	Bad           int        `json:"bad"`
	Known         bool       `json:"known"` // the last round could list it
	Drill         *Run       `json:"drill,omitempty"`
}

// Add adds a round. Stores that it did not have are forgotten, unless it had none, as one that did not begin.
func (h *History) Add(r etcdbackup.Rounded, began time.Time, took time.Duration, drilled bool) {
	run := Run{At: began.UTC().Truncate(time.Second), Seconds: took.Round(time.Millisecond).Seconds(), Good: len(r.Failures) == 0}
	h.Runs++
	h.Last = run
	if h.Failures == nil {
		h.Failures = map[string]int{}
	}
	for step := range r.Failures {
		h.Failures[step]++
	}
	if len(r.Acknowledged) > 0 {
		h.Taken = &run
	}
	if len(r.Stores) == 0 {
		return
	}
	stores := map[string]Store{}
	for _, stock := range r.Stores {
		s := h.Stores[stock.Store]
		s.Known = !stock.Unknown
		if s.Known {
			s.Good, s.Bad, s.Newest = stock.Good, stock.Bad, nil
			s.SnapshotBytes, s.StoredBytes = stock.Newest.Snapshot.Size, stock.Newest.Content.Size
			if taken := stock.Newest.Taken; !taken.IsZero() {
				s.Newest = &taken
			}
		}
		if drilled {
			s.Drill = &Run{At: run.At, Good: stock.Drilled == nil}
		}
		stores[stock.Store] = s
	}
	h.Stores = stores
}

// DrillDue tells whether the last good drill of any store is too long ago.
func (h History) DrillDue(every time.Duration, now time.Time) bool {
	for _, s := range h.Stores {
		if s.Drill == nil || !s.Drill.Good || now.Sub(s.Drill.At) >= every {
			return true
		}
	}
	return len(h.Stores) == 0
}

// family is a metric with its samples.
type family struct {
	name, kind, help string
	samples          []string
}

func (f *family) add(value float64, labels ...string) {
	var pairs []string
	for i := 0; i < len(labels); i += 2 {
		pairs = append(pairs, labels[i]+`="`+escape.Replace(labels[i+1])+`"`)
	}
	f.samples = append(f.samples, fmt.Sprintf("%s{%s} %s\n", f.name, strings.Join(pairs, ","), strconv.FormatFloat(value, 'f', -1, 64)))
}

// escape is of https://prometheus.io/docs/instrumenting/exposition_formats/.
var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// Text is for the textfile collector of node_exporter.
func (h History) Text(cluster string) string {
	var b strings.Builder
	for _, f := range h.families(cluster) {
		if len(f.samples) > 0 {
			fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n%s", f.name, f.help, f.name, f.kind, strings.Join(f.samples, ""))
		}
	}
	return b.String()
}

func (h History) families(cluster string) []family {
	return append(h.ofRuns(cluster), h.ofStores(cluster)...)
}

func (h History) ofRuns(cluster string) []family {
	runs := family{"etcd_backup_runs_total", "counter", "Runs of the schedule on this server.", nil}
	runs.add(float64(h.Runs), "cluster", cluster)
	failures := family{"etcd_backup_failures_total", "counter", "Runs of the schedule in which a step failed.", nil}
	for _, step := range []string{etcdbackup.Taking, etcdbackup.Pruning, etcdbackup.Drilling, etcdbackup.Listing} {
		failures.add(float64(h.Failures[step]), "cluster", cluster, "step", step)
	}
	last := family{"etcd_backup_last_run_timestamp_seconds", "gauge", "When the last run began.", nil}
	last.add(seconds(h.Last.At), "cluster", cluster)
	good := family{"etcd_backup_last_run_success", "gauge", "Whether nothing failed in the last run.", nil}
	good.add(number(h.Last.Good), "cluster", cluster)
	taken := family{"etcd_backup_taken_timestamp_seconds", "gauge", "When the last run began that took a backup on this server.", nil}
	took := family{"etcd_backup_taken_duration_seconds", "gauge", "How long that run took.", nil}
	if h.Taken != nil {
		taken.add(seconds(h.Taken.At), "cluster", cluster)
		took.add(h.Taken.Seconds, "cluster", cluster)
	}
	return []family{runs, failures, last, good, taken, took}
}

func (h History) ofStores(cluster string) []family {
	newest := family{"etcd_backup_newest_timestamp_seconds", "gauge", "When the newest good backup in the store was taken, by whatever server.", nil}
	snapshot := family{"etcd_backup_newest_snapshot_bytes", "gauge", "The size of its snapshot of etcd.", nil}
	stored := family{"etcd_backup_newest_stored_bytes", "gauge", "The size of what is stored of it.", nil}
	backups := family{"etcd_backup_backups", "gauge", "How many backups the store has.", nil}
	known := family{"etcd_backup_store_success", "gauge", "Whether the last run could list the store.", nil}
	drill := family{"etcd_backup_last_drill_timestamp_seconds", "gauge", "When a backup from the store was restored for a try.", nil}
	drilled := family{"etcd_backup_last_drill_success", "gauge", "Whether that went well.", nil}
	for _, name := range slices.Sorted(maps.Keys(h.Stores)) {
		s, labels := h.Stores[name], []string{"cluster", cluster, "store", name}
		if s.Newest != nil {
			newest.add(seconds(*s.Newest), labels...)
			snapshot.add(float64(s.SnapshotBytes), labels...)
			stored.add(float64(s.StoredBytes), labels...)
		}
		backups.add(float64(s.Good), append(labels, "state", "good")...)
		backups.add(float64(s.Bad), append(labels, "state", "bad")...)
		known.add(number(s.Known), labels...)
		if s.Drill != nil {
			drill.add(seconds(s.Drill.At), labels...)
			drilled.add(number(s.Drill.Good), labels...)
		}
	}
	return []family{newest, snapshot, stored, backups, known, drill, drilled}
}

func seconds(at time.Time) float64 { return float64(at.Unix()) }

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
