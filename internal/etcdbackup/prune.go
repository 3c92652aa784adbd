package etcdbackup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/retention"
	"github.com/metal-stack/initial-cluster/internal/store"
)

// Pruned is what became of the backups of a vault.
type Pruned struct {
	Decisions   []retention.Decision
	Interrupted []string // names of backups that were never finished, and are old enough to go
	Deleted     []string // names of those that are gone; in check mode none
	Warnings    []string
}

// Leftover is how old what a killed run left must be before it is removed: no run takes that long.
const Leftover = 24 * time.Hour

// Gone are the names of those that are gone, or in check mode would be.
func (p Pruned) Gone(check bool) []string {
	if !check {
		return p.Deleted
	}
	names := append([]string{}, p.Interrupted...)
	for _, d := range p.Decisions {
		if !d.Keep {
			names = append(names, d.Name)
		}
	}
	return names
}

// Prune deletes what the policy does not want. It deletes nothing if the list may lack something, and nothing of a lineage whose newest
// good backup does not verify now. The manifest goes first: what is cut off then is no backup any more, and the next run removes the rest.
func (v Vault) Prune(ctx context.Context, policy retention.Policy, now time.Time, check bool) (p Pruned, err error) {
	backups, err := v.List(ctx) // an error, also that of a partial list, deletes nothing
	if err != nil {
		return p, err
	}
	byName, newest := map[string]Backup{}, latest(backups)
	var known []retention.Backup
	for _, b := range backups {
		byName[b.Name] = b
		if b.Interrupted {
			if old(b, now) && old(b, newest) {
				p.Interrupted = append(p.Interrupted, b.Name)
			}
			continue
		}
		known = append(known, retention.Backup{Name: b.Name, Lineage: lineage(b.Manifest), Revision: b.Revision, Taken: b.Taken, Stored: b.stored(), Bad: b.Bad})
	}
	if p.Decisions, err = retention.Decide(known, policy, now); err != nil || check {
		return p, err
	}
	return p, v.prune(ctx, &p, byName)
}

// latest is when the store got the last of what it has, by its own clock.
func latest(backups []Backup) (t time.Time) {
	for _, b := range backups {
		for _, info := range b.objects {
			if info.Modified.After(t) {
				t = info.Modified
			}
		}
	}
	return t
}

// old tells whether all of a leftover is old at a time. Asked for both this host's time and the store's own, it takes no run that is at work
// for one that was killed because a clock is wrong.
func old(b Backup, now time.Time) bool {
	for _, info := range b.objects {
		if now.Sub(info.Modified) < Leftover {
			return false
		}
	}
	return true
}

func (v Vault) prune(ctx context.Context, p *Pruned, byName map[string]Backup) error {
	if err := v.unfinished(ctx, p.Interrupted); err != nil {
		return err
	}
	verified := map[string]bool{}
	var failures error
	for _, d := range p.Decisions { // the newest first, so that the one which proves its lineage is known to be good before the others go
		if d.Bad != "" || broken(verified, d.Lineage) {
			continue
		}
		if !verified[d.Lineage] && needed(p.Decisions, d.Lineage) {
			_, bad, err := v.check(ctx, byName[d.Name], false)
			if err != nil {
				return errors.Join(failures, err)
			}
			if verified[d.Lineage] = bad == ""; bad != "" {
				failures = errors.Join(failures, fmt.Errorf("%s: backup %s of %s, the newest, is not good: %s; nothing of its lineage is deleted", v.Store, d.Name, v.Cluster, bad))
				continue
			}
		}
		if !d.Keep {
			failures = errors.Join(failures, v.remove(ctx, p, byName[d.Name]))
		}
	}
	for _, name := range p.Interrupted {
		failures = errors.Join(failures, v.remove(ctx, p, byName[name]))
	}
	_, err := v.Store.Sweep(ctx, Leftover)
	return errors.Join(failures, err)
}

// unfinished wants of backups without a manifest that they have none, also when asked for it: a list that lacked it may lack more.
func (v Vault) unfinished(ctx context.Context, names []string) error {
	for _, name := range names {
		_, err := v.Store.Stat(ctx, v.path(name, manifestFile))
		switch {
		case err == nil:
			return fmt.Errorf("%s: list %s/*: %w: it lacks the manifest of %s, which is there; nothing is deleted, look at the store's health",
				v.Store, v.Cluster, store.ErrPartial, name)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	return nil
}

// broken tells that the lineage's newest did not verify.
func broken(verified map[string]bool, lineage string) bool {
	good, seen := verified[lineage]
	return seen && !good
}

// needed tells whether anything of the lineage is to be deleted.
func needed(decisions []retention.Decision, lineage string) bool {
	for _, d := range decisions {
		if !d.Keep && d.Lineage == lineage {
			return true
		}
	}
	return false
}

// remove deletes a backup. What the store keeps for a while stays whole.
func (v Vault) remove(ctx context.Context, p *Pruned, b Backup) error {
	err := v.Store.Delete(ctx, v.path(b.Name, manifestFile))
	for _, info := range b.objects {
		if err == nil {
			err = v.Store.Delete(ctx, info.Name)
		}
	}
	if errors.Is(err, store.ErrRetained) {
		p.Warnings = append(p.Warnings, fmt.Sprintf("backup %s stays, as the store must keep it: %v", b.Name, err))
		return nil
	}
	if err == nil {
		p.Deleted = append(p.Deleted, b.Name)
	}
	return err
}
