// Package metalroles knows the variables of metal-stack's Ansible roles (metal-roles): what they are called, what they mean when nobody has
// set them, and which components they describe. How a component is deployed, its callers know.
package metalroles

import (
	"fmt"
	"strconv"
	"strings"
)

// Type of a variable, in the words of Ansible's argument specs.
type Type string

// The types. Raw takes what comes.
const (
	Str  Type = "str"
	Path Type = "path"
	Int  Type = "int"
	Bool Type = "bool"
	List Type = "list"
	Dict Type = "dict"
	Raw  Type = "raw"
)

// Variable is one of the variables.
type Variable struct {
	Name        string
	Type        Type
	Elements    Type // of a List, if they are all of one
	Choices     []string
	Default     any    // a text may name other variables, as api.${metal_control_plane_ingress_dns}
	Without     string // what holds without a value, if that is no constant
	Description string
	Secret      bool
	Path        string // of the value in the component's chart; empty if it becomes none by itself
	computed    func(*Settings) any
}

// convert gives a value the variable's type: what comes from inventories, files and templates is often text.
func (v Variable) convert(value any) (any, error) {
	switch v.Type {
	case Bool:
		return v.toBool(value)
	case Int:
		return v.toInt(value)
	case Str, Path:
		return v.toText(value)
	case List:
		if _, ok := value.([]any); !ok {
			return nil, v.wants("a list", value)
		}
	case Dict:
		if _, ok := value.(map[string]any); !ok {
			return nil, v.wants("a mapping", value)
		}
	}
	return value, nil
}

func (v Variable) toBool(value any) (any, error) {
	if b, ok := value.(bool); ok {
		return b, nil
	}
	switch strings.ToLower(fmt.Sprint(value)) {
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0", "":
		return false, nil
	}
	return nil, v.wants("true or false", value)
}

func (v Variable) toInt(value any) (any, error) {
	number, err := strconv.ParseInt(strings.TrimSpace(fmt.Sprint(value)), 10, 64)
	if err != nil {
		return nil, v.wants("a whole number", value)
	}
	return number, nil
}

func (v Variable) toText(value any) (any, error) {
	switch value.(type) {
	case map[string]any, []any:
		return nil, v.wants("a text", value)
	}
	return fmt.Sprint(value), nil
}

func (v Variable) wants(what string, value any) error {
	if v.Secret {
		return fmt.Errorf("%s: %s is wanted; correct the variable", v.Name, what)
	}
	return fmt.Errorf("%s: %s is wanted, not %v; correct the variable", v.Name, what, value)
}
