package roledoc

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/metalroles"
)

// ControlPlane is the role whose variables are told by the module that they are for: its argument specs and defaults are made from there.
const ControlPlane = "roles/metal_control_plane"

const specHead = `---
# Made from internal/metalroles by make docs; do not edit.
argument_specs:
  main:
    short_description: Deploy metal-stack's control plane
    description:
      - Takes the variables of metal-roles, and deploys its components in one go. A variable that is not set has the default of metal-roles.
    author: metal-stack authors
    options:
`

const defaultsHead = `---
# Made from internal/metalroles by make docs; do not edit.
# No variable has a default here: so the module knows what somebody has set, and refuses names that are none.
`

// MadeFiles are the files of that role that are made, by their path below the role's folder.
func MadeFiles() map[string]string {
	var specs, defaults strings.Builder
	specs.WriteString(specHead)
	defaults.WriteString(defaultsHead)
	for _, v := range metalroles.Table() {
		fmt.Fprintf(&specs, "      %s:\n        type: %s\n", v.Name, v.Type)
		if v.Elements != "" {
			fmt.Fprintf(&specs, "        elements: %s\n", v.Elements)
		}
		if v.Choices != nil {
			fmt.Fprintf(&specs, "        choices: [%s]\n", strings.Join(v.Choices, ", "))
		}
		if v.Secret {
			specs.WriteString("        no_log: true\n")
		}
		fmt.Fprintf(&specs, "        description: >-\n          %s\n", wrap(describe(v), "          "))
		fmt.Fprintf(&defaults, "\n# %s\n# %s: %s\n", wrap(describe(v), "# "), v.Name, wrap(example(v), "#   "))
	}
	return map[string]string{"meta/argument_specs.yml": specs.String(), "defaults/main.yml": defaults.String()}
}

// width of lines, short of what yamllint allows.
const width = 140

// wrap breaks a text between words.
func wrap(text, indent string) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Split(text, " ") {
		switch {
		case i > 0 && column+len(word) > width:
			b.WriteString("\n" + indent)
			column = 0
		case i > 0:
			b.WriteString(" ")
		}
		b.WriteString(word)
		column += len(word) + 1
	}
	return b.String()
}

func describe(v metalroles.Variable) string {
	without := v.Without
	if text, ok := v.Default.(string); ok && text != "" {
		without = parts(text)
	} else if v.Default != nil && v.Default != "" {
		without = "`" + asJSON(v.Default) + "`"
	}
	if without == "" {
		return v.Description
	}
	return v.Description + ". Without, " + without
}

// parts tells a text that names variables; no template, as Ansible would fill it in.
func parts(text string) string {
	var all []string
	rest := text
	for rest != "" {
		at := reference.FindStringSubmatchIndex(rest)
		if at == nil {
			at = []int{len(rest), len(rest), 0, 0}
		}
		if at[0] > 0 {
			all = append(all, "`"+rest[:at[0]]+"`")
		}
		if at[1] > at[0] {
			all = append(all, "`"+rest[at[2]:at[3]]+"`")
		}
		rest = rest[at[1]:]
	}
	return strings.Join(all, " and ")
}

var reference = regexp.MustCompile(`\$\{(\w+)\}`)

// example is a value that a commented line can have.
func example(v metalroles.Variable) string {
	if text, ok := v.Default.(string); ok {
		return asJSON(reference.ReplaceAllString(text, "{{ $1 }}"))
	}
	if v.Default != nil {
		return asJSON(v.Default)
	}
	return map[metalroles.Type]string{metalroles.List: "[]", metalroles.Dict: "{}", metalroles.Bool: "true", metalroles.Int: "1"}[v.Type] + map[bool]string{true: `"..."`}[v.Type == metalroles.Str || v.Type == metalroles.Path || v.Type == metalroles.Raw]
}

func asJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return strings.ReplaceAll(string(text), `,"`, `, "`)
}

// Make writes the made files that are not current, and gives their paths.
func Make(top string) ([]string, error) {
	var written []string
	for name, text := range MadeFiles() {
		path := filepath.Join(top, ControlPlane, name)
		if old, err := os.ReadFile(path); err == nil && string(old) == text {
			continue
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return nil, err
		}
		written = append(written, path)
	}
	return written, nil
}
