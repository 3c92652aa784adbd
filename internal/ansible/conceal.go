package ansible

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

type concealKey struct{}

// Conceal makes the values secrets of this run: from now on they are censored in progress and result wherever they appear, as
// the values of secret options are. Outside of a run it does nothing.
func Conceal(ctx context.Context, values ...string) {
	if secrets, ok := ctx.Value(concealKey{}).(*concealed); ok {
		secrets.add(values...)
	}
}

// concealed are the secrets of a run, whatever they came from.
type concealed struct {
	mutex  sync.Mutex
	values []string
	known  map[string]bool
}

// Below these lengths a text is too common to be searched for: an encoded secret, and one line of a secret of several lines.
const (
	minEncoded = 6
	minLine    = 16
)

// add takes secrets in all forms in which they could be printed.
func (c *concealed) add(values ...string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, value := range values {
		c.addForms(0, value)
		c.addForms(minLine, lines(value)...)
		c.addForms(minEncoded, encoded(value)...)
	}
}

// urlPassword is http://user:password@host, also as a part of a longer text.
var urlPassword = regexp.MustCompile(`://[^/?#\s:@]*:([^/?#\s]+)@`)

// addPasswords takes the passwords in all URLs of a value, which no option can be marked for.
func (c *concealed) addPasswords(value any) {
	switch v := value.(type) {
	case string:
		for _, found := range urlPassword.FindAllStringSubmatch(v, -1) {
			c.add(found[1])
			if plain, err := url.PathUnescape(found[1]); err == nil {
				c.add(plain)
			}
		}
	case *Object:
		for _, element := range v.All() {
			c.addPasswords(element)
		}
	default:
		for _, element := range elementsOf(value) {
			c.addPasswords(element)
		}
	}
}

func (c *concealed) addForms(least int, forms ...string) {
	for _, form := range forms {
		if form == "" || len(form) < least || c.known[form] {
			continue
		}
		if c.known == nil {
			c.known = map[string]bool{}
		}
		c.known[form] = true
		c.values = append(c.values, form)
	}
}

func lines(value string) []string {
	found := strings.FieldsFunc(value, func(r rune) bool { return r == '\n' || r == '\r' })
	for i := range found {
		found[i] = strings.TrimSpace(found[i])
	}
	return found
}

// encoded gives a text without blanks around it, as it stands between the quotes of Python, Go and JSON, in a URL, and in base64 as
// in Kubernetes' Secrets.
func encoded(value string) []string {
	if len(value) < minEncoded {
		return nil
	}
	forms := []string{
		strings.TrimSpace(value), unquoted(reprString(value)), unquoted(strconv.Quote(value)), unquoted(FormatJSON(value)),
		url.QueryEscape(value), url.PathEscape(value),
		base64.RawStdEncoding.EncodeToString([]byte(value)), base64.RawURLEncoding.EncodeToString([]byte(value)),
	}
	if escaped, err := json.Marshal(value); err == nil { // which escapes <, > and & besides
		forms = append(forms, unquoted(string(escaped)))
	}
	return forms
}

func unquoted(text string) string { return text[1 : len(text)-1] }

func (c *concealed) censor() censor {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return newCensor(c.values)
}
