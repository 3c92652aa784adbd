package ansible

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestReprIsPythons(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{nil, "None"},
		{true, "True"},
		{"", "''"},
		{"a'b", `"a'b"`},
		{`a"b`, `'a"b'`},
		{`a'"b`, `'a\'"b'`},
		{`\`, `'\\'`},
		{"\t\n\r\x00\x7f\u0085\u00a0\u00ad", `'\t\n\r\x00\x7f\x85\xa0\xad'`},
		{"é😀", "'é😀'"},
		{"\u2028\ufeff\ufffe", `'\u2028\ufeff\ufffe'`},
		{"\xed\xa0\x80", `'\ud800'`},
		{"\U00031350", `'\U00031350'`}, // of Unicode 15
		{pyBytes("a'\xff\n"), `b"a'\xff\n"`},
		{0.0, "0.0"},
		{math.Copysign(0, -1), "-0.0"},
		{1e15, "1000000000000000.0"},
		{1e16, "1e+16"},
		{123456789012345680.0, "1.2345678901234568e+17"},
		{0.0001, "0.0001"},
		{0.00001, "1e-05"},
		{5e-324, "5e-324"},
		{math.MaxFloat64, "1.7976931348623157e+308"},
		{1.0 / 3, "0.3333333333333333"},
		{math.Inf(-1), "-inf"},
		{math.NaN(), "nan"},
		{big.NewInt(-5), "-5"},
		{[]any{}, "[]"},
		{pyTuple{"a"}, "('a',)"},
		{pySet{}, "set()"},
		{[]any{"a", pyTuple{nil, 1.5}, NewObject()}, "['a', (None, 1.5), {}]"},
	} {
		assert.Equal(t, c.want, pyRepr(c.value))
	}
}

func TestEqualityIsPythons(t *testing.T) {
	one := big.NewInt(1)
	for _, pair := range [][2]any{{true, one}, {one, 1.0}, {true, 1.0}, {[]any{one}, []any{true}}, {[]any{jsonNaN}, []any{jsonNaN}}, {pySet{one, "a"}, pySet{"a", true}}} {
		assert.True(t, pyEqual(pair[0], pair[1]), "%v == %v", pair[0], pair[1])
	}
	for _, pair := range [][2]any{{one, "1"}, {nil, false}, {jsonNaN, jsonNaN}, {[]any{otherNaN}, []any{otherNaN}}, {[]any{one}, pyTuple{one}}, {"a", pyBytes("a")}} {
		assert.False(t, pyEqual(pair[0], pair[1]), "%v == %v", pair[0], pair[1])
	}
	o := NewObject()
	o.Set(one, "int")
	o.Set(1.0, "float")
	o.Set(true, "bool")
	assert.Equal(t, "{1: 'bool'}", pyRepr(o), "equal keys are one key, the first")
}
