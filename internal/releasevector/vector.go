// Package releasevector reads metal-stack's release vectors: which versions of its parts belong together. A vector is YAML, in an artifact of
// an OCI registry or in a file. What a part is used for, its callers know.
package releasevector

import (
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
)

// Vector is one release of metal-stack, or several put over each other.
type Vector struct {
	layers []layer
}

type layer struct {
	origin  string // as it reads: oci://ghcr.io/metal-stack/releases:v0.23.0
	digest  string // sha256:..., empty for a file
	content map[string]any
}

// Parse reads a vector's YAML. The origin is how errors and results name it.
func Parse(origin, digest string, text []byte) (*Vector, error) {
	var content map[string]any
	if err := yaml.Unmarshal(text, &content); err != nil {
		return nil, fmt.Errorf("release vector %s: is no mapping in YAML: %w", origin, err)
	}
	if content["docker-images"] == nil && content["helm-charts"] == nil && content["binaries"] == nil {
		return nil, fmt.Errorf("release vector %s: has neither docker-images nor helm-charts nor binaries; it is something else", origin)
	}
	return &Vector{layers: []layer{{origin, digest, content}}}, nil
}

// Join puts vectors together: what is in several is taken from the first, as metal-stack's own roles do.
func Join(vectors ...*Vector) *Vector {
	joined := &Vector{}
	for _, v := range vectors {
		joined.layers = append(joined.layers, v.layers...)
	}
	return joined
}

// Find gives the text at a path with dots, as docker-images.metal-stack.control-plane.metal-api.tag; empty if there is none. A nil vector
// has nothing.
func (v *Vector) Find(path string) string {
	if v == nil {
		return ""
	}
	for _, l := range v.layers {
		if found := find(l.content, strings.Split(path, ".")); found != "" {
			return found
		}
	}
	return ""
}

func find(content map[string]any, path []string) string {
	value, here := content[path[0]]
	if !here || value == nil {
		return ""
	}
	if below, ok := value.(map[string]any); ok && len(path) > 1 {
		return find(below, path[1:])
	}
	if _, ok := value.(map[string]any); ok || len(path) > 1 {
		return ""
	}
	return fmt.Sprint(value)
}

// Origins are where the layers came from, each with its digest if it has one.
func (v *Vector) Origins() []string {
	if v == nil {
		return nil
	}
	var all []string
	for _, l := range v.layers {
		name := l.origin
		if l.digest != "" {
			name, _, _ = strings.Cut(name, "@")
			name += "@" + l.digest
		}
		all = append(all, name)
	}
	return all
}

func (v *Vector) String() string { return strings.Join(v.Origins(), ", ") }
