package host

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Quote writes a command as people paste it into a shell, in one line. A word that needs no quotes gets none; one with control
// characters or bytes that are no UTF-8 is written as $'...', which bash and zsh know.
func Quote(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = shown(word)
	}
	return strings.Join(quoted, " ")
}

const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"

func shown(word string) string {
	switch {
	case word != "" && strings.Trim(word, plain) == "":
		return word
	case utf8.ValidString(word) && !strings.ContainsFunc(word, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return quote(word)
	}
	var b strings.Builder
	for _, c := range []byte(word) {
		switch {
		case c == '\'' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return "$'" + b.String() + "'"
}

// quote writes a word so that every sh reads it as it is.
func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

var variableForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// problem is what no kernel or shell could take.
func (c Command) problem() error {
	if len(c.Words) == 0 || c.Words[0] == "" {
		return errors.New("run: no program is named")
	}
	for _, word := range c.Words {
		if strings.Contains(word, "\x00") {
			return fmt.Errorf("run %s: a word has a byte 0 in it, which no program can be given", Quote(c.Words))
		}
	}
	for name, value := range c.Env {
		if !variableForm.MatchString(name) || strings.Contains(value, "\x00") {
			return fmt.Errorf("run %s: %q is no variable of an environment, or its value has a byte 0 in it", Quote(c.Words), name)
		}
	}
	return nil
}
