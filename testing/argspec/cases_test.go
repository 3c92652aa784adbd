package main

import (
	"fmt"
	"math"

	"github.com/metal-stack/initial-cluster/internal/ansible"
)

var (
	nan, infinite = math.NaN(), math.Inf(1)
	negativeZero  = math.Copysign(0, -1)

	types = []string{"str", "int", "float", "bool", "list", "dict", "path", "raw", "json", "jsonarg", "bytes", "bits"}
	names = []string{"a", "b", "c", "name", "state", "path", "size", "token", "é", "with space", "a-b", "mode", "attr"}
)

// question is one line for argspec.
func (g generator) question() *ansible.Object {
	if g.chance(12) {
		return g.censorQuestion()
	}
	depth := g.IntN(4)
	options := g.options(depth)
	spec := object("argument_spec", options)
	g.rules(spec, options)
	args := g.arguments(options, depth)
	if g.chance(5) {
		spec.Set("add_file_common_args", g.chance(90))
		args.Set(pick(g, "mode", "attr", "owner", "attributes", "unsafe_writes"), g.scalar())
	}
	env := object("FROM_ENV", pick(g, "text", "yes", "1", "/x/", "$OTHER_ENV"), "OTHER_ENV", pick(g, "~", "a,b", "$FROM_ENV"), "EMPTY_ENV", "", "NUMBER_ENV", "17")
	return object("spec", spec, "args", args, "env", env)
}

func (g generator) censorQuestion() *ansible.Object {
	secrets := g.list(5, func() any {
		return pick(g, "", "secret", "sec", "cret", "1", "42", "ä", "e", "True", "None", "a.c", "12.5", "1e+16", "😀", "*", "**", "VALUE", "nan", "-", "LOG", surrogate(0xD83D), "x"+g.text(3))
	})
	texts := []any{"secret", "my secret!", "xsecx", "secsecsecret", "ä", integer(42), integer(142), 12.5, 1e16, true, false, nil, "", "*", "None of 1", "True", nan, -infinite, "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "********", 0.1, surrogate(0xD83D), "é" + surrogate(0xDC80)}
	var value func(depth int) any
	value = func(depth int) any {
		switch {
		case depth == 0 || g.chance(30):
			return pick(g, pick(g, texts...), pick(g, texts...), g.scalar())
		case g.chance(50):
			return g.list(3, func() any { return value(depth - 1) })
		}
		return object(pick(g, "k", "secret", "1"), value(depth-1), "v", value(depth-1))
	}
	return object("no_log_values", secrets, "input", value(g.IntN(4)))
}

func (g generator) options(depth int) *ansible.Object {
	options := ansible.NewObject()
	for _, name := range shuffled(g, names)[:pick(g, 0, 1, 2, 2, 3, 4, 6)] {
		option := g.option(depth)
		if g.chance(22) {
			option.Set("aliases", g.list(3, func() any {
				if g.chance(30) {
					return pick(g, pick(g, names...), "alias")
				}
				return fmt.Sprintf("%s_%d", name, g.IntN(3))
			}))
		}
		if g.chance(12) {
			option.Set("deprecated_aliases", g.list(2, func() any { return g.deprecatedAlias(option, name) }))
		}
		options.Set(name, option)
	}
	return options
}

func (g generator) deprecatedAlias(option *ansible.Object, name string) any {
	o := object("name", name+"_0")
	if aliases := list(option.Get("aliases")); len(aliases) > 0 {
		o.Set("name", pick(g, aliases...))
	}
	if g.chance(50) {
		o.Set("version", "9.0.0")
	} else if g.chance(80) {
		o.Set("date", "2030-01-01")
	}
	if g.chance(70) {
		o.Set("collection_name", "ns.col")
	}
	return o
}

func (g generator) option(depth int) *ansible.Object {
	o, kind := ansible.NewObject(), pick(g, types...)
	if depth > 0 && g.chance(35) {
		kind = pick(g, "dict", "list")
	}
	if g.chance(93) {
		o.Set("type", kind)
	} else {
		kind = "str"
	}
	if g.chance(1) {
		o.Set("type", pick(g, "string", "integer"))
	}
	if kind == "list" && g.chance(70) || g.chance(2) {
		o.Set("elements", pick(g, types...))
	}
	if depth > 0 && (kind == "dict" || kind == "list") && g.chance(60) {
		g.suboptions(o, kind, depth-1)
	}
	g.extras(o, kind)
	return o
}

func (g generator) suboptions(o *ansible.Object, kind string, depth int) {
	if kind == "list" {
		o.Set("elements", "dict")
	}
	below := g.options(depth)
	o.Set("options", below)
	g.rules(o, below)
	if g.chance(30) {
		o.Set("apply_defaults", g.chance(85))
	}
}

func (g generator) extras(o *ansible.Object, kind string) {
	if g.chance(15) {
		o.Set("required", pick[any](g, true, true, true, false, integer(1), "yes", nil))
	}
	if g.chance(25) && (!o.Has("required") || g.chance(20)) {
		o.Set("default", g.fitting(kind))
	}
	if g.chance(14) {
		o.Set("choices", g.choices())
	}
	if g.chance(18) {
		o.Set("no_log", pick[any](g, true, true, true, false, integer(1)))
		switch o.Get("default").(type) {
		case []any, *ansible.Object: // Ansible can't hash it
			o.Delete("default")
		}
	}
	if g.chance(10) {
		o.Set("fallback", object("env", g.list(2, func() any { return pick(g, "FROM_ENV", "OTHER_ENV", "EMPTY_ENV", "NUMBER_ENV", "UNSET_ENV") })))
	}
	if g.chance(8) {
		o.Set("removed_in_version", "3.0.0")
	}
	if g.chance(5) {
		o.Set("removed_at_date", "2031-05-06")
	}
	if g.chance(7) {
		o.Set("removed_from_collection", "ns.col")
	}
}

func (g generator) choices() any {
	return pick(g, []any{"present", "absent"}, []any{"yes", "no"}, []any{"no", "never"}, []any{integer(1), integer(2), integer(10)}, []any{true, false}, []any{"a", "b", "c"}, []any{0.5, integer(1)},
		[]any{"True", "x"}, []any{"on", "off", "true"}, []any{"0", "n"}, []any{}, []any{nil, "a"}, []any{"nan", nan}, []any{integer(0), "no"}, []any{"1", integer(1)}, []any{true, "yes"}, []any{"off"},
		[]any{[]any{integer(1)}, []any{"a"}}, []any{object("a", integer(1))}, []any{"", "~"}, []any{infinite, 1.0}, []any{g.text(1), g.text(1)})
}

func (g generator) rules(spec, options *ansible.Object) {
	known := []string{"alias", "stranger"}
	for name := range options.All() {
		known = append(known, name.(string), name.(string))
	}
	name := func() any { return pick(g, known...) }
	group := func() any { return g.list(3, name) }
	for _, rule := range []string{"mutually_exclusive", "required_together", "required_one_of"} {
		if g.chance(14) {
			spec.Set(rule, g.list(2, group))
		}
	}
	if g.chance(4) {
		spec.Set(pick(g, "mutually_exclusive", "required_together"), g.list(2, name)) // flat
	}
	if g.chance(18) {
		spec.Set("required_if", g.list(2, func() any {
			rule := []any{name(), g.wanted(), pick(g, group(), group(), group(), name())}
			if g.chance(40) {
				rule = append(rule, g.chance(70))
			}
			return rule
		}))
	}
	if g.chance(12) {
		spec.Set("required_by", object(name(), pick(g, group(), name()), name(), group()))
	}
}

func (g generator) wanted() any {
	if g.chance(30) {
		return g.value(1)
	}
	return pick[any](g, "present", "yes", true, false, integer(1), integer(0), 1.0, "x", nil, "a", nan, []any{}, ansible.NewObject(), "", "1")
}

func (g generator) arguments(options *ansible.Object, depth int) *ansible.Object {
	given := map[string]any{}
	var keys []string
	for name, option := range options.All() {
		o := option.(*ansible.Object)
		for i, key := range append([]string{name.(string)}, texts(o.Get("aliases"))...) {
			if i == 0 && g.chance(65) || i > 0 && g.chance(25) {
				given[key] = g.argument(o, depth)
				keys = append(keys, key)
			}
		}
	}
	for _, chance := range []int{5, 1} {
		if g.chance(chance) {
			key := pick(g, "stranger", "alias", g.text(2))
			given[key] = g.scalar()
			keys = append(keys, key)
		}
	}
	args := ansible.NewObject()
	for _, key := range shuffled(g, keys) {
		args.Set(key, given[key])
	}
	return args
}

func (g generator) argument(o *ansible.Object, depth int) any {
	kind, _ := o.Get("type").(string)
	below, has := o.Get("options").(*ansible.Object)
	choices := list(o.Get("choices"))
	elements, _ := o.Get("elements").(string)
	one := func() any {
		args := g.arguments(below, depth-1)
		if g.chance(10) {
			return ansible.FormatJSON(args)
		}
		return args
	}
	switch {
	case g.chance(4):
		return nil
	case has && g.chance(92) && (kind == "dict" || g.chance(5)):
		return one()
	case has && g.chance(92):
		return g.list(2, one)
	case len(choices) > 0 && kind == "list" && g.chance(60):
		return g.list(2, func() any { return pick(g, choices...) })
	case len(choices) > 0 && g.chance(60):
		return pick(g, choices...)
	case elements != "" && kind == "list" && g.chance(70):
		return g.list(3, func() any { return g.fitting(elements) })
	}
	return g.fitting(kind)
}
