package certificates

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
	"time"
)

// pair is a certificate and its key; of an authority whose key nobody gave, the certificate alone.
type pair struct {
	leaf             *x509.Certificate
	signer           crypto.Signer
	certificate, key string // PEM
}

// parsePair reads a certificate and its key. What else stands in the first text, as the key in a bundle, is passed over.
func parsePair(certificate, key string) (pair, error) {
	parsed, err := tls.X509KeyPair([]byte(certificate), []byte(key))
	if err != nil {
		return pair{}, err
	}
	signer, ok := parsed.PrivateKey.(crypto.Signer)
	if !ok {
		return pair{}, errors.New("its key cannot sign")
	}
	return pair{parsed.Leaf, signer, encode("CERTIFICATE", parsed.Certificate...), key}, nil
}

// given is an authority that its caller brings along.
func (a Authority) given() (pair, error) {
	if a.Key == "" {
		block, _ := pem.Decode([]byte(a.Certificate))
		if block == nil || block.Type != "CERTIFICATE" {
			return pair{}, errors.New("its certificate is none in PEM")
		}
		leaf, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return pair{}, err
		}
		p := pair{leaf: leaf, certificate: encode("CERTIFICATE", block.Bytes)}
		return p, p.signs()
	}
	p, err := parsePair(a.Certificate, a.Key)
	if err != nil {
		return p, fmt.Errorf("certificate and key: %w; give the key of this certificate", err)
	}
	return p, p.signs()
}

func (p pair) signs() error {
	if !p.leaf.IsCA {
		return fmt.Errorf("its certificate (%s) is no authority's; give one that may sign others", p.leaf.Subject)
	}
	return nil
}

// backdated lets clocks differ.
const backdated = time.Hour

func (a Authority) make(now time.Time) (pair, error) {
	return sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: a.CommonName, Organization: organization}, NotBefore: now.Add(-backdated), NotAfter: now.Add(a.Validity),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, nil)
}

var organization = []string{"metal-stack"}

// issue makes a certificate, which does not outlive its authority.
func (c Certificate) issue(authority pair, now time.Time) (pair, error) {
	ends := now.Add(c.Validity)
	if ends.After(authority.leaf.NotAfter) {
		ends = authority.leaf.NotAfter
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: c.CommonName, Organization: organization}, NotBefore: now.Add(-backdated), NotAfter: ends,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	for _, usage := range c.Usages {
		template.ExtKeyUsage = append(template.ExtKeyUsage, extended[usage])
	}
	for _, name := range c.SANs {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	return sign(template, &authority)
}

var extended = map[Usage]x509.ExtKeyUsage{Server: x509.ExtKeyUsageServerAuth, Client: x509.ExtKeyUsageClientAuth}

// sign makes a key and certifies it; without an authority the certificate signs itself.
func sign(template *x509.Certificate, authority *pair) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	if authority == nil {
		authority = &pair{leaf: template, signer: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, serial(template), authority.leaf, key.Public(), authority.signer)
	if err != nil {
		return pair{}, err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return pair{}, err
	}
	return parsePair(encode("CERTIFICATE", der), encode("PRIVATE KEY", encoded))
}

// serial gives a number of 120 random bits: RFC 5280 wants at most 20 octets, and that nobody can guess it.
func serial(template *x509.Certificate) *x509.Certificate {
	number := make([]byte, 15)
	_, _ = rand.Read(number) // it never fails
	template.SerialNumber = new(big.Int).SetBytes(number)
	return template
}

func encode(kind string, all ...[]byte) string {
	var text []byte
	for _, der := range all {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
	}
	return string(text)
}

// outdated tells why a certificate must be made anew; it is empty if it need not.
func (c Certificate) outdated(leaf *x509.Certificate, now time.Time) string {
	if lacks := c.lacks(leaf); len(lacks) > 0 {
		return "it is not for " + strings.Join(lacks, ", ")
	}
	switch {
	case c.CommonName != leaf.Subject.CommonName:
		return fmt.Sprintf("its name is %q", leaf.Subject.CommonName)
	case now.After(leaf.NotAfter):
		return "it ended on " + date(leaf.NotAfter)
	case now.Add(c.RenewBefore).After(leaf.NotAfter):
		return "it ends on " + date(leaf.NotAfter)
	}
	return ""
}

// lacks are the names, addresses and usages that a certificate should have. What it has beyond them does not matter.
func (c Certificate) lacks(leaf *x509.Certificate) []string {
	var lacks []string
	for _, name := range c.SANs {
		ip := net.ParseIP(name)
		if ip == nil && !slices.Contains(leaf.DNSNames, name) || ip != nil && !slices.ContainsFunc(leaf.IPAddresses, ip.Equal) {
			lacks = append(lacks, name)
		}
	}
	for _, usage := range c.Usages {
		if !slices.Contains(leaf.ExtKeyUsage, extended[usage]) {
			lacks = append(lacks, string(usage)+"s")
		}
	}
	return lacks
}

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }
