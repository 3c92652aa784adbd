package source

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"
)

// TLS reads the files with which an etcd is reached. An expired certificate is an error here, as etcd would only close the connection.
func TLS(ca, certificate, key string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		text, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("read etcd's CA: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("read etcd's CA: there is no certificate in %s", ca)
		}
	}
	if certificate == "" {
		return config, nil
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("read etcd's client certificate: %w", err)
	}
	config.Certificates = []tls.Certificate{pair}
	return config, valid(certificate, pair.Leaf)
}

func valid(path string, leaf *x509.Certificate) error {
	if leaf == nil {
		return errors.New("read etcd's client certificate: there is none in " + path)
	}
	if now := time.Now(); now.After(leaf.NotAfter) || now.Before(leaf.NotBefore) {
		return fmt.Errorf("etcd's client certificate %s is valid from %s to %s only; renew it (k3s does when it is restarted), or set the clock",
			path, leaf.NotBefore.UTC().Format(time.RFC3339), leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}
