package metalstackcloud

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Found is what is there of a wanted cluster.
type Found struct {
	cloud   *Cloud
	name    string
	cluster *cluster // nil if there is none
	offers  Offers   // only if something is to be asked for that must be offered
}

// Observe looks for the cluster by its name, which is no key of the API: two of one name are an error.
func (c *Cloud) Observe(ctx context.Context, want Want) (*Found, error) {
	found := &Found{cloud: c, name: want.Name}
	var err error
	if found.cluster, err = c.find(ctx, want.Name); err != nil {
		return nil, err
	}
	if found.needsOffers(want) {
		found.offers, err = c.offers(ctx)
	}
	return found, err
}

// find is the cluster of a name that lives, or else one that is being deleted, or nil.
func (c *Cloud) find(ctx context.Context, name string) (*cluster, error) {
	doing := "find cluster " + name
	var answer struct{ Clusters []*cluster }
	if err := c.call(ctx, request{doing: doing, method: "ClusterService/List", body: map[string]string{"project": c.project}, answer: &answer}); err != nil {
		return nil, err
	}
	named := slices.DeleteFunc(answer.Clusters, func(each *cluster) bool { return each.Name != name })
	living := slices.DeleteFunc(slices.Clone(named), (*cluster).deleting)
	switch {
	case len(living) == 1:
		return living[0], nil
	case len(living) > 1:
		return nil, fmt.Errorf("%s: project %s has %d of that name, %s; delete in the console those that are too many",
			doing, c.project, len(living), strings.Join(ids(living), ", "))
	case len(named) > 0:
		return named[0], nil
	}
	return nil, nil
}

func ids(clusters []*cluster) []string {
	all := make([]string, len(clusters))
	for i, c := range clusters {
		all[i] = c.UUID
	}
	slices.Sort(all)
	return all
}

func (f *Found) needsOffers(want Want) bool {
	if want.Absent {
		return false
	}
	if !f.lives() {
		return true
	}
	if want.Version != "" && !parseVersion(f.cluster.Kubernetes.Version).satisfies(parseVersion(want.Version)) {
		return true
	}
	return slices.ContainsFunc(want.Workers, func(w WantWorker) bool {
		i := slices.IndexFunc(f.cluster.Workers, func(has Worker) bool { return has.Name == w.Name })
		return i < 0 || w.MachineType != "" && f.cluster.Workers[i].MachineType != w.MachineType
	})
}

// lives tells that there is a cluster that is not being deleted.
func (f *Found) lives() bool { return f.cluster != nil && !f.cluster.deleting() }

// ID is the cluster's identifier, empty if there is no living one.
func (f *Found) ID() string {
	if !f.lives() {
		return ""
	}
	return f.cluster.UUID
}

// Describe is the cluster for people and playbooks, under the names of the module's options; nil if there is none.
func (f *Found) Describe() map[string]any {
	if !f.lives() {
		return nil
	}
	told := specOf(f.cluster).described()
	told["id"], told["name"], told["project"] = f.cluster.UUID, f.cluster.Name, f.cluster.Project
	told["status"] = f.cluster.Status.String()
	return told
}
