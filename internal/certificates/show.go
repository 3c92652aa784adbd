package certificates

import (
	"crypto/x509"
	"fmt"
	"strings"
	"time"
)

// Report tells of a certificate or an authority that is kept in the cluster.
type Report struct {
	Kind, Name string
	Action     Action
	Reason     string // why it is made anew; empty if it is not
	Secret     Secret
	Issuer     string
	Ends       time.Time
}

// Reports are in the order in which they were wanted, authorities first.
func (p *Plan) Reports() []Report {
	var all []Report
	for _, e := range p.entries {
		all = append(all, Report{e.kind, e.name, e.action, e.reason, e.secret, e.is.leaf.Issuer.String(), e.is.leaf.NotAfter})
	}
	return all
}

// Warnings are for people.
func (p *Plan) Warnings() []string { return p.warnings }

// Steps are what Apply would do, each a sentence; none if nothing is to be done.
func (p *Plan) Steps() []string {
	var steps []string
	for _, e := range p.changed() {
		steps = append(steps, e.step())
	}
	return steps
}

func (e *entry) step() string {
	if e.action == Correct {
		return fmt.Sprintf("%s %s: correct %s in Secret %s", e.kind, e.name, e.reason, e.secret)
	}
	return fmt.Sprintf("%s %s: %s it, as %s", e.kind, e.name, e.action, e.reason)
}

// Diff shows what is public of what would change.
func (p *Plan) Diff() (before, after string) {
	var b, a strings.Builder
	for _, e := range p.changed() {
		b.WriteString(e.shown(e.was))
		if a.WriteString(e.shown(e.is)); e.action == Correct {
			b.WriteString("wrong: " + e.reason + "\n")
		}
	}
	return b.String(), a.String()
}

func (e *entry) shown(p pair) string {
	if p.leaf == nil {
		return ""
	}
	lines := []string{"# " + e.kind + " " + e.name + ": Secret " + e.secret.String(), "subject: " + p.leaf.Subject.String(), "issuer: " + p.leaf.Issuer.String()}
	if names := names(p.leaf); names != "" {
		lines = append(lines, "for: "+names)
	}
	return strings.Join(append(lines, "ends: "+date(p.leaf.NotAfter), "key: (hidden)"), "\n") + "\n"
}

func names(leaf *x509.Certificate) string {
	all := leaf.DNSNames
	for _, ip := range leaf.IPAddresses {
		all = append(all, ip.String())
	}
	return strings.Join(all, ", ")
}
