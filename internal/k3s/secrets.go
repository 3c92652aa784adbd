package k3s

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/k3s/service"
)

// secretWords end the names of settings, variables and arguments whose values are not shown.
const secretWords = `(?:token|pass|passwd|password|passphrase|pwd|secret|auth|credentials?|identitytoken|datastore[-_]endpoint|(?:access|secret|private|api|encryption)[-_]?key)`

var (
	secretName = regexp.MustCompile(`(?i)(?:^|[-_.])` + secretWords + `\+?$`)
	// secretArgument is a name with its value in the text of a service: --token=VALUE, '--token' 'VALUE', "K3S_TOKEN=VALUE".
	secretArgument = regexp.MustCompile(`(?i)([\s"'=_.-]` + secretWords + `["']?(?:=|(?:\s|\\\n)+)["']?)(?:\\.|[^\s"'\\])+`)
	urlPassword    = regexp.MustCompile(`://[^/?#\s:@]*:([^/?#\s]+)@`)
)

// In place of a secret, and of one that differs from that which was there before.
const hidden, hiddenOther = "(hidden)", "(hidden, another one)"

// spans are where secrets are in the text of a setting: all of it, what an argument is given, or passwords in URLs.
func spans(name, text string) (found [][2]int) {
	if secretName.MatchString(name) && text != "" {
		return [][2]int{{0, len(text)}}
	}
	if argument, value, given := strings.Cut(text, "="); strings.HasSuffix(strings.TrimSuffix(name, "+"), "-arg") && given && value != "" && secretName.MatchString(argument) {
		return [][2]int{{len(argument) + 1, len(text)}}
	}
	for _, at := range urlPassword.FindAllStringSubmatchIndex(text, -1) {
		found = append(found, [2]int{at[2], at[3]})
	}
	return found
}

// hide puts something else in place of the secrets of a text, and tells whether they differ from those that it had before.
func hide(name, text, before string) string {
	old := spans(name, before)
	for i, at := range slices.Backward(spans(name, text)) {
		word := hidden
		if i < len(old) && before[old[i][0]:old[i][1]] != text[at[0]:at[1]] {
			word = hiddenOther
		}
		text = text[:at[0]] + word + text[at[1]:]
	}
	return text
}

// masked is a value of the name without its secrets, beside the one that was there before.
func masked(name string, value, before any) any {
	switch v := value.(type) {
	case nil, bool:
		return value
	case map[string]any:
		was, _ := before.(map[string]any)
		all := map[string]any{}
		for inner, element := range v {
			all[inner] = masked(inner, element, was[inner])
		}
		return all
	case []any:
		was, _ := before.([]any)
		list := make([]any, len(v))
		for i, element := range v {
			var old any
			if i < len(was) {
				old = was[i]
			}
			list[i] = masked(name, element, old)
		}
		return list
	}
	text := fmt.Sprint(value)
	if before == nil {
		before = text
	}
	if shown := hide(name, text, fmt.Sprint(before)); shown != text {
		return shown
	}
	return value
}

// Secrets are values of settings that must not be shown, wherever they turn up.
func Secrets(values map[string]any) []string { return secretsOf("", values) }

func secretsOf(name string, value any) (found []string) {
	switch v := value.(type) {
	case nil, bool:
	case map[string]any:
		for inner, element := range v {
			found = append(found, secretsOf(inner, element)...)
		}
	case []any:
		for _, element := range v {
			found = append(found, secretsOf(name, element)...)
		}
	default:
		text := fmt.Sprint(v)
		for _, at := range spans(name, text) {
			secret := text[at[0]:at[1]]
			found = append(found, secret)
			if plain, err := url.PathUnescape(secret); err == nil && plain != secret {
				found = append(found, plain)
			}
		}
	}
	return found
}

// Secrets are those that were found on the node: tokens, and what its settings, its environment and the command line of its service give.
func (n *Node) Secrets() []string {
	found := []string{n.given, n.agent, n.bound, n.password}
	for name, values := range n.settings {
		for _, value := range values {
			found = append(found, secretsOf(name, value)...)
		}
	}
	for name, f := range n.files {
		if values, ok := n.values(name, f.text); ok {
			found = append(found, secretsOf("", values)...)
		}
	}
	return slices.DeleteFunc(found, func(secret string) bool { return secret == "" })
}

// hideIn puts something else in place of all that looks like a secret in the text of a service. What it gives k3s is known by its value, also
// where quotes are in it.
func (n *Node) hideIn(text string) string {
	known := n.Secrets()
	slices.SortFunc(known, func(a, b string) int { return len(b) - len(a) })
	for _, secret := range known {
		text = strings.ReplaceAll(text, secret, hidden)
	}
	return secretArgument.ReplaceAllString(hide("", text, text), "${1}"+hidden)
}

// isEnvironment tells whether a file is the environment of k3s, whose secrets its names tell.
func (n *Node) isEnvironment(name string) bool {
	return name == n.system.EnvironmentFile(service.Server) || name == n.system.EnvironmentFile(service.Agent)
}
