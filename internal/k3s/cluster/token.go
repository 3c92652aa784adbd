package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Token is one of k3s' tokens, taken apart (https://docs.k3s.io/cli/token).
type Token struct {
	Hash     string // of the cluster's CA, in hexadecimal; empty in the short form
	User     string // server or node; empty in the short form and for a bootstrap token
	Password string // or the bootstrap token, id.secret
}

var bootstrapForm = regexp.MustCompile(`^[a-z0-9]{6}\.[a-z0-9]{16}$`)

// Bootstrap tells whether it is a bootstrap token, which lets agents join and no servers.
func (t Token) Bootstrap() bool { return bootstrapForm.MatchString(t.Password) }

// ParseToken takes a token apart. Its errors do not show the token.
func ParseToken(text string) (Token, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Token{}, errors.New("the token is empty")
	}
	full, ok := strings.CutPrefix(text, "K10")
	if !ok {
		return Token{Password: text}, nil
	}
	hash, rest, ok := strings.Cut(full, "::")
	if _, err := hex.DecodeString(hash); !ok || err != nil || len(hash) != 2*sha256.Size {
		return Token{}, errors.New("the token begins as a full one, with K10, but no SHA-256 and :: follow; take it from a server's server/token")
	}
	if bootstrapForm.MatchString(rest) {
		return Token{Hash: hash, Password: rest}, nil
	}
	user, password, ok := strings.Cut(rest, ":")
	if !ok || password == "" {
		return Token{}, errors.New("the token has a hash, but no user and password behind it; take it from a server's server/token")
	}
	return Token{Hash: hash, User: user, Password: password}, nil
}

// check compares the token's hash with the CA that a server shows.
func (t Token) check(ca []byte) error {
	hash, err := caHash(ca)
	if err != nil {
		return err
	}
	if t.Hash != "" && t.Hash != hash {
		return fmt.Errorf("its CA has the hash %s, and the token is for %s; the token is of another cluster, take that of this one", short(hash), short(t.Hash))
	}
	return nil
}

func short(hash string) string { return hash[:12] + "..." }

// caHash is that of a single certificate's file as it is, and of the root's DER for a bundle (k3s pkg/clientaccess/token.go).
func caHash(ca []byte) (string, error) {
	var last []byte
	count := 0
	for block, rest := pem.Decode(ca); block != nil; block, rest = pem.Decode(rest) {
		last = block.Bytes
		count++
	}
	switch count {
	case 0:
		return "", errors.New("what it shows as its CA has no certificate in it; is it k3s that listens there?")
	case 1:
		last = ca
	}
	return fmt.Sprintf("%x", sha256.Sum256(last)), nil
}
