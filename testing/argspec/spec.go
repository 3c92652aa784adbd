package main

import (
	"fmt"
	"math/big"

	"github.com/metal-stack/initial-cluster/internal/ansible"
)

// parseSpec reads {"argument_spec": {...}, "mutually_exclusive": [...], ...} in Ansible's own names.
func parseSpec(o *ansible.Object) (ansible.Spec, error) {
	options, err := parseOptions(o.Get("argument_spec"))
	if err != nil {
		return ansible.Spec{}, err
	}
	rules, err := parseConstraints(o)
	return ansible.Spec{Options: options, Constraints: rules, AddFileCommonArgs: truth(o.Get("add_file_common_args"))}, err
}

func parseOptions(value any) ([]ansible.Option, error) {
	o, ok := value.(*ansible.Object)
	if !ok {
		return nil, fmt.Errorf("argument_spec or options must be a dict, got %s", ansible.FormatJSON(value))
	}
	options := []ansible.Option{}
	for name, entry := range o.All() {
		fields, ok := entry.(*ansible.Object)
		if !ok {
			return nil, fmt.Errorf("option %v must be a dict", name)
		}
		option, err := parseOption(name.(string), fields)
		if err != nil {
			return nil, err
		}
		options = append(options, option)
	}
	return options, nil
}

func parseOption(name string, o *ansible.Object) (ansible.Option, error) {
	option := ansible.Option{
		Name: name, Type: ansible.Type(text(o, "type")), Elements: ansible.Type(text(o, "elements")),
		Required: truth(o.Get("required")), Default: o.Get("default"), Aliases: texts(o.Get("aliases")),
		RemovedInVersion: text(o, "removed_in_version"), RemovedAtDate: text(o, "removed_at_date"), RemovedFrom: text(o, "removed_from_collection"),
		ApplyDefaults: truth(o.Get("apply_defaults")), Choices: list(o.Get("choices")),
	}
	for _, key := range []string{"choices", "aliases", "deprecated_aliases"} {
		if value := o.Get(key); value != nil && list(value) == nil {
			return option, fmt.Errorf("option %s: %s must be a list, got %s", name, key, ansible.FormatJSON(value))
		}
	}
	if secret := o.Get("no_log"); secret != nil {
		option.NoLog = ansible.NotSecret
		if truth(secret) {
			option.NoLog = ansible.Secret
		}
	}
	if fallback, ok := o.Get("fallback").(*ansible.Object); ok {
		option.Env = texts(fallback.Get("env"))
	}
	for _, entry := range list(o.Get("deprecated_aliases")) {
		alias, ok := entry.(*ansible.Object)
		if !ok {
			return option, fmt.Errorf("option %s: deprecated_aliases must be a list of dicts", name)
		}
		option.DeprecatedAliases = append(option.DeprecatedAliases, ansible.DeprecatedAlias{
			Name: text(alias, "name"), Version: text(alias, "version"), Date: text(alias, "date"), Collection: text(alias, "collection_name"),
		})
	}
	var err error
	if o.Get("options") != nil {
		if option.Options, err = parseOptions(o.Get("options")); err != nil {
			return option, err
		}
	}
	option.Constraints, err = parseConstraints(o)
	return option, err
}

func parseConstraints(o *ansible.Object) (ansible.Constraints, error) {
	rules := ansible.Constraints{
		MutuallyExclusive: groups(o.Get("mutually_exclusive"), word),
		RequiredTogether:  groups(o.Get("required_together"), characters),
		RequiredOneOf:     groups(o.Get("required_one_of"), word),
	}
	for _, entry := range list(o.Get("required_if")) {
		rule := list(entry)
		if len(rule) < 3 {
			return rules, fmt.Errorf("required_if needs three or four values, got %s", ansible.FormatJSON(entry))
		}
		r := ansible.RequiredIf{Option: plain(rule[0]), Value: rule[1], Requires: texts(rule[2])}
		if text, ok := rule[2].(string); ok {
			r.Requires = characters(text)
		}
		r.OneOf = len(rule) > 3 && truth(rule[3])
		rules.RequiredIf = append(rules.RequiredIf, r)
	}
	if by, ok := o.Get("required_by").(*ansible.Object); ok {
		for option, requires := range by.All() {
			names := texts(requires)
			if one, ok := requires.(string); ok {
				names = []string{one}
			}
			rules.RequiredBy = append(rules.RequiredBy, ansible.RequiredBy{Option: option.(string), Requires: names})
		}
	}
	return rules, nil
}

// groups reads a list of lists. Some specs have a flat list there; Ansible takes each of its texts for one name in some rules and
// for a list of characters in others.
func groups(value any, ofText func(string) []string) [][]string {
	var groups [][]string
	for _, group := range list(value) {
		if text, ok := group.(string); ok {
			groups = append(groups, ofText(text))
		} else {
			groups = append(groups, texts(group))
		}
	}
	return groups
}

func word(text string) []string { return []string{text} }

func characters(text string) []string {
	var letters []string
	for _, letter := range text {
		letters = append(letters, string(letter))
	}
	return letters
}

// truth is Python's bool(value).
func truth(value any) bool {
	switch v := value.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case *big.Int:
		return v.Sign() != 0
	case float64:
		return v != 0
	case []any:
		return len(v) > 0
	case *ansible.Object:
		return v.Len() > 0
	}
	return true
}

func list(value any) []any {
	l, _ := value.([]any)
	return l
}

func texts(value any) []string {
	var texts []string
	for _, element := range list(value) {
		texts = append(texts, plain(element))
	}
	return texts
}

func text(o *ansible.Object, key string) string { return plain(o.Get(key)) }

func plain(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case *big.Int:
		return v.String()
	}
	return ansible.FormatJSON(value)
}
