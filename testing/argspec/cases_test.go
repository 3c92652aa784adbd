package main

import (
	"math/rand/v2"
	"strings"
)

// generator makes questions from a seed: every feature of argument specs, and arguments that fit, nearly fit or are hostile.
type generator struct{ *rand.Rand }

type dict = map[string]any

var (
	types    = []string{"str", "int", "float", "bool", "list", "dict", "path", "raw", "json", "jsonarg", "bytes", "bits"}
	names    = []string{"name", "state", "size", "labels", "token", "zone", "count", "enabled", "path", "a"}
	words    = []string{"yes", "no", "True", "False", "on", "OFF", " t ", "1", "0", "present", "absent", "y", "N", "n\n", "tRuE"}
	numbers  = []any{0, 1, -1, 2, 10, 4096, 1.0, 1.5, -0.0, 1e16, 1e-5, 123456789.25, 9007199254740993, 1e22, 2.5e-7}
	numerals = []string{"1", " 42 ", "-7", "+3", "1_000", "1.0", "1.5", "1e3", "1E+2", "0x10", "٣٤", "１２", "𝟘𝟙", "", "1__0", "_1", "1e", ".", ".5", "5.", "--1", "1 2", "nan", "-inf", "Infinity", "1e400", "00", "007", "1e-1", "10e-1", "0.0"}
	hostile  = []string{
		"", " ", "a,b,,c", ",", "k=v", "k=v,x=y", "k='a b' x=\"c,d\"", `k=a\ b`, `k=\`, "k", "k=v, x", "=", "a=b=c", "{", "{}", `{"a": 1}`, `{'a': 1}`, `{"a": [1, 2, {"b": null}]}`,
		`{'a': (1, 2), 'b': None, "c": True}`, `{'a': b'x'}`, `{1: 2, 1.5: 3, None: 4, (1,): 5}`, `{'a': -1, 'b': +2.5, 'c': 0x1F, 'd': 1_000}`, `{'a': 'x' "y" r'\n'}`, `{'a': '''t
q'''}`,
		`{'a': 1} # comment`, `{'a': 1,}`, `{,}`, `{'a'}`, `{'a': {1}}`, `{'a': 01}`, `{'a': "\x41\u00e9\101\q"}`, `{"a": NaN}`, `{"a": 1}x`, `{'a': --1}`, `{'a': 1}, 2`, `{"a": 1, "a": 2}`, `{'a': [}`, `{'a': __import__('os')}`, `{ "a" : "\ud83d\ude00" }`,
		"~", "~/x", "$HOME/x", "${HOME}", "$UNSET_X/y", "${}", "$", "a$FROM_ENV.b", "~root/x", "~nobody-there/x", "~root", "$FROM_ENV$FROM_ENV",
		"10M", "1.5 KB", "2Kb", "1b", "7B", "3bytes", "1kilobyte", "1 KiB", "5x", "0.5K", "1e3", "  1K", "1K ", "1\u00a0K", "12 megabit", "1YB", "Infinity",
		"häß", "\u0085\u2028", "\x00", "\x1c1\x1c", "ſ", "İ", "'", `"`, `'"`, `\`, "\t\r\n", "\U0001F600", "\u202e", "\u00ad", "{{ x }}", "%s %d", "x\ud7ff", "\ufffd", "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "********",
	}
	environments = []string{"FROM_ENV", "EMPTY_ENV", "NUMBER_ENV", "UNSET_ENV"}
)

func pick[T any](g generator, from []T) T { return from[g.IntN(len(from))] }

func (g generator) chance(percent int) bool { return g.IntN(100) < percent }

// question is one line for argspec.
func (g generator) question() dict {
	if g.chance(12) {
		return g.censorQuestion()
	}
	options := g.options(2)
	spec := dict{"argument_spec": options}
	g.rules(spec, options)
	if g.chance(4) {
		spec["add_file_common_args"] = true
	}
	return dict{"spec": spec, "args": g.arguments(options, 2, spec["add_file_common_args"] == true), "env": dict{"FROM_ENV": pick(g, append(numerals, "text", "yes")), "EMPTY_ENV": "", "NUMBER_ENV": "17"}}
}

func (g generator) censorQuestion() dict {
	secrets := []any{}
	for range 1 + g.IntN(3) {
		secrets = append(secrets, pick(g, []string{"secret", "sec", "geheim!", "1", "42", "ä", "e", "True", "None", "a.c", "12.5", "1e+16", "\U0001F600"}))
	}
	texts := []any{"secret", "my secret!", "xsecx", "geheim!geheim!", "ä", 42, 142, 12.5, 1e16, true, nil, "", "*", "None of 1"}
	return dict{"no_log_values": secrets, "input": dict{"k": pick(g, texts), "secret": []any{pick(g, texts), dict{"1": pick(g, texts)}, []any{pick(g, texts)}}, "v": g.value(2)}}
}

func (g generator) options(depth int) dict {
	options := dict{}
	for range 1 + g.IntN(5) {
		options[pick(g, names)] = g.option(depth)
	}
	taken := dict{}
	for name := range options {
		taken[name] = true
	}
	for _, name := range names {
		if o, ok := options[name].(dict); ok && g.chance(25) {
			g.aliases(o, name, taken)
		}
	}
	return options
}

// aliases gives an option aliases that nothing else is called by: which of two claims wins is the order of a dict.
func (g generator) aliases(o dict, name string, taken dict) {
	aliases := []any{}
	for _, alias := range []string{name + "_alias", name + "2"}[:1+g.IntN(2)] {
		if taken[alias] == nil {
			taken[alias] = true
			aliases = append(aliases, alias)
		}
	}
	o["aliases"] = aliases
	if g.chance(40) {
		deprecated := dict{"name": aliases[0], "collection_name": "ns.col"}
		if g.chance(50) {
			deprecated["version"] = "9.0.0"
		} else {
			deprecated["date"] = "2030-01-01"
		}
		o["deprecated_aliases"] = []any{deprecated}
	}
}

func (g generator) option(depth int) dict {
	o := dict{}
	kind := pick(g, types)
	if depth > 0 && g.chance(25) {
		kind = pick(g, []string{"dict", "list"})
	}
	if g.chance(92) {
		o["type"] = kind
	} else {
		kind = "str"
	}
	if kind == "list" && g.chance(60) || g.chance(2) {
		o["elements"] = pick(g, types)
	}
	if depth > 0 && (kind == "dict" || kind == "list") && g.chance(50) {
		if kind == "list" {
			o["elements"] = "dict"
		}
		below := g.options(depth - 1)
		o["options"] = below
		g.rules(o, below)
		if g.chance(30) {
			o["apply_defaults"] = true
		}
	}
	g.extras(o, kind)
	return o
}

func (g generator) extras(o dict, kind string) {
	if g.chance(15) {
		o["required"] = true
	}
	if g.chance(25) && (o["required"] == nil || g.chance(4)) {
		o["default"] = g.fitting(kind, 1)
	}
	if g.chance(12) && kind != "dict" {
		o["choices"] = pick(g, [][]any{{"present", "absent"}, {"yes", "no"}, {"no", "never"}, {1, 2, 10}, {true, false}, {"a", "b", "c"}, {0.5, 1}, {"True", "x"}, {"on", "off", "true"}, {"0", "n"}})
	}
	if g.chance(20) {
		o["no_log"] = g.chance(85)
		if _, hashable := o["default"].(string); !hashable && o["no_log"] == true {
			delete(o, "default")
		}
	}
	if g.chance(10) && (kind != "dict" && kind != "list" || o["options"] == nil) {
		o["fallback"] = dict{"env": []any{pick(g, environments), pick(g, environments)}}
	}
	if g.chance(8) {
		o["removed_in_version"] = "3.0.0"
		o["removed_from_collection"] = "ns.col"
	}
	if g.chance(5) {
		o["removed_at_date"] = "2031-05-06"
		o["removed_from_collection"] = "ns.col"
	}
}

func (g generator) rules(spec, options dict) {
	known := append(sortedKeys(options), "stranger")
	group := func() []any { return []any{pick(g, known), pick(g, known)} }
	for _, rule := range []string{"mutually_exclusive", "required_together", "required_one_of"} {
		if g.chance(15) {
			spec[rule] = []any{group()}
			if g.chance(30) {
				spec[rule] = []any{group(), append(group(), pick(g, known))}
			}
		}
	}
	if g.chance(3) {
		spec["mutually_exclusive"] = group()
	}
	if g.chance(15) {
		rule := []any{pick(g, known), g.scalar(), group()}
		if g.chance(50) {
			rule[1] = pick(g, []any{"present", "yes", true, 1, "x", nil, "a"})
		}
		if g.chance(40) {
			rule = append(rule, g.chance(70))
		}
		spec["required_if"] = []any{rule}
	}
	if g.chance(10) {
		spec["required_by"] = dict{pick(g, known): group()}
		if g.chance(30) {
			spec["required_by"] = dict{pick(g, known): pick(g, known)}
		}
	}
}

func (g generator) arguments(options dict, depth int, common bool) dict {
	args := dict{}
	for _, name := range sortedKeys(options) {
		o := options[name].(dict)
		keys := []string{name}
		for _, alias := range asAnys(o["aliases"]) {
			keys = append(keys, alias.(string))
		}
		for i, key := range keys {
			if g.chance(60) && i == 0 || g.chance(25) && i > 0 {
				args[key] = g.argument(o, depth)
			}
		}
	}
	if g.chance(5) {
		args[pick(g, []string{"stranger", "häß", "zz"})] = g.scalar()
	}
	if common && g.chance(50) {
		args[pick(g, []string{"mode", "attr", "owner", "unsafe_writes"})] = g.scalar()
	}
	return args
}

func (g generator) argument(o dict, depth int) any {
	kind, _ := o["type"].(string)
	below, has := o["options"].(dict)
	switch {
	case g.chance(8):
		return g.value(1)
	case has && kind == "dict":
		return g.arguments(below, depth-1, false)
	case has:
		list := []any{}
		for range g.IntN(3) {
			list = append(list, g.arguments(below, depth-1, false))
		}
		return list
	case o["choices"] != nil && g.chance(70):
		return pick(g, o["choices"].([]any))
	}
	return g.fitting(kind, 1)
}

// fitting gives a value that often, not always, can be converted.
func (g generator) fitting(kind string, depth int) any {
	switch kind {
	case "int", "float":
		if g.chance(60) {
			return pick(g, numerals)
		}
		return pick(g, numbers)
	case "bool":
		return pick(g, []any{pick(g, words), true, false, 1, 0, 1.0, 0.0, 2})
	case "list":
		list := []any{}
		for range g.IntN(4) {
			list = append(list, g.scalar())
		}
		if g.chance(30) {
			return pick(g, []any{"a,b", "1,2,3", "", 5, true, 1.5, nil})
		}
		return list
	case "dict", "json", "jsonarg":
		if g.chance(40) {
			return pick(g, hostile)
		}
		return dict{pick(g, names): g.value(depth), "k": g.scalar()}
	}
	return g.scalar()
}

func (g generator) scalar() any {
	switch g.IntN(6) {
	case 0:
		return pick(g, numbers)
	case 1:
		return pick(g, []any{nil, true, false})
	case 2:
		return pick(g, words)
	case 3:
		return pick(g, numerals)
	}
	if g.chance(10) {
		return pick(g, hostile) + pick(g, hostile)
	}
	return pick(g, hostile)
}

func (g generator) value(depth int) any {
	if depth == 0 || g.chance(60) {
		return g.scalar()
	}
	if g.chance(50) {
		return []any{g.value(depth - 1), g.value(depth - 1)}
	}
	return dict{strings.Trim(pick(g, names), " "): g.value(depth - 1), "x": g.scalar()}
}
