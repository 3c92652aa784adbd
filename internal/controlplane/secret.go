package controlplane

import (
	"encoding/base64"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func decode(text string) (string, error) {
	content, err := base64.StdEncoding.DecodeString(text)
	return string(content), err
}

// masked gives copies of an object before and after a change in which secrets cannot be read, only whether they differ. Either may be
// nil.
func masked(before, after *unstructured.Unstructured) (b, a *unstructured.Unstructured) {
	if before != nil {
		b = before.DeepCopy()
	}
	if after != nil {
		a = after.DeepCopy()
	}
	for _, part := range []string{"data", "stringData"} {
		mask(entries(b, part), entries(a, part))
	}
	return b, a
}

func entries(o *unstructured.Unstructured, part string) map[string]any {
	if o == nil || o.GetKind() != "Secret" {
		return nil
	}
	found, _ := o.Object[part].(map[string]any)
	return found
}

func mask(before, after map[string]any) {
	for key, value := range after {
		if old, ok := before[key]; ok && old != value {
			before[key], after[key] = "(secret before)", "(secret after)"
			continue
		} else if ok {
			before[key] = "(secret)"
		}
		after[key] = "(secret)"
	}
	for key := range before {
		if _, ok := after[key]; !ok {
			before[key] = "(secret)"
		}
	}
}
