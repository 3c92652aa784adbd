package etcdbackup_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/retention"
	"github.com/metal-stack/initial-cluster/internal/store"
	"github.com/metal-stack/initial-cluster/testing/storetest"
)

// runsOf is how many seeded runs a cell of the fault matrix has. FAULT_RUNS=200 is the full matrix.
func runsOf(t *testing.T, usual int) uint64 {
	t.Helper()
	if text := os.Getenv("FAULT_RUNS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err)
		return uint64(n)
	}
	return uint64(usual)
}

// cell is one field of the matrix: what came of the runs with one fault on one kind of store.
type cell struct {
	fault, store                         string
	runs, acknowledged, restorable, lost int
}

// matrix is all cells of all tests. FAULT_TABLE names a file that gets it as a table in Markdown.
var matrix struct {
	sync.Mutex
	cells []*cell
}

func newCell(fault, kind string) *cell {
	c := &cell{fault: fault, store: kind}
	matrix.Lock()
	defer matrix.Unlock()
	matrix.cells = append(matrix.cells, c)
	return c
}

// table has a line for each fault and a column for each kind of store.
func table() string {
	fields, faults := map[string]map[string]string{}, []string{}
	for _, c := range matrix.cells {
		if fields[c.fault] == nil {
			fields[c.fault] = map[string]string{}
			faults = append(faults, c.fault)
		}
		fields[c.fault][c.store] = fmt.Sprintf("%d / %d / %d / %d", c.runs, c.acknowledged, c.restorable, c.lost)
	}
	slices.Sort(faults)
	var text strings.Builder
	fmt.Fprintf(&text, "| Fault | %s |\n|%s\n", strings.Join(storetest.Kinds, " | "), strings.Repeat("---|", 1+len(storetest.Kinds)))
	for _, fault := range faults {
		fmt.Fprintf(&text, "| %s |", fault)
		for _, kind := range storetest.Kinds {
			fmt.Fprintf(&text, " %s |", cmp.Or(fields[fault][kind], "-"))
		}
		fmt.Fprintln(&text)
	}
	return text.String()
}

func writeTable() {
	if file := os.Getenv("FAULT_TABLE"); file != "" {
		if err := os.WriteFile(filepath.Clean(file), []byte(table()), 0o644); err != nil {
			panic(err)
		}
	}
}

// arena is what the runs of a cell share: snapshots to back up, each later than the one before, and backups of the first two in the folder.
type arena struct {
	*world
	snapshots []string
	names     []string // of the backups, the older first
	objects   map[string][]byte
}

func newArena(t *testing.T) *arena {
	t.Helper()
	a := &arena{world: newWorld(t), objects: map[string][]byte{}}
	a.program = a.remembering(t, "")
	for i := range 5 {
		a.etcd.Fill(t, fmt.Sprintf("key%d/", i), 30, 50)
		a.snapshots = append(a.snapshots, a.save(t))
	}
	for _, file := range a.snapshots[:2] {
		taker := a.of(a.taker(t), file)
		outcome, err := taker.Take(t.Context(), false)
		require.NoError(t, err)
		a.names = append(a.names, outcome.Manifest.Name)
	}
	require.NoError(t, fs.WalkDir(os.DirFS(a.folder), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			a.objects[path], err = os.ReadFile(filepath.Join(a.folder, path))
		}
		return err
	}))
	return a
}

// of makes a taker take a snapshot that lies in a file.
func (a *arena) of(taker etcdbackup.Taker, file string) etcdbackup.Taker {
	taker.Origin = etcdbackup.Origin{File: file}
	return taker
}

// save writes a snapshot of the world's etcd to a file.
func (w *world) save(t *testing.T) string {
	t.Helper()
	response, err := w.etcd.Client(t, 0).SnapshotWithVersion(context.Background())
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "snapshot")
	out, err := os.Create(file)
	require.NoError(t, err)
	_, err = out.ReadFrom(response.Snapshot)
	require.NoError(t, err)
	require.NoError(t, out.Close())
	return file
}

// remembering is a program that examines snapshots and remembers what it found by the snapshot's SHA-256: so that runs which differ in what
// their store does take little time. Some lines of shell may do something before, to $file.
func (a *arena) remembering(t *testing.T, before string) string {
	t.Helper()
	if a.memory == "" {
		a.memory = t.TempDir()
	}
	self, err := os.Executable()
	require.NoError(t, err)
	program := filepath.Join(t.TempDir(), "examiner")
	script := fmt.Sprintf(`#!/bin/sh
file=${2#file=}
%s
known=%s/$(sha256sum <"$file" | cut -c1-64)$1${4:-}
if [ "$1" != --advance ] && [ -s "$known" ]; then exec cat "$known"; fi
found=$(%s "$@") || exit $?
echo "$found" >"$known.$$" && mv "$known.$$" "$known" && echo "$found"
`, before, a.memory, self)
	require.NoError(t, os.WriteFile(program, []byte(script), 0o700))
	return program
}

// round is one run of a cell, in a place of its own that has the arena's backups.
type round struct {
	*arena
	*cell
	random *rand.Rand
	spot   storetest.Spot
	calm   store.Store
}

// fault makes a store go wrong; with the end of the run's actions it is over.
type fault func(t *testing.T, r *round) (upset store.Store, over func())

// patient is how stores are asked that nothing is wrong with, impatient those with faults.
var (
	patient   = store.Limits{Deadline: time.Minute, Stall: 20 * time.Second, Attempts: 3}
	impatient = store.Limits{Deadline: 10 * time.Second, Stall: 400 * time.Millisecond, Attempts: 2}
)

// TestFaultMatrix takes, prunes and verifies while a store does wrong what each fault says, and wants every backup that was acknowledged before
// or in the run to be there and whole; a sample is restored and booted. Lost must be 0.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	for _, kind := range storetest.Kinds {
		for name, do := range faultsOf(kind) {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				server, c := storetest.Start(t, kind), newCell(name, kind)
				for seed := range runsOf(t, 2) {
					t.Run(fmt.Sprint(seed), func(t *testing.T) { a.round(t, c, server, seed).faulty(t, do(server)) })
				}
			})
		}
	}
}

func (a *arena) round(t *testing.T, c *cell, server *storetest.Server, seed uint64) *round {
	t.Helper()
	c.runs++
	r := &round{arena: a, cell: c, random: rand.New(rand.NewPCG(seed, 5)), spot: server.Spot(t)}
	r.calm = r.spot.Open(patient)
	for name, content := range a.objects {
		require.NoError(t, r.calm.Put(t.Context(), storetest.Content(name, content)))
	}
	return r
}

// at is the vault in a store, with the key that reads.
func (r *round) at(t *testing.T, s store.Store) etcdbackup.Vault {
	t.Helper()
	v := r.reader(t)
	v.Store = s
	return v
}

// taking is a taker of one of the later snapshots into a store, in a work folder of its own.
func (r *round) taking(t *testing.T, s store.Store) etcdbackup.Taker {
	t.Helper()
	taker := r.of(r.taker(t), r.snapshots[2+r.random.IntN(3)])
	taker.Vaults[0].Store, taker.Work.Dir = s, t.TempDir()
	taker.Now = func() time.Time { return now.Add(time.Hour) }
	return taker
}

func (r *round) policy() retention.Policy { return retention.Policy{Last: 1 + r.random.IntN(2)} }

// faulty takes, prunes and verifies with a fault, and looks what is there afterwards.
func (r *round) faulty(t *testing.T, do fault) {
	t.Helper()
	upset, over := do(t, r)
	taken := r.take(t, r.taking(t, upset))
	vault := r.at(t, upset)
	policy := r.policy()
	_, _ = vault.Prune(t.Context(), policy, now.Add(2*time.Hour), false) // whatever they say must not harm
	_, _ = vault.Verify(t.Context(), "", false)
	over()
	r.keeps(t, policy, r.judge(t, taken...), taken)
}

// keeps wants all to be there and whole that the policy keeps of what there was: backups of before, those that were acknowledged, and those that were
// not and are whole nevertheless.
func (r *round) keeps(t *testing.T, policy retention.Policy, verdicts []etcdbackup.Verdict, acknowledged []string) {
	t.Helper()
	names, whole := slices.Concat(r.names, acknowledged), map[string]bool{}
	for _, v := range verdicts {
		if whole[v.Name] = v.Opened; v.Opened {
			names = append(names, v.Name)
		}
	}
	slices.Sort(names)
	var all []retention.Backup
	for _, name := range slices.Compact(names) {
		all = append(all, retention.Backup{Name: name, Revision: revisionOf(t, name), Taken: now})
	}
	decisions, err := retention.Decide(all, policy, now)
	require.NoError(t, err)
	for _, d := range decisions {
		if d.Keep && !whole[d.Name] {
			t.Errorf("%s: %s is gone, and the policy keeps it: %s", r.fault, d.Name, d.Reason)
		}
	}
}

// take takes a backup and gives its name if it is acknowledged.
func (r *round) take(t *testing.T, taker etcdbackup.Taker) []string {
	t.Helper()
	outcome, err := taker.Take(t.Context(), false)
	if len(outcome.Acknowledged) == 0 {
		require.Error(t, err)
		return nil
	}
	require.NoError(t, err)
	return []string{outcome.Manifest.Name}
}

// judge reads all there is. A backup that was acknowledged in this run is lost if it is not whole; one of before if no newer one is whole, for
// which prune might have taken it away.
func (r *round) judge(t *testing.T, acknowledged ...string) []etcdbackup.Verdict {
	t.Helper()
	verdicts, err := r.at(t, r.calm).Verify(t.Context(), "", true)
	r.cell.judge(t, verdicts, err, r.names[1], acknowledged)
	if len(acknowledged) > 0 && r.random.IntN(50) == 0 {
		_, err := r.at(t, r.calm).Drill(t.Context(), acknowledged[0], etcdbackup.Work{Dir: t.TempDir()}, etcdbackup.Examiner{Program: etcdbackup.Self})
		assert.NoError(t, err)
	}
	return verdicts
}

func (c *cell) judge(t *testing.T, verdicts []etcdbackup.Verdict, err error, before string, acknowledged []string) {
	t.Helper()
	good, newer := map[string]bool{}, false
	for _, v := range verdicts { // the newest first
		good[v.Name] = v.Opened
		newer = newer || v.Opened && revisionOf(t, v.Name) >= revisionOf(t, before)
	}
	c.acknowledged += len(acknowledged)
	for _, name := range acknowledged {
		if good[name] {
			c.restorable++
		} else {
			c.lost++
			t.Errorf("%s: acknowledged %s: %v", c.fault, name, err)
		}
	}
	if !newer {
		c.lost++
		t.Errorf("%s: %s is gone, and there is no newer one: %v", c.fault, before, err)
	}
}

// revisionOf is the one in a backup's name.
func revisionOf(t *testing.T, name string) (revision int64) {
	t.Helper()
	parts := strings.Split(name, "-r")
	require.Len(t, parts, 2)
	_, err := fmt.Sscanf(parts[1], "%d", &revision)
	require.NoError(t, err)
	return revision
}

// rotten are changes to what lies in a store, of which its owner knows nothing.
var rotten = map[string]struct {
	file   string
	change func(b []byte, r *rand.Rand) []byte
}{
	"content flipped where it lies":  {"content.tar.zst.age", flip},
	"content cut where it lies":      {"content.tar.zst.age", cut},
	"manifest flipped where it lies": {"manifest.json", flip},
	"manifest cut where it lies":     {"manifest.json", cut},
}

func flip(b []byte, r *rand.Rand) []byte {
	b = bytes.Clone(b)
	b[r.IntN(len(b))] ^= 1 << r.IntN(8)
	return b
}

func cut(b []byte, r *rand.Rand) []byte { return b[:r.IntN(len(b))] }

// What is damaged where it lies is found, is not restored from, and takes the older one with it into no grave.
func TestWhatIsDamagedInAStoreIsNotRestored(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	for _, kind := range storetest.Kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			server := storetest.Start(t, kind)
			for name, how := range rotten {
				c := newCell(name, kind)
				for seed := range runsOf(t, 2) {
					t.Run(fmt.Sprint(name, "/", seed), func(t *testing.T) {
						r := a.round(t, c, server, seed)
						object := "initial/" + a.names[1] + "/" + how.file
						require.NoError(t, r.calm.Put(t.Context(), storetest.Content(object, how.change(a.objects[object], r.random))))
						r.damaged(t)
					})
				}
			}
		})
	}
}

// damaged wants the newer of the arena's backups to be no good, or good in spite of the change, and the older one to stay.
func (r *round) damaged(t *testing.T) {
	t.Helper()
	v := r.at(t, r.calm)
	drilled, err := v.Drill(t.Context(), "", etcdbackup.Work{Dir: t.TempDir()}, etcdbackup.Examiner{Program: r.program})
	if err == nil && drilled.Name == r.names[1] { // blanks of base64 and the name of the key mean nothing
		r.acknowledged, r.restorable = r.acknowledged+1, r.restorable+1
		return
	}
	_, err = v.Prune(t.Context(), retention.Policy{Last: 1}, now.Add(time.Hour), false)
	_, problem := v.Verify(t.Context(), "", false)
	require.Error(t, problem, "%v", err)
	verdicts, err := v.Verify(t.Context(), r.names[0], true)
	r.cell.judge(t, verdicts, err, r.names[0], r.names[:1])
	found, err := v.Find(t.Context(), "")
	require.NoError(t, err)
	assert.Equal(t, r.names[0], found.Name)
}

// Clocks that are wrong by days, or by the hour of summer time, order nothing and delete nothing that must stay.
func TestWrongClocksLoseNothing(t *testing.T) {
	t.Parallel()
	inEach(t, "clocks differ by up to two days", func(t *testing.T, r *round) {
		offset := func() time.Duration {
			return []time.Duration{0, time.Hour, -time.Hour, 48 * time.Hour, -48 * time.Hour, time.Duration(r.random.Int64N(int64(48 * time.Hour)))}[r.random.IntN(6)]
		}
		taker := r.taking(t, r.calm)
		taken := now.Add(offset())
		taker.Now, taker.MaxAge = func() time.Time { return taken }, time.Hour
		if outcome, err := taker.Take(t.Context(), false); outcome.Recent == "" {
			require.NoError(t, err)
			policy := r.policy()
			policy.Hourly, policy.MinimumAge = r.random.IntN(3), time.Hour
			_, err = r.at(t, r.calm).Prune(t.Context(), policy, now.Add(offset()), false)
			require.NoError(t, err)
			found, err := r.at(t, r.calm).Find(t.Context(), "")
			require.NoError(t, err)
			assert.Equal(t, outcome.Manifest.Name, found.Name, "revisions order, not clocks")
			r.judge(t, outcome.Manifest.Name)
		}
	})
}

// A cluster that came up empty or was set back is put aside, and nothing is deleted for it.
func TestAnEarlierStateReplacesNothing(t *testing.T) {
	t.Parallel()
	fresh := newWorld(t)
	fresh.etcd.Fill(t, "key", 1, 1)
	empty := fresh.save(t)
	inEach(t, "cluster came up empty, or was set back", func(t *testing.T, r *round) {
		taker := r.taking(t, r.calm)
		taker.Origin.File = []string{empty, r.snapshots[0]}[r.random.IntN(2)]
		_, err := taker.Take(t.Context(), false)
		require.ErrorContains(t, err, "accept_lineage")
		_, err = r.at(t, r.calm).Prune(t.Context(), retention.Policy{Last: 1}, now.Add(2*time.Hour), false)
		require.NoError(t, err)
		r.judge(t)
		found, err := r.at(t, r.calm).Find(t.Context(), "")
		require.NoError(t, err)
		assert.Equal(t, r.names[1], found.Name)
	})
}

// Hosts that take and prune at the same time, and know nothing of each other, take nothing from each other.
func TestSeveralHostsAtOnceLoseNothing(t *testing.T) {
	t.Parallel()
	policy := retention.Policy{Last: 20}
	inEach(t, "two to eight hosts at once", func(t *testing.T, r *round) {
		var hosts sync.WaitGroup
		var mutex sync.Mutex
		var taken []string
		for range 2 + r.random.IntN(7) {
			taker := r.taking(t, r.calm)
			hosts.Go(func() {
				outcome, err := taker.Take(context.Background(), false)
				mutex.Lock()
				if err == nil && len(outcome.Acknowledged) > 0 {
					taken = append(taken, outcome.Manifest.Name)
				}
				mutex.Unlock()
				_, _ = taker.Vaults[0].Prune(context.Background(), policy, now.Add(2*time.Hour), false)
			})
		}
		hosts.Wait()
		r.keeps(t, policy, r.judge(t, taken...), taken)
	})
}

// inEach runs something in each kind of store, as often as a cell of the matrix has runs.
func inEach(t *testing.T, name string, do func(t *testing.T, r *round)) {
	t.Helper()
	a := newArena(t)
	for _, kind := range storetest.Kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			server, c := storetest.Start(t, kind), newCell(name, kind)
			for seed := range runsOf(t, 2) {
				t.Run(fmt.Sprint(seed), func(t *testing.T) { do(t, a.round(t, c, server, seed)) })
			}
		})
	}
}
