package metalstackcloud

import (
	"fmt"
	"slices"
	"strings"
)

// fresh is a new cluster as it is wanted, and what of it is not offered.
func (w Want) fresh(offers Offers) (s spec, problems []string) {
	offer, partition, problem := offers.in(w.Partition)
	if problem != "" {
		return s, []string{problem}
	}
	s.partition = partition
	s.version, problem = offer.version(w.Version)
	problems = append(problems, problem)
	workers := w.Workers
	if len(workers) == 0 {
		workers = []WantWorker{{Name: firstGroup}}
	}
	for _, each := range workers {
		group, problem := offer.group(each)
		s.workers, problems = append(s.workers, group), append(problems, problem)
	}
	s.maintenance = w.Maintenance.withDefaults().over(maintenance{})
	return s, nonEmpty(problems)
}

// group is a new group of workers.
func (a asset) group(w WantWorker) (Worker, string) {
	defaults := Worker{MinSize: a.Region.Defaults.WorkerMin, MaxSize: a.Region.Defaults.WorkerMax, MaxSurge: defaultSurge}
	if w.MinSize != nil {
		defaults.MaxSize = max(defaults.MaxSize, *w.MinSize)
	}
	if w.MaxSize != nil {
		defaults.MinSize = min(defaults.MinSize, *w.MaxSize)
	}
	return a.fill(w.over(defaults))
}

// changed is what becomes of a cluster, what of that cannot be, and what is not offered.
func (w Want) changed(was spec, offers Offers) (s spec, refused, problems []string) {
	s = was
	if w.Partition != "" && w.Partition != was.partition {
		refused = append(refused, fmt.Sprintf("partition from %s to %s (it is fixed)", was.partition, w.Partition))
	}
	offer, _, _ := offers.in(was.partition)
	has, want := parseVersion(was.version), parseVersion(w.Version)
	if w.Version != "" && !has.satisfies(want) {
		if why := has.upgradeProblem(want); why != "" {
			refused = append(refused, fmt.Sprintf("kubernetes_version from %s to %s (%s)", was.version, w.Version, why))
		} else {
			var problem string
			s.version, problem = offer.version(w.Version)
			problems = append(problems, problem)
		}
	}
	var unnamed, lacking []string
	s.workers, unnamed, lacking = w.groups(was.workers, offer)
	if len(unnamed) > 0 {
		refused = append(refused, fmt.Sprintf("workers without %s (name what may go in remove_workers)", strings.Join(unnamed, ", ")))
	}
	if len(s.workers) == 0 {
		refused = append(refused, "workers to none (a cluster has at least one group)")
	}
	s.maintenance = w.Maintenance.over(was.maintenance)
	return s, refused, nonEmpty(append(problems, lacking...))
}

// groups are the groups of workers as they are to be, which groups would go without having been named, and what is not offered.
func (w Want) groups(was []Worker, offer asset) (groups []Worker, unnamed, problems []string) {
	for _, has := range was {
		i := slices.IndexFunc(w.Workers, func(each WantWorker) bool { return each.Name == has.Name })
		switch {
		case i >= 0:
			group := w.Workers[i].over(has)
			if group.MachineType != has.MachineType {
				_, problem := offer.fill(group)
				problems = append(problems, problem)
			}
			groups = append(groups, group)
		case slices.Contains(w.Remove, has.Name):
		default:
			groups = append(groups, has)
			if w.Workers != nil {
				unnamed = append(unnamed, has.Name)
			}
		}
	}
	for _, each := range w.Workers {
		if !slices.ContainsFunc(was, func(has Worker) bool { return has.Name == each.Name }) {
			group, problem := offer.group(each)
			groups, problems = append(groups, group), append(problems, problem)
		}
	}
	return groups, unnamed, problems
}

// differences are the changes from one spec to the next, each a few words.
func (s spec) differences(to spec) []string {
	var all []string
	differ := func(what string, from, to any) {
		if from != to {
			all = append(all, fmt.Sprintf("%s from %v to %v", what, from, to))
		}
	}
	differ("kubernetes_version", s.version, to.version)
	for _, was := range s.workers {
		i := slices.IndexFunc(to.workers, func(w Worker) bool { return w.Name == was.Name })
		if i < 0 {
			all = append(all, fmt.Sprintf("remove workers %s with its machines", was.Name))
			continue
		}
		is, of := to.workers[i], " of workers "+was.Name
		differ("min_size"+of, was.MinSize, is.MinSize)
		differ("max_size"+of, was.MaxSize, is.MaxSize)
		differ("max_surge"+of, was.MaxSurge, is.MaxSurge)
		differ("max_unavailable"+of, was.MaxUnavailable, is.MaxUnavailable)
		if was.MachineType != is.MachineType {
			differ("machine_type"+of, was.MachineType, is.MachineType+", which replaces its machines")
		}
	}
	for _, is := range to.workers {
		if !slices.ContainsFunc(s.workers, func(w Worker) bool { return w.Name == is.Name }) {
			all = append(all, fmt.Sprintf("add workers %s, %d to %d %s", is.Name, is.MinSize, is.MaxSize, is.MachineType))
		}
	}
	was, is := s.maintenance.described(), to.maintenance.described()
	for _, key := range []string{"begin", "time_zone", "duration", "kubernetes_autoupdate", "machineimage_autoupdate"} {
		differ("maintenance "+key, orNone(was[key]), orNone(is[key]))
	}
	return all
}

func orNone(value any) any {
	if value == nil {
		return "none"
	}
	return value
}

func nonEmpty(texts []string) []string {
	return slices.DeleteFunc(texts, func(text string) bool { return text == "" })
}
