package roledoc

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Lines of a README between which the table stands.
const (
	begin = "<!-- made from meta/argument_specs.yml by make docs; do not edit -->\n"
	end   = "<!-- end of what is made -->\n"
)

// Readme gives a role's README with its table as it is to be, and whether it is so already.
func Readme(role string) (text string, current bool, err error) {
	variables, err := Read(role)
	if err != nil {
		return "", false, err
	}
	path := filepath.Join(role, "README.md")
	content, err := os.ReadFile(path)
	if err != nil {
		return "", false, err
	}
	before, rest, found := strings.Cut(string(content), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", false, fmt.Errorf("%s: has no place for the table, between %q and %q", path, begin, end)
	}
	text = before + begin + "\n" + table(variables) + "\n" + end + after
	return text, text == string(content), nil
}

func table(variables []Variable) string {
	var b strings.Builder
	b.WriteString("| Name | Mandatory | Description |\n|---|---|---|\n")
	for _, v := range variables {
		mandatory := ""
		if v.Required {
			mandatory = "yes"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.Name, mandatory, strings.ReplaceAll(v.describe(), "|", `\|`))
	}
	return b.String()
}

// describe adds to the description what can be told by values.
func (v Variable) describe() string {
	text := v.Description
	if v.Choices != nil {
		text += "; one of `" + strings.Join(v.Choices, "`, `") + "`"
	}
	computed, _ := v.Default.(string)
	if v.Default == nil || strings.Contains(computed, "{{") { // then the description says it
		return text
	}
	if computed != "" {
		return text + "; default `" + computed + "`"
	}
	value, err := json.Marshal(v.Default)
	if err != nil {
		return text
	}
	return text + "; default `" + string(value) + "`"
}
