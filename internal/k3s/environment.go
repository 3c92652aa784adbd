package k3s

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// formatEnvironment writes variables so that systemd and a shell read them alike.
func formatEnvironment(env map[string]string) string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(env)) {
		value := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(env[name])
		fmt.Fprintf(&text, "%s=\"%s\"\n", name, value)
	}
	return text.String()
}

// parseEnvironment reads such a file, also as k3s' install script writes it.
func parseEnvironment(text string) map[string]string {
	env := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, found := strings.Cut(strings.TrimSpace(line), "=")
		if !found || strings.HasPrefix(name, "#") {
			continue
		}
		name = strings.TrimSpace(strings.TrimPrefix(name, "export "))
		if len(value) > 1 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
			inner := value[1 : len(value)-1]
			if value[0] == '"' {
				inner = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\$`, "$", "\\`", "`").Replace(inner)
			}
			value = inner
		}
		env[name] = value
	}
	return env
}
