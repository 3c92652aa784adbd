package ansible

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
)

// tag is the key of the struct tags that name options.
const tag = "ansible"

// decode puts validated params into the struct that into points to, field by field as its tags say. Pointers stay nil for what
// is null; without a pointer null is the zero value. The errors name the options.
func decode(params *Object, into any) error {
	return decodeStruct(params, reflect.ValueOf(into).Elem(), "")
}

func decodeStruct(params *Object, into reflect.Value, prefix string) error {
	var problems []error
	for field, value := range into.Fields() {
		if field.Anonymous {
			problems = append(problems, decodeStruct(params, value, prefix))
			continue
		}
		name := field.Tag.Get(tag)
		problems = append(problems, decodeValue(params.Get(name), value, prefix+name))
	}
	return errors.Join(problems...)
}

func decodeValue(from any, into reflect.Value, name string) error {
	if from == nil {
		return nil
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		return decodeValue(from, into.Elem(), name)
	case reflect.Slice:
		return decodeSlice(from, into, name)
	case reflect.Map:
		return decodeMap(from, into, name)
	case reflect.Struct:
		if o, ok := from.(*Object); ok {
			return decodeStruct(o, into, name+".")
		}
	case reflect.Interface:
		into.Set(reflect.ValueOf(plainValue(from)))
		return nil
	case reflect.String:
		if s, ok := from.(string); ok {
			into.SetString(s)
			return nil
		}
	case reflect.Bool:
		if b, ok := from.(bool); ok {
			into.SetBool(b)
			return nil
		}
	case reflect.Float64:
		if f, ok := from.(float64); ok {
			into.SetFloat(f)
			return nil
		}
	case reflect.Int, reflect.Int32, reflect.Int64:
		return decodeInt(from, into, name)
	}
	return mismatch(from, into, name)
}

func mismatch(from any, into reflect.Value, name string) error {
	return fmt.Errorf("option %s: a %s does not fit into a %s of the module", name, typeName(from), into.Type())
}

func decodeInt(from any, into reflect.Value, name string) error {
	if from == true || from == false {
		from = toRat(from).Num()
	}
	i, ok := from.(*big.Int)
	if !ok {
		return mismatch(from, into, name)
	}
	if !i.IsInt64() || into.OverflowInt(i.Int64()) {
		return fmt.Errorf("option %s: %s is too large", name, shortened(i.String()))
	}
	into.SetInt(i.Int64())
	return nil
}

func shortened(digits string) string {
	if len(digits) > 40 {
		return fmt.Sprintf("%s... (%d digits)", digits[:20], len(digits))
	}
	return digits
}

func decodeSlice(from any, into reflect.Value, name string) error {
	list, ok := from.([]any)
	if !ok {
		return mismatch(from, into, name)
	}
	into.Set(reflect.MakeSlice(into.Type(), len(list), len(list)))
	var problems []error
	for i, element := range list {
		problems = append(problems, decodeValue(element, into.Index(i), fmt.Sprintf("%s[%d]", name, i)))
	}
	return errors.Join(problems...)
}

func decodeMap(from any, into reflect.Value, name string) error {
	o, ok := from.(*Object)
	if !ok {
		return mismatch(from, into, name)
	}
	into.Set(reflect.MakeMap(into.Type()))
	var problems []error
	for key, element := range o.All() {
		value := reflect.New(into.Type().Elem()).Elem()
		if into.Type().Elem().Kind() == reflect.String {
			element = toStr(element) // YAML makes numbers and booleans of labels such as 1 or true
		}
		problems = append(problems, decodeValue(element, value, name+"."+pyStr(key)))
		into.SetMapIndex(reflect.ValueOf(pyStr(key)), value)
	}
	return errors.Join(problems...)
}

// plainValue gives what encoding/json would: maps, slices, strings, and numbers that keep their digits.
func plainValue(value any) any {
	switch v := value.(type) {
	case *Object:
		m := map[string]any{}
		for key, element := range v.All() {
			m[pyStr(key)] = plainValue(element)
		}
		return m
	case []any, pyTuple, pySet:
		elements := elementsOf(v)
		list := make([]any, len(elements))
		for i, element := range elements {
			list[i] = plainValue(element)
		}
		return list
	case *big.Int:
		if v.IsInt64() {
			return v.Int64()
		}
		return v.String()
	case pyBytes:
		return string(v)
	}
	return value
}
