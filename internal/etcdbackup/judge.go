package etcdbackup

import (
	"fmt"
	"slices"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/retention"
)

// judge says why the snapshot does not go on from the good backup before it, as that of a cluster that came up empty does not, and sets the
// manifest's generation.
func (r *run) judge() (reason string) {
	good := r.past.good()
	if len(good) == 0 {
		r.manifest.Generation = 1
		return ""
	}
	r.manifest.Generation = good[len(good)-1].Generation
	if i := slices.IndexFunc(good, func(b Backup) bool { return !r.later(b) }); i >= 0 {
		r.manifest.Generation = good[i].Generation
		reason = r.breaks(good[i])
	}
	for _, b := range good {
		if reason == "" && r.later(b) && b.Generation == r.manifest.Generation {
			reason = r.contradicts(b)
		}
	}
	if reason != "" && r.AcceptLineage {
		r.manifest.Generation = good[0].Generation + 1
		return ""
	}
	r.manifest.Quarantine = reason
	return reason
}

// adopts tells whether the snapshot comes from a file, and so may be older than what the stores have.
func (r *run) adopts() bool { return !r.Origin.Taken.IsZero() }

// later tells whether a backup was taken after the snapshot. By a clock that is wrong none is.
func (r *run) later(b Backup) bool {
	return r.adopts() && retention.Future(b.Taken, r.manifest.Taken) && !retention.Future(b.Taken, r.Now())
}

// fewKeys is below how many a cluster may lose most of them without a question.
const fewKeys = 100

// breaks says why the snapshot does not go on from an earlier backup. Files of two servers from the same moment may come in any order.
func (r *run) breaks(before Backup) string {
	m := r.manifest
	sameMoment := r.adopts() && !retention.Future(m.Taken, before.Taken)
	switch {
	case m.Lineage != before.Lineage:
		return fmt.Sprintf("this is another cluster (%s) than that of backup %s (%s)", m.Lineage, before.Name, before.Lineage)
	case m.Revision < before.Revision && !sameMoment:
		return fmt.Sprintf("its revision %d is before %d of backup %s, so it was restored or made anew", m.Revision, before.Revision, before.Name)
	case before.Keys >= fewKeys && m.Keys < before.Keys/2:
		return fmt.Sprintf("it has %d keys, and backup %s has %d", m.Keys, before.Name, before.Keys)
	}
	return ""
}

// contradicts says why a later backup does not go on from the snapshot, which would be taken for the newer one.
func (r *run) contradicts(later Backup) string {
	m := r.manifest
	switch {
	case m.Lineage != later.Lineage:
		return fmt.Sprintf("this is another cluster (%s) than that of backup %s (%s)", m.Lineage, later.Name, later.Lineage)
	case m.Revision > later.Revision:
		return fmt.Sprintf("its revision %d is after %d of backup %s, which was taken later, so the cluster was restored or made anew between them", m.Revision, later.Revision, later.Name)
	}
	return ""
}
