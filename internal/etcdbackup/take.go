package etcdbackup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/manifest"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/scratch"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/snapshot"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/source"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// Taker takes backups.
type Taker struct {
	Origin        Origin
	Vaults        []Vault
	Keys          Keys
	Work          Work
	Examiner      Examiner
	MaxAge        time.Duration // a good backup in every store that is younger is enough; 0 takes one in any case
	AcceptLineage bool          // the cluster is another one than before, or is where it was earlier, and that is as it should be
	Now           func() time.Time
	away          bool // a store that can't be listed makes no backup necessary, when those in all others are young enough
}

// Outcome is what a run came to.
type Outcome struct {
	Manifest     manifest.Manifest // empty if none was needed
	Acknowledged []string          // the stores that have it, and it counts
	Quarantined  []string          // the stores that have it, and it counts for nothing
	Recent       string            // the backup that was enough, if none was needed
	Planned      string            // what would be done, in check mode
	Warnings     []string
}

// run is one run of a taker.
type run struct {
	Taker
	from     *opened
	dir      string
	past     past
	facts    snapshot.Facts
	state    *source.State // of the source; nil if it can't be asked
	manifest manifest.Manifest
	sealed   sealed
}

// Take takes a backup into all vaults. With an error the outcome tells which stores acknowledged it nevertheless.
func (t Taker) Take(ctx context.Context, check bool) (outcome Outcome, err error) {
	r := &run{Taker: t}
	if r.from, err = t.Origin.open(ctx); err != nil {
		return outcome, err
	}
	outcome.Warnings = r.from.warnings()
	defer func() { err = errors.Join(err, r.from.close()) }()
	if err := t.Work.room(3*r.from.size + scratch.Space + slack); err != nil {
		return outcome, err
	}
	if r.past, err = t.recall(ctx); err != nil {
		return outcome, err
	}
	outcome.Warnings = append(outcome.Warnings, r.past.problems...)
	if enough := r.recent(); enough != "" {
		outcome.Recent = enough
		return outcome, nil
	}
	if check {
		return outcome, r.plan(ctx, &outcome)
	}
	return outcome, r.locked(ctx, &outcome)
}

func (r *run) plan(ctx context.Context, outcome *Outcome) error {
	if err := r.foresee(ctx); err != nil {
		return err
	}
	if outcome.Recent = r.same(); outcome.Recent == "" {
		outcome.Planned = fmt.Sprintf("take a backup of %s into %s", r.Vaults[0].Cluster, r.past.stores())
	}
	return nil
}

// slack is what else a run may write to the work folder, in bytes.
const slack = 16 << 20

func (r *run) locked(ctx context.Context, outcome *Outcome) error {
	dir, end, err := r.Work.begin()
	if err != nil {
		return err
	}
	r.dir = dir
	return errors.Join(r.all(ctx, outcome), end())
}

func (r *run) all(ctx context.Context, outcome *Outcome) error {
	if err := r.snapshotOfAny(ctx, outcome); err != nil {
		return err
	}
	r.describe()
	if same := r.same(); same != "" {
		outcome.Recent = same
		return nil
	}
	if err := r.drill(ctx); err != nil {
		return err
	}
	if err := r.proveToken(); err != nil {
		return err
	}
	reason := r.judge()
	if reason != "" && r.past.quarantinedLately(r.manifest.Taken) {
		return r.quarantined(reason, "it is not stored, as one such backup of the same day is")
	}
	err := r.store(ctx, outcome)
	if len(outcome.Quarantined) == 0 {
		return err
	}
	return errors.Join(err, r.quarantined(reason, "backup "+r.manifest.Name+" is stored and counts for nothing"))
}

func (r *run) quarantined(reason, what string) error {
	return fmt.Errorf("%s: %s; %s. Is that as it should be, then say so once by accept_lineage", r.manifest.Cluster, reason, what)
}

// snapshotOfAny takes one of the next member when one freezes, loses its leader, or gives what is no good.
func (r *run) snapshotOfAny(ctx context.Context, outcome *Outcome) error {
	for {
		err := r.snapshot(ctx)
		if err == nil {
			return nil
		}
		if err := r.from.another(ctx, err); err != nil {
			return err
		}
		outcome.Warnings = append(append(outcome.Warnings, err.Error()), r.from.warnings()...)
	}
}

// attempts is how often a snapshot is taken anew because etcd was compacted beyond it before it could be compared.
const attempts = 3

// snapshot takes one that is whole.
func (r *run) snapshot(ctx context.Context) (err error) {
	for range attempts {
		if err := r.save(ctx); err != nil {
			return err
		}
		if err := r.examineAndSeal(ctx); !errors.Is(err, source.ErrCompacted) {
			return err
		}
	}
	return fmt.Errorf("%s: compacted beyond each of %d snapshots before it could be compared; is something compacting all the time?", r.from.member.Endpoint, attempts)
}

// examineAndSeal does both at a time: neither changes the snapshot, and what is sealed goes nowhere before all is known.
func (r *run) examineAndSeal(ctx context.Context) error {
	sealing, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- r.seal(sealing) }()
	err := r.examine(ctx)
	if err != nil {
		cancel()
	}
	if failed := <-done; err == nil && failed != nil {
		return fmt.Errorf("seal the backup: %w", failed)
	}
	return err
}

// examine reads the snapshot, and asks the source what it must hold.
func (r *run) examine(ctx context.Context) (err error) {
	wait.Report(ctx, "read the snapshot and seal it")
	if r.facts, err = r.Examiner.inspect(ctx, r.file()); err != nil || r.from.member == nil {
		return err
	}
	if r.facts.Revision < r.from.member.Revision {
		return fmt.Errorf("%s: its snapshot ends at revision %d, and the cluster had %d before", r.from.member.Endpoint, r.facts.Revision, r.from.member.Revision)
	}
	state, err := r.from.member.At(ctx, r.facts.Revision)
	if err == nil {
		r.state = &state
	}
	return err
}

func (r *run) save(ctx context.Context) error {
	_, _ = os.Remove(r.file()), os.Remove(r.content()) // of the attempt before
	err := create(ctx, r.file(), func(f *os.File) error { return r.from.save(ctx, f) })
	if err != nil {
		return fmt.Errorf("take a snapshot: %w", err)
	}
	return nil
}

func (r *run) file() string    { return filepath.Join(r.dir, databaseFile) }
func (r *run) content() string { return filepath.Join(r.dir, "content") }

// taken is when the snapshot was, which of a file may be long ago.
func (r *run) taken() time.Time {
	if r.adopts() {
		return r.Origin.Taken
	}
	return r.Now()
}

// lineageOfEtcd begins that of an etcd without a Kubernetes.
const lineageOfEtcd = "etcd-"

// describe begins the manifest.
func (r *run) describe() {
	taken := r.taken().UTC().Truncate(time.Second)
	m := manifest.Manifest{
		Format: manifest.Format, Cluster: r.Vaults[0].Cluster, Name: newName(taken, r.facts.Revision), Taken: taken,
		StorageVersion: r.facts.StorageVersion, Revision: r.facts.Revision, CompactRevision: r.facts.CompactRevision, Leases: r.facts.Leases,
		Snapshot: manifest.Sum{Size: r.facts.Size, SHA256: r.facts.SHA256}, Encrypted: len(r.Keys.Recipients) > 0, Recipients: r.Keys.readers(),
		Token: r.Origin.Token != "",
	}
	m.Object, m.Content = r.Vaults[0].path(m.Name, plainFile), r.sealed.content
	if m.Encrypted {
		m.Object = r.Vaults[0].path(m.Name, encryptedFile)
	}
	r.from.describe(&m)
	m.Lineage = r.facts.KubernetesUID
	if m.Lineage == "" && r.from.member != nil {
		m.Lineage = fmt.Sprintf("%s%x", lineageOfEtcd, r.from.member.Cluster)
	}
	if r.state != nil {
		m.Compared, m.Keys, m.Hash, m.CompactRevision = true, r.state.Keys, r.state.Hash, r.state.CompactRevision
	}
	r.manifest = m
}

// drill restores the snapshot, boots it, and compares it with its own file and with the source.
func (r *run) drill(ctx context.Context) error {
	wait.Report(ctx, "restore the snapshot and boot it")
	folder := filepath.Join(r.dir, "scratch")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	result, err := r.Examiner.drill(ctx, r.file(), folder, r.manifest.CompactRevision)
	if err := errors.Join(err, os.RemoveAll(folder)); err != nil {
		return err
	}
	if !r.manifest.Compared {
		r.manifest.Keys, r.manifest.Hash, r.manifest.CompactRevision = result.Keys, result.Hash, result.CompactRevision
	}
	return compare(r.manifest, result)
}

// compare wants of a booted restore what the manifest says.
func compare(m manifest.Manifest, got scratch.Result) error {
	want := scratch.Result{Revision: m.Revision, CompactRevision: m.CompactRevision, Keys: m.Keys, Leases: m.Leases, Hash: m.Hash}
	if got != want {
		return fmt.Errorf("drill: restored and booted it has %s, and must have %s; the member's database may be damaged, back up another one", told(got), told(want))
	}
	return nil
}

func told(r scratch.Result) string {
	return fmt.Sprintf("revision %d, %d keys, %d leases, hash %08x from revision %d on", r.Revision, r.Keys, r.Leases, r.Hash, r.CompactRevision)
}
