package controlplane

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/metal-stack/initial-cluster/internal/cluster"
)

// Steps are what Apply would do, each a sentence; none if nothing is to be done.
func (p *Plan) Steps() []string {
	var steps []string
	for _, part := range p.parts {
		for _, step := range part.steps() {
			if !slices.Contains(steps, step) {
				steps = append(steps, step)
			}
		}
	}
	return steps
}

// Warnings are for people.
func (p *Plan) Warnings() []string {
	var warnings []string
	for _, part := range p.parts {
		warnings = append(warnings, part.warnings...)
		if len(part.missing) > 0 {
			warnings = append(warnings, fmt.Sprintf("%s: values of it stand in %s, which is not there yet; what becomes of them shows then", part.component.Name, strings.Join(part.missing, ", ")))
		}
	}
	return warnings
}

func (p *part) steps() []string {
	if p.action == None {
		return nil
	}
	var steps []string
	if p.namespace {
		steps = append(steps, "create namespace "+p.component.Namespace)
	}
	add := func(format string, args ...any) {
		steps = append(steps, p.component.Name+": "+fmt.Sprintf(format, args...))
	}
	for _, t := range p.staleCRDs() {
		add("apply %s", cluster.RefOf(t.object))
	}
	if p.recover != "" {
		add("recover release %s: %s", p.component.Release, p.recover)
	}
	for _, t := range p.trials {
		if t.recreate {
			add("delete %s and make it again", cluster.RefOf(t.object))
		}
	}
	return append(steps, p.component.Name+": "+p.main())
}

func (p *part) main() string {
	switch p.action {
	case Install:
		return fmt.Sprintf("install %s as release %s in namespace %s", p.is(), p.component.Release, p.component.Namespace)
	case Upgrade:
		return "upgrade " + p.difference()
	}
	return "correct " + list(p.driftTexts())
}

// is names the chart; of manifests, how many objects they are.
func (p *part) is() string {
	if p.component.Chart == nil {
		return fmt.Sprintf("%d manifests", len(p.want.objects))
	}
	return p.want.chart.Metadata.Name + " " + p.want.chart.Metadata.Version
}

func (p *part) difference() string {
	subject := p.is()
	if p.version != "" {
		subject = p.version + " to " + subject
	}
	var texts []string
	for _, c := range p.changes {
		texts = append(texts, c.verb()+" "+c.ref.String())
	}
	for _, t := range p.drifted() {
		if !slices.ContainsFunc(p.changes, func(c change) bool { return c.ref.Kind == t.object.GetKind() && c.ref.Name == t.object.GetName() }) {
			texts = append(texts, "correct "+t.text())
		}
	}
	if len(p.changes) == 0 && len(p.values) > 0 {
		texts = append(texts, "record the values "+strings.Join(p.values, ", "))
	}
	if len(texts) == 0 {
		return subject
	}
	return subject + ": " + list(texts)
}

func (p *part) driftTexts() []string {
	var texts []string
	for _, t := range p.drifted() {
		texts = append(texts, t.text())
	}
	if len(texts) == 0 {
		texts = append(texts, "the chart's definitions")
	}
	return texts
}

func (t *trial) text() string {
	if t.live == nil {
		return cluster.RefOf(t.object).String() + ", which is missing"
	}
	return cluster.RefOf(t.object).String()
}

// shownTexts keep a sentence readable; the difference shows all.
const shownTexts = 8

func list(texts []string) string {
	if len(texts) > shownTexts {
		texts = append(texts[:shownTexts:shownTexts], fmt.Sprintf("and %d more", len(texts)-shownTexts))
	}
	return strings.Join(texts, ", ")
}

// Diff shows the objects that would change, as YAML, with secrets masked.
func (p *Plan) Diff() (before, after any) {
	var b, a strings.Builder
	for _, part := range p.parts {
		for _, c := range part.shown() {
			was, is := masked(c.before, c.after)
			show(&b, part.component.Name, c.ref, was)
			show(&a, part.component.Name, c.ref, is)
		}
		if part.action == Upgrade {
			for _, path := range part.values {
				fmt.Fprintf(&b, "# %s: value %s\n", part.component.Name, path)
				fmt.Fprintf(&a, "# %s: value %s changed\n", part.component.Name, path)
			}
		}
	}
	return b.String(), a.String()
}

// shown are the changes of objects, and what somebody else has changed in them.
func (p *part) shown() []change {
	if p.action == None {
		return nil
	}
	var shown []change
	for _, t := range append(p.staleCRDs(), p.drifted()...) {
		shown = append(shown, change{cluster.RefOf(t.object), clean(t.live), clean(t.result())})
	}
	for _, c := range p.changes {
		if !slices.ContainsFunc(shown, func(s change) bool {
			return s.ref.Kind == c.ref.Kind && s.ref.Name == c.ref.Name && s.ref.Group == c.ref.Group
		}) {
			shown = append(shown, c)
		}
	}
	return shown
}

func (t *trial) result() *unstructured.Unstructured {
	if t.tried == nil || t.live == nil { // a new object is shown as it is written, without what the API server adds
		return t.object
	}
	return t.tried
}

func clean(o *unstructured.Unstructured) *unstructured.Unstructured {
	if o == nil {
		return nil
	}
	return &unstructured.Unstructured{Object: essence(o)}
}

func show(b *strings.Builder, component string, ref cluster.Ref, o *unstructured.Unstructured) {
	if o == nil {
		return
	}
	text, err := yaml.Marshal(o.Object)
	if err != nil {
		text = []byte(err.Error() + "\n")
	}
	fmt.Fprintf(b, "# %s: %s\n%s", component, ref, text)
}
