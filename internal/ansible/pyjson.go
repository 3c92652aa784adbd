package ansible

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of what is read, so that a hostile text costs neither the stack nor minutes. Inside a module Python has its own: the
// recursion limit of 1000, of which a few levels are in use, and the 4300 digits of sys.int_info.default_max_str_digits.
const (
	maxDepth    = 10_000
	pythonDepth = 980
	maxDigits   = 4300
)

var (
	errTooDeep = errors.New("nested too deep")
	errTooLong = errors.New("an integer has too many digits")
)

// ParseJSON reads one JSON value as Python's json.loads does: integers of any length, NaN and the infinities, lone surrogates,
// the last of equal keys. Trailing blanks are allowed, anything else behind the value is an error.
func ParseJSON(text string) (any, error) { return parseJSON(text, maxDepth) }

func parseJSON(text string, depth int) (any, error) {
	p := jsonParser{text: text, depth: depth}
	value, err := p.value(0)
	if err != nil {
		return nil, err
	}
	p.blanks()
	if p.at != len(text) {
		return nil, p.fail("extra data")
	}
	return value, nil
}

type jsonParser struct {
	text  string
	at    int
	depth int // at most
}

func (p *jsonParser) fail(why string) error {
	line := 1 + strings.Count(p.text[:p.at], "\n")
	column := p.at - strings.LastIndex(p.text[:p.at], "\n")
	return fmt.Errorf("line %d column %d: %s", line, column, why)
}

func (p *jsonParser) blanks() {
	for p.at < len(p.text) && strings.IndexByte(" \t\n\r", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *jsonParser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

var jsonWords = []struct {
	word  string
	value any
}{
	{"null", nil}, {"true", true}, {"false", false},
	{"NaN", jsonNaN}, {"Infinity", math.Inf(1)}, {"-Infinity", math.Inf(-1)},
}

func (p *jsonParser) value(depth int) (any, error) {
	if depth > p.depth {
		return nil, errTooDeep
	}
	p.blanks()
	switch p.peek() {
	case '{':
		return p.object(depth)
	case '[':
		return p.list(depth)
	case '"':
		return p.string()
	}
	for _, w := range jsonWords {
		if strings.HasPrefix(p.text[p.at:], w.word) {
			p.at += len(w.word)
			return w.value, nil
		}
	}
	return p.number()
}

func (p *jsonParser) object(depth int) (any, error) {
	o := NewObject()
	p.at++
	if p.blanks(); p.peek() == '}' {
		p.at++
		return o, nil
	}
	for {
		p.blanks()
		if p.peek() != '"' {
			return nil, p.fail("expecting property name enclosed in double quotes")
		}
		key, err := p.string()
		if err != nil {
			return nil, err
		}
		if p.blanks(); p.peek() != ':' {
			return nil, p.fail("expecting ':' delimiter")
		}
		p.at++
		value, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		o.Set(key, value)
		if done, err := p.next('}'); done || err != nil {
			return o, err
		}
	}
}

func (p *jsonParser) list(depth int) (any, error) {
	list := []any{}
	p.at++
	if p.blanks(); p.peek() == ']' {
		p.at++
		return list, nil
	}
	for {
		value, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
		if done, err := p.next(']'); done || err != nil {
			return list, err
		}
	}
}

// next reads a comma or the end of an object or list.
func (p *jsonParser) next(end byte) (done bool, err error) {
	p.blanks()
	c := p.peek()
	if c != end && c != ',' {
		return false, p.fail("expecting ',' delimiter")
	}
	p.at++
	return c == end, nil
}

func (p *jsonParser) number() (any, error) {
	start := p.at
	digits := func() bool {
		from := p.at
		for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
			p.at++
		}
		return p.at > from
	}
	if p.peek() == '-' {
		p.at++
	}
	if p.peek() == '0' {
		p.at++
	} else if !digits() {
		p.at = start
		return nil, p.fail("expecting value")
	}
	end, integer := p.at, true
	if p.peek() == '.' {
		p.at++
		if digits() {
			end, integer = p.at, false
		}
		p.at = end
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.at++
		if c := p.peek(); c == '+' || c == '-' {
			p.at++
		}
		if digits() {
			end, integer = p.at, false
		}
		p.at = end
	}
	text := p.text[start:end]
	if integer {
		if len(strings.TrimPrefix(text, "-")) > maxDigits {
			return nil, errTooLong
		}
		i, _ := new(big.Int).SetString(text, 10)
		return i, nil
	}
	f, _ := strconv.ParseFloat(text, 64) // out of range is ±Inf, as in Python
	return f, nil
}

func (p *jsonParser) string() (string, error) {
	p.at++
	var b []byte
	for {
		if p.at >= len(p.text) {
			return "", p.fail("unterminated string")
		}
		c := p.text[p.at]
		switch {
		case c == '"':
			p.at++
			return string(b), nil
		case c == '\\':
			p.at++
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			b = appendRune(b, r)
		case c < 0x20:
			return "", p.fail("invalid control character")
		default:
			_, size := decodeRune(p.text[p.at:])
			b = append(b, p.text[p.at:p.at+size]...)
			p.at += size
		}
	}
}

func (p *jsonParser) escape() (rune, error) {
	const letters, meanings = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	c := p.peek()
	if i := strings.IndexByte(letters, c); i >= 0 && c != 0 {
		p.at++
		return rune(meanings[i]), nil
	}
	if c != 'u' {
		return 0, p.fail(`invalid \escape`)
	}
	p.at++
	high, err := p.hex4()
	if err != nil || !utf16.IsSurrogate(high) || high >= 0xDC00 || !strings.HasPrefix(p.text[p.at:], `\u`) {
		return high, err
	}
	before := p.at
	p.at += 2
	low, err := p.hex4()
	if err != nil {
		return 0, err
	}
	if r := utf16.DecodeRune(high, low); r != utf8.RuneError {
		return r, nil
	}
	p.at = before
	return high, nil
}

func (p *jsonParser) hex4() (rune, error) {
	if p.at+4 > len(p.text) {
		return 0, p.fail(`invalid \uXXXX escape`)
	}
	n, err := strconv.ParseUint(p.text[p.at:p.at+4], 16, 32)
	if err != nil {
		return 0, p.fail(`invalid \uXXXX escape`)
	}
	p.at += 4
	return rune(n), nil
}

// FormatJSON writes a value as Python's json.dumps does: ASCII only, ", " and ": " between.
func FormatJSON(value any) string { return string(appendJSON(nil, value)) }

func appendJSON(b []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case string:
		return appendJSONString(b, v)
	case pyBytes:
		return appendJSONString(b, decodeBytes(v))
	case *big.Int:
		return v.Append(b, 10)
	case float64:
		return append(b, formatJSONFloat(v)...)
	case []any:
		return appendJSONList(b, v)
	case pyTuple:
		return appendJSONList(b, v)
	case pySet:
		return appendJSONList(b, v)
	case *Object:
		b = append(b, '{')
		first := true
		for key, element := range v.All() {
			if !first {
				b = append(b, ", "...)
			}
			first = false
			b = appendJSONString(b, jsonKey(key))
			b = appendJSON(append(b, ": "...), element)
		}
		return append(b, '}')
	}
	return appendJSONString(b, fmt.Sprint(value))
}

func appendJSONList(b []byte, list []any) []byte {
	b = append(b, '[')
	for i, element := range list {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendJSON(b, element)
	}
	return append(b, ']')
}

func formatJSONFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return reprFloat(f)
}

// jsonKey is the text that json.dumps makes of a key.
func jsonKey(key any) string {
	switch k := key.(type) {
	case string:
		return k
	case nil, bool, *big.Int, float64:
		return string(appendJSON(nil, k))
	}
	return pyStr(key)
}

func appendJSONString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		r, size := decodeRune(s[i:])
		i += size
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r == '\b':
			b = append(b, `\b`...)
		case r == '\f':
			b = append(b, `\f`...)
		case r >= 0x20 && r < 0x7f:
			b = append(b, byte(r))
		case r < 0x10000:
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		}
	}
	return append(b, '"')
}
