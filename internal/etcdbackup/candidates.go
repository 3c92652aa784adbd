package etcdbackup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// candidate is a good backup, and the vaults that have it.
type candidate struct {
	Backup
	vaults []Vault
}

// candidates are the good backups of all vaults, the newest first, or the named one alone. A vault that cannot be listed is left out with a
// warning, as the site that is lost may be that of a store; without any there is an error. The last is the highest revision that any backup has.
func candidates(ctx context.Context, vaults []Vault, name string) (found []candidate, last int64, warnings []string, err error) {
	var bad []string
	for _, v := range vaults {
		backups, err := v.List(ctx)
		if err != nil {
			warnings = append(warnings, fmt.Sprintf("a newer backup may lie in a store that cannot be listed: %v", err))
			continue
		}
		for _, b := range backups {
			last = max(last, b.Revision)
			switch {
			case name != "" && b.Name != name:
			case b.Bad == "":
				found = insert(found, b, v)
			case !b.Interrupted:
				bad = append(bad, fmt.Sprintf("%s: backup %s is not good: %s", v.Store, b.Name, b.Bad))
			}
		}
	}
	if len(warnings) == len(vaults) {
		return nil, 0, nil, fmt.Errorf("no store can be reached: %s", strings.Join(warnings, "; "))
	}
	if len(found) == 0 {
		return nil, 0, nil, none(vaults[0].Cluster, name, append(warnings, bad...))
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return newest(a.Backup, b.Backup) })
	return found, last, warnings, nil
}

func insert(found []candidate, b Backup, v Vault) []candidate {
	for i := range found {
		if found[i].Name == b.Name {
			found[i].vaults = append(found[i].vaults, v)
			return found
		}
	}
	return append(found, candidate{b, []Vault{v}})
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
