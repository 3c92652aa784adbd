package ansible

import (
	"errors"
	"fmt"
	"math/big"
	"os/user"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
)

// lookupEnv is os.LookupEnv, or what a test puts in its place.
type lookupEnv func(name string) (string, bool)

// convert is Ansible's check_type_*: it gives the value in the wanted type, or says why it can't be had.
func convert(value any, wanted Type, env lookupEnv) (any, error) {
	switch wanted {
	case Str, "":
		return toStr(value), nil
	case List:
		return toList(value)
	case Dict:
		return toDict(value)
	case Bool:
		return toBool(value)
	case Int:
		return toInt(value)
	case Float:
		return toFloat(value)
	case Path:
		return toPath(toStr(value), env)
	case Raw:
		return value, nil
	case JSON, JSONArg:
		return toJSON(value)
	case Bytes:
		return humanToBytes(value, false)
	case Bits:
		return humanToBytes(value, true)
	}
	return nil, errors.New("'NoneType' object is not callable")
}

func toStr(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case pyBytes:
		return decodeBytes(v)
	}
	return pyStr(value)
}

func toList(value any) (any, error) {
	switch v := value.(type) {
	case []any:
		return v, nil
	case string:
		list := []any{}
		for _, part := range strings.Split(v, ",") {
			list = append(list, part)
		}
		return list, nil
	case bool, *big.Int, float64:
		return []any{pyStr(v)}, nil
	}
	return nil, fmt.Errorf("%s cannot be converted to a list", pyClass(value))
}

func toBool(value any) (any, error) {
	switch v := value.(type) {
	case bool:
		return v, nil
	case string, *big.Int, float64:
		word := v
		if s, ok := v.(string); ok {
			word = strip(strings.ToLower(s))
		}
		if contains(booleansTrue, word) {
			return true, nil
		}
		if contains(booleansFalse, word) {
			return false, nil
		}
		//lint:ignore ST1005 Ansible's words
		return nil, fmt.Errorf("The value '%s' is not a valid boolean. Valid booleans include: %s", pyStr(v), reprAll(append(booleansTrue[:len(booleansTrue):len(booleansTrue)], booleansFalse...)))
	}
	return nil, fmt.Errorf("%s cannot be converted to a bool", pyClass(value))
}

var (
	booleansTrue  = []any{"y", "yes", "on", "1", "true", "t", big.NewInt(1)}
	booleansFalse = []any{"n", "no", "off", "0", "false", "f", big.NewInt(0)}
)

func toInt(value any) (any, error) {
	switch v := value.(type) {
	case bool, *big.Int:
		return v, nil
	case string:
		if i, isWhole, err := decimalInt(v); isWhole {
			return i, err
		}
	case float64:
		if r := toRat(v); r != nil && r.IsInt() {
			return r.Num(), nil
		}
	}
	return nil, fmt.Errorf(`"%s" cannot be converted to an int`, pyRepr(value))
}

func toFloat(value any) (any, error) {
	switch v := value.(type) {
	case float64:
		return v, nil
	case bool, *big.Int:
		if f, _ := toRat(v).Float64(); toRat(f) != nil {
			return f, nil
		}
	case string:
		if f, ok := parseFloat(v); ok {
			return f, nil
		}
	case pyBytes:
		if f, ok := parseFloat(string(v)); ok {
			return f, nil
		}
	}
	return nil, fmt.Errorf("%s cannot be converted to a float", pyClass(value))
}

func toJSON(value any) (any, error) {
	switch v := value.(type) {
	case string:
		return strip(v), nil
	case pyBytes:
		return pyBytes(strings.TrimFunc(string(v), isCSpace)), nil
	case []any, pyTuple, *Object:
		return FormatJSON(v), nil
	}
	return nil, fmt.Errorf("%s cannot be converted to a json string", pyClass(value))
}

func toDict(value any) (any, error) {
	switch v := value.(type) {
	case *Object:
		return v, nil
	case string:
		if strings.HasPrefix(v, "{") {
			return dictFromBraces(v)
		}
		if strings.Contains(v, "=") {
			return dictFromPairs(v)
		}
		return nil, errors.New("dictionary requested, could not parse JSON or key=value")
	}
	return nil, fmt.Errorf("%s cannot be converted to a dict", pyClass(value))
}

func dictFromBraces(text string) (any, error) {
	if value, err := parseJSON(text, pythonDepth); err == nil {
		return value, nil
	}
	if value, err := parseLiteral(text); err == nil {
		if dict, ok := value.(*Object); ok {
			return dict, nil
		}
	}
	return nil, errors.New("unable to evaluate string as dictionary")
}

func dictFromPairs(text string) (any, error) {
	o := NewObject()
	for _, field := range splitFields(strip(text)) {
		key, value, ok := strings.Cut(field, "=")
		if !ok {
			return nil, errors.New(`unable to evaluate string in the "key=value" format as dictionary`)
		}
		o.Set(key, value)
	}
	return o, nil
}

// splitFields splits at commas and blanks outside of quotes; quotes and the backslash before a character vanish.
func splitFields(text string) []string {
	var fields []string
	var field strings.Builder
	var quote byte
	escaped := false
	end := func() {
		if field.Len() > 0 {
			fields = append(fields, field.String())
		}
		field.Reset()
	}
	for i := range len(text) {
		c := text[i]
		switch {
		case escaped:
			field.WriteByte(c)
			escaped = false
		case c == '\\':
			escaped = true
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case quote != 0 && quote == c:
			quote = 0
		case quote == 0 && (c == ',' || c == ' '):
			end()
		default:
			field.WriteByte(c)
		}
	}
	end()
	return fields
}

// toPath expands variables, then the user. Names that Python can't hand to the system are an error there, too.
func toPath(path string, env lookupEnv) (any, error) {
	for _, match := range variable.FindAllString(path, -1) {
		if err := encodable(variableName(match)); err != nil {
			return nil, err
		}
	}
	path = expandVars(path, env)
	if name, _, _ := strings.Cut(path, "/"); strings.HasPrefix(name, "~") {
		if err := encodable(name[1:]); err != nil {
			return nil, err
		}
		if strings.ContainsRune(name, 0) {
			return nil, errors.New("embedded null byte")
		}
	}
	return expandUser(path, env), nil
}

// encodable is the error of Python's encode with surrogateescape, if there is one.
func encodable(name string) error {
	all := runes(name)
	start := slices.IndexFunc(all, func(r rune) bool { return utf16.IsSurrogate(r) && (r < 0xDC80 || r > 0xDCFF) })
	if start < 0 {
		return nil
	}
	end := start + 1
	for end < len(all) && utf16.IsSurrogate(all[end]) {
		end++
	}
	if end == start+1 {
		return fmt.Errorf("'utf-8' codec can't encode character '\\u%04x' in position %d: surrogates not allowed", all[start], start)
	}
	return fmt.Errorf("'utf-8' codec can't encode characters in position %d-%d: surrogates not allowed", start, end-1)
}

var variable = regexp.MustCompile(`\$(\w+|\{[^}]*\})`)

// expandVars is Python's os.path.expandvars: what is not set stays as it is.
func expandVars(path string, env lookupEnv) string {
	return variable.ReplaceAllStringFunc(path, func(match string) string {
		if value, ok := env(variableName(match)); ok {
			return value
		}
		return match
	})
}

func variableName(match string) string {
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(match, "$"), "{"), "}")
}

// expandUser is Python's os.path.expanduser.
func expandUser(path string, env lookupEnv) string {
	if !strings.HasPrefix(path, "~") {
		return path
	}
	name, rest := path[1:], ""
	if i := strings.IndexByte(path, '/'); i >= 0 {
		name, rest = path[1:i], path[i:]
	}
	home, ok := homeOf(name, env)
	if !ok {
		return path
	}
	if expanded := strings.TrimRight(home, "/") + rest; expanded != "" {
		return expanded
	}
	return "/"
}

func homeOf(name string, env lookupEnv) (string, bool) {
	if name == "" {
		if home, ok := env("HOME"); ok {
			return home, true
		}
		u, err := user.Current()
		if err != nil {
			return "", false
		}
		return u.HomeDir, true
	}
	u, err := user.Lookup(name)
	if err != nil {
		return "", false
	}
	return u.HomeDir, true
}

var (
	humanSize = regexp.MustCompile(`^([0-9]*\.?[0-9]+)(?:[\s\p{Z}\x{1c}-\x{1f}\x{85}\v]*([A-Za-z]+))?[\s\p{Z}\x{1c}-\x{1f}\x{85}\v]*$`)
	unitWords = map[byte]string{'B': "", 'K': "kilo", 'M': "mega", 'G': "giga", 'T': "tera", 'P': "peta", 'E': "exa", 'Z': "zeta", 'Y': "yotta"}
)

const unitLetters = "BKMGTPEZY"

// humanToBytes reads sizes such as 10M in powers of 1024, with isBits such as 10Mb.
func humanToBytes(value any, isBits bool) (any, error) {
	name := "Byte"
	if isBits {
		name = "Bit"
	}
	failed := fmt.Errorf("%s cannot be converted to a %s value", pyClass(value), name)
	m := humanSize.FindStringSubmatch(pyStr(value))
	if m == nil {
		return nil, failed
	}
	number, _ := parseFloat(m[1])
	if unit := m[2]; unit != "" {
		power := strings.IndexByte(unitLetters, byte(unicode.ToUpper(rune(unit[0]))))
		if power < 0 || len(unit) > 1 && !isUnit(unit, unitLetters[power], isBits) {
			return nil, failed
		}
		limit, _ := new(big.Float).SetInt(new(big.Int).Lsh(big.NewInt(1), uint(10*power))).Float64()
		number *= limit
	}
	size, ok := roundInt(number)
	if !ok {
		return nil, failed
	}
	return size, nil
}

func isUnit(unit string, letter byte, isBits bool) bool {
	word, short := "byte", "B"
	if isBits {
		word, short = "bit", "b"
	}
	if letter != 'B' {
		short = string(letter) + short
	}
	return strings.ToLower(unit) == unitWords[letter]+word || unit == short
}
