// Package token knows the forms of k3s' tokens: K10<hash of the cluster's CA>::<user>:<password>, the same with a bootstrap token, and
// the short forms, which are the password or the bootstrap token alone.
package token

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

const prefix = "K10"

// Token is one, taken apart.
type Token struct {
	Hash     string // of the cluster's CA; empty in the short form
	User     string // server or node; empty in the short form and in that of a bootstrap token
	Password string // or the bootstrap token, id.secret
}

var bootstrap = regexp.MustCompile(`^[a-z0-9]{6}\.[a-z0-9]{16}$`)

// Bootstrap tells whether the password is a bootstrap token.
func (t Token) Bootstrap() bool { return bootstrap.MatchString(t.Password) }

// Parse takes a token apart.
func Parse(text string) (Token, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Token{}, errors.New("token must not be empty")
	}
	full, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return Token{Password: text}, nil
	}
	hash, credentials, ok := strings.Cut(full, "::")
	if !ok {
		return Token{}, errors.New("invalid token format")
	}
	if len(hash) != sha256.Size*2 {
		return Token{}, errors.New("invalid token CA hash length")
	}
	if bootstrap.MatchString(credentials) {
		return Token{Hash: hash, Password: credentials}, nil
	}
	user, password, ok := strings.Cut(credentials, ":")
	if !ok || password == "" {
		return Token{}, errors.New("invalid token format")
	}
	return Token{Hash: hash, User: user, Password: password}, nil
}

// Format writes the full form for the cluster of the CA.
func Format(user, password string, ca []byte) (string, error) {
	hash, err := Hash(ca)
	if err != nil {
		return "", err
	}
	if bootstrap.MatchString(password) && user == "" {
		return prefix + hash + "::" + password, nil
	}
	return prefix + hash + "::" + user + ":" + password, nil
}

// Hash is that of a CA in PEM: of the file if it holds one certificate, of the root's DER if it holds more.
func Hash(ca []byte) (string, error) {
	var last []byte
	count := 0
	for rest := ca; ; count++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		last = block.Bytes
	}
	if count == 0 {
		return "", errors.New("no certificates found in CA bundle")
	}
	if count == 1 {
		return fmt.Sprintf("%x", sha256.Sum256(ca)), nil
	}
	if _, err := x509.ParseCertificate(last); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sha256.Sum256(last)), nil
}

// Check compares the hash of the token with the CA of the cluster it is used at. A short token trusts what it finds.
func (t Token) Check(ca []byte) error {
	if t.Hash == "" {
		return nil
	}
	hash, err := Hash(ca)
	if err != nil {
		return err
	}
	if hash != t.Hash {
		return fmt.Errorf("token CA hash does not match the Cluster CA certificate hash: %s != %s", t.Hash, hash)
	}
	return nil
}

// Random is a new password of 32 hexadecimal digits.
func Random() string {
	bytes := make([]byte, 16)
	_, _ = rand.Read(bytes) // never fails
	return hex.EncodeToString(bytes)
}

// RandomBootstrap is a new bootstrap token, id.secret.
func RandomBootstrap() string {
	digits := Random()
	return digits[:6] + "." + digits[6:22]
}
