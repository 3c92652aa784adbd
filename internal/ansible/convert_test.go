package ansible

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func testEnv(name string) (string, bool) {
	value, ok := map[string]string{"HOME": "/home/me/", "DIR": "/dir", "AGAIN": "$DIR", "EMPTY": ""}[name]
	return value, ok
}

// checkConversions compares what str() gives of a converted text, or the error; what Python refuses is empty in want.
func checkConversions(t *testing.T, wanted Type, cases map[string]string) {
	t.Helper()
	for text, want := range cases {
		value, err := convert(text, wanted, testEnv)
		if want == "" {
			assert.Error(t, err, "%q", text)
		} else if assert.NoError(t, err, "%q", text) {
			assert.Equal(t, want, pyStr(value), "%q", text)
		}
	}
}

func TestIntIsADecimalWithoutAFraction(t *testing.T) {
	checkConversions(t, Int, map[string]string{
		"1": "1", " 42\n": "42", "-7": "-7", "+3": "3", "1_000": "1000", "__1_": "1", "1.0": "1", "1.5": "", "1e3": "1000", "1E+2": "100", "10e-1": "1", "1e-1": "",
		".5": "", "5.": "5", ".": "", "": "", "e5": "", "1e": "", "1e_3": "1000", "0x10": "", "٣٤": "34", "１２": "12", "🯰": "0", "²": "", "Ⅷ": "", "\U00011f53": "", "--1": "", "1 2": "", "nan": "", "1\x00": "",
		"\u2003 7\u3000": "7", "\x1c8\x1f": "8", "12345678901234567890123": "12345678901234567890123", "0e999999999": "0",
		"inf": "", "1e999999999": "", "1e-999999999": "", // Python falls over the first and fills the memory for the second
		"000000001" + strings.Repeat("0", 4999) + "e-4999": "1", strings.Repeat("9", 5000): strings.Repeat("9", 5000),
	})
}

func TestAnIntThatWouldTakeMinutesIsRefused(t *testing.T) {
	for _, text := range []string{strings.Repeat("9", 8<<20), "1e100000", "-3" + strings.Repeat("0", 1<<20)} {
		_, err := convert(text, Int, testEnv)
		assert.EqualError(t, err, "Exceeds the limit (4300 digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit")
	}
}

func TestFloatIsPythons(t *testing.T) {
	checkConversions(t, Float, map[string]string{
		"1": "1.0", " 1.5\n": "1.5", "1_0.5": "10.5", "1__0": "", "_1": "", "1e400": "inf", "-1e400": "-inf", "1e-400": "0.0", "nan": "nan", "-NaN": "nan", "+inf": "inf", "Infinity": "inf", "infinit": "",
		"١.٥": "1.5", "１e１": "10.0", "1\x1c": "", "\u20031": "1.0", "0x1p3": "", "1e5_0": "1e+50", ".": "", "": "", "+": "", "1.2.3": "", "ınf": "", "--inf": "", "1E5": "100000.0",
	})
}

func TestBoolTakesTheWordsOfYAML(t *testing.T) {
	checkConversions(t, Bool, map[string]string{
		"y": "True", "YES": "True", " on\n": "True", "1": "True", "tRuE": "True", "t\u2003": "True", "n": "False", "No": "False", "off": "False", "0": "False", "FALSE": "False", "f": "False",
		"": "", "2": "", "1.0": "", "yess": "", "y es": "", "enabled": "", "ｙ": "",
	})
	for _, number := range []any{toPython(1), 1.0} {
		value, err := convert(number, Bool, testEnv)
		assert.NoError(t, err)
		assert.Equal(t, true, value)
	}
}

func TestDictIsReadOfPairs(t *testing.T) {
	checkConversions(t, Dict, map[string]string{
		"k=v": "{'k': 'v'}", "a=1,b=2": "{'a': '1', 'b': '2'}", "a=1 b=2": "{'a': '1', 'b': '2'}", "a=1, b=2": "{'a': '1', 'b': '2'}", " a=1 ": "{'a': '1'}", "a=1,,b=2": "{'a': '1', 'b': '2'}",
		`a='x y' b="c,d"`: "{'a': 'x y', 'b': 'c,d'}", `a=x\ y`: "{'a': 'x y'}", `a=\`: "{'a': ''}", "a=b=c": "{'a': 'b=c'}", "a=": "{'a': ''}", "=": "{'': ''}", "a='": "{'a': ''}",
		`a="it's"`: `{'a': "it's"}`, "'a b'=c": "{'a b': 'c'}", "a=1\tb=2": `{'a': '1\tb=2'}`, `a=\'x\'`: `{'a': "'x'"}`, "é=ü,x=😀": "{'é': 'ü', 'x': '😀'}",
		"a=1,b": "", "a": "", "": "",
	})
}

func TestDictIsReadOfJSONAndPython(t *testing.T) {
	checkConversions(t, Dict, map[string]string{
		`{"a": [1, null, 1.0, NaN, "\ud83d\ude00"]}`: "{'a': [1, None, 1.0, nan, '😀']}", `{'a': (1, None)}`: "{'a': (1, None)}", `{"a": 1, "a": 2}`: "{'a': 2}", `{'a'}`: "", `{`: "", ` {"a": 1}`: "", `{"a": 1} x=y`: "",
		`{"a":` + strings.Repeat("9", 4301) + "}":                 "",
		strings.Repeat(`{"a":`, 2000) + strings.Repeat("}", 2000): "",
	})
}

func TestSizesArePowersOf1024(t *testing.T) {
	for text, want := range map[string][2]string{
		"1": {"1", "1"}, "10B": {"10", "10"}, "1b": {"1", "1"}, "1K": {"1024", "1024"}, "1KB": {"1024", ""}, "1Kb": {"", "1024"}, "1kB": {"", ""}, "1kb": {"", ""}, "1.5M": {"1572864", "1572864"},
		"0.5": {"0", "0"}, "1.5": {"2", "2"}, "2.5": {"2", "2"}, ".5K": {"512", "512"}, "1 MB ": {"1048576", ""}, "1\u00a0K": {"1024", "1024"}, "1KiB": {"", ""}, "1KILOBYTE": {"1024", ""}, "1megabit": {"", "1048576"},
		"1zetabyte": {"1180591620717411303424", ""}, "1zettabyte": {"", ""}, "1byte": {"1", ""}, "1bytes": {"", ""}, "1X": {"", ""}, "-1": {"", ""}, "1e3": {"", ""}, "5.": {"", ""}, "1 K B": {"", ""}, "": {"", ""}, "K": {"", ""},
		"123456789012345678901234567890": {"123456789012345677877719597056", "123456789012345677877719597056"}, strings.Repeat("9", 400): {"", ""},
	} {
		checkConversions(t, Bytes, map[string]string{text: want[0]})
		checkConversions(t, Bits, map[string]string{text: want[1]})
	}
}

func TestPathExpandsVariablesThenTheUser(t *testing.T) {
	checkConversions(t, Path, map[string]string{
		"~": "/home/me", "~/x": "/home/me/x", "~root/x": "/root/x", "~no-such-user/x": "~no-such-user/x", "a/~": "a/~",
		"$DIR/x": "/dir/x", "${DIR}x": "/dirx", "$DIRx": "$DIRx", "$DIRé": "/diré", "$AGAIN": "$DIR", "$": "$", "${": "${", "${}": "${}", "$UNSET/$DIR": "$UNSET//dir", "x$EMPTY": "x",
	})
	for text, want := range map[string]string{
		"~a\x00/b":                    "embedded null byte",
		"~a\xed\xa0\x80/b":            `'utf-8' codec can't encode character '\ud800' in position 1: surrogates not allowed`,
		"${\xed\xa0\x80\xed\xb2\x80}": "'utf-8' codec can't encode characters in position 0-1: surrogates not allowed",
	} {
		_, err := convert(text, Path, testEnv)
		assert.EqualError(t, err, want)
	}
}

func TestWhatIsNoTextIsConvertedOrRefused(t *testing.T) {
	object := NewObject()
	object.Set("a", []any{true, "é"})
	for _, c := range []struct {
		value  any
		wanted Type
		want   string
	}{
		{nil, Str, ""},
		{[]any{nil, "x", 1e20}, Str, "[None, 'x', 1e+20]"},
		{1.5, List, "['1.5']"},
		{"a, b", List, "['a', ' b']"},
		{5.0, Int, "5"},
		{true, Int, "True"},
		{true, Float, "1.0"},
		{object, JSON, `{"a": [true, "\u00e9"]}`},
		{" [1] ", JSONArg, "[1]"},
		{object, List, "<class 'dict'> cannot be converted to a list"},
		{[]any{}, Dict, "<class 'list'> cannot be converted to a dict"},
		{nil, Int, `"None" cannot be converted to an int`},
		{5.5, Int, `"5.5" cannot be converted to an int`},
		{[]any{}, Bool, "<class 'list'> cannot be converted to a bool"},
		{nil, Float, "<class 'NoneType'> cannot be converted to a float"},
		{true, Bytes, "<class 'bool'> cannot be converted to a Byte value"},
		{"10MB", Bits, "<class 'str'> cannot be converted to a Bit value"},
		{true, JSON, "<class 'bool'> cannot be converted to a json string"},
	} {
		got, err := convert(c.value, c.wanted, testEnv)
		if err != nil {
			got = err.Error()
		}
		assert.Equal(t, c.want, pyStr(got), fmt.Sprintf("%v to %s", c.value, c.wanted))
	}
}
