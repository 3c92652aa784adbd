package ansible

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
)

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
	checkReturns(s.Returns, "", complain)
	checkOptions(s.Options, reflect.TypeFor[P](), "", complain)
	checkConstraints(s.Options, s.Constraints, "", complain)
	checkReferences(s, complain)
	return problems
}

// reference is how the documentation names an option, O(pools.size=3), or a return value, RV(cluster.name).
var reference = regexp.MustCompile(`\b(O|RV)\(([^()=#]+)(?:=[^()]*)?\)`)

// checkReferences wants every option and return value that a text names to be there.
func checkReferences(s Spec, complain func(string, ...any)) {
	named := map[string]bool{}
	texts := append(slices.Clone(s.Description), s.Notes...)
	texts = append(texts, optionTexts(s.options(), "O(", named)...)
	texts = append(texts, returnTexts(s.Returns, "RV(", named)...)
	for _, text := range texts {
		for _, found := range reference.FindAllStringSubmatch(text, -1) {
			if name := found[1] + "(" + found[2]; !named[name] {
				complain("a text names %s), which is not there: %s", name, text)
			}
		}
	}
}

func optionTexts(options []Option, prefix string, named map[string]bool) (texts []string) {
	for _, o := range options {
		named[prefix+o.Name] = true
		texts = append(append(texts, o.Description...), optionTexts(o.Options, prefix+o.Name+".", named)...)
	}
	return texts
}

func returnTexts(returns []Return, prefix string, named map[string]bool) (texts []string) {
	for _, r := range returns {
		named[prefix+r.Name] = true
		texts = append(append(texts, r.Description), returnTexts(r.Contains, prefix+r.Name+".", named)...)
	}
	return texts
}

func checkReturns(returns []Return, prefix string, complain func(string, ...any)) {
	for _, r := range returns {
		if r.Description == "" || r.Returned == "" || r.Type == "" {
			complain("return value %s%s: must say what it is, of which type, and when it is returned", prefix, r.Name)
		}
		if r.Type == List && r.Elements == "" {
			complain("return value %s%s: must say of what it is a list", prefix, r.Name)
		}
		checkReturns(r.Contains, prefix+r.Name+".", complain)
	}
}

func checkOptions(options []Option, params reflect.Type, prefix string, complain func(string, ...any)) {
	fields := fieldsOf(params, complain)
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
func fieldsOf(params reflect.Type, complain func(string, ...any)) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for field := range params.Fields() {
		if field.Anonymous {
			maps.Copy(fields, fieldsOf(field.Type, complain))
			continue
		}
		name := field.Tag.Get(tag)
		if name == "" || !field.IsExported() {
			complain("field %s of %s: must be exported and name its option in a tag %s", field.Name, params, tag)
			continue
		}
		fields[name] = field.Type
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
		if t = t.Elem(); o.Elements == "" {
			complain("option %s: must say of what it is a list", name)
		}
		if !slices.Contains(kinds[o.Elements.or(Str)], t.Kind()) {
			complain("option %s: its elements are %s, those of its field %s", name, o.Elements.or(Str), t)
			return
		}
	}
	if o.Options != nil && t.Kind() == reflect.Struct {
		checkOptions(o.Options, t, name+".", complain)
		checkConstraints(o.Options, o.Constraints, name+".", complain)
	}
	checkDefault(o, name, complain)
}

// checkDefault wants a default that Ansible would leave as it is, and that one might have given.
func checkDefault(o Option, name string, complain func(string, ...any)) {
	if o.Default == nil {
		return
	}
	value := toPython(o.Default)
	noEnv := func(string) (string, bool) { return "", false }
	if converted, err := convert(value, o.Type, noEnv); err != nil || !pyEqual(converted, value) && o.Type != Path {
		complain("option %s: its default %s is no %s", name, FormatJSON(value), o.Type.or(Str))
		return
	}
	values, isList := value.([]any)
	if !isList {
		values = []any{value}
	}
	if choices := toPython(o.Choices).([]any); o.Choices != nil && anyMissing(values, choices) {
		complain("option %s: its default %s is not among its choices", name, FormatJSON(value))
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
