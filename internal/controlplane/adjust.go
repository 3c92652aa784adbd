package controlplane

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"

	"helm.sh/helm/v4/pkg/postrenderer"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// adjust makes of what a chart has rendered what is applied, and tells whether that is something else.
func (c *Component) adjust(all objects) (adjusted bool) {
	adjusted = all.withoutScaled()
	for _, o := range all {
		adjusted = c.stamp(o) || adjusted
	}
	return adjusted
}

// withoutScaled takes the number of replicas out of workloads that a HorizontalPodAutoscaler among the objects scales: charts render both,
// and the two would fight.
func (all objects) withoutScaled() (adjusted bool) {
	for _, o := range all {
		if o.GetKind() != "HorizontalPodAutoscaler" {
			continue
		}
		adjusted = true
		kind, _, _ := unstructured.NestedString(o.Object, "spec", "scaleTargetRef", "kind")
		name, _, _ := unstructured.NestedString(o.Object, "spec", "scaleTargetRef", "name")
		for _, target := range all {
			if target.GetKind() == kind && target.GetName() == name {
				unstructured.RemoveNestedField(target.Object, "spec", "replicas")
			}
		}
	}
	return adjusted
}

// checksumAnnotation on pods is of the Secrets they read that are not their release's own.
const checksumAnnotation = "initial-cluster.metal-stack.io/secrets"

// restarted are the kinds whose pods are replaced when their template changes.
var restarted = []string{"Deployment", "StatefulSet", "DaemonSet"}

func (c *Component) stamp(o *unstructured.Unstructured) (adjusted bool) {
	if !slices.Contains(restarted, o.GetKind()) {
		return false
	}
	pod, found, _ := unstructured.NestedMap(o.Object, "spec", "template", "spec")
	if !found {
		return false
	}
	read := map[string]bool{}
	secretsOf(pod, read)
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(read)) {
		if checksum := c.Checksums[name]; checksum != "" {
			sum.Write([]byte(name + " " + checksum + "\n"))
			adjusted = true
		}
	}
	if adjusted {
		text := hex.EncodeToString(sum.Sum(nil)[:16])
		adjusted = unstructured.SetNestedField(o.Object, text, "spec", "template", "metadata", "annotations", checksumAnnotation) == nil
	}
	return adjusted
}

// secretsOf finds the names of the Secrets that a pod reads, as volumes and as variables.
func secretsOf(value any, read map[string]bool) {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			secretsOf(element, read)
		}
	case map[string]any:
		for key, element := range v {
			name, named := element.(string)
			if below, ok := element.(map[string]any); ok && slices.Contains([]string{"secret", "secretRef", "secretKeyRef"}, key) {
				name, named = below["name"].(string)
			} else if key != "secretName" {
				named = false
			}
			read[name] = read[name] || named
			secretsOf(element, read)
		}
	}
}

// postRenderer adjusts what Helm renders. It is nil if nothing is to be adjusted: Helm rewrites every manifest for one.
func (p *part) postRenderer() postrenderer.PostRenderer {
	if !p.want.adjusted {
		return nil
	}
	return adjusting{&p.component}
}

type adjusting struct{ component *Component }

func (a adjusting) Run(in *bytes.Buffer) (*bytes.Buffer, error) {
	all, err := parse(in.String())
	if err != nil {
		return nil, err
	}
	a.component.adjust(all)
	out := &bytes.Buffer{}
	for _, o := range all {
		text, err := yaml.Marshal(o.Object)
		if err != nil {
			return nil, err
		}
		out.WriteString("---\n" + string(text))
	}
	return out, nil
}
