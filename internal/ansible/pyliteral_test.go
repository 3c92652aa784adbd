package ansible

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// literals are texts and what repr(ast.literal_eval(text)) gives in Python 3.11; empty where that fails.
var literals = map[string]string{
	`{}`:                                `{}`,
	`{'a': 1,}`:                         `{'a': 1}`,
	`{,}`:                               ``,
	`{'a'}`:                             `{'a'}`,
	`{'a': {1}}`:                        `{'a': {1}}`,
	`{'a': 00, 'b': 1_000}`:             `{'a': 0, 'b': 1000}`,
	`{'a': 01}`:                         ``,
	`{'a': 0777}`:                       ``,
	`{'a': 1__0}`:                       ``,
	`{'a': 0x_1F, 'b': 0o17}`:           `{'a': 31, 'b': 15}`,
	`{'a': 0xg}`:                        ``,
	`{'a': 1., 'b': .5, 'c': 1e5}`:      `{'a': 1.0, 'b': 0.5, 'c': 100000.0}`,
	`{'a': 1_0.0_1, 'b': 1e400}`:        `{'a': 10.01, 'b': inf}`,
	`{'a': 1.5.5}`:                      ``,
	`{'a': 1e}`:                         ``,
	`{'a': -1, 'b': + 2.5}`:             `{'a': -1, 'b': 2.5}`,
	`{'a': --1}`:                        ``,
	`{'a': -(1)}`:                       `{'a': -1}`,
	`{'a': -(-1)}`:                      ``,
	`{'a': -True}`:                      ``,
	`{'a': (), 'b': (1), 'c': (1,)}`:    `{'a': (), 'b': 1, 'c': (1,)}`,
	`{'a': [1, (2, 'x'), {'b': None}]}`: `{'a': [1, (2, 'x'), {'b': None}]}`,
	`{'a': set()}`:                      `{'a': set()}`,
	`{'a': 'x' "y" r'\n'}`:              `{'a': 'xy\\n'}`,
	`{'a' 'b': u'x'}`:                   `{'ab': 'x'}`,
	`{'a': b'x' b'\xff'}`:               `{'a': b'x\xff'}`,
	`{'a': 'x' b'y'}`:                   ``,
	`{'a': ur'x'}`:                      ``,
	`{'a': f'x'}`:                       ``,
	`{'a': b'é'}`:                       ``,
	"{'a': '\\x41\\u00e9\\U0001F600\\101\\q\\\n.'}": `{'a': 'Aé😀A\\q.'}`,
	`{'a': '\x4'}`:        ``,
	`{'a': '\U00110000'}`: ``,
	`{'a': '\ud800'}`:     `{'a': '\ud800'}`,
	"{'a': '''b\nc'd'''}": `{'a': "b\nc'd"}`,
	"{'a': 'b\nc'}":       ``,
	"{'a': ''''''}":       `{'a': ''}`,
	"{'a':\r\n1\r}":       `{'a': 1}`,
	"{'a':#}\n1} # c":     `{'a': 1}`,
	"{'a': 1\\\n}\n":      `{'a': 1}`,
	"{'a': 1}\n ":         ``, // unexpected indent
	"{'a': 1}\n # c":      `{'a': 1}`,
	"{'a': 1}\n \f":       `{'a': 1}`,
	`{'a': 1};`:           ``,
	`{'a': 1}x`:           ``,
	`{1: 'a', True: 'b', 1.0: 'c', None: 'd', (1, 2): 'e'}`: `{1: 'c', None: 'd', (1, 2): 'e'}`,
	`{[]: 1}`:                    ``,
	`{'a': 1 'b': 2}`:            ``,
	`{'a': nan}`:                 ``,
	`{'a': true}`:                ``,
	`{'a': __import__('os')}`:    ``,
	`{'a': 1 + 1}`:               ``,
	`{**{}}`:                     ``,
	`{'a': 1 if 1 else 2}`:       ``,
	"{'a': '\x00'}":              ``,
	`{'a': ٣}`:                   ``,
	`{'é': 'ü'}`:                 `{'é': 'ü'}`,
	"{'a': 'lone \xed\xa0\x80'}": ``,
}

func TestLiteralsAreReadAsPythonReadsThem(t *testing.T) {
	for text, want := range literals {
		value, err := parseLiteral(text)
		if want == "" {
			assert.Error(t, err, text)
		} else if assert.NoError(t, err, text) {
			assert.Equal(t, want, pyRepr(value), text)
		}
	}
}

func TestPythonsLimitsOfLiteralsHold(t *testing.T) {
	brackets := func(n int) string { return "{'a': " + strings.Repeat("[", n) + strings.Repeat("]", n) + "}" }
	for text, fits := range map[string]bool{
		brackets(199): true, brackets(200): false, brackets(1_000_000): false,
		"{'a': " + strings.Repeat("9", 4300) + "}": true, "{'a': " + strings.Repeat("9", 4301) + "}": false,
	} {
		_, err := parseLiteral(text)
		assert.Equal(t, fits, err == nil, "%.20s", text)
	}
}

// What is read and written by repr is read again as the same.
func FuzzLiteral(f *testing.F) {
	for text := range literals {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value, err := parseLiteral(text)
		if err != nil {
			return
		}
		written := pyRepr(value)
		if strings.Contains(written, "inf") { // no literal
			return
		}
		again, err := parseLiteral(written)
		require.NoError(t, err, written)
		require.Equal(t, written, pyRepr(again))
	})
}
