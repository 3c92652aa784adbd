package controlplane

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	release "helm.sh/helm/v4/pkg/release/v1"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/metal-stack/initial-cluster/internal/cluster"
)

type objects []*unstructured.Unstructured

// parse reads the YAML documents of a manifest. Lists become their items.
func parse(manifest string) (objects, error) {
	documents := releaseutil.SplitManifests(manifest)
	keys := slices.Collect(maps.Keys(documents))
	slices.SortFunc(keys, func(a, b string) int {
		if (releaseutil.BySplitManifestsOrder{a, b}).Less(0, 1) {
			return -1
		}
		return 1
	})
	var all objects
	for _, key := range keys {
		found, err := parseDocument(documents[key])
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func parseDocument(document string) (objects, error) {
	content, err := yaml.YAMLToJSON([]byte(document))
	if err != nil {
		return nil, fmt.Errorf("%s: is no YAML: %w", source(document), err)
	}
	if string(content) == "null" {
		return nil, nil
	}
	var o unstructured.Unstructured
	if err := o.UnmarshalJSON(content); err != nil {
		return nil, fmt.Errorf("%s: is no object of Kubernetes: %w", source(document), err)
	}
	if !o.IsList() {
		return objects{&o}, nil
	}
	var all objects
	err = o.EachListItem(func(item runtime.Object) error {
		all = append(all, item.(*unstructured.Unstructured))
		return nil
	})
	return all, err
}

// source is the template a document came from, as Helm writes it above each.
func source(document string) string {
	for line := range strings.Lines(document) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "# Source: "); ok {
			return name
		}
	}
	return "manifest"
}

// byRef finds objects by what they are; objects of the release's namespace may name it or not.
func (all objects) byRef(namespace string) map[cluster.Ref]*unstructured.Unstructured {
	found := map[cluster.Ref]*unstructured.Unstructured{}
	for _, o := range all {
		ref := cluster.RefOf(o)
		if ref.Namespace == namespace {
			ref.Namespace = ""
		}
		found[ref] = o
	}
	return found
}

// hookManifest is all hooks as one manifest, to be compared.
func hookManifest(hooks []*release.Hook) string {
	var b strings.Builder
	for _, h := range hooks {
		b.WriteString("---\n" + h.Manifest + "\n")
	}
	return b.String()
}

// secrets are the values of the Secrets among the objects, decoded: they may be in no output.
func (all objects) secrets() []string {
	var found []string
	for _, o := range all {
		if o.GetKind() != "Secret" {
			continue
		}
		plain, _, _ := unstructured.NestedStringMap(o.Object, "stringData")
		found = append(found, slices.Collect(maps.Values(plain))...)
		encoded, _, _ := unstructured.NestedStringMap(o.Object, "data")
		for _, value := range encoded {
			found = append(found, value)
			if decoded, err := decode(value); err == nil {
				found = append(found, decoded)
			}
		}
	}
	return found
}

// badSecrets are the entries of Secrets that YAML took for a number or a truth: a chart that does not quote made them of a value that is
// all digits, say.
func (all objects) badSecrets(values map[string]any) error {
	for _, o := range all {
		entries, _ := o.Object["stringData"].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			if _, ok := entries[key].(string); ok || entries[key] == nil || o.GetKind() != "Secret" {
				continue
			}
			return fmt.Errorf("%s: %s is no text, as the chart does not quote it; %s", cluster.RefOf(o), key, origin(values, entries[key]))
		}
	}
	return nil
}

func origin(values map[string]any, secret any) string {
	where := ""
	walk("", values, func(path string, value any) {
		if fmt.Sprint(value) == fmt.Sprint(secret) {
			where = path
		}
	})
	if where == "" {
		return "choose a secret with a letter in it"
	}
	return fmt.Sprintf("choose for the value %s one with a letter in it", where)
}
