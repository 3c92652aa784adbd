package kubetest

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/metal-stack/initial-cluster/testing/certtest"
)

// path is that of a file of the cluster.
func (c *Cluster) path(name string) string { return filepath.Join(c.dir(), name) }

// makeKeys makes what the servers show each other. The authority and the key of service accounts stay, the rest is new with each start.
func (c *Cluster) makeKeys() error {
	var err error
	if c.authority, err = certtest.NewAuthority(c.dir()); err != nil {
		return err
	}
	service, err := netip.ParsePrefix(c.options.ServiceCIDR)
	if err != nil {
		return fmt.Errorf("service CIDR: %w", err)
	}
	server, err := c.authority.ServerCertificate("kubernetes", "kubernetes.default", "kubernetes.default.svc", service.Addr().Next().String())
	if err != nil {
		return err
	}
	if err := certtest.Write(c.path("server"), server); err != nil {
		return err
	}
	if c.admin, err = c.authority.ClientCertificate("admin", "system:masters"); err != nil {
		return err
	}
	if err := certtest.Write(c.path("admin"), c.admin); err != nil {
		return err
	}
	return c.serviceAccountKey()
}

func (c *Cluster) serviceAccountKey() error {
	_, err := tls.LoadX509KeyPair(c.path("service-accounts.crt"), c.path("service-accounts.key"))
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	pair, err := c.authority.ClientCertificate("service accounts")
	if err != nil {
		return err
	}
	return certtest.Write(c.path("service-accounts"), pair)
}

// configure writes the files that the servers are pointed at, and the links by whose names the binary knows what to be.
func (c *Cluster) configure() error {
	if err := os.WriteFile(c.Kubeconfig(), []byte(c.adminConfig()), 0o600); err != nil {
		return err
	}
	if c.options.TokenReview != "" {
		if err := os.WriteFile(c.path("token-review.kubeconfig"), []byte(c.reviewConfig()), 0o600); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(c.path("bin"), 0o700); err != nil {
		return err
	}
	binary, err := filepath.Abs(c.options.Binary)
	if err != nil {
		return err
	}
	for _, name := range programs {
		link := filepath.Join(c.path("bin"), name)
		if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		target := binary
		if name == "kwok" {
			target = filepath.Join(filepath.Dir(binary), name)
		}
		if err := os.Symlink(target, link); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) adminConfig() string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- name: kubetest
  cluster:
    server: https://%s
    certificate-authority-data: %s
users:
- name: admin
  user:
    client-certificate: %s.crt
    client-key: %[3]s.key
contexts:
- name: kubetest
  context: {cluster: kubetest, user: admin}
current-context: kubetest
`, c.Endpoint(), base64.StdEncoding.EncodeToString(c.CA()), c.path("admin"))
}

func (c *Cluster) reviewConfig() string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- name: review
  cluster: {server: %q, certificate-authority: %q}
users:
- name: apiserver
contexts:
- name: review
  context: {cluster: review, user: apiserver}
current-context: review
`, c.options.TokenReview, c.options.ReviewCA)
}
