// Package certificates makes the certificates that the parts of a control plane show each other, from an authority that is given or that it
// makes itself, keeps them in Secrets, and makes them anew before they end. Who uses them, its callers know.
package certificates

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Authority signs certificates. It is given, or made once and kept in its Secret.
type Authority struct {
	Name        string
	Certificate string // PEM; empty if it is kept in Secret
	Key         string // PEM; without it, given certificates of the authority are kept and none can be made
	CommonName  string // of one that is made
	Validity    time.Duration
	Secret      Secret
}

// Certificate is one that must be there.
type Certificate struct {
	Name        string
	Authority   string
	CommonName  string
	SANs        []string // names and IP addresses
	Usages      []Usage
	Validity    time.Duration
	RenewBefore time.Duration // before its end
	Replace     bool          // also one of another authority
	Secret      Secret
}

// Usage is what a certificate is shown as.
type Usage string

// The usages.
const (
	Server Usage = "server"
	Client Usage = "client"
)

// Secret is where something is kept: the names of its entries by what they hold.
type Secret struct {
	Namespace, Name string
	Keys            map[Part]string
}

func (s Secret) String() string { return s.Namespace + "/" + s.Name }

// Part is what an entry of a Secret holds, in PEM.
type Part string

// The parts. A bundle is certificate and key in one, as nsq's clients want it.
const (
	CAPart          Part = "ca"
	CertificatePart Part = "certificate"
	KeyPart         Part = "key"
	BundlePart      Part = "bundle"
)

// Problems are what is wrong with authorities and certificates as they are wanted; nobody is asked.
func Problems(authorities []Authority, certificates []Certificate) []string {
	var problems []string
	taken := map[string]string{}
	claim := func(what, by string) {
		if other, ok := taken[what]; ok {
			problems = append(problems, fmt.Sprintf("%s: %s is also that of %s; give another", by, what, other))
		}
		taken[what] = by
	}
	known := map[string]bool{}
	for _, a := range authorities {
		known[a.Name] = true
		claim("the name "+a.Name, "authority "+a.Name)
		if a.Certificate == "" {
			claim("Secret "+a.Secret.String(), "authority "+a.Name)
		}
		if err := a.check(); err != nil {
			problems = append(problems, fmt.Sprintf("authority %s: %v", a.Name, err))
		}
	}
	for _, c := range certificates {
		claim("the name "+c.Name, "certificate "+c.Name)
		claim("Secret "+c.Secret.String(), "certificate "+c.Name)
		for _, problem := range c.problems(known) {
			problems = append(problems, fmt.Sprintf("certificate %s: %s", c.Name, problem))
		}
	}
	return problems
}

func (a Authority) check() error {
	switch {
	case a.Certificate == "" && a.Key != "":
		return fmt.Errorf("has a key and no certificate; give both, or neither to have them made")
	case a.Certificate == "":
		return nil
	}
	_, err := a.given()
	return err
}

func (c Certificate) problems(authorities map[string]bool) []string {
	var problems []string
	if !authorities[c.Authority] {
		problems = append(problems, fmt.Sprintf("there is no authority %s; it must be one of %s", c.Authority, strings.Join(slices.Sorted(maps.Keys(authorities)), ", ")))
	}
	if slices.Contains(c.Usages, Server) && len(c.SANs) == 0 {
		problems = append(problems, "sans is empty, and a server's must name it; give its names and addresses")
	}
	if c.Validity <= c.RenewBefore || c.RenewBefore <= 0 {
		problems = append(problems, fmt.Sprintf("renew_before is %d days and validity %d; the first must be more than none and less than the second", days(c.RenewBefore), days(c.Validity)))
	}
	if c.Secret.Keys[KeyPart] == "" || c.Secret.Keys[CertificatePart] == "" && c.Secret.Keys[BundlePart] == "" {
		problems = append(problems, "its Secret has no entry for the key, or none for the certificate; name both in keys")
	}
	return problems
}

func days(d time.Duration) int { return int(d / Day) }

// Day is the unit in which certificates last.
const Day = 24 * time.Hour
