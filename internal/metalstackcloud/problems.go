package metalstackcloud

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

// The limits of api.v1's fields.
const (
	minGroupName   = 2
	maxGroupName   = 128
	mostMinSize    = 32
	mostSize       = 64
	shortestWindow = time.Hour
	longestWindow  = 4 * time.Hour // itself excluded
)

var nameForm = regexp.MustCompile(`^[a-z]([a-z0-9-]*[a-z0-9])?$`)

// Problems are what is wrong with the wanted cluster whatever is there, under the names of the module's options.
func (w Want) Problems() []string {
	var problems []string
	if !nameForm.MatchString(w.Name) || len(w.Name) < 2 || len(w.Name) > 12 {
		problems = append(problems, fmt.Sprintf("name: %q is no name of a cluster; it has 2 to 12 of a-z, 0-9 and -, and begins with a letter", w.Name))
	}
	if w.Version != "" {
		if problem := VersionProblem(w.Version); problem != "" {
			problems = append(problems, "kubernetes_version: "+problem)
		}
	}
	names := map[string]bool{}
	for _, each := range w.Workers {
		problems = append(problems, each.problems()...)
		if names[each.Name] {
			problems = append(problems, fmt.Sprintf("workers: %s is there twice", each.Name))
		}
		names[each.Name] = true
		if slices.Contains(w.Remove, each.Name) {
			problems = append(problems, fmt.Sprintf("remove_workers: %s is in workers, too", each.Name))
		}
	}
	if w.Workers != nil && len(w.Workers) == 0 {
		problems = append(problems, "workers: at least one group is wanted")
	}
	return append(problems, w.Maintenance.problems()...)
}

func (w WantWorker) problems() []string {
	var problems []string
	add := func(format string, args ...any) {
		problems = append(problems, "workers: "+fmt.Sprintf(format, args...))
	}
	if len(w.Name) < minGroupName || len(w.Name) > maxGroupName || !nameForm.MatchString(w.Name) {
		add("%q is no name of a group; it has at least 2 of a-z, 0-9 and -, and begins with a letter", w.Name)
	}
	for _, size := range []struct {
		name string
		is   *int
		most int
	}{{"min_size", w.MinSize, mostMinSize}, {"max_size", w.MaxSize, mostSize}, {"max_surge", w.MaxSurge, mostSize}, {"max_unavailable", w.MaxUnavailable, mostSize}} {
		if size.is != nil && (*size.is < 0 || *size.is > size.most) {
			add("%s of %s is %d; 0 to %d is possible", size.name, w.Name, *size.is, size.most)
		}
	}
	if w.MinSize != nil && w.MaxSize != nil && *w.MinSize > *w.MaxSize {
		add("min_size of %s is %d, which is above its max_size %d", w.Name, *w.MinSize, *w.MaxSize)
	}
	if w.MaxSurge != nil && w.MaxUnavailable != nil && *w.MaxSurge == 0 && *w.MaxUnavailable == 0 {
		add("max_surge and max_unavailable of %s are both 0; then no machine could ever be replaced", w.Name)
	}
	return problems
}

func (m WantMaintenance) problems() []string {
	var problems []string
	if m.Duration != 0 && (m.Duration < shortestWindow || m.Duration >= longestWindow) {
		problems = append(problems, fmt.Sprintf("maintenance: duration is %s; it lasts at least 1 hour, and less than 4", m.Duration))
	}
	return problems
}
