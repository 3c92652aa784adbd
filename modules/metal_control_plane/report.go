package main

import (
	"regexp"
	"slices"

	"github.com/metal-stack/initial-cluster/internal/cluster"
	"github.com/metal-stack/initial-cluster/internal/controlplane"
)

func reports(plan *controlplane.Plan) []any {
	var all []any
	for _, r := range plan.Reports() {
		one := map[string]any{
			"name": r.Name, "release": r.Release, "namespace": r.Namespace, "action": string(r.Action), "recovered": r.Recovered,
			"revision": r.Revision, "chart": r.Chart, "version": r.Version, "digest": r.Digest, "images": r.Images,
		}
		if len(r.Reasons) > 0 {
			one["reasons"] = reasons(r.Reasons)
		}
		all = append(all, one)
	}
	return all
}

func reasons(found []cluster.Reason) []any {
	var all []any
	for _, r := range found {
		all = append(all, map[string]any{"object": r.Object, "pod": r.Pod, "container": r.Container, "state": r.State, "events": r.Events, "log": r.Log})
	}
	return all
}

// minHidden is from how many characters on a secret is searched for in the output: shorter ones are words of the output itself.
const minHidden = 8

// ordinary are values of Secrets that are no secrets: names of users, databases, hosts and ports. Hiding them would hide half the output.
var ordinary = regexp.MustCompile(`^[a-z0-9]+([-._:/][a-z0-9]+)*$`)

// worthHiding leaves out what is no secret by its looks. A password in O(secret_values) is hidden whatever it looks like.
func worthHiding(secrets []string) []string {
	return slices.DeleteFunc(secrets, func(s string) bool { return len(s) < minHidden || len(s) < 2*minHidden && ordinary.MatchString(s) })
}

// allImages are those of all components, each once.
func allImages(plan *controlplane.Plan) []string {
	all := []string{}
	for _, r := range plan.Reports() {
		all = append(all, r.Images...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
