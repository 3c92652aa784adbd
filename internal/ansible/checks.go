package ansible

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// defaults fills what is missing: first only with defaults, at the end with null as well.
func (v *validator) defaults(options []Option, params *Object, all bool) {
	for i := range options {
		o := &options[i]
		if params.Has(o.Name) || o.Default == nil && !all {
			continue
		}
		value, copied := v.defaultOf[o]
		if !copied {
			value = deepCopy(toPython(o.Default))
			v.defaultOf[o] = value
		}
		if o.NoLog == Secret && truth(value) {
			v.addDefaultSecret(value)
		}
		params.Set(o.Name, value)
	}
}

func (v *validator) required(options []Option, params *Object) {
	var missing []string
	for _, o := range options {
		if o.Required && !params.Has(o.Name) {
			missing = append(missing, o.Name)
		}
	}
	if slices.Sort(missing); len(missing) > 0 {
		v.fail("%s", v.found("missing required arguments: "+strings.Join(missing, ", ")))
	}
}

func (v *validator) types(options []Option, params *Object) {
	for _, o := range options {
		value, given := params.Lookup(o.Name)
		if !given || value == nil && !o.Required && o.Default == nil {
			continue
		}
		if err := v.convertOption(o, value, params); err != nil {
			v.fail("argument '%s' is of type %s%s and we were unable to convert to %s: %s", o.Name, typeName(value), v.foundQuoted("."), o.Type.or(Str), err)
		}
	}
}

// or gives the type itself, or the other one if there is none.
func (t Type) or(other Type) Type {
	if t == "" {
		return other
	}
	return t
}

func (v *validator) foundQuoted(end string) string {
	if len(v.context) == 0 {
		return ""
	}
	return " found in '" + strings.Join(v.context, " -> ") + "'" + end
}

func (v *validator) convertOption(o Option, value any, params *Object) error {
	converted, err := convert(value, o.Type, v.env)
	if err != nil {
		return err
	}
	params.Set(o.Name, converted)
	if o.Elements == "" {
		return nil
	}
	elements, isList := converted.([]any)
	if !isList {
		if i, isInt := converted.(*big.Int); isInt && !prints(i) {
			return errTooManyDigits
		}
		v.fail("Invalid type %s for option '%s'%s, elements value check is supported only with 'list' type", o.Type.or(Str), pyStr(converted), v.foundQuoted("."))
		if elements, err = iterate(converted); err != nil {
			return err
		}
	}
	params.Set(o.Name, v.elements(o, elements))
	return nil
}

// iterate gives what Python's for goes over.
func iterate(value any) ([]any, error) {
	elements := []any{}
	switch t := value.(type) {
	case string:
		for _, r := range runes(t) {
			elements = append(elements, string(appendRune(nil, r)))
		}
	case *Object:
		for key := range t.All() {
			elements = append(elements, key)
		}
	case pyTuple:
		elements = t
	default:
		return nil, errors.New("'" + typeName(value) + "' object is not iterable")
	}
	return elements, nil
}

// elements converts each element; one that can't be is an error and left out.
func (v *validator) elements(o Option, elements []any) []any {
	converted := []any{}
	for _, element := range elements {
		c, err := convert(element, o.Elements, v.env)
		if err != nil {
			v.fail("Elements value for option '%s'%s is of type %s and we were unable to convert to %s: %s", o.Name, v.foundQuoted(""), typeName(element), o.Elements, err)
			continue
		}
		converted = append(converted, c)
	}
	return converted
}

func (v *validator) choices(options []Option, params *Object) {
	for _, o := range options {
		value, given := params.Lookup(o.Name)
		if o.Choices == nil || !given {
			continue
		}
		choices := toPython(o.Choices).([]any)
		if list, ok := value.([]any); ok {
			var strange []any
			for _, element := range list {
				if !contains(choices, element) {
					strange = append(strange, element)
				}
			}
			if len(strange) > 0 {
				v.fail("%s", v.found(fmt.Sprintf("value of %s must be one or more of: %s. Got no match for: %s", o.Name, joinStr(choices), joinStr(strange))))
			}
			continue
		}
		value = choiceWord(value, choices)
		if params.Set(o.Name, value); !contains(choices, value) {
			v.fail("%s", v.found(fmt.Sprintf("value of %s must be one of: %s, got: %s", o.Name, joinStr(choices), pyStr(value))))
		}
	}
}

func joinStr(values []any) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = pyStr(value)
	}
	return strings.Join(texts, ", ")
}

// choiceWord undoes what YAML did to a word like no: it gives the one choice that means the same.
func choiceWord(value any, choices []any) any {
	for text, words := range map[string][]any{"False": booleansFalse, "True": booleansTrue} {
		if value != text || contains(choices, value) {
			continue
		}
		var same []any
		for _, choice := range choices {
			if contains(words, choice) && !contains(same, choice) {
				same = append(same, choice)
			}
		}
		if len(same) == 1 {
			return same[0]
		}
	}
	return value
}

// given counts the distinct names among the parameters; presence of the key is what counts.
func given(names []string, params *Object) int {
	n := 0
	for i, name := range names {
		if params.Has(name) && !slices.Contains(names[:i], name) {
			n++
		}
	}
	return n
}

func (v *validator) mutuallyExclusive(groups [][]string, params *Object) {
	var violated []string
	for _, group := range groups {
		if given(group, params) > 1 {
			violated = append(violated, strings.Join(group, "|"))
		}
	}
	if len(violated) > 0 {
		v.fail("%s", v.found("parameters are mutually exclusive: "+strings.Join(violated, ", ")))
	}
}

func (v *validator) requiredTogether(groups [][]string, params *Object) {
	for _, group := range groups {
		var missing bool
		for _, name := range group {
			missing = missing || !params.Has(name)
		}
		if missing && given(group, params) > 0 {
			v.fail("%s", v.found("parameters are required together: "+strings.Join(group, ", ")))
			return
		}
	}
}

func (v *validator) requiredOneOf(groups [][]string, params *Object) {
	for _, group := range groups {
		if given(group, params) == 0 {
			v.fail("%s", v.found("one of the following is required: "+strings.Join(group, ", ")))
			return
		}
	}
}

func (v *validator) requiredIf(rules []RequiredIf, params *Object) {
	for _, rule := range rules {
		value, there := params.Lookup(rule.Option)
		if !there || !pyEqual(value, toPython(rule.Value)) {
			continue
		}
		var missing []string
		for _, name := range rule.Requires {
			if !params.Has(name) {
				missing = append(missing, name)
			}
		}
		if len(missing) == 0 || rule.OneOf && len(missing) < len(rule.Requires) {
			continue
		}
		quantity := "all"
		if rule.OneOf {
			quantity = "any"
		}
		v.fail("%s", v.found(fmt.Sprintf("%s is %s but %s of the following are missing: %s", rule.Option, pyStr(toPython(rule.Value)), quantity, strings.Join(missing, ", "))))
		return
	}
}

func (v *validator) requiredBy(rules []RequiredBy, params *Object) {
	for _, rule := range rules {
		if params.Get(rule.Option) == nil {
			continue
		}
		var missing []string
		for _, name := range rule.Requires {
			if params.Get(name) == nil {
				missing = append(missing, name)
			}
		}
		if len(missing) > 0 {
			v.fail("%s", v.found(fmt.Sprintf("missing parameter(s) required by '%s': %s", rule.Option, strings.Join(missing, ", "))))
			return
		}
	}
}
