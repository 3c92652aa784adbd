package ansible

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
)

// Encode gives the options that decode to the params of a module, as text in JSON: with an argument @FILE a command takes them from a file.
// What is empty is left out, numbers and booleans apart. There are secrets in it.
func Encode(params any) (string, error) {
	text, err := json.MarshalIndent(encodeStruct(reflect.ValueOf(params)), "", "  ")
	return string(text) + "\n", err
}

func encodeStruct(from reflect.Value) map[string]any {
	all := map[string]any{}
	for field, value := range from.Fields() {
		if field.Anonymous {
			maps.Copy(all, encodeStruct(value))
		} else if encoded := encodeValue(value); encoded != nil {
			all[field.Tag.Get(tag)] = encoded
		}
	}
	return all
}

func encodeValue(from reflect.Value) any {
	switch from.Kind() {
	case reflect.Pointer, reflect.Interface:
		if from.IsNil() {
			return nil
		}
		return encodeValue(from.Elem())
	case reflect.Struct:
		return encodeStruct(from)
	case reflect.Slice:
		var list []any
		for _, element := range from.Seq2() {
			list = append(list, encodeValue(element))
		}
		if list == nil {
			return nil
		}
		return list
	case reflect.Map, reflect.String:
		if from.Len() == 0 {
			return nil
		}
	}
	return from.Interface()
}

// Shown gives options for people: in place of secrets it tells whether they differ from those of other options.
func (s Spec) Shown(options, other map[string]any) map[string]any {
	return shown(s.options(), options, other)
}

func shown(specs []Option, options, other map[string]any) map[string]any {
	all := maps.Clone(options)
	for name, value := range options {
		i := slices.IndexFunc(specs, func(o Option) bool { return o.Name == name })
		switch {
		case i < 0 || specs[i].NoLog == Secret || specs[i].SecretEntries != nil:
			all[name] = shownSecret(value, other[name])
		case specs[i].Options != nil:
			all[name] = shownBelow(specs[i].Options, value, other[name])
		}
	}
	return all
}

func shownSecret(value, other any) string {
	if other != nil && !reflect.DeepEqual(value, other) {
		return "another secret"
	}
	return "a secret"
}

func shownBelow(specs []Option, value, other any) any {
	switch v := value.(type) {
	case map[string]any:
		same, _ := other.(map[string]any)
		return shown(specs, v, same)
	case []any:
		list := make([]any, len(v))
		others, _ := other.([]any)
		for i, element := range v {
			var same any
			if i < len(others) {
				same = others[i]
			}
			list[i] = shownBelow(specs, element, same)
		}
		return list
	}
	return value
}
