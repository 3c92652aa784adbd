package ansible

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// addSecret takes all texts in a value as secrets: strings and numbers, in dicts and lists at any depth.
func (v *validator) addSecret(value any) {
	switch t := value.(type) {
	case nil, bool:
	case string:
		if t != "" {
			v.secrets[t] = true
		}
	case pyBytes:
		v.secrets[decodeBytes(t)] = true
	case *Object:
		for _, element := range t.All() {
			v.addSecret(element)
		}
	case []any, pyTuple, pySet:
		for _, element := range elementsOf(t) {
			v.addSecret(element)
		}
	default:
		v.secrets[pyStr(value)] = true
	}
}

// addDefaultSecret is for defaults: of those, Ansible takes True as a secret, too.
func (v *validator) addDefaultSecret(value any) {
	if value == true {
		value = pyStr(value)
	}
	v.addSecret(value)
}

func elementsOf(value any) []any {
	switch t := value.(type) {
	case []any:
		return t
	case pyTuple:
		return t
	case pySet:
		return t
	}
	return nil
}

// collectSecrets takes the values of the secret options of a level and below, before they are coerced. Suboptions that can't be
// read are an error, in Ansible's words; what of them is secret nobody can tell, so all of it is.
func (v *validator) collectSecrets(options []Option, params *Object) {
	if err := v.secretsOf(options, params); err != nil {
		v.fail("%s", err)
	}
}

func (v *validator) secretsOf(options []Option, params *Object) error {
	for _, o := range options {
		value := params.Get(o.Name)
		if o.NoLog == Secret && truth(value) {
			v.addSecret(value)
		}
		if o.SecretEntries != nil && truth(value) {
			v.addSecretEntries(o, value)
		}
		if o.Options == nil || value == nil || !o.isDicts() {
			continue
		}
		elements := []any{value}
		if list, ok := value.([]any); ok {
			elements = list
		}
		for _, element := range elements {
			if err := v.secretsBelow(o, element); err != nil {
				return err
			}
		}
	}
	return nil
}

// addSecretEntries takes the secrets of a dict. What cannot be read as one is secret as a whole.
func (v *validator) addSecretEntries(o Option, value any) {
	if text, ok := value.(string); ok {
		if dict, err := toDict(text); err == nil {
			value = dict
		}
	}
	entries, ok := plainValue(value).(map[string]any)
	if !ok {
		v.addSecret(value)
		return
	}
	for _, text := range o.SecretEntries(entries) {
		v.addSecret(text)
	}
}

func (v *validator) secretsBelow(o Option, element any) error {
	if text, ok := element.(string); ok {
		dict, err := toDict(text)
		if err != nil {
			return err
		}
		element = dict
	}
	params, ok := element.(*Object)
	if !ok {
		//lint:ignore ST1005 Ansible's words
		return fmt.Errorf("Value '%s' in the sub parameter field '%s' must be a %s, not '%s'", pyStr(element), o.Name, o.Type, typeName(element))
	}
	return v.secretsOf(o.Options, params)
}

func (v *validator) sortedSecrets() []string { return slices.Sorted(maps.Keys(v.secrets)) }

const (
	placeholder = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
	stars       = "********"
)

// Censor gives the value without the secrets, as Ansible's remove_values does: a string or number that is a secret, or a number
// that holds one, becomes a placeholder, a part of a string eight stars. Keys stay. The longest secrets go first.
func Censor(value any, secrets []string) any {
	return newCensor(secrets).value(toPython(value))
}

type censor []string

func newCensor(secrets []string) censor {
	sorted := slices.Clone(secrets)
	slices.SortStableFunc(sorted, func(a, b string) int { return runeCount(b) - runeCount(a) })
	return sorted
}

func (c censor) value(value any) any {
	switch v := value.(type) {
	case string:
		return c.text(v)
	case pyBytes:
		return pyBytes(c.text(string(v)))
	case *big.Int, float64:
		text := pyStr(v)
		if slices.ContainsFunc(c, func(secret string) bool { return strings.Contains(text, secret) }) {
			return placeholder
		}
	case []any:
		return c.list(v)
	case pyTuple:
		return c.list(v)
	case pySet:
		return pySet(c.list(v))
	case *Object:
		censored := NewObject()
		for key, element := range v.All() {
			censored.Set(key, c.value(element))
		}
		return censored
	}
	return value
}

func (c censor) list(list []any) []any {
	censored := make([]any, len(list))
	for i, element := range list {
		censored[i] = c.value(element)
	}
	return censored
}

func (c censor) text(text string) string {
	if slices.Contains(c, text) {
		return placeholder
	}
	for _, secret := range c {
		if secret == "" {
			text = betweenRunes(text)
			continue
		}
		text = strings.ReplaceAll(text, secret, stars)
	}
	return text
}

// betweenRunes is what is left of a text without the empty text: Python finds that around every character.
func betweenRunes(text string) string {
	b := []byte(stars)
	for _, r := range runes(text) {
		b = append(appendRune(b, r), stars...)
	}
	return string(b)
}
