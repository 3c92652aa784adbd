package k3s

import (
	"maps"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/metal-stack/initial-cluster/internal/k3s/settings"
)

// Diff is the node as it is and as it is to be, by the paths of files. Of secrets it tells only whether they change.
func (p *Plan) Diff() (before, after any) {
	was, will := map[string]any{}, map[string]any{}
	if p.want.State == Absent || p.want.State == Stopped || p.want.State == Killed {
		return p.Describe(p.want), nil
	}
	was["k3s"], will["k3s"] = p.binary.version, p.target.version
	was["running"], will["running"] = p.state.Active, true
	for _, t := range p.texts {
		found, there := p.files[t.path]
		will[t.path] = shown(t.path, t.content, t.secret, false)
		if there {
			was[t.path] = shown(t.path, found.text, t.secret, found.text != t.content)
		}
	}
	for _, name := range p.removed {
		was[name] = "there"
	}
	maps.DeleteFunc(was, func(name string, value any) bool { return name != "k3s" && same(value, will[name]) })
	maps.DeleteFunc(will, func(name string, value any) bool { _, differs := was[name]; return !differs && p.unchanged(name) })
	return was, will
}

// unchanged tells that a file is there as it is to be.
func (p *Plan) unchanged(name string) bool {
	found, there := p.files[name]
	return there && slices.ContainsFunc(p.texts, func(t text) bool { return t.path == name && t.content == found.text }) || name == "running" && p.state.Active
}

func same(a, b any) bool {
	x, errX := yaml.Marshal(a)
	y, errY := yaml.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// shown is a file for people: of settings the values, of others the text.
func shown(path, content string, secret, changes bool) any {
	if secret || path == tokenFile || path == agentTokenFile {
		if changes {
			return "another secret"
		}
		return "a secret"
	}
	if path == settings.ConfigFile || path == settings.RegistriesFile || settings.IsDropIn(path) {
		var values any
		if yaml.Unmarshal([]byte(content), &values) == nil {
			return masked(values)
		}
		return "no YAML"
	}
	return content
}

// secretKeys are names of settings whose values are not shown.
var secretKeys = regexp.MustCompile(`(?i)(^|[-_])(token|password|passwd|secret|auth|endpoint|access-key|secret-key|vpn-auth|identity_?token)$`)

const hidden = "(hidden)"

func masked(value any) any {
	switch v := value.(type) {
	case map[string]any:
		all := map[string]any{}
		for name, inner := range v {
			if _, nested := inner.(map[string]any); secretKeys.MatchString(name) && !nested {
				all[name] = hidden
			} else {
				all[name] = masked(inner)
			}
		}
		return all
	case []any:
		list := make([]any, len(v))
		for i, inner := range v {
			list[i] = masked(inner)
		}
		return list
	}
	return value
}

// Secrets are values of settings that must not be shown, wherever they turn up.
func Secrets(value any) (found []string) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			if text, ok := inner.(string); ok && secretKeys.MatchString(name) {
				found = append(found, text)
			} else {
				found = append(found, Secrets(inner)...)
			}
		}
	case []any:
		for _, inner := range v {
			found = append(found, Secrets(inner)...)
		}
	}
	return found
}

// Secrets are those that were found on the node.
func (n *Node) Secrets() []string {
	return slices.DeleteFunc([]string{n.given, n.agent, n.bound, n.password}, func(secret string) bool { return secret == "" })
}
