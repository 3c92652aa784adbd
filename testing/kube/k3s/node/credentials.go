package node

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/access"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/server"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/settings"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/token"
)

// credentials are what the node knows the cluster by.
type credentials struct {
	at *access.Server
}

// cluster is what the node needs of the cluster's settings.
type cluster struct {
	ClusterDNSs   []string
	ClusterDomain string
}

// open waits until the server can be reached and the token matches its CA.
func (a *Agent) open(ctx context.Context, url, text string) (*credentials, error) {
	for {
		at, err := access.Open(url, text, "node")
		var config []byte
		if err == nil {
			config, err = at.Get("/v1-k3s/config")
		}
		if err == nil {
			err = json.Unmarshal(config, &a.cluster)
		}
		if err == nil {
			return &credentials{at}, nil
		}
		logrus.Errorf("Failed to validate connection to cluster at %s: %v", url, err)
		if !sleep(ctx, 2*time.Second) {
			return nil, ctx.Err()
		}
	}
}

// password is the node's: made up at its first start, and kept where an uninstall does not reach.
func password() (string, error) {
	content, err := os.ReadFile(settings.NodePasswordFile)
	if err == nil {
		return strings.TrimSpace(string(content)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	made := token.Random()
	return made, write(settings.NodePasswordFile, []byte(made+"\n"))
}

// fetch gets the certificates of the node, again and again until the server gives them.
func (c *credentials) fetch(ctx context.Context, a *Agent) error {
	own, err := password()
	if err != nil {
		return err
	}
	headers := map[string]string{
		"k3s-Node-Name": a.settings.NodeName, "k3s-Node-Password": own, "k3s-Node-IP": strings.Join(a.settings.NodeIP, ","),
	}
	for {
		err := c.fetchAll(a, headers)
		if err == nil {
			return a.kubeconfigs()
		}
		logrus.Errorf("Waiting to retrieve agent configuration; server is not ready: %v", err)
		if !sleep(ctx, 2*time.Second) {
			return ctx.Err()
		}
	}
}

func (c *credentials) fetchAll(a *Agent, headers map[string]string) error {
	for _, name := range []string{"client-kubelet", "serving-kubelet", "client-kube-proxy", "client-k3s-controller"} {
		content, err := c.at.Do(http.MethodPost, "/v1-k3s/"+name+".crt", headers, nil)
		var failed *access.Failed
		if errors.As(err, &failed) && failed.Code == http.StatusForbidden {
			return errors.New("Node password rejected, duplicate hostname or contents of '" + settings.NodePasswordFile +
				"' may not match server node-passwd entry, try enabling a unique node name with the --with-node-id flag")
		}
		if err != nil {
			return err
		}
		certificate, key := split(content)
		if err := write(a.settings.AgentDir(name+".crt"), certificate); err != nil {
			return err
		}
		if err := write(a.settings.AgentDir(name+".key"), key); err != nil {
			return err
		}
	}
	for _, name := range []string{"client-ca.crt", "server-ca.crt"} {
		content, err := c.at.Get("/v1-k3s/" + name)
		if err != nil {
			return err
		}
		if err := write(a.settings.AgentDir(name), content); err != nil {
			return err
		}
	}
	return nil
}

// split parts the certificates from the key behind them.
func split(content []byte) (certificate, key []byte) {
	for rest := content; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return bytes.TrimSpace(certificate), key
		}
		if block.Type == "CERTIFICATE" {
			certificate = append(certificate, pem.EncodeToMemory(block)...)
		} else {
			key = append(key, pem.EncodeToMemory(block)...)
		}
	}
}

func (a *Agent) kubeconfigs() error {
	for file, user := range map[string]string{"kubelet": "client-kubelet", "kubeproxy": "client-kube-proxy", "k3scontroller": "client-k3s-controller"} {
		dir := a.settings.AgentDir()
		content := server.Kubeconfig(a.server, filepath.Join(dir, "server-ca.crt"), filepath.Join(dir, user+".crt"), filepath.Join(dir, user+".key"))
		if err := write(filepath.Join(dir, file+".kubeconfig"), []byte(content)); err != nil {
			return err
		}
	}
	return nil
}

func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
