package ansible

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// typeName is Python's type(value).__name__.
func typeName(value any) string {
	switch value.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case string:
		return "str"
	case *big.Int:
		return "int"
	case float64:
		return "float"
	case []any:
		return "list"
	case pyTuple:
		return "tuple"
	case pySet:
		return "set"
	case pyBytes:
		return "bytes"
	case *Object:
		return "dict"
	}
	return fmt.Sprintf("%T", value)
}

// pyClass is Python's str(type(value)).
func pyClass(value any) string { return "<class '" + typeName(value) + "'>" }

// truth is Python's bool(value).
func truth(value any) bool {
	switch v := value.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case pyBytes:
		return v != ""
	case *big.Int:
		return v.Sign() != 0
	case float64:
		return v != 0
	case []any:
		return len(v) > 0
	case pyTuple:
		return len(v) > 0
	case pySet:
		return len(v) > 0
	case *Object:
		return v.Len() > 0
	}
	return true
}

// pyEqual is Python's ==.
func pyEqual(a, b any) bool {
	if x, y := toRat(a), toRat(b); x != nil && y != nil {
		return x.Cmp(y) == 0
	}
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		return ok && allEqual(x, y)
	case pyTuple:
		y, ok := b.(pyTuple)
		return ok && allEqual(x, y)
	case pySet:
		y, ok := b.(pySet)
		return ok && len(x) == len(y) && !anyMissing(x, y)
	case *Object:
		y, ok := b.(*Object)
		return ok && objectsEqual(x, y)
	case float64:
		y, ok := b.(float64)
		return ok && x == y
	case nil, string, pyBytes:
		return a == b
	}
	return false
}

// same is what Python asks for inside of containers and for "in": the same object, or an equal one. Of all values only NaN does
// not equal itself; each NaN of a JSON text is the same object, each made of another text is one of its own.
func same(a, b any) bool {
	x, isFloat := a.(float64)
	y, areFloats := b.(float64)
	return pyEqual(a, b) || isFloat && areFloats && math.Float64bits(x) == math.Float64bits(jsonNaN) && math.Float64bits(y) == math.Float64bits(jsonNaN)
}

var jsonNaN, otherNaN = math.NaN(), math.Float64frombits(math.Float64bits(math.NaN()) + 1)

func allEqual(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !same(a[i], b[i]) {
			return false
		}
	}
	return true
}

func anyMissing(of, in []any) bool {
	for _, element := range of {
		if !contains(in, element) {
			return true
		}
	}
	return false
}

func objectsEqual(a, b *Object) bool {
	if a.Len() != b.Len() {
		return false
	}
	for key, value := range a.All() {
		other, ok := b.Lookup(key)
		if !ok || !same(value, other) {
			return false
		}
	}
	return true
}

// contains is Python's "value in list".
func contains(list []any, value any) bool {
	for _, element := range list {
		if same(element, value) {
			return true
		}
	}
	return false
}

// toRat gives the exact value of a finite number (also True and False) and nil for anything else.
func toRat(value any) *big.Rat {
	switch v := value.(type) {
	case bool:
		if v {
			return big.NewRat(1, 1)
		}
		return new(big.Rat)
	case *big.Int:
		return new(big.Rat).SetInt(v)
	case float64:
		return new(big.Rat).SetFloat64(v)
	}
	return nil
}

// pyStr is Python's str(value).
func pyStr(value any) string {
	if s, ok := value.(string); ok {
		return s
	}
	return pyRepr(value)
}

// pyRepr is Python's repr(value).
func pyRepr(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return reprString(v)
	case pyBytes:
		return reprBytes(v)
	case *big.Int:
		return v.String()
	case float64:
		return reprFloat(v)
	case []any:
		return "[" + reprAll(v) + "]"
	case pyTuple:
		if len(v) == 1 {
			return "(" + pyRepr(v[0]) + ",)"
		}
		return "(" + reprAll(v) + ")"
	case pySet:
		if len(v) == 0 {
			return "set()"
		}
		return "{" + reprAll(v) + "}"
	case *Object:
		return reprObject(v)
	}
	return fmt.Sprint(value)
}

func reprAll(list []any) string {
	texts := make([]string, len(list))
	for i, element := range list {
		texts[i] = pyRepr(element)
	}
	return strings.Join(texts, ", ")
}

func reprObject(o *Object) string {
	var texts []string
	for key, value := range o.All() {
		texts = append(texts, pyRepr(key)+": "+pyRepr(value))
	}
	return "{" + strings.Join(texts, ", ") + "}"
}

// reprFloat writes the shortest text that reads back, with an exponent where Python uses one (float_repr_style "short").
func reprFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	_, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	if e, _ := strconv.Atoi(exponent); f != 0 && (e < -4 || e >= 16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

func reprString(s string) string {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteByte(quote)
	for i := 0; i < len(s); {
		r, size := decodeRune(s[i:])
		i += size
		switch {
		case r == rune(quote) || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case isPrintable(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte(quote)
	return b.String()
}

func reprBytes(s pyBytes) string {
	quote := byte('\'')
	if strings.Contains(string(s), "'") && !strings.Contains(string(s), `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteString("b" + string(quote))
	for _, c := range []byte(s) {
		switch {
		case c == quote || c == '\\':
			b.WriteString(`\` + string(c))
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c >= 0x20 && c < 0x7f:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	b.WriteByte(quote)
	return b.String()
}

// decodeRune reads a rune or a lone surrogate in its three bytes.
func decodeRune(s string) (rune, int) {
	r, size := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 && len(s) >= 3 && s[0] == 0xED && s[1] >= 0xA0 && s[1] <= 0xBF {
		return 0xD000 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), 3
	}
	return r, size
}

// appendRune writes a rune, or a lone surrogate as three bytes.
func appendRune(b []byte, r rune) []byte {
	if r >= 0xD800 && r <= 0xDFFF {
		return append(b, 0xED, byte(0x80|r>>6&0x3F), byte(0x80|r&0x3F))
	}
	return utf8.AppendRune(b, r)
}

// decodeBytes is Python's decode with surrogateescape: a byte that is not UTF-8 becomes a lone surrogate.
func decodeBytes(b pyBytes) string {
	var text []byte
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRuneInString(string(b[i:]))
		if r == utf8.RuneError && size == 1 {
			r = 0xDC00 | rune(b[i])
		}
		text = appendRune(text, r)
		i += size
	}
	return string(text)
}

// runes is Python's list(s).
func runes(s string) []rune {
	var all []rune
	for i := 0; i < len(s); {
		r, size := decodeRune(s[i:])
		all = append(all, r)
		i += size
	}
	return all
}

// runeCount is Python's len(s). Every rune, and every lone surrogate, has one byte that continues no other.
func runeCount(s string) int {
	n := 0
	for i := range len(s) {
		if s[i]&0xC0 != 0x80 {
			n++
		}
	}
	return n
}

// strip is Python's str.strip().
func strip(s string) string { return strings.TrimFunc(s, isSpace) }
