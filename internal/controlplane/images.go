package controlplane

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// images are those of the pods that the component's objects and hooks make, each once.
func (r *rendered) images() []string {
	found := map[string]bool{}
	for _, o := range slices.Concat(r.objects, r.hookSet) {
		for _, image := range imagesOf(o) {
			found[image] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func imagesOf(o *unstructured.Unstructured) []string {
	var images []string
	pod := podOf(o)
	for _, kind := range []string{"initContainers", "containers"} {
		containers, _ := pod[kind].([]any)
		for _, one := range containers {
			container, _ := one.(map[string]any)
			if image, ok := container["image"].(string); ok {
				images = append(images, image)
			}
		}
	}
	return images
}
