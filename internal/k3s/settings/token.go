package settings

import (
	"errors"
	"regexp"
	"strings"
)

// Token is a token of k3s.
type Token struct {
	Hash     string // of the cluster's certificate authority; empty in the short form
	User     string // server or node; empty in the short form
	Password string // or ID and secret of a bootstrap token
	text     string
}

var (
	fullForm  = regexp.MustCompile(`^K10([0-9a-f]{64})::(?:([^:]+):)?(.+)$`)
	bootstrap = regexp.MustCompile(`^[a-z0-9]{6}\.[a-z0-9]{16}$`)
)

// ParseToken reads a token in its full or its short form. Space around it is not part of it. The error does not tell the token.
func ParseToken(text string) (Token, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Token{}, errors.New("it is empty")
	}
	if strings.ContainsAny(text, "\r\n\x00") {
		return Token{}, errors.New("it has several lines")
	}
	if !strings.HasPrefix(text, "K10") {
		return Token{Password: text, text: text}, nil
	}
	parts := fullForm.FindStringSubmatch(text)
	if parts == nil {
		return Token{}, errors.New("it begins as a full token does (K10) and is none: K10, 64 hexadecimal digits, ::, the user, :, the password")
	}
	return Token{Hash: parts[1], User: parts[2], Password: parts[3], text: text}, nil
}

// Bootstrap tells whether it is a token of "k3s token create", with which agents can join and servers cannot.
func (t Token) Bootstrap() bool { return bootstrap.MatchString(t.Password) }

// String is the token as it was given.
func (t Token) String() string { return t.text }
