// Package roledoc makes the table of variables in a role's README from its meta/argument_specs.yml, and holds together all that is said
// of a variable: there, in the defaults, and by the option of the module that it becomes.
package roledoc

import (
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// Variable is what meta/argument_specs.yml says of one.
type Variable struct {
	Name        string `yaml:"-"`
	Type        string
	Elements    string
	Required    bool
	Default     any
	Choices     []string
	NoLog       bool `yaml:"no_log"`
	Description string
}

// Read gives the variables of a role's main entry point, in their order.
func Read(role string) ([]Variable, error) {
	path := filepath.Join(role, "meta/argument_specs.yml")
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Specs struct {
			Main struct{ Options yaml.Node }
		} `yaml:"argument_specs"`
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	options := file.Specs.Main.Options.Content
	var all []Variable
	for i := 0; i+1 < len(options); i += 2 {
		v := Variable{Name: options[i].Value}
		if err := options[i+1].Decode(&v); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, v.Name, err)
		}
		all = append(all, v)
	}
	return all, nil
}
