package metalstackcloud

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// asset is what a region offers (api.v1.Asset).
type asset struct {
	Region struct {
		ID         string
		Active     bool
		Partitions map[string]struct{ Active bool }
		Defaults   struct {
			MachineType       string
			KubernetesVersion string
			WorkerMin         int
			WorkerMax         int
			Partition         string
		}
	}
	MachineTypes map[string]any
	Kubernetes   []struct {
		Version    string
		Expiration time.Time
	}
}

// Offers are what metalstack.cloud offers now.
type Offers []asset

func (c *Cloud) offers(ctx context.Context) (Offers, error) {
	var answer struct{ Assets []asset }
	if err := c.call(ctx, request{doing: "ask what metalstack.cloud offers", method: "AssetService/List", answer: &answer}); err != nil {
		return nil, err
	}
	return answer.Assets, nil
}

// in is the offer of a partition's region; without a partition it is that of the only region, and its default partition.
func (o Offers) in(partition string) (offer asset, name, problem string) {
	var all []string
	defaults := map[string]asset{}
	for _, a := range o {
		for id, p := range a.Region.Partitions {
			if !a.Region.Active || !p.Active {
				continue
			}
			all = append(all, id)
			if id == partition {
				return a, id, ""
			}
			if id == a.Region.Defaults.Partition {
				defaults[id] = a
			}
		}
	}
	if partition == "" && len(defaults) == 1 {
		for id, a := range defaults {
			return a, id, ""
		}
	}
	problem = fmt.Sprintf("partition: %s is not offered; %s", partition, choice(all))
	if partition == "" {
		problem = "partition: there is no single default; " + choice(all)
	}
	return asset{}, partition, problem
}

// version is the one to ask for: the default, the newest of a minor, or the given one.
func (a asset) version(text string) (string, string) {
	if text == "" {
		text = a.Region.Defaults.KubernetesVersion
	}
	want := parseVersion(text)
	best, all := version{}, []string{}
	for _, k := range a.Kubernetes {
		if !k.Expiration.IsZero() && k.Expiration.Before(time.Now()) {
			continue
		}
		all = append(all, k.Version)
		offered := parseVersion(k.Version)
		fits := offered == want || want.isMinor() && offered.minor() == want
		if fits && offered.compare(best) > 0 {
			best = offered
		}
	}
	if best == (version{}) {
		return text, fmt.Sprintf("kubernetes_version: %s is not offered; %s", text, choice(all))
	}
	return best.String(), ""
}

// fill gives a new group of workers what it lacks.
func (a asset) fill(w Worker) (Worker, string) {
	if w.MachineType == "" {
		w.MachineType = a.Region.Defaults.MachineType
	}
	if _, ok := a.MachineTypes[w.MachineType]; !ok {
		return w, fmt.Sprintf("workers: machine type %s of %s is not offered; %s", w.MachineType, w.Name, choice(slices.Collect(maps.Keys(a.MachineTypes))))
	}
	return w, ""
}

func choice(all []string) string {
	if len(all) == 0 {
		return "nothing is offered there now"
	}
	slices.Sort(all)
	return "choose of " + strings.Join(slices.Compact(all), ", ")
}
