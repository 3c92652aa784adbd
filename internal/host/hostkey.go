package host

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// trust is what the known_hosts files say.
type trust struct {
	files []string
	known *knownhosts.HostKeyDB
}

// readTrust reads the files; one that is missing knows nobody.
func readTrust(files []string) (*trust, error) {
	var there []string
	for _, file := range files {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		there = append(there, file)
	}
	known, err := knownhosts.NewDB(there...)
	if err != nil {
		return nil, fmt.Errorf("read known_hosts: %w; correct or remove that line", err)
	}
	return &trust{files: files, known: known}, nil
}

// check is that of one host's key.
type check struct {
	*trust
	to      hop
	passed  bool
	problem error // in our words
}

func (t *trust) check(to hop) *check { return &check{trust: t, to: to} }

// algorithms are those of the keys that are known of the host. Without them it might show a good key of another type.
func (c *check) algorithms() []string {
	return slices.DeleteFunc(c.known.HostKeyAlgorithms(c.to.address()), func(a string) bool {
		return !slices.Contains(ssh.SupportedAlgorithms().HostKeys, a)
	})
}

func (c *check) callback(address string, from net.Addr, key ssh.PublicKey) error {
	err := c.known.HostKeyCallback()(address, from, key)
	c.passed = err == nil
	if err != nil {
		c.problem = c.explain(key, err)
	}
	return c.problem
}

func (c *check) explain(key ssh.PublicKey, err error) error {
	shown := key.Type() + " " + ssh.FingerprintSHA256(plainKey(key))
	var revoked *xknownhosts.RevokedError
	var wrong *xknownhosts.KeyError
	switch {
	case errors.As(err, &revoked):
		return fmt.Errorf("its host key %s is revoked (%s:%d); do not use this host until it has another", shown, revoked.Revoked.Filename, revoked.Revoked.Line)
	case !errors.As(err, &wrong):
		return fmt.Errorf("its host certificate %s is not accepted: %w; sign it anew with a known authority, for this name", shown, err)
	case len(wrong.Want) == 0:
		return fmt.Errorf("its host key %s is unknown; compare it with what ssh-keygen -l says on the host, then add it to %s", shown, strings.Join(c.files, " or "))
	}
	known := wrong.Want[0]
	return fmt.Errorf("its host key changed: it shows %s, %s:%d has %s %s; if the host was installed anew, remove that line, else somebody is in between",
		shown, known.Filename, known.Line, known.Key.Type(), ssh.FingerprintSHA256(known.Key))
}

// plainKey is what ssh-keygen -l shows the fingerprint of: for a certificate, the key in it.
func plainKey(key ssh.PublicKey) ssh.PublicKey {
	if certificate, ok := key.(*ssh.Certificate); ok {
		return certificate.Key
	}
	return key
}

// withoutKey tells why it came to no check of a key.
func (c *check) withoutKey(err error) error {
	var none *ssh.AlgorithmNegotiationError
	if !errors.As(err, &none) || len(c.algorithms()) == 0 {
		return err
	}
	return fmt.Errorf("its host key changed: it has none of the types known of it (%s); if the host was installed anew, remove its lines from %s",
		strings.Join(c.algorithms(), ", "), strings.Join(c.files, " and "))
}
