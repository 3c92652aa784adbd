package k3s

import (
	"fmt"
	"path"
	"reflect"
	"regexp"

	"go.yaml.in/yaml/v3"

	"github.com/metal-stack/initial-cluster/internal/k3s/settings"
)

// Diff is the node as it is and as it is to be, by the paths of files. Of secrets it tells only whether they change.
func (p *Plan) Diff() (before, after any) {
	if len(p.Steps()) == 0 {
		return nil, nil
	}
	if p.want.State == Absent {
		return p.Describe(p.want), nil
	}
	was, will := map[string]any{"k3s": p.binary.version}, map[string]any{"k3s": p.target.version}
	if runs := p.runs(); runs != p.ran {
		was["running"], will["running"] = p.ran, runs
	}
	if p.sweeps {
		was["pods"] = "with mounts and network"
	}
	for _, t := range p.texts {
		p.compare(t, was, will)
	}
	for _, name := range p.removed {
		was[name] = "there"
	}
	return was, will
}

// runs tells whether k3s is to run in the end.
func (p *Plan) runs() bool {
	switch p.want.State {
	case Stopped, Killed:
		return false
	case Installed:
		return p.ran
	}
	return true
}

// compare puts a file that changes beside what is there.
func (p *Plan) compare(t text, was, will map[string]any) {
	found, there := p.files[t.path]
	switch {
	case !there:
		will[t.path] = p.shown(t, t.content, t.content)
	case found.text != t.content:
		was[t.path], will[t.path] = p.shown(t, found.text, found.text), p.shown(t, t.content, found.text)
		if reflect.DeepEqual(was[t.path], will[t.path]) {
			was[t.path] = "the same, written in another way"
		}
	case found.info.Mode.Perm() != t.mode:
		was[t.path], will[t.path] = fmt.Sprintf("mode %#o", found.info.Mode.Perm()), fmt.Sprintf("mode %#o", t.mode)
	}
}

// kindSecret is a manifest that is secret, whoever has written it.
var kindSecret = regexp.MustCompile(`(?m)\bkind["']?:\s*["']?Secret\b`)

// shown is a file for people, beside what it was before: of settings the values, of others the text.
func (p *Plan) shown(t text, content, before string) any {
	if t.secret || t.path == tokenFile || t.path == agentTokenFile || kindSecret.MatchString(content) {
		if content != before {
			return "another secret"
		}
		return "a secret"
	}
	if values, ok := p.values(t.path, content); ok {
		old, _ := p.values(t.path, before)
		return masked("", values, old)
	}
	if p.isUnit(t.path) {
		return p.hideIn(content)
	}
	return content
}

// values are what is in a file of settings or of the environment; ok is whether it is one.
func (n *Node) values(name, content string) (values any, ok bool) {
	switch {
	case n.isEnvironment(name):
		all := map[string]any{}
		for variable, value := range parseEnvironment(content) {
			all[variable] = value
		}
		return all, true
	case name == settings.ConfigFile || name == settings.RegistriesFile || path.Dir(name) == settings.DropIns:
		if yaml.Unmarshal([]byte(content), &values) != nil {
			values = "no YAML"
		}
		return values, true
	}
	return nil, false
}
