package controlplane

import (
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/metal-stack/initial-cluster/internal/cluster"
)

// change is an object that is different in what is and what should be. Before or after is nil if it is not there.
type change struct {
	ref           cluster.Ref
	before, after *unstructured.Unstructured
}

func (c change) verb() string {
	switch {
	case c.before == nil:
		return "add"
	case c.after == nil && c.ref.Kind == "PersistentVolumeClaim":
		return "leave alone"
	case c.after == nil:
		return "remove"
	}
	return "change"
}

// differences compares two sets of objects; leaves that are ignored count as equal.
func differences(before, after objects, namespace string, ignored map[string]bool) []change {
	old, now := before.byRef(namespace), after.byRef(namespace)
	refs := map[cluster.Ref]bool{}
	for ref := range old {
		refs[ref] = true
	}
	for ref := range now {
		refs[ref] = true
	}
	var found []change
	for _, ref := range slices.SortedFunc(maps.Keys(refs), compareRefs) {
		c := change{ref, old[ref], now[ref]}
		if c.before == nil || c.after == nil || !alike(c, ignored) {
			found = append(found, c)
		}
	}
	return found
}

func alike(c change, ignored map[string]bool) bool {
	if reflect.DeepEqual(c.before.Object, c.after.Object) {
		return true
	}
	return !slices.ContainsFunc(changedValues(c.before.Object, c.after.Object), func(path string) bool { return !ignored[c.ref.String()+" "+path] })
}

func compareRefs(a, b cluster.Ref) int {
	return strings.Compare(a.Kind+" "+a.Name+" "+a.Namespace+" "+a.Group, b.Kind+" "+b.Name+" "+b.Namespace+" "+b.Group)
}

func keys(m map[string]bool) iter.Seq[string] { return maps.Keys(m) }
