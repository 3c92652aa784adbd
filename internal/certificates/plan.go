package certificates

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/cluster"
)

// Action is what is to be done with an authority or a certificate.
type Action string

// The actions.
const (
	None    Action = "none"
	Issue   Action = "issue"
	Renew   Action = "renew"
	Correct Action = "correct" // entries of the Secret that say something else than its certificate
)

// Plan is what would make all certificates what they should be. New ones are made already, and kept nowhere.
type Plan struct {
	cluster  *cluster.Cluster
	entries  []*entry
	warnings []string
}

// entry is an authority or a certificate.
type entry struct {
	kind, name string
	action     Action
	reason     string
	secret     Secret
	found      stored
	was, is    pair
	ca         string // PEM; empty for an authority
}

// NewPlan looks at what there is and makes what is missing; it changes nothing. Its error has all that was found wrong.
func NewPlan(ctx context.Context, c *cluster.Cluster, authorities []Authority, certificates []Certificate) (*Plan, error) {
	p := &Plan{cluster: c}
	known := map[string]pair{}
	var failures []string
	now := time.Now()
	for _, a := range authorities {
		is, err := p.authority(ctx, a, now)
		if err != nil {
			failures = append(failures, fmt.Sprintf("authority %s: %v", a.Name, err))
			continue
		}
		known[a.Name] = is
	}
	for _, wanted := range certificates {
		authority, ok := known[wanted.Authority]
		if !ok {
			continue
		}
		if err := p.certificate(ctx, wanted, authority, now); err != nil {
			failures = append(failures, fmt.Sprintf("certificate %s: %v", wanted.Name, err))
		}
	}
	if len(failures) == 0 {
		failures = p.try(ctx)
	}
	if len(failures) > 0 {
		return p, errors.New(strings.Join(failures, "; "))
	}
	return p, nil
}

// authority gives the authority, and makes one only where none is kept.
func (p *Plan) authority(ctx context.Context, a Authority, now time.Time) (is pair, err error) {
	if a.Certificate != "" {
		is, err = a.given()
	} else {
		is, err = p.keptAuthority(ctx, a, now)
	}
	if err == nil && now.After(is.leaf.NotAfter) {
		err = fmt.Errorf("it ended on %s; give another one, and set replace for its certificates", date(is.leaf.NotAfter))
	}
	return is, err
}

func (p *Plan) keptAuthority(ctx context.Context, a Authority, now time.Time) (is pair, err error) {
	e := &entry{kind: "authority", name: a.Name, secret: a.Secret, action: None}
	if e.found, err = read(ctx, p.cluster, a.Secret); err != nil {
		return pair{}, err
	}
	p.entries = append(p.entries, e)
	if !e.found.empty() {
		if e.is, err = e.found.pair(); err == nil {
			err = e.is.signs()
		}
		e.was = e.is
		return e.is, err
	}
	e.action, e.reason = Issue, "there is none"
	e.is, err = a.make(now)
	return e.is, err
}

// certificate keeps the one that is there, unless it lacks something or ends.
func (p *Plan) certificate(ctx context.Context, c Certificate, authority pair, now time.Time) (err error) {
	e := &entry{kind: "certificate", name: c.Name, secret: c.Secret, ca: authority.certificate}
	if e.found, err = read(ctx, p.cluster, c.Secret); err != nil {
		return err
	}
	p.entries = append(p.entries, e)
	if e.found.empty() {
		e.action, e.reason = Issue, "there is none"
		return e.issue(c, authority, now)
	}
	if e.was, err = e.found.pair(); err != nil {
		return err
	}
	strange := e.was.leaf.CheckSignatureFrom(authority.leaf) != nil
	if strange && !c.Replace {
		return fmt.Errorf("Secret %s has one that %s has signed and not %s; give that authority, or set replace for all that trust each other to change over",
			c.Secret, e.was.leaf.Issuer, authority.leaf.Subject)
	}
	e.reason = c.outdated(e.was.leaf, now)
	if strange {
		e.reason = "it is of " + e.was.leaf.Issuer.String()
	}
	if e.reason == "" || p.lastsLongest(c, e, authority) {
		e.keep()
		return nil
	}
	e.action = Renew
	return e.issue(c, authority, now)
}

// lastsLongest tells that a certificate that ends could not be made to last longer, as its authority ends with it.
func (p *Plan) lastsLongest(c Certificate, e *entry, authority pair) bool {
	if len(c.lacks(e.was.leaf)) > 0 || e.was.leaf.NotAfter.Before(authority.leaf.NotAfter) {
		return false
	}
	p.warnings = append(p.warnings, fmt.Sprintf("certificate %s ends on %s, as does its authority %s; give a new authority before, and set replace",
		c.Name, date(e.was.leaf.NotAfter), c.Authority))
	return true
}

func (e *entry) keep() {
	e.is, e.reason, e.action = e.was, "", None
	if wrong := e.found.wrong(e.content()); len(wrong) > 0 {
		e.action, e.reason = Correct, strings.Join(wrong, ", ")
	}
}

func (e *entry) issue(c Certificate, authority pair, now time.Time) (err error) {
	if authority.signer == nil {
		return fmt.Errorf("must be made (%s), and the key of its authority %s is not given; give it", e.reason, c.Authority)
	}
	e.is, err = c.issue(authority, now)
	return err
}

// content is what the Secret should hold.
func (e *entry) content() map[string]string {
	content := map[string]string{}
	for part, name := range e.secret.Keys {
		if name != "" {
			content[name] = e.part(part)
		}
	}
	return content
}

func (e *entry) part(part Part) string {
	switch part {
	case CAPart:
		return e.ca
	case CertificatePart:
		return e.is.certificate
	case KeyPart:
		return e.is.key
	}
	return e.is.certificate + e.is.key
}

// Part gives a part of a certificate, in PEM.
func (p *Plan) Part(certificate string, part Part) string {
	i := slices.IndexFunc(p.entries, func(e *entry) bool { return e.kind == "certificate" && e.name == certificate })
	return p.entries[i].part(part)
}

// Checksums give for each Secret of a namespace one of what is public in it: whoever has read the Secret must read it again when it changes.
func (p *Plan) Checksums(namespace string) map[string]string {
	found := map[string]string{}
	for _, e := range p.entries {
		if e.secret.Namespace == namespace && e.kind == "certificate" {
			sum := sha256.Sum256([]byte(e.is.certificate + e.ca))
			found[e.secret.Name] = hex.EncodeToString(sum[:16])
		}
	}
	return found
}

// Secrets are the texts that may be in no output.
func (p *Plan) Secrets() []string {
	var all []string
	for _, e := range p.entries {
		all = append(all, e.is.key, e.was.key, e.part(BundlePart))
	}
	return all
}
