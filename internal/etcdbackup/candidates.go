package etcdbackup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// candidate is a backup with the vaults that have a good copy of it, and what is wrong with the copies of the others.
type candidate struct {
	Backup
	vaults []Vault
	flaws  []string
	kept   bool // a store acknowledged it once, as far as can be told of a copy that is not good
}

// candidates are the good backups of all vaults, the newest first, or the named one alone; those of which there is no good copy stand before the
// first good one that may lack what they have. A vault that cannot be listed is left out with a warning, as the site that is lost may be that of
// a store; without any there is an error, as there is without a good backup. The last is the highest revision that any backup has.
func candidates(ctx context.Context, vaults []Vault, name string) (found []candidate, last int64, warnings []string, err error) {
	var all []candidate
	for _, v := range vaults {
		backups, err := v.List(ctx)
		if err != nil {
			warnings = append(warnings, fmt.Sprintf("a newer backup may lie in a store that cannot be listed: %v", err))
			continue
		}
		for _, b := range backups {
			last = max(last, b.Revision)
			if name == "" || b.Name == name {
				all = insert(all, b, v)
			}
		}
	}
	if len(warnings) == len(vaults) {
		return nil, 0, nil, fmt.Errorf("no store can be reached: %s", strings.Join(warnings, "; "))
	}
	if found = inOrder(all); found == nil {
		for _, c := range all {
			warnings = append(warnings, c.flaws...)
		}
		return nil, 0, nil, none(vaults[0].Cluster, name, warnings)
	}
	return found, last, warnings, nil
}

func insert(all []candidate, b Backup, v Vault) []candidate {
	i := slices.IndexFunc(all, func(c candidate) bool { return c.Name == b.Name })
	if i < 0 {
		i, all = len(all), append(all, candidate{Backup: named(b.Name)})
	}
	all[i].add(b, v)
	return all
}

// named is what the name of a backup tells of it, as newName made it. Of another name it is nothing.
func named(name string) Backup {
	var b Backup
	b.Name = name
	if taken, rest, ok := strings.Cut(name, "-r"); ok {
		b.Taken, _ = time.Parse(nameTime, taken)
		_, _ = fmt.Sscanf(rest, "%d-", &b.Revision)
	}
	return b
}

func (c *candidate) add(b Backup, v Vault) {
	if b.signed() {
		c.Backup = b
	}
	if b.Bad == "" {
		c.vaults = append(c.vaults, v)
		return
	}
	c.flaws = append(c.flaws, fmt.Sprintf("%s: backup %s of %s is not good: %s", v.Store, b.Name, v.Cluster, b.Bad))
	_, marked := b.object(v.path(b.Name, quarantineFile)) // which nobody puts beside one that was never finished
	c.kept = c.kept || marked || !b.Interrupted
}

// signed tells whether a manifest of ours tells of it.
func (b Backup) signed() bool { return b.Cluster != "" }

// inOrder gives nothing if none is good.
func inOrder(all []candidate) (found []candidate) {
	for _, c := range all {
		if c.good() {
			found = append(found, c)
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return newest(a.Backup, b.Backup) })
	for _, c := range all {
		if i := slices.IndexFunc(found, c.before); !c.good() && i >= 0 {
			found = slices.Insert(found, i, c)
		}
	}
	return found
}

func (c candidate) good() bool { return len(c.vaults) > 0 }

// before tells whether it may have what a good one lacks.
func (c candidate) before(good candidate) bool {
	switch {
	case !good.good():
		return false
	case c.Quarantine != "": // the revisions of another cluster tell nothing
		return c.Taken.After(good.Taken)
	case c.signed():
		return newest(c.Backup, good.Backup) < 0
	}
	return c.Revision > good.Revision || c.Taken.After(good.Taken) // the name tells no generation, so either may
}

// passable tells that it may be passed over with a warning alone: it was never to be restored, or nothing tells that it was ever finished.
func (c candidate) passable() bool { return !c.good() && (c.Quarantine != "" || !c.kept) }

// doubt is what cannot be told of one that is passed over.
func (c candidate) doubt() string {
	if c.Quarantine != "" {
		return ""
	}
	return ", unless its manifest was deleted since: if the store has that in an earlier version, get it back first"
}

func firstGoodOf(found []candidate) *candidate {
	if i := slices.IndexFunc(found, candidate.good); i >= 0 {
		return &found[i]
	}
	return nil
}

// passed tells of the backups that may be newer than the newest good one and are not good, but for those that were never finished.
func (v Vault) passed(backups []Backup) (flaws []string) {
	var all []candidate
	for _, b := range backups {
		all = insert(all, b, v)
	}
	for _, c := range inOrder(all) {
		if c.good() {
			break
		}
		if c.kept || c.Quarantine != "" {
			flaws = append(flaws, c.flaws...)
		}
	}
	return flaws
}

func none(cluster, name string, why []string) error {
	text := "there is no good backup of " + cluster
	if name != "" {
		text = fmt.Sprintf("there is no good backup %s of %s", name, cluster)
	}
	if len(why) > 0 {
		text += ": " + strings.Join(why, "; ")
	}
	return errors.New(text + "; state listed tells what there is")
}
