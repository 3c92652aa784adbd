package controlplane

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Merge puts layers of values over each other, the later over the earlier: mappings are merged, everything else is replaced. A null
// stays: it takes a chart's default away.
func Merge(layers ...map[string]any) map[string]any {
	merged := map[string]any{}
	for _, layer := range layers {
		for key, value := range layer {
			below, isMap := merged[key].(map[string]any)
			if over, both := value.(map[string]any); isMap && both {
				value = Merge(below, over)
			}
			merged[key] = value
		}
	}
	return merged
}

// Set puts a value at a path with dots, as image.tag; an empty text is left out.
func Set(values map[string]any, path string, value any) {
	if value == "" {
		return
	}
	key, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		values[key] = value
		return
	}
	below, ok := values[key].(map[string]any)
	if !ok {
		below = map[string]any{}
		values[key] = below
	}
	Set(below, rest, value)
}

// placeholders are values that metal-stack's roles have for secrets nobody set: everybody knows them.
var placeholders = []string{"change-me", "changeme", "x123456789012345678901234567891y", "MasterkeyNeedsToHave32Characters", "Password1!"}

// Placeholder tells that a text is such a value.
func Placeholder(text string) bool { return slices.Contains(placeholders, text) }

// Placeholders are the paths of values that are such.
func Placeholders(values map[string]any) []string {
	var found []string
	walk("", values, func(path string, value any) {
		if text, ok := value.(string); ok && Placeholder(text) {
			found = append(found, path)
		}
	})
	return found
}

// walk visits the leaves, in the order of their paths.
func walk(path string, value any, visit func(path string, value any)) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			walk(join(path, key), v[key], visit)
		}
	case []any:
		for i, element := range v {
			walk(fmt.Sprintf("%s[%d]", path, i), element, visit)
		}
	default:
		visit(path, value)
	}
}

func join(path, key string) string { return strings.TrimPrefix(path+"."+key, ".") }

// changedValues are the paths at which values differ, without what they are: they may be secret.
func changedValues(before, after map[string]any) []string {
	leaves := func(values map[string]any) map[string]string {
		all := map[string]string{}
		walk("", values, func(path string, value any) { all[path] = fmt.Sprint(value) })
		return all
	}
	old, now := leaves(before), leaves(after)
	var changed []string
	for path, value := range now {
		if was, ok := old[path]; !ok || was != value {
			changed = append(changed, path)
		}
	}
	for path := range old {
		if _, ok := now[path]; !ok {
			changed = append(changed, path)
		}
	}
	slices.Sort(changed)
	return changed
}
