package ansible

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// Validated is what came of a module's arguments.
type Validated struct {
	Params       *Object // every option, coerced, and the aliases that were used, as given
	Warnings     []string
	Deprecations []Deprecation
	NoLogValues  []string // sorted
	Errors       []string // in Ansible's order and words
	Unsupported  bool     // whether the last of Errors is about unsupported parameters
}

// Deprecation is Ansible's word on an option or alias that will go. What Ansible leaves out or null is nil.
type Deprecation struct {
	Msg                       string
	Version, Date, Collection any
	OfAlias                   bool
}

// Validate does to the arguments what Python's AnsibleModule does: fallbacks, aliases, defaults, types, choices and rules, in
// the order of ArgumentSpecValidator.validate of ansible-core 2.19. It goes on after an error and leaves args as they are.
func (s Spec) Validate(args *Object, env func(name string) (string, bool)) Validated {
	v := &validator{env: env, secrets: map[string]bool{}, defaultOf: map[*Option]any{}}
	params := deepCopy(args).(*Object)
	options := s.options()
	v.fallbacks(options, params)
	aliases, both, deprecated := v.aliases(options, params)
	v.aliasDeprecations("", deprecated)
	v.collectSecrets(options, params)
	v.listDeprecations(options, params, "")
	v.unsupported(options, params, aliases)
	v.level(options, s.Constraints, params, "")
	for _, pair := range both {
		v.warnAlias("", pair)
	}
	v.reportUnsupported()
	return Validated{
		Params: params, Warnings: v.warnings, Deprecations: append(v.deprecations, v.lateDeprecations...),
		NoLogValues: v.sortedSecrets(), Errors: v.errors, Unsupported: len(v.strangers) > 0,
	}
}

// options gives the module's options, with the common file arguments that it does not define itself.
func (s Spec) options() []Option {
	options := s.Options
	if s.AddFileCommonArgs {
		for _, common := range fileCommonArgs {
			if !slices.ContainsFunc(options, func(o Option) bool { return o.Name == common.Name }) {
				options = append(options[:len(options):len(options)], common)
			}
		}
	}
	return options
}

// fileCommonArgs is FILE_COMMON_ARGUMENTS of ansible.module_utils.basic.
var fileCommonArgs = []Option{
	{Name: "mode", Type: Raw}, {Name: "owner", Type: Str}, {Name: "group", Type: Str}, {Name: "seuser", Type: Str},
	{Name: "serole", Type: Str}, {Name: "selevel", Type: Str}, {Name: "setype", Type: Str},
	{Name: "attributes", Type: Str, Aliases: []string{"attr"}},
	{Name: "unsafe_writes", Type: Bool, Default: false, Env: []string{"ANSIBLE_UNSAFE_WRITES"}},
}

type validator struct {
	env              lookupEnv
	context          []string // the options that lead to the level at hand
	errors           []string
	warnings         []string
	deprecations     []Deprecation
	lateDeprecations []Deprecation // of aliases below the first level
	secrets          map[string]bool
	strangers        []stranger
	defaultOf        map[*Option]any // the same dict for each element of a list, as in Python
}

// stranger is an argument that no option takes.
type stranger struct {
	name      string // with the options that lead to it
	supported []string
	aliases   []string
}

func (v *validator) fail(format string, args ...any) {
	v.errors = append(v.errors, fmt.Sprintf(format, args...))
}

// found is the end of most texts: where below the first level the option stands.
func (v *validator) found(text string) string {
	if len(v.context) == 0 {
		return text
	}
	return text + " found in " + strings.Join(v.context, " -> ")
}

func (v *validator) warnAlias(prefix string, pair [2]string) {
	text := fmt.Sprintf("Both option %s%s and its alias %s%s are set.", prefix, pair[0], prefix, pair[1])
	if !slices.Contains(v.warnings, text) {
		v.warnings = append(v.warnings, text)
	}
}

// level checks one level of options and then those below it.
func (v *validator) level(options []Option, rules Constraints, params *Object, prefix string) {
	v.mutuallyExclusive(rules.MutuallyExclusive, params)
	v.defaults(options, params, false)
	v.required(options, params)
	v.types(options, params)
	v.choices(options, params)
	v.requiredTogether(rules.RequiredTogether, params)
	v.requiredOneOf(rules.RequiredOneOf, params)
	v.requiredIf(rules.RequiredIf, params)
	v.requiredBy(rules.RequiredBy, params)
	v.defaults(options, params, true)
	v.suboptions(options, params, prefix)
}

// suboptions goes into the dicts, and the lists of dicts, that have options of their own.
func (v *validator) suboptions(options []Option, params *Object, prefix string) {
	for _, o := range options {
		if !o.isDicts() || o.Options == nil {
			continue
		}
		if params.Get(o.Name) == nil {
			if !o.ApplyDefaults {
				continue
			}
			params.Set(o.Name, NewObject())
		}
		v.context = append(v.context, o.Name)
		for i, element := range asList(params.Get(o.Name)) {
			below := prefix + o.Name
			if o.Type == List {
				below += fmt.Sprintf("[%d]", i)
			}
			v.suboption(o, element, below+".")
		}
		v.context = v.context[:len(v.context)-1]
	}
}

func (v *validator) suboption(o Option, element any, prefix string) {
	params, ok := element.(*Object)
	if !ok {
		v.fail("value of '%s' must be of type dict or list of dicts", o.Name)
		return
	}
	v.fallbacks(o.Options, params)
	aliases, both, deprecated := v.aliases(o.Options, params)
	for _, pair := range both {
		v.warnAlias(prefix, pair)
	}
	v.aliasDeprecations(prefix, deprecated)
	v.collectSecrets(o.Options, params)
	v.unsupported(o.Options, params, aliases)
	v.level(o.Options, o.Constraints, params, prefix)
}

// isDicts tells whether the option can have suboptions.
func (o Option) isDicts() bool { return o.Type == Dict || o.Type == List && o.Elements == Dict }

// asList gives the elements of a sequence (of bytes the numbers), and anything else as the only one.
func asList(value any) []any {
	switch v := value.(type) {
	case []any:
		return v
	case pyTuple:
		return v
	case pyBytes:
		var numbers []any
		for _, b := range []byte(v) {
			numbers = append(numbers, big.NewInt(int64(b)))
		}
		return numbers
	}
	return []any{value}
}

// fallbacks fills what is not given from the environment.
func (v *validator) fallbacks(options []Option, params *Object) {
	for _, o := range options {
		if params.Has(o.Name) {
			continue
		}
		for _, name := range o.Env {
			if value, ok := v.env(name); ok {
				if o.NoLog == Secret && value != "" {
					v.secrets[value] = true
				}
				params.Set(o.Name, value)
				break
			}
		}
	}
}

// aliases copies the values of aliases to their options. It gives the alias names by option, the pairs of which both were
// given, and the deprecated ones among the given.
func (v *validator) aliases(options []Option, params *Object) (names map[string]string, both [][2]string, deprecated []DeprecatedAlias) {
	names = map[string]string{}
	for _, o := range options {
		for _, alias := range o.DeprecatedAliases {
			if params.Has(alias.Name) {
				deprecated = append(deprecated, alias)
			}
		}
		if o.Default != nil && o.Required {
			v.fail("%s", contradictory(options))
			return map[string]string{}, both, deprecated
		}
		for _, alias := range o.Aliases {
			names[alias] = o.Name
			value, given := params.Lookup(alias)
			if !given {
				continue
			}
			if params.Has(o.Name) {
				both = append(both, [2]string{o.Name, alias})
			}
			params.Set(o.Name, value)
		}
	}
	return names, both, deprecated
}

// copyAliases copies once more; an option that is another's alias may have got a new value meanwhile.
func copyAliases(options []Option, params *Object) {
	for _, o := range options {
		if o.Default != nil && o.Required {
			return
		}
		for _, alias := range o.Aliases {
			if value, given := params.Lookup(alias); given {
				params.Set(o.Name, value)
			}
		}
	}
}

func (v *validator) aliasDeprecations(prefix string, deprecated []DeprecatedAlias) {
	for _, alias := range deprecated {
		d := Deprecation{
			Msg:     fmt.Sprintf("Alias '%s%s' is deprecated. See the module docs for more information", prefix, alias.Name),
			Version: orNil(alias.Version), Date: orNil(alias.Date), Collection: orNil(alias.Collection), OfAlias: true,
		}
		if prefix == "" {
			v.deprecations = append(v.deprecations, d)
		} else {
			v.lateDeprecations = append(v.lateDeprecations, d)
		}
	}
}

func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func (v *validator) listDeprecations(options []Option, params *Object, prefix string) {
	for _, o := range options {
		value, given := params.Lookup(o.Name)
		if !given {
			continue
		}
		name := o.Name
		if prefix != "" {
			name = fmt.Sprintf(`%s["%s"]`, prefix, o.Name)
		}
		if o.RemovedAtDate != "" || o.RemovedInVersion != "" {
			d := Deprecation{Msg: fmt.Sprintf("Param '%s' is deprecated. See the module docs for more information", name), Collection: orNil(o.RemovedFrom)}
			if o.RemovedAtDate != "" {
				d.Date = o.RemovedAtDate
			} else {
				d.Version = o.RemovedInVersion
			}
			v.deprecations = append(v.deprecations, d)
		}
		for _, element := range asList(value) {
			if sub, ok := element.(*Object); ok && o.Options != nil {
				v.listDeprecations(o.Options, sub, name)
			}
		}
	}
}

// unsupported notes the arguments of one level that no option and no alias takes.
func (v *validator) unsupported(options []Option, params *Object, aliases map[string]string) {
	known := map[any]bool{}
	supported := []string{}
	for _, o := range options {
		known[o.Name] = true
		if _, isAlias := aliases[o.Name]; !isAlias {
			supported = append(supported, o.Name)
		}
	}
	names := []string{}
	for alias := range aliases {
		known[alias] = true
		names = append(names, alias)
	}
	slices.Sort(supported)
	slices.Sort(names)
	var strangers []stranger
	for key := range params.All() {
		if s, ok := key.(string); ok && known[s] {
			continue
		}
		copyAliases(options, params) // so does Ansible, which shows where an alias is also an option
		path := append(slices.Clone(v.context), pyStr(key))
		strangers = append(strangers, stranger{strings.Join(path, "."), supported, names})
	}
	if contradiction := contradictory(options); contradiction != "" && len(strangers) > 0 {
		v.fail("%s", contradiction) // Ansible asks for the aliases again here, and stumbles again
		return
	}
	v.strangers = append(v.strangers, strangers...)
}

// contradictory is Ansible's text for an option that is required and has a default; empty if there is none.
func contradictory(options []Option) string {
	for _, o := range options {
		if o.Default != nil && o.Required {
			return "internal error: required and default are mutually exclusive for " + o.Name
		}
	}
	return ""
}

func (v *validator) reportUnsupported() {
	if len(v.strangers) == 0 {
		return
	}
	var names []string
	for _, s := range v.strangers {
		names = append(names, s.name)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	last := v.strangers[len(v.strangers)-1]
	supported := strings.Join(last.supported, ", ")
	if len(last.aliases) > 0 {
		supported += " (" + strings.Join(last.aliases, ", ") + ")"
	}
	v.fail("%s. Supported parameters include: %s.", strings.Join(names, ", "), supported)
}
