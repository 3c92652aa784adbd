package metalstackcloudtest

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/kubetest"
)

// cluster is a cluster of the API and the Kubernetes it stands for.
type cluster struct {
	Message   *ClusterMessage
	Operation *operation
	Endpoint  string // host:port, once there is one
	kube      *kubetest.Cluster
}

func (c *cluster) stop() error {
	if c.kube == nil {
		return nil
	}
	err := c.kube.Stop()
	c.kube = nil
	return err
}

func (s *Server) folder(c *cluster) string {
	return filepath.Join(s.options.Dir, "clusters", c.Message.UUID)
}

// nowhere is where nobody listens (the discard service, https://www.rfc-editor.org/rfc/rfc863).
const nowhere = "127.0.0.1:9"

// run starts the cluster's Kubernetes in its version, or starts it anew in another; the mutex is not held. A cluster is started by one
// goroutine only: that of the operation that has it, or Start's.
func (s *Server) run(c *cluster) error {
	s.mutex.Lock()
	version, kube := "v"+c.Message.Kubernetes.Version, c.kube
	s.mutex.Unlock()
	endpoint := nowhere
	if s.options.Kubernetes != "" {
		if kube != nil {
			if err := kube.Stop(); err != nil {
				return err
			}
		}
		var err error
		kube, err = kubetest.Start(s.ctx, kubetest.Options{Dir: s.folder(c), Binary: s.options.Kubernetes, Version: version})
		if err != nil {
			return err
		}
		endpoint = kube.Endpoint()
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	c.kube, c.Endpoint = kube, endpoint
	return nil
}

// remove stops the cluster's Kubernetes and removes its data.
func (s *Server) remove(c *cluster) error { return errors.Join(c.stop(), os.RemoveAll(s.folder(c))) }

// revive starts the clusters that were running, and goes on with operations.
func (s *Server) revive() error {
	var starting sync.WaitGroup
	failures := make(chan error, len(s.state.Clusters))
	for _, c := range s.state.Clusters {
		if o := c.Operation; o != nil && !o.Ended {
			s.running.Go(func() { s.do(c, o) })
			continue
		}
		if c.Endpoint == "" {
			continue
		}
		starting.Go(func() {
			if err := s.run(c); err != nil {
				failures <- fmt.Errorf("start cluster %s again: %w", c.Message.Name, err)
			}
		})
	}
	starting.Wait()
	close(failures)
	var all error
	for err := range failures {
		all = errors.Join(all, err)
	}
	return all
}

// kubeconfig is what GetCredentials gives: entries for the world outside and for the clusters' own network, both with a certificate.
func (s *Server) kubeconfig(c *cluster, life time.Duration) (string, error) {
	authority, err := certtest.NewAuthority(s.folder(c))
	if err != nil {
		return "", err
	}
	pair, err := authority.ShortClientCertificate(life, "lab@metalstack.cloud", "system:masters")
	if err != nil {
		return "", err
	}
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		return "", err
	}
	encode := func(content []byte) string { return base64.StdEncoding.EncodeToString(content) }
	return fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- cluster: {certificate-authority-data: %[1]s, server: "https://%[2]s"}
  name: %[3]s-external
- cluster: {certificate-authority-data: %[1]s, server: "https://api.%[4]s.internal.k8s.example.com"}
  name: %[3]s-internal
contexts:
- context: {cluster: %[3]s-external, user: %[3]s-external}
  name: %[3]s-external
- context: {cluster: %[3]s-internal, user: %[3]s-external}
  name: %[3]s-internal
current-context: %[3]s-external
users:
- name: %[3]s-external
  user:
    client-certificate-data: %[5]s
    client-key-data: %[6]s
`, encode(authority.PEM()), c.Endpoint, "garden-"+c.Message.Project+"--"+c.Message.Name, c.Message.Name,
		encode(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})),
		encode(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))), nil
}
