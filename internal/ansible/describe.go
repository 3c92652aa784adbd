package ansible

import "cmp"

// problemsReturned is what the protocol itself adds to a result, beside what every module of Ansible returns.
var problemsReturned = Return{
	Name: "errors", Type: List, Elements: Str, Returned: "when more than one option is wrong or missing",
	Description: "All problems with the options, each by itself; C(msg) has them in one line.",
	Sample:      []any{"missing required arguments: name", "value of state must be one of: present, absent, got: gone"},
}

// firstVersion of the collection is that of the modules that say nothing else.
const firstVersion = "0.1.0"

// Describe gives the specification as Ansible's argument_spec, with what ansible-doc wants beside it. It is what --spec shows, and
// what the documentation below plugins/modules is made from.
func (s Spec) Describe() *Object {
	o := NewObject()
	o.Set("module", s.Name)
	o.Set("version_added", cmp.Or(s.VersionAdded, firstVersion))
	o.Set("short_description", s.ShortDescription)
	o.Set("description", toPython(s.Description))
	setUnlessEmpty(o, "notes", s.Notes)
	setUnlessEmpty(o, "seealso", s.SeeAlso)
	o.Set("argument_spec", optionsObject(s.Options))
	s.Constraints.describe(o)
	if s.AddFileCommonArgs {
		o.Set("add_file_common_args", true)
	}
	o.Set("supports_check_mode", true)
	o.Set("examples", s.Examples)
	o.Set("returns", returnsObject(append(s.Returns[:len(s.Returns):len(s.Returns)], problemsReturned)))
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
	setText(d, "version_added", o.VersionAdded)
	d.Set("type", string(o.Type.or(Str)))
	setText(d, "elements", string(o.Elements))
	if o.Required {
		d.Set("required", true)
	}
	if o.Default != nil {
		d.Set("default", toPython(o.Default))
	}
	setUnlessEmpty(d, "choices", o.Choices)
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
	o.describeRemoval(d)
	return d
}

func (o Option) describeRemoval(d *Object) {
	setText(d, "removed_in_version", o.RemovedInVersion)
	setText(d, "removed_at_date", o.RemovedAtDate)
	setText(d, "removed_from_collection", o.RemovedFrom)
	var deprecated []any
	for _, alias := range o.DeprecatedAliases {
		a := NewObject()
		setText(a, "name", alias.Name)
		setText(a, "version", alias.Version)
		setText(a, "date", alias.Date)
		setText(a, "collection_name", alias.Collection)
		deprecated = append(deprecated, a)
	}
	setUnlessEmpty(d, "deprecated_aliases", deprecated)
}

func setText(o *Object, key, text string) {
	if text != "" {
		o.Set(key, text)
	}
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
		setText(o, "elements", string(r.Elements))
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
