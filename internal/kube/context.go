package kube

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/file"
)

// Context is a context of a kubeconfig: where a cluster is, and a credential for it, as kubectl understands them.
// https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
type Context struct {
	Name   string
	Server string
	path   string // of the kubeconfig
	proxy  *url.URL
	tls    *tls.Config
	token  string
	exec   *execEntry
}

type clusterEntry struct {
	Server             string
	ServerName         string `yaml:"tls-server-name"`
	ProxyURL           string `yaml:"proxy-url"`
	Authority          string `yaml:"certificate-authority"`
	AuthorityData      string `yaml:"certificate-authority-data"`
	InsecureSkipVerify bool   `yaml:"insecure-skip-tls-verify"`
}

type userEntry struct {
	Token           string
	TokenFile       string `yaml:"tokenFile"`
	Username        string
	Certificate     string `yaml:"client-certificate"`
	CertificateData string `yaml:"client-certificate-data"`
	Key             string `yaml:"client-key"`
	KeyData         string `yaml:"client-key-data"`
	Exec            *execEntry
	AuthProvider    any `yaml:"auth-provider"`
}

// Has tells whether the file and the context are there; without a name it is the current one.
func (c *Config) Has(name string) bool {
	if name == "" {
		name = text(c.root, "current-context")
	}
	return c.exists && len(entries(c.root, "contexts", name)) > 0
}

// Context finds a context; without a name it is the current one. The files that its entries name are read.
func (c *Config) Context(name string) (*Context, error) {
	k, err := c.context(name)
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig %s: %w", c.path, err)
	}
	return k, nil
}

func (c *Config) context(name string) (*Context, error) {
	if !c.exists {
		return nil, errors.New("there is no such file; name the kubeconfig of the cluster")
	}
	if name == "" {
		if name = text(c.root, "current-context"); name == "" {
			return nil, fmt.Errorf("it has no current context; name one of %s", c.names("contexts"))
		}
	}
	var pair struct{ Cluster, User string }
	if err := c.entry("contexts", "context", name, &pair); err != nil {
		return nil, err
	}
	var cluster clusterEntry
	if err := c.entry("clusters", "cluster", pair.Cluster, &cluster); err != nil {
		return nil, fmt.Errorf("context %s: %w", name, err)
	}
	var user userEntry
	if err := c.entry("users", "user", pair.User, &user); err != nil {
		return nil, fmt.Errorf("context %s: %w", name, err)
	}
	k := &Context{Name: name, Server: cluster.Server, path: c.path, tls: &tls.Config{MinVersion: tls.VersionTLS12}}
	if err := c.server(k, cluster); err != nil {
		return nil, fmt.Errorf("cluster %s: %w", pair.Cluster, err)
	}
	if err := c.credential(k, user); err != nil {
		return nil, fmt.Errorf("user %s: %w", pair.User, err)
	}
	return k, nil
}

// entry reads the body of an entry. What cannot be read is not quoted: it may be a secret.
func (c *Config) entry(list, kind, name string, into any) error {
	found := entries(c.root, list, name)
	if len(found) == 0 {
		return fmt.Errorf("it has no %s %q; it has %s", kind, name, c.names(list))
	}
	if body := get(found[0], kind); body != nil && body.Decode(into) != nil {
		return fmt.Errorf("its %s %s has fields of a wrong type"+repair, kind, name)
	}
	return nil
}

func (c *Config) names(list string) string {
	var all []string
	if found := get(c.root, list); !isNull(found) {
		for _, each := range found.Content {
			all = append(all, text(each, "name"))
		}
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}

func (c *Config) server(k *Context, from clusterEntry) error {
	where, err := url.Parse(from.Server)
	if err != nil || where.Scheme != "https" || where.Host == "" {
		return fmt.Errorf("its server %q is no https URL"+repair, from.Server)
	}
	if k.tls.ServerName, k.tls.InsecureSkipVerify = from.ServerName, from.InsecureSkipVerify; from.ProxyURL != "" {
		if k.proxy, err = url.Parse(from.ProxyURL); err != nil {
			return errors.New("its proxy-url is no URL" + repair)
		}
	}
	authority, err := c.material("certificate-authority", from.Authority, from.AuthorityData)
	if err != nil || authority == nil {
		return err
	}
	if k.tls.RootCAs = x509.NewCertPool(); !k.tls.RootCAs.AppendCertsFromPEM(authority) {
		return errors.New("its certificate-authority holds no certificate" + repair)
	}
	return nil
}

func (c *Config) credential(k *Context, from userEntry) error {
	if from.AuthProvider != nil {
		return errors.New("auth-provider was removed from Kubernetes' clients in 1.26; use a credential plugin (exec) instead")
	}
	k.token, k.exec = from.Token, from.Exec
	if from.TokenFile != "" {
		content, err := c.material("tokenFile", from.TokenFile, "")
		if err != nil {
			return err
		}
		k.token = strings.TrimSpace(string(content))
	}
	if from.Username != "" {
		return errors.New("username and password were removed from Kubernetes in 1.19; get a new kubeconfig of this cluster")
	}
	certificate, err := c.material("client-certificate", from.Certificate, from.CertificateData)
	if err != nil {
		return err
	}
	key, err := c.material("client-key", from.Key, from.KeyData)
	switch {
	case err != nil:
		return err
	case certificate != nil || key != nil:
		return k.identify(certificate, key)
	case k.token == "" && k.exec == nil:
		return errors.New("it has no credential; name another context, or another file")
	}
	return nil
}

func (k *Context) identify(certificate, key []byte) error {
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return fmt.Errorf("its client-certificate and client-key are no pair (%s)"+repair, oneLine(err))
	}
	k.tls.Certificates = []tls.Certificate{pair}
	return nil
}

// material is what a field holds itself, in base64, or the file that it names from the kubeconfig's folder on. It is nil without either.
func (c *Config) material(field, path, data string) ([]byte, error) {
	if data != "" {
		content, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			return nil, fmt.Errorf("its %s-data is no base64"+repair, field)
		}
		return content, nil
	}
	if path == "" {
		return nil, nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(c.target), path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("its %s: %s: %w"+repair, field, path, file.Cause(err))
	}
	return content, nil
}

// CurrentContext is the name of the current context, or empty.
func (c *Config) CurrentContext() string { return text(c.root, "current-context") }

// Certificate is the certificate of the client, or nil if it shows none.
func (k *Context) Certificate() *x509.Certificate {
	if len(k.tls.Certificates) == 0 {
		return nil
	}
	return k.tls.Certificates[0].Leaf
}
