package main

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/ansible"
)

// generator makes questions from a seed: every feature of argument specs, and arguments that fit, nearly fit or are hostile. A lone
// surrogate is written in the three bytes that UTF-8 would give it, as in the values of the package ansible.
type generator struct{ *rand.Rand }

func pick[T any](g generator, from ...T) T { return from[g.IntN(len(from))] }

func (g generator) chance(percent int) bool { return g.IntN(100) < percent }

func integer(i int64) *big.Int { return big.NewInt(i) }

func huge(text string) *big.Int {
	i, _ := new(big.Int).SetString(text, 10)
	return i
}

// times joins up to n texts.
func (g generator) times(n int, separator string, text func() string) string {
	texts := make([]string, g.IntN(n+1))
	for i := range texts {
		texts[i] = text()
	}
	return strings.Join(texts, separator)
}

var blanks = []string{" ", "\t", "\n", "\r", "\v", "\f", "\x1c", "\x1f", "\u0085", "\u00a0", "\u1680", "\u2003", "\u2028", "\u3000", "\u200b", "\ufeff", "\x00"}

func (g generator) blank() string {
	if g.chance(70) {
		return ""
	}
	return g.times(2, "", func() string { return pick(g, blanks...) })
}

func surrogate(code rune) string {
	return string([]byte{0xED, byte(0x80 | code>>6&0x3F), byte(0x80 | code&0x3F)})
}

func (g generator) character() string {
	switch g.IntN(12) {
	case 0:
		return string(rune(g.IntN(0x20)))
	case 1:
		return string(rune(0x7f + g.IntN(0x80)))
	case 2:
		return surrogate(0xD800 + rune(g.IntN(0x800)))
	case 3:
		return string(rune(0x10000 + g.IntN(0x100000)))
	case 4:
		return pick(g, blanks...)
	case 5:
		return pick(g, strings.Split("'\"\\`{}[](),=:$~/#%*", "")...)
	case 6:
		return string(rune(0x300 + g.IntN(0x2d00)))
	case 7:
		return pick(g, "ß", "ſ", "İ", "ı", "K", "ﬁ", "é", "e\u0301", "\u202e", "\u00ad", "\uffff", "😀", surrogate(0xD83D), surrogate(0xDE00))
	}
	return string(rune(0x20 + g.IntN(0x5f)))
}

func (g generator) text(n int) string { return g.times(n, "", g.character) }

func (g generator) word() string {
	return pick(g, "yes", "no", "True", "False", "true", "FALSE", "on", "off", "y", "n", "t", "f", "1", "0", "present", "absent", "None", "a", "b", "nan", "~", "", "on\n", " yes", "no\u2003", "oN")
}

func (g generator) digits() string {
	digit := func() string {
		if g.chance(85) {
			return string(rune('0' + g.IntN(10)))
		}
		return pick(g, "٣", "５", "𝟗", "०", "𝟎", "᠒", "²", "½", "Ⅷ", "🯰", "\U00011f53")
	}
	return digit() + g.times(pick(g, 0, 1, 3, 25), "", digit)
}

// numeral gives what is or looks like a number, also in the literals of JSON and Python.
func (g generator) numeral() string {
	if g.chance(10) {
		return pick(g, "nan", "sNaN12", "-nan", "inf", "-Infinity", "0x1F", "1e-400", "1e309", "ınf", "1__2", "_1", "1_", "1"+strings.Repeat("0", 30)+".0", strings.Repeat("9", 4300), strings.Repeat("9", 4301), "-1e4300", "12345678901234567890.0", "0e0", "-0", "-0.0", "0.1e1", ".", "e5", "+", "1,5", "0_0", "00012")
	}
	text := pick(g, "", "", "", "-", "+", "--", "+-") + g.digits()
	if g.chance(25) {
		text += "." + g.digits()
	}
	if g.chance(25) {
		text += pick(g, "e", "E") + pick(g, "", "+", "-") + pick(g, "0", "1", "5", "10", "03", "30", "_1", "1_0", "", "400")
	}
	if g.chance(12) {
		text = g.broken(text)
	}
	return g.blank() + text + g.blank()
}

// broken puts something into a text that does not belong there, or cuts it off.
func (g generator) broken(text string) string {
	at := g.IntN(len(text) + 1)
	for at > 0 && at < len(text) && text[at]&0xC0 == 0x80 {
		at--
	}
	if g.chance(20) {
		return text[:at]
	}
	return text[:at] + pick(g, " ", "\n", "\t", "\v", ",", "_", ".", "}", "{", "]", `"`, "'", `\`, "x", "0", "-", "\u00a0", "\x00", "#", "NaN", `\u12`) + text[at:]
}

func (g generator) size() string {
	number := pick(g, "1", "10", "1.5", ".5", "5.", "0.5", "1e3", "123456789012345678901234567890", "٣", "1_0", "0.0000001", "2.5", "3.5", "-1")
	unit := pick(g, "", "B", "b", "K", "k", "KB", "Kb", "kb", "M", "MB", "Mb", "g", "GB", "T", "P", "E", "Z", "Y", "YB", "yb", "YOTTABYTE", "byte", "Bytes", "bit", "BIT", "bits", "kilobyte", "KiloByte", "zetabyte", "zettabyte", "KiB", "X", "xb", "K b", "Kß", "ExaBit")
	return g.blank() + number + g.blank() + unit + g.blank()
}

func (g generator) path() string {
	start := pick(g, "", "~", "~root", "~nobody", "~nope", "~\x00x", "~"+surrogate(0xD800)+surrogate(0xDC80), "a") + pick(g, "", "/", "//", "/x")
	return start + g.times(3, "", func() string {
		return pick(g, "$FROM_ENV", "${FROM_ENV}", "$OTHER_ENV", "${OTHER_ENV}x", "$", "${", "${}", "$$FROM_ENV", "$1", "$FROM_ENVé", "${FROM ENV}", "$EMPTY_ENV", "/y", "~", "$UNSET_ENV", "${é}", "$HOME", `\$FROM_ENV`, "${"+surrogate(0xDFFF)+"}")
	})
}

// pairs gives a dict as k=v.
func (g generator) pairs() string {
	pair := func() string {
		equals := "="
		if g.chance(8) {
			equals = ""
		}
		return pick(g, pick(g, names...), g.text(2)) + equals + pick(g, g.text(3), g.word(), g.numeral(), `"a b,c"`, "'x y'", `a\ b`, `"un`, "{}", "a=b", `\`, `\\`, `"'"`)
	}
	return pair() + pick(g, ",", " ", ", ", ",,", "\t") + g.times(2, pick(g, ",", " "), pair) + pick(g, "", "", " ", `\`)
}

func (g generator) literalString() string {
	quote := pick(g, "'", `"`, "'''", `"""`)
	return pick(g, "", "", "", "u", "r", "b", "B", "Rb", "f", "ur") + quote + g.times(3, "", func() string {
		return pick(g, "a", "x y", "é", `\n`, `\x41`, `\xe9`, `\x4`, `\u00e9`, `\ud800`, `\U0001F600`, `\U00110000`, `\101`, `\777`, `\8`, `\q`, `\\`, `\'`, `\"`, "\\\n", "\\\r\n", "'", `"`, "\n", "\r", "\t", "\x00", "\u2028", "😀", "{", "#", `\0`)
	}) + quote
}

// literal gives a Python literal, or what is nearly one.
func (g generator) literal(depth int) string {
	switch g.IntN(5 + 4*min(depth, 1)) {
	case 0:
		return pick(g, "None", "True", "False", "true", "null", "nan", "-True", "set()", "()", "[]", "{}", "''")
	case 1:
		return pick(g, "", "-", "+", "- ", "--", "+ -", "-(") + pick(g, "1", "0", "00", "01", "1_0", "1__0", "0x1f", "0o17", "0b12", "0x_1", "1.5", "1.", ".5", "1e400", "1_0.0_1", "12345678901234567890", "1e1_0", "0xg", "1if", "0777", "1L")
	case 2, 3:
		return g.literalString()
	case 4:
		return pick(g, "x", "lambda: 1", "f'a'", "1 if 1 else 2", "a.b", "__import__('os')", "{**{}}", "[*[]]", "1 + 1", "'a' 'b'", "u'x' b'y'", "b'x' b'y'", "# c\n1", "\\\n1", "(1)", "((1))", "(1),", "-(1)", "-(-1)", "''''''", "'''a\nb'''")
	case 5:
		return g.literalDict(depth - 1)
	}
	separator := pick(g, ",", ", ", ",\n", "\f,\t")
	if g.chance(15) { // a set, of which the order would show
		return "{" + g.times(1, separator, func() string { return g.literal(0) }) + "}"
	}
	bracket := pick(g, "[]", "()")
	return bracket[:1] + g.times(2, separator, func() string { return g.literal(depth - 1) }) + pick(g, "", "", ",") + bracket[1:]
}

func (g generator) literalDict(depth int) string {
	entries := g.times(3, ", ", func() string {
		key := "'" + pick(g, names...) + "'"
		if g.chance(25) {
			key = pick(g, g.literalString(), "1", "None", "(1,2)", "1.0", "True", g.literal(0))
		}
		return key + pick(g, ":", ": ", " : ") + g.literal(depth)
	})
	text := "{" + pick(g, "", "", "\n", "\t") + entries + pick(g, "", "", ",") + "}" + pick(g, "", "", "", " ", "\n", "#x", " # c", "x", ",", ";", `\`, "\r\n", "\f")
	if g.chance(10) {
		return g.broken(text)
	}
	return text
}

func (g generator) jsonText() string {
	text := ansible.FormatJSON(g.value(2))
	if g.chance(25) {
		return g.broken(text)
	}
	return text
}

func (g generator) dictText() string {
	switch g.IntN(4) {
	case 0:
		return g.pairs()
	case 1:
		text := ansible.FormatJSON(object(pick(g, names...), g.value(1), pick(g, names...), g.scalar()))
		if g.chance(25) {
			return g.broken(text)
		}
		return text
	}
	return g.literalDict(2)
}

func (g generator) number() any {
	if g.chance(20) {
		return g.NormFloat64() * pick(g, 1e-8, 1.0, 1e3, 1e15, 1e20)
	}
	return pick[any](g, integer(0), integer(1), integer(-1), integer(2), integer(10), integer(42), 1.0, 0.0, negativeZero, 1.5, -2.5, 1e16, 1e15, 1e-5, 0.0001, 1e22, 1e100, 5e-324,
		huge("100000000000000000000"), huge("-1000000000000000000000000000000"), huge("9223372036854775808"), float64(1<<53), 0.1, 1.0/3, nan, infinite, -infinite, 3.0)
}

func (g generator) scalar() any {
	switch g.IntN(12) {
	case 0:
		return nil
	case 1:
		return g.chance(50)
	case 2, 3:
		return g.number()
	case 4:
		return g.numeral()
	case 5, 6:
		return g.word()
	case 7:
		return g.dictText()
	case 8:
		return g.size()
	case 9:
		return g.path()
	}
	return g.text(pick(g, 1, 3, 12))
}

func (g generator) value(depth int) any {
	if depth == 0 || g.chance(60) {
		return g.scalar()
	}
	if g.chance(50) {
		return g.list(3, func() any { return g.value(depth - 1) })
	}
	o := ansible.NewObject()
	for range g.IntN(4) {
		o.Set(pick(g, pick(g, names...), g.text(2), "__ansible_type", "1"), g.value(depth-1))
	}
	return o
}

func (g generator) list(n int, element func() any) []any {
	list := make([]any, g.IntN(n+1))
	for i := range list {
		list[i] = element()
	}
	return list
}

// fitting gives a value that often, not always, can be converted.
func (g generator) fitting(kind string) any {
	switch {
	case g.chance(7):
		return g.value(2)
	case kind == "int" || kind == "float":
		return pick(g, any(g.numeral()), g.number())
	case kind == "bool":
		return pick[any](g, g.blank()+g.word(), g.word(), true, false, integer(0), integer(1), 1.0, 0.0, integer(2), nan)
	case kind == "list" && g.chance(30):
		return pick[any](g, g.text(5), "a,b", "1,2", ",", integer(1), true, 1.5, "", g.numeral())
	case kind == "list":
		return g.list(3, g.scalar)
	case kind == "dict":
		return pick[any](g, g.dictText(), object(pick(g, names...), g.value(1)))
	case kind == "bytes" || kind == "bits":
		return pick[any](g, g.size(), g.size(), g.size(), g.number())
	case kind == "path":
		return g.path()
	case kind == "json" || kind == "jsonarg":
		return pick(g, any(g.jsonText()), g.value(2))
	}
	return g.scalar()
}

func shuffled(g generator, names []string) []string {
	names = slices.Clone(names)
	g.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return names
}
