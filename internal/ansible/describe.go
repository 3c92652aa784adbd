package ansible

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
)

// object is the specification as Ansible's argument_spec, with what ansible-doc wants beside it (what --spec shows).
func (s Spec) object() *Object {
	o := NewObject()
	o.Set("module", s.Name)
	o.Set("short_description", s.ShortDescription)
	o.Set("description", toPython(s.Description))
	setUnlessEmpty(o, "notes", s.Notes)
	setUnlessEmpty(o, "seealso", s.SeeAlso)
	o.Set("argument_spec", optionsObject(s.options()))
	s.Constraints.describe(o)
	o.Set("supports_check_mode", true)
	o.Set("examples", s.Examples)
	o.Set("returns", returnsObject(s.Returns))
	return o
}

func setUnlessEmpty[T any](o *Object, key string, list []T) {
	if len(list) > 0 {
		o.Set(key, toPython(list))
	}
}

func optionsObject(options []Option) *Object {
	all := NewObject()
	for _, option := range options {
		all.Set(option.Name, option.object())
	}
	return all
}

func (o Option) object() *Object {
	d := NewObject()
	d.Set("description", toPython(o.Description))
	if o.VersionAdded != "" {
		d.Set("version_added", o.VersionAdded)
	}
	d.Set("type", string(o.Type.or(Str)))
	if o.Elements != "" {
		d.Set("elements", string(o.Elements))
	}
	if o.Required {
		d.Set("required", true)
	}
	if o.Default != nil {
		d.Set("default", toPython(o.Default))
	}
	if o.Choices != nil {
		d.Set("choices", toPython(o.Choices))
	}
	setUnlessEmpty(d, "aliases", o.Aliases)
	if o.NoLog != NoLogUnset {
		d.Set("no_log", o.NoLog == Secret)
	}
	if o.Env != nil {
		fallback := NewObject()
		fallback.Set("env", toPython(o.Env))
		d.Set("fallback", fallback)
	}
	if o.Options != nil {
		d.Set("options", optionsObject(o.Options))
		o.Constraints.describe(d)
	}
	if o.ApplyDefaults {
		d.Set("apply_defaults", true)
	}
	for key, value := range map[string]string{"removed_in_version": o.RemovedInVersion, "removed_at_date": o.RemovedAtDate, "removed_from_collection": o.RemovedFrom} {
		if value != "" {
			d.Set(key, value)
		}
	}
	return d
}

func (c Constraints) describe(o *Object) {
	setUnlessEmpty(o, "mutually_exclusive", c.MutuallyExclusive)
	setUnlessEmpty(o, "required_together", c.RequiredTogether)
	setUnlessEmpty(o, "required_one_of", c.RequiredOneOf)
	if len(c.RequiredIf) > 0 {
		rules := []any{}
		for _, r := range c.RequiredIf {
			rule := []any{r.Option, toPython(r.Value), toPython(r.Requires)}
			if r.OneOf {
				rule = append(rule, true)
			}
			rules = append(rules, rule)
		}
		o.Set("required_if", rules)
	}
	if len(c.RequiredBy) > 0 {
		by := NewObject()
		for _, r := range c.RequiredBy {
			by.Set(r.Option, toPython(r.Requires))
		}
		o.Set("required_by", by)
	}
}

func returnsObject(returns []Return) *Object {
	all := NewObject()
	for _, r := range returns {
		o := NewObject()
		o.Set("description", r.Description)
		o.Set("returned", r.Returned)
		o.Set("type", string(r.Type.or(Str)))
		if r.Elements != "" {
			o.Set("elements", string(r.Elements))
		}
		if r.Sample != nil {
			o.Set("sample", toPython(r.Sample))
		}
		if r.Contains != nil {
			o.Set("contains", returnsObject(r.Contains))
		}
		all.Set(r.Name, o)
	}
	return all
}

// passwordName is PASSWORD_MATCH of ansible.module_utils.basic: of options so named Ansible wants to know whether they are secret.
var passwordName = regexp.MustCompile(`(?i)^(?:.+[-_\s])?pass(?:[-_\s]?(?:word|phrase|wrd|wd)?)(?:[-_\s].+)?$`)

// suspects warns, as AnsibleModule does, of options named like a password that do not say whether they are secret.
func (s Spec) suspects(params *Object) (warnings []string) {
	for _, o := range s.options() {
		for _, name := range append([]string{o.Name}, o.Aliases...) {
			if o.NoLog == NoLogUnset && params.Has(name) && passwordName.MatchString(name) {
				warnings = append(warnings, "Module did not set no_log for "+name)
			}
		}
	}
	return warnings
}

// Check holds a specification against the struct P that its options are decoded into, and against what Ansible's users expect.
// Modules call it in a test; it gives a line for each thing that does not fit.
func Check[P any](s Spec) []string {
	var problems []string
	complain := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if s.Name == "" || s.ShortDescription == "" || len(s.Description) == 0 || s.Examples == "" || len(s.Returns) == 0 {
		complain("name, short description, description, examples and returns must all be there")
	}
	for _, r := range s.Returns {
		if r.Description == "" || r.Returned == "" {
			complain("return value %s: says not what it is, or not when it is returned", r.Name)
		}
	}
	checkOptions(s.Options, reflect.TypeFor[P](), "", complain)
	checkConstraints(s.Options, s.Constraints, "", complain)
	return problems
}

func checkOptions(options []Option, params reflect.Type, prefix string, complain func(string, ...any)) {
	fields := fieldsOf(params)
	for _, o := range options {
		name := prefix + o.Name
		if len(o.Description) == 0 {
			complain("option %s: has no description", name)
		}
		if passwordName.MatchString(o.Name) && o.NoLog == NoLogUnset {
			complain("option %s: must say whether it is secret", name)
		}
		if o.Required && o.Default != nil {
			complain("option %s: is required and has a default", name)
		}
		field, ok := fields[o.Name]
		if !ok {
			complain("option %s: no field of %s has it", name, params)
			continue
		}
		delete(fields, o.Name)
		checkType(o, field, name, complain)
	}
	for _, name := range sortedNames(fields) {
		complain("field %s%s of %s: there is no such option", prefix, name, params)
	}
}

// fieldsOf gives the types of a struct's fields by option, those of embedded structs included.
func fieldsOf(params reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for field := range params.Fields() {
		if field.Anonymous {
			for name, t := range fieldsOf(field.Type) {
				fields[name] = t
			}
			continue
		}
		fields[field.Tag.Get(tag)] = field.Type
	}
	return fields
}

var kinds = map[Type][]reflect.Kind{
	Str: {reflect.String}, Path: {reflect.String}, JSON: {reflect.String}, JSONArg: {reflect.String},
	Int: {reflect.Int, reflect.Int32, reflect.Int64}, Bytes: {reflect.Int64}, Bits: {reflect.Int64},
	Float: {reflect.Float64}, Bool: {reflect.Bool}, List: {reflect.Slice}, Dict: {reflect.Map, reflect.Struct}, Raw: {reflect.Interface},
}

func checkType(o Option, t reflect.Type, name string, complain func(string, ...any)) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if !slices.Contains(kinds[o.Type.or(Str)], t.Kind()) {
		complain("option %s: is a %s, its field a %s", name, o.Type.or(Str), t)
		return
	}
	if o.Type == List {
		t = t.Elem()
		if !slices.Contains(kinds[o.Elements.or(Str)], t.Kind()) {
			complain("option %s: its elements are %s, those of its field %s", name, o.Elements.or(Str), t)
			return
		}
	}
	if o.Options != nil && t.Kind() == reflect.Struct {
		checkOptions(o.Options, t, name+".", complain)
		checkConstraints(o.Options, o.Constraints, name+".", complain)
	}
	if o.Default != nil {
		if converted, err := convert(toPython(o.Default), o.Type, func(string) (string, bool) { return "", false }); err != nil || !pyEqual(converted, toPython(o.Default)) && o.Type != Path {
			complain("option %s: its default %s is no %s", name, FormatJSON(toPython(o.Default)), o.Type.or(Str))
		}
	}
}

func checkConstraints(options []Option, c Constraints, prefix string, complain func(string, ...any)) {
	var named []string
	for _, groups := range [][][]string{c.MutuallyExclusive, c.RequiredTogether, c.RequiredOneOf} {
		for _, group := range groups {
			named = append(named, group...)
		}
	}
	for _, r := range c.RequiredIf {
		named = append(append(named, r.Option), r.Requires...)
	}
	for _, r := range c.RequiredBy {
		named = append(append(named, r.Option), r.Requires...)
	}
	for _, name := range named {
		if !slices.ContainsFunc(options, func(o Option) bool { return o.Name == name }) {
			complain("rule about %s%s: there is no such option", prefix, name)
		}
	}
}
