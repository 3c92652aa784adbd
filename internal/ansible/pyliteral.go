package ansible

import (
	"errors"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// errNotLiteral is all that callers learn: Ansible drops Python's reason, too.
var errNotLiteral = errors.New("not a Python literal")

// maxBrackets is the nesting that Python's tokenizer allows (MAXLEVEL).
const maxBrackets = 200

// parseLiteral is Python's ast.literal_eval, but for complex numbers, \N{names} and "...", which no option can be given by.
func parseLiteral(text string) (any, error) {
	if strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
		return nil, errNotLiteral
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	p := literalParser{text: strings.TrimLeft(text, " \t")}
	value, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	rest := p.text[p.at:]
	if p.blanks(); p.at != len(p.text) || endsIndented(rest) {
		return nil, errNotLiteral
	}
	return value, nil
}

// endsIndented tells whether a text ends in blanks that Python takes for the indentation of another line.
func endsIndented(rest string) bool {
	end := strings.LastIndexByte(rest, '\n')
	if end < 0 || strings.HasSuffix(rest[:end], "\\") {
		return false
	}
	last := rest[end+1:]
	return last[strings.LastIndexByte(last, '\f')+1:] != "" && !strings.Contains(last, "#")
}

type literalParser struct {
	text      string
	at        int
	wasSigned bool // the number read last had a sign
}

// blanks skips what may stand between two tokens inside brackets: also comments and line ends.
func (p *literalParser) blanks() {
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == ' ' || c == '\t' || c == '\f' || c == '\n':
			p.at++
		case c == '#':
			end := strings.IndexByte(p.text[p.at:], '\n')
			if end < 0 {
				end = len(p.text) - p.at
			}
			p.at += end
		case strings.HasPrefix(p.text[p.at:], "\\\n") && p.at+2 < len(p.text):
			p.at += 2
		default:
			return
		}
	}
}

func (p *literalParser) take(c byte) bool {
	p.blanks()
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *literalParser) expression(depth int) (any, error) {
	p.blanks()
	if p.at == len(p.text) || depth >= maxBrackets && strings.IndexByte("{[(", p.text[p.at]) >= 0 {
		return nil, errNotLiteral
	}
	switch c := p.text[p.at]; {
	case c == '{':
		return p.braces(depth)
	case c == '[':
		p.at++
		list, _, err := p.elements(']', depth)
		return list, err
	case c == '(':
		p.at++
		list, commas, err := p.elements(')', depth)
		if err == nil && len(list) == 1 && commas == 0 {
			return list[0], nil
		}
		return pyTuple(list), err
	case c == '+' || c == '-':
		return p.signed(depth)
	case c == '"' || c == '\'':
		return p.strings()
	case c == '.' || c >= '0' && c <= '9':
		return p.number()
	}
	return p.word()
}

// elements reads expressions up to the closing bracket and counts the commas, which tell (1) from (1,).
func (p *literalParser) elements(end byte, depth int) (list []any, commas int, err error) {
	list = []any{}
	for !p.take(end) {
		if len(list) > commas {
			return nil, 0, errNotLiteral
		}
		element, err := p.expression(depth + 1)
		if err != nil {
			return nil, 0, err
		}
		list = append(list, element)
		if p.take(',') {
			commas++
		}
	}
	return list, commas, nil
}

// braces reads a dict or a set.
func (p *literalParser) braces(depth int) (any, error) {
	p.at++
	o := NewObject()
	if p.take('}') {
		return o, nil
	}
	var set pySet
	for first := true; ; first = false {
		key, err := p.expression(depth + 1)
		if err != nil || !hashable(key) {
			return nil, errNotLiteral
		}
		pair := p.take(':')
		if !first && pair != (set == nil) {
			return nil, errNotLiteral
		}
		if pair {
			value, err := p.expression(depth + 1)
			if err != nil {
				return nil, err
			}
			o.Set(key, value)
		} else if !contains(set, key) {
			set = append(set, key)
		}
		if more := p.take(','); p.take('}') {
			break
		} else if !more {
			return nil, errNotLiteral
		}
	}
	if set != nil {
		return set, nil
	}
	return o, nil
}

func hashable(key any) bool {
	switch k := key.(type) {
	case []any, pySet, *Object:
		return false
	case pyTuple:
		for _, element := range k {
			if !hashable(element) {
				return false
			}
		}
	}
	return true
}

// signed reads one sign before a number; literal_eval takes no second one.
func (p *literalParser) signed(depth int) (any, error) {
	sign := p.text[p.at]
	p.at++
	p.blanks()
	if p.at < len(p.text) && strings.IndexByte("+-", p.text[p.at]) >= 0 {
		return nil, errNotLiteral
	}
	p.wasSigned = false
	value, err := p.expression(depth)
	if err != nil || p.wasSigned { // in parentheses
		return nil, errNotLiteral
	}
	p.wasSigned = true
	switch v := value.(type) {
	case *big.Int:
		if sign == '-' {
			return new(big.Int).Neg(v), nil
		}
		return v, nil
	case float64:
		if sign == '-' {
			return -v, nil
		}
		return v, nil
	}
	return nil, errNotLiteral
}

// word reads a name: a constant, set(), or the prefix of a string.
func (p *literalParser) word() (any, error) {
	start := p.at
	for p.at < len(p.text) && isNameByte(p.text[p.at]) {
		p.at++
	}
	switch p.text[start:p.at] {
	case "None":
		return nil, nil
	case "True":
		return true, nil
	case "False":
		return false, nil
	case "set":
		if p.take('(') && p.take(')') {
			return pySet{}, nil
		}
		return nil, errNotLiteral
	}
	p.at = start
	return p.strings()
}

func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf
}

func (p *literalParser) number() (any, error) {
	start := p.at
	for p.at < len(p.text) {
		c := p.text[p.at]
		exponentSign := (c == '+' || c == '-') && strings.IndexByte("eE", p.text[p.at-1]) >= 0 && !isBased(p.text[start:p.at])
		if c != '.' && !isNameByte(c) && !exponentSign {
			break
		}
		p.at++
	}
	text := p.text[start:p.at]
	if isBased(text) {
		i, ok := new(big.Int).SetString(text, 0)
		if !ok {
			return nil, errNotLiteral
		}
		return i, nil
	}
	plain, ok := dropUnderscores(text)
	if !ok || strings.Trim(plain, "0123456789.eE+-") != "" {
		return nil, errNotLiteral
	}
	if allDigits(plain) {
		if plain[0] == '0' && strings.Trim(plain, "0") != "" {
			return nil, errNotLiteral
		}
		if len(plain) > maxDigits {
			return nil, errTooLong
		}
		i, _ := new(big.Int).SetString(plain, 10)
		return i, nil
	}
	f, ok := parseFloat(plain)
	if !ok {
		return nil, errNotLiteral
	}
	return f, nil
}

func isBased(text string) bool {
	return len(text) > 1 && text[0] == '0' && strings.IndexByte("xXoObB", text[1]) >= 0
}

// strings reads one or several string literals in a row, which Python joins.
func (p *literalParser) strings() (any, error) {
	var joined []byte
	kind := ""
	for {
		part, isBytes, err := p.oneString()
		if err != nil {
			return nil, err
		}
		now := "str"
		if isBytes {
			now = "bytes"
		}
		if kind != "" && kind != now {
			return nil, errNotLiteral
		}
		kind = now
		joined = append(joined, part...)
		if p.blanks(); !p.atString() {
			break
		}
	}
	if kind == "bytes" {
		return pyBytes(joined), nil
	}
	return string(joined), nil
}

func (p *literalParser) atString() bool {
	rest := strings.TrimLeft(p.text[p.at:], "rRbBuU")
	return len(p.text)-p.at-len(rest) <= 2 && rest != "" && (rest[0] == '"' || rest[0] == '\'')
}

func (p *literalParser) oneString() (content []byte, isBytes bool, err error) {
	if !p.atString() {
		return nil, false, errNotLiteral
	}
	start := p.at
	p.at += strings.IndexAny(p.text[p.at:], `"'`)
	prefix := strings.ToLower(p.text[start:p.at])
	switch prefix {
	case "", "r", "u", "b", "br", "rb":
	default:
		return nil, false, errNotLiteral
	}
	quote := p.text[p.at : p.at+1]
	if strings.HasPrefix(p.text[p.at:], strings.Repeat(quote, 3)) {
		quote = strings.Repeat(quote, 3)
	}
	p.at += len(quote)
	isBytes = strings.Contains(prefix, "b")
	content, err = p.quoted(quote, strings.Contains(prefix, "r"), isBytes)
	return content, isBytes, err
}

func (p *literalParser) quoted(quote string, raw, isBytes bool) ([]byte, error) {
	var b []byte
	for p.at < len(p.text) {
		c := p.text[p.at]
		switch {
		case strings.HasPrefix(p.text[p.at:], quote):
			p.at += len(quote)
			return b, nil
		case c == '\n' && len(quote) == 1, isBytes && c >= utf8.RuneSelf:
			return nil, errNotLiteral
		case c == '\\' && raw && p.at+1 < len(p.text):
			_, size := utf8.DecodeRuneInString(p.text[p.at+1:])
			b = append(b, p.text[p.at:p.at+1+size]...)
			p.at += 1 + size
		case c == '\\':
			p.at++
			var err error
			if b, err = p.escape(b, isBytes); err != nil {
				return nil, err
			}
		default:
			b = append(b, c)
			p.at++
		}
	}
	return nil, errNotLiteral
}

func (p *literalParser) escape(b []byte, isBytes bool) ([]byte, error) {
	if p.at == len(p.text) {
		return nil, errNotLiteral
	}
	const letters, meanings = `\'"abfnrtv`, "\\'\"\a\b\f\n\r\t\v"
	c := p.text[p.at]
	p.at++
	if i := strings.IndexByte(letters, c); i >= 0 {
		return append(b, meanings[i]), nil
	}
	switch {
	case c == '\n':
		return b, nil
	case c >= '0' && c <= '7':
		return p.code(b, p.at-1, 8, 3, false, isBytes)
	case c == 'x':
		return p.code(b, p.at, 16, 2, true, isBytes)
	case c == 'u' && !isBytes:
		return p.code(b, p.at, 16, 4, true, false)
	case c == 'U' && !isBytes:
		return p.code(b, p.at, 16, 8, true, false)
	case c == 'N' && !isBytes:
		return nil, errNotLiteral
	}
	return append(b, '\\', c), nil
}

// code reads up to (if exact: just) width digits from start on and appends the character they name.
func (p *literalParser) code(b []byte, start, base, width int, exact, isBytes bool) ([]byte, error) {
	end := start
	for end < len(p.text) && end-start < width && isDigit(p.text[end], base) {
		end++
	}
	if exact && end-start < width {
		return nil, errNotLiteral
	}
	n, err := strconv.ParseUint(p.text[start:end], base, 64)
	if err != nil || n > unicode.MaxRune {
		return nil, errNotLiteral
	}
	p.at = end
	if isBytes {
		return append(b, byte(n)), nil
	}
	return appendRune(b, rune(n)), nil
}

func isDigit(c byte, base int) bool {
	_, err := strconv.ParseUint(string(rune(c)), base, 8)
	return err == nil
}
