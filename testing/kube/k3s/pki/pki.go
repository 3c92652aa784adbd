// Package pki makes the certificate authorities of a k3s cluster and what they certify.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 365 * 24 * time.Hour
	// RenewWithin is how long before their end certificates are made anew when k3s starts.
	RenewWithin = 120 * 24 * time.Hour
)

// Request is what a certificate is for.
type Request struct {
	Name         string
	Organization []string
	Addresses    []string // DNS names and IP addresses of a server
	Server       bool
	Client       bool
	Key          crypto.Signer // empty makes a new one
}

// Authority signs. Its files are path.crt and path.key.
type Authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	pem         []byte
}

// OpenAuthority opens the authority of the files, or makes it.
func OpenAuthority(path, name string) (*Authority, error) {
	if _, err := os.Stat(path + ".crt"); os.IsNotExist(err) {
		if err := makeAuthority(path, fmt.Sprintf("%s@%d", name, time.Now().Unix())); err != nil {
			return nil, err
		}
	}
	pair, err := tls.LoadX509KeyPair(path+".crt", path+".key")
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(path + ".crt")
	return &Authority{certificate: pair.Leaf, key: pair.PrivateKey.(crypto.Signer), pem: content}, err
}

func makeAuthority(path, name string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
	}
	der, err := create(template, template, key.Public(), key)
	if err != nil {
		return err
	}
	return write(path, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})
}

// PEM is the authority's certificate.
func (a *Authority) PEM() []byte { return a.pem }

// Pool holds the authority alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// Issue makes a certificate; the chain holds the authority's.
func (a *Authority) Issue(r Request) (tls.Certificate, error) {
	key := r.Key
	if key == nil {
		made, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return tls.Certificate{}, err
		}
		key = made
	}
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: r.Name, Organization: r.Organization},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(leafLife), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	if r.Server {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	if r.Client {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	for _, address := range r.Addresses {
		if ip := net.ParseIP(address); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, address)
		}
	}
	der, err := create(template, a.certificate, key.Public(), a.key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("certify %s: %w", r.Name, err)
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der, a.certificate.Raw}, PrivateKey: key, Leaf: leaf}, err
}

func create(template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	return x509.CreateCertificate(rand.Reader, template, parent, public, signer)
}

// Ensure issues what the request asks for into path.crt and path.key, unless a certificate of this authority lies there that is good
// for longer than RenewWithin.
func (a *Authority) Ensure(path string, r Request) error {
	if pair, err := tls.LoadX509KeyPair(path+".crt", path+".key"); err == nil {
		if a.Good(pair) {
			return nil
		}
	}
	pair, err := a.Issue(r)
	if err != nil {
		return err
	}
	return write(path, pair)
}

// Good tells whether the certificate is this authority's and lasts for longer than RenewWithin.
func (a *Authority) Good(pair tls.Certificate) bool {
	return pair.Leaf.CheckSignatureFrom(a.certificate) == nil && time.Until(pair.Leaf.NotAfter) > RenewWithin
}

func write(path string, pair tls.Certificate) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	certificates, key, err := Encode(pair)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".key", key, 0o600); err != nil {
		return err
	}
	return os.WriteFile(path+".crt", certificates, 0o644)
}

// Encode gives the chain and the key in PEM.
func Encode(pair tls.Certificate) (certificates, key []byte, err error) {
	for _, der := range pair.Certificate {
		certificates = append(certificates, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	return certificates, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

// ServiceKey makes the key that signs tokens of service accounts, if it is missing.
func ServiceKey(path string) error {
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		return err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return os.WriteFile(path, pem.EncodeToMemory(block), 0o600)
}
