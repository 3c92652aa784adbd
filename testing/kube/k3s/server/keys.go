package server

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/pki"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/token"
)

// keys are the authorities of the cluster.
type keys struct{ server, client, requestHeader, etcdServer, etcdPeer *pki.Authority }

// makeKeys opens the authorities, or makes those of a new cluster, and certifies what this server shows others.
func (s *Server) makeKeys() error {
	s.keys = &keys{}
	for _, a := range []struct {
		into       **pki.Authority
		file, name string
	}{
		{&s.keys.server, "server-ca", "k3s-server-ca"}, {&s.keys.client, "client-ca", "k3s-client-ca"},
		{&s.keys.requestHeader, "request-header-ca", "k3s-request-header-ca"},
		{&s.keys.etcdServer, "etcd/server-ca", "etcd-server-ca"}, {&s.keys.etcdPeer, "etcd/peer-ca", "etcd-peer-ca"},
	} {
		var err error
		if *a.into, err = pki.OpenAuthority(s.tls(a.file), a.name); err != nil {
			return err
		}
	}
	if err := s.serviceKeys(); err != nil {
		return err
	}
	for file, leaf := range s.leaves() {
		if err := leaf.by.Ensure(s.tls(file), leaf.asked); err != nil {
			return err
		}
	}
	return s.kubeconfigs()
}

func (s *Server) serviceKeys() error {
	if err := pki.ServiceKey(s.tls("service.key")); err != nil {
		return err
	}
	key, err := os.ReadFile(s.tls("service.key"))
	if err != nil {
		return err
	}
	return writeFile(s.tls("service.current.key"), key)
}

type leaf struct {
	by    *pki.Authority
	asked pki.Request
}

func (s *Server) leaves() map[string]leaf {
	client := func(name string, organization ...string) leaf {
		return leaf{s.keys.client, pki.Request{Name: name, Organization: organization, Client: true}}
	}
	etcd := []string{"localhost", "127.0.0.1", "::1", s.Settings.NodeIP[0], s.Settings.NodeName}
	return map[string]leaf{
		"client-admin":          client("system:admin", "system:masters"),
		"client-supervisor":     client("system:k3s-supervisor", "system:masters"),
		"client-controller":     client("system:kube-controller-manager"),
		"client-scheduler":      client("system:kube-scheduler"),
		"client-kube-apiserver": client("system:apiserver", "system:masters"),
		"client-kube-proxy":     client("system:kube-proxy"),
		"client-k3s-controller": client("system:k3s-controller"),
		"client-auth-proxy":     {s.keys.requestHeader, pki.Request{Name: "system:auth-proxy", Client: true}},
		"serving-kube-apiserver": {s.keys.server, pki.Request{
			Name: "kube-apiserver", Addresses: s.names(), Server: true,
		}},
		"etcd/client":             {s.keys.etcdServer, pki.Request{Name: "etcd-client", Client: true}},
		"etcd/server-client":      {s.keys.etcdServer, pki.Request{Name: "etcd-server", Addresses: etcd, Server: true, Client: true}},
		"etcd/peer-server-client": {s.keys.etcdPeer, pki.Request{Name: "etcd-peer", Addresses: etcd, Server: true, Client: true}},
	}
}

// names are all that the server is reached by.
func (s *Server) names() []string {
	o := s.Settings
	names := []string{
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + o.ClusterDomain, "localhost", "127.0.0.1", "::1",
		o.NodeName, o.AdvertiseAddress,
	}
	names = append(append(append(names, o.NodeIP...), o.NodeExternalIP...), o.TLSSAN...)
	if _, network, err := net.ParseCIDR(o.ServiceCIDR[0]); err == nil {
		first := network.IP.To4()
		first[3]++
		names = append(names, first.String())
	}
	return names
}

func (s *Server) kubeconfigs() error {
	local := fmt.Sprintf("https://127.0.0.1:%d", apiserverPort)
	for file, user := range map[string]string{
		"admin": "client-admin", "supervisor": "client-supervisor", "controller": "client-controller", "scheduler": "client-scheduler",
	} {
		content := Kubeconfig(local, s.tls("server-ca.crt"), s.tls(user+".crt"), s.tls(user+".key"))
		if err := writeFile(s.cred(file+".kubeconfig"), []byte(content)); err != nil {
			return err
		}
	}
	return nil
}

// Kubeconfig names files of a certificate and its key.
func Kubeconfig(server, ca, certificate, key string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- cluster:
    server: %s
    certificate-authority: %s
  name: local
contexts:
- context:
    cluster: local
    user: user
  name: Default
current-context: Default
users:
- name: user
  user:
    client-certificate: %s
    client-key: %s
`, server, ca, certificate, key)
}

// writeKubeconfig writes that of operators, which holds all that it needs.
func (s *Server) writeKubeconfig() error {
	var parts []any
	for _, file := range []string{"server-ca.crt", "client-admin.crt", "client-admin.key"} {
		content, err := os.ReadFile(s.tls(file))
		if err != nil {
			return err
		}
		parts = append(parts, base64.StdEncoding.EncodeToString(content))
	}
	content := fmt.Sprintf(`apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: %s
    server: https://127.0.0.1:%d
  name: default
contexts:
- context:
    cluster: default
    user: default
  name: default
current-context: default
kind: Config
preferences: {}
users:
- name: default
  user:
    client-certificate-data: %s
    client-key-data: %s
`, parts[0], s.Settings.HTTPSListenPort, parts[1], parts[2])
	path := s.Settings.WriteKubeconfig
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return err
	}
	mode := os.FileMode(0o600)
	if s.Settings.WriteKubeconfigMode != "" {
		if _, err := fmt.Sscanf(s.Settings.WriteKubeconfigMode, "%o", &mode); err != nil {
			return fmt.Errorf("--write-kubeconfig-mode %s: %w", s.Settings.WriteKubeconfigMode, err)
		}
	}
	return os.Chmod(path, mode)
}

// writeTokens writes server/token and what leads to it, and the passwords that the supervisor knows.
func (s *Server) writeTokens() error {
	if s.password == "" {
		s.password = token.Random()
	}
	full, err := token.Format("server", s.password, s.keys.server.PEM())
	if err != nil {
		return err
	}
	if err := writeFile(s.Settings.ServerDir("token"), []byte(full+"\n")); err != nil {
		return err
	}
	node, err := s.agentToken()
	if err != nil {
		return err
	}
	if err := link("token", s.Settings.ServerDir("node-token")); err != nil {
		return err
	}
	passwords := fmt.Sprintf("%s,node,node,k3s:agent\n%s,server,server,k3s:server\n", node, s.password)
	return writeFile(s.cred("passwd"), []byte(passwords))
}

// agentToken writes server/agent-token and gives its password.
func (s *Server) agentToken() (string, error) {
	path := s.Settings.ServerDir("agent-token")
	if s.Settings.AgentToken == "" {
		return s.password, link("token", path)
	}
	parsed, err := token.Parse(s.Settings.AgentToken)
	if err != nil {
		return "", err
	}
	full, err := token.Format("node", parsed.Password, s.keys.server.PEM())
	if err != nil {
		return "", err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	return parsed.Password, writeFile(path, []byte(full+"\n"))
}

func link(target, path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Symlink(target, path)
}
