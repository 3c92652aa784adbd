package certtest

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"os"
	"time"
)

// ClientCertificate is a new certificate by which a client shows its name and organizations, which Kubernetes takes for a user
// and groups.
func (a *Authority) ClientCertificate(name string, organizations ...string) (tls.Certificate, error) {
	return a.ShortClientCertificate(serverLife, name, organizations...)
}

// ShortClientCertificate is one that ends after the given life, which may be over already.
func (a *Authority) ShortClientCertificate(life time.Duration, name string, organizations ...string) (tls.Certificate, error) {
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: name, Organization: organizations},
		NotBefore:   time.Now().Add(min(0, life) - time.Minute),
		NotAfter:    time.Now().Add(life),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	pair, err := sign(template, a.certificate, a.key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("certify %s: %w", name, err)
	}
	return pair, nil
}

// Write puts a certificate into NAME.crt and its key into NAME.key, for programs that read them there.
func Write(path string, pair tls.Certificate) error {
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		return fmt.Errorf("write %s.key: %w", path, err)
	}
	if err := os.WriteFile(path+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600); err != nil {
		return err
	}
	return os.WriteFile(path+".crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}), 0o644)
}
