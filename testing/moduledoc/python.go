package moduledoc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/ansible"
)

// expression is Python source that stands as it is.
type expression string

// imports are the names that the call needs.
func imports(described *ansible.Object) string {
	if strings.Contains(call(described), envFallback) {
		return "AnsibleModule, " + envFallback
	}
	return "AnsibleModule"
}

const envFallback = "env_fallback"

// call is the arguments of AnsibleModule.
func call(described *ansible.Object) string {
	var b strings.Builder
	argument := func(name string, value any) {
		if value != nil {
			fmt.Fprintf(&b, "        %s=%s,\n", name, literal(value, 8))
		}
	}
	argument("argument_spec", arguments(described.Get("argument_spec")))
	for _, name := range []string{"mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by", "add_file_common_args", "supports_check_mode"} {
		argument(name, described.Get(name))
	}
	return b.String()
}

// arguments is a level of options as AnsibleModule takes them, without the documentation.
func arguments(spec any) *ansible.Object {
	all := ansible.NewObject()
	for name, option := range spec.(*ansible.Object).All() {
		argument := ansible.NewObject()
		for key, value := range option.(*ansible.Object).All() {
			switch key {
			case "description", "version_added":
				continue
			case "options":
				value = arguments(value)
			case "fallback":
				value = expression(fmt.Sprintf("(%s, %s)", envFallback, inline(value.(*ansible.Object).Get("env"))))
			}
			argument.Set(key, value)
		}
		all.Set(name, argument)
	}
	return all
}

// literal writes a value as Python, dicts and lists of more than scalars a line an entry.
func literal(value any, indent int) string {
	pad := strings.Repeat(" ", indent)
	var b strings.Builder
	switch v := value.(type) {
	case *ansible.Object:
		b.WriteString("{\n")
		for key, element := range v.All() {
			fmt.Fprintf(&b, "%s    %s: %s,\n", pad, inline(key), literal(element, indent+4))
		}
		b.WriteString(pad + "}")
	case []any:
		if !slices.ContainsFunc(v, nested) {
			return inline(v)
		}
		b.WriteString("[\n")
		for _, element := range v {
			fmt.Fprintf(&b, "%s    %s,\n", pad, literal(element, indent+4))
		}
		b.WriteString(pad + "]")
	default:
		return inline(v)
	}
	return b.String()
}

func nested(value any) bool {
	switch value.(type) {
	case []any, *ansible.Object:
		return true
	}
	return false
}

// inline writes a value as Python in one line.
func inline(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return strconv.Quote(v) // its escapes mean the same in Python
	case expression:
		return string(v)
	case []any:
		elements := make([]string, len(v))
		for i, element := range v {
			elements[i] = inline(element)
		}
		return "[" + strings.Join(elements, ", ") + "]"
	}
	return ansible.FormatJSON(value)
}
