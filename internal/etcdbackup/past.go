package etcdbackup

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/manifest"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/retention"
)

// past is what the stores had before a run, of those that could be listed.
type past struct {
	vaults   []Vault
	backups  [][]Backup
	problems []string // of the others
	failures error
}

// recall lists all stores. Those that can't be listed are left out, and tell so at the end of the run; without any there is no run.
func (t Taker) recall(ctx context.Context) (past, error) {
	var p past
	for _, v := range t.Vaults {
		backups, err := v.List(ctx)
		if err != nil {
			p.problems = append(p.problems, err.Error())
			p.failures = errors.Join(p.failures, err)
			continue
		}
		p.vaults, p.backups = append(p.vaults, v), append(p.backups, backups)
	}
	if len(p.vaults) == 0 {
		return p, fmt.Errorf("no store can be reached: %s", strings.Join(p.problems, "; "))
	}
	return p, nil
}

func (p past) stores() string {
	var names []string
	for _, v := range p.vaults {
		names = append(names, v.Store.String())
	}
	return strings.Join(names, ", ")
}

// newest is the newest good backup of any store, or nil.
func (p past) newest() *Backup {
	var found *Backup
	for _, backups := range p.backups {
		if b := firstGood(backups); b != nil && (found == nil || newest(*b, *found) < 0) {
			found = b
		}
	}
	return found
}

func firstGood(backups []Backup) *Backup {
	for i := range backups {
		if backups[i].Bad == "" {
			return &backups[i]
		}
	}
	return nil
}

// every gives the name of the newest good backup if that of every store that could be listed is as wanted.
func (p past) every(wanted func(Backup) bool) (name string) {
	for _, backups := range p.backups {
		b := firstGood(backups)
		if b == nil || !wanted(*b) {
			return ""
		}
		name = b.Name
	}
	return name
}

// recent is the newest backup, if every store has one that is young enough. One that a wrong clock dates into the future is not known to be
// recent: it would keep all others from being taken until then.
func (r *run) recent() string {
	now := r.Now()
	if r.MaxAge <= 0 || len(r.past.problems) > 0 && !r.away {
		return ""
	}
	return r.past.every(func(b Backup) bool { return b.Taken.After(now.Add(-r.MaxAge)) && !retention.Future(b.Taken, now) })
}

// same is the newest backup, if every store's has all that this one would have.
func (p past) same(m manifest.Manifest) string {
	if len(p.problems) > 0 {
		return ""
	}
	return p.every(func(b Backup) bool {
		state := b.Lineage == m.Lineage && b.Revision == m.Revision && b.Compared && m.Compared && b.Hash == m.Hash && b.CompactRevision == m.CompactRevision
		return (state || b.Snapshot == m.Snapshot) && b.Encrypted == m.Encrypted
	})
}

// quarantinedLately tells whether a run of the last day has stored one already: they come as often as the schedule, and are large.
func (p past) quarantinedLately(now time.Time) bool {
	for _, backups := range p.backups {
		for _, b := range backups {
			if b.Quarantine != "" && now.Sub(b.Taken) < 24*time.Hour {
				return true
			}
		}
	}
	return false
}

// fewKeys is below how many a cluster may lose most of them without a question.
const fewKeys = 100

// judge says why the snapshot does not go on from the newest good backup, as that of a cluster that came up empty does not, and sets the
// manifest's generation.
func (r *run) judge() (reason string) {
	last := r.past.newest()
	if last == nil {
		r.manifest.Generation = 1
		return ""
	}
	r.manifest.Generation = last.Generation
	switch m := r.manifest; {
	case m.Lineage != last.Lineage:
		reason = fmt.Sprintf("this is another cluster (%s) than that of backup %s (%s)", m.Lineage, last.Name, last.Lineage)
	case m.Revision < last.Revision:
		reason = fmt.Sprintf("its revision %d is before %d of backup %s, so it was restored or made anew", m.Revision, last.Revision, last.Name)
	case last.Keys >= fewKeys && m.Keys < last.Keys/2:
		reason = fmt.Sprintf("it has %d keys, and backup %s has %d", m.Keys, last.Name, last.Keys)
	default:
		return ""
	}
	if r.AcceptLineage {
		r.manifest.Generation++
		return ""
	}
	r.manifest.Quarantine = reason
	return reason
}
