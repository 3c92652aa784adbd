package ansible

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"slices"
)

// toPython gives a plain Go value (of a specification, or a result) as the values of this package. Numbers of every width,
// strings, booleans, slices, maps with string keys and what encoding/json writes of anything else are taken.
func toPython(value any) any {
	switch v := value.(type) {
	case nil, bool, string, *big.Int, float64, pyTuple, pySet, pyBytes, *Object:
		return v
	case int:
		return big.NewInt(int64(v))
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = toPython(element)
		}
		return list
	case []string:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = element
		}
		return list
	}
	return reflectPython(reflect.ValueOf(value))
}

func reflectPython(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return big.NewInt(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return new(big.Int).SetUint64(v.Uint())
	case reflect.Float32, reflect.Float64:
		return v.Float()
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	}
	text, err := json.Marshal(v.Interface())
	if err != nil {
		return fmt.Sprint(v)
	}
	value, err := ParseJSON(string(text))
	if err != nil {
		return string(text)
	}
	return value
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
