package etcdbackup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

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

// good are the good backups of all stores, the newest first.
func (p past) good() []Backup {
	all := slices.Concat(p.backups...)
	all = slices.DeleteFunc(all, func(b Backup) bool { return b.Bad != "" })
	slices.SortFunc(all, newest)
	return all
}

func firstGood(backups []Backup) *Backup {
	for i := range backups {
		if backups[i].Bad == "" {
			return &backups[i]
		}
	}
	return nil
}

// every gives the name of a backup if every store that could be listed has one as wanted: its newest good one, or else whichever.
func (p past) every(whichever bool, wanted func(Backup) bool) (name string) {
	for _, backups := range p.backups {
		i := slices.IndexFunc(backups, func(b Backup) bool { return b.Bad == "" && (!whichever || wanted(b)) })
		if i < 0 || !wanted(backups[i]) {
			return ""
		}
		name = backups[i].Name
	}
	return name
}

// recent is the newest backup, if every store has one that is young enough beside what the snapshot has. One that a wrong clock dates into the
// future is not known to be recent: it would keep all others from being taken until then.
func (r *run) recent() string {
	now, since := r.Now(), r.taken().Add(-r.MaxAge)
	if r.MaxAge <= 0 || len(r.past.problems) > 0 && !r.away {
		return ""
	}
	return r.past.every(false, func(b Backup) bool { return b.Taken.After(since) && !retention.Future(b.Taken, now) })
}

// same is the newest backup, if every store's has all that this one would have; of a file any backup, as files come in any order.
func (r *run) same() string {
	if len(r.past.problems) > 0 {
		return ""
	}
	m := r.manifest
	return r.past.every(r.adopts(), func(b Backup) bool {
		state := b.Lineage == m.Lineage && b.Revision == m.Revision && b.Compared && m.Compared && b.Hash == m.Hash && b.CompactRevision == m.CompactRevision
		return (state || b.Snapshot == m.Snapshot) && b.Encrypted == m.Encrypted && b.Recipients == m.Recipients && (b.Token || !m.Token)
	})
}

// quarantinedLately tells whether one of the same day is stored already: they come as often as the schedule, and are large.
func (p past) quarantinedLately(taken time.Time) bool {
	for _, backups := range p.backups {
		for _, b := range backups {
			if b.Quarantine != "" && taken.Sub(b.Taken).Abs() < 24*time.Hour {
				return true
			}
		}
	}
	return false
}
