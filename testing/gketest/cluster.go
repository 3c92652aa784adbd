package gketest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/metal-stack/initial-cluster/testing/kubetest"
)

// cluster is a cluster of the API and the Kubernetes it stands for.
type cluster struct {
	*containerpb.Cluster
	project string
	name    string // projects/P/locations/L/clusters/N
	kube    *kubetest.Cluster
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
	return filepath.Join(s.options.Dir, "clusters", strings.ReplaceAll(strings.TrimPrefix(c.name, "projects/"), "/", "_"))
}

// run starts the cluster's Kubernetes in the version; the mutex is not held. A cluster is started by one goroutine only: that of the
// operation that has it, or Start's.
func (s *Server) run(c *cluster, version string) error {
	endpoint, ca := "203.0.113.10", s.standInCA()
	if s.options.Kubernetes != "" {
		kube, err := kubetest.Start(s.ctx, kubetest.Options{
			Dir: s.folder(c), Binary: s.options.Kubernetes, Version: "v" + version, ServiceCIDR: c.ServicesIpv4Cidr,
			TokenReview: s.URL() + "/tokenreview/" + c.project, ReviewCA: s.options.CAFile, Pods: s.options.Pods, Storage: s.options.Pods,
		})
		if err != nil {
			return err
		}
		endpoint, ca = kube.Endpoint(), kube.CA()
		s.mutex.Lock()
		c.kube = kube
		s.mutex.Unlock()
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	c.reached(endpoint, ca)
	for _, o := range s.state.operations {
		if o.cluster == c.name && o.after != nil && o.Status != containerpb.Operation_DONE {
			(&cluster{Cluster: o.after}).reached(endpoint, ca)
		}
	}
	return s.save()
}

// reached notes where the API of the cluster is. Google puts an address alone there; the port tells the clusters of one machine apart.
func (c *cluster) reached(endpoint string, ca []byte) {
	c.Endpoint = endpoint
	c.MasterAuth.ClusterCaCertificate = base64.StdEncoding.EncodeToString(ca)
	c.PrivateClusterConfig.PublicEndpoint = endpoint
	c.ControlPlaneEndpointsConfig.IpEndpointsConfig.PublicEndpoint = endpoint
}

// Kubeconfigs are the paths of kubeconfigs with all rights, of the clusters that run.
func (s *Server) Kubeconfigs() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var paths []string
	for _, c := range s.state.clusters {
		if c.kube != nil {
			paths = append(paths, c.kube.Kubeconfig())
		}
	}
	return paths
}

// standInCA is an authority for clusters that nobody reaches.
func (s *Server) standInCA() []byte {
	chain := s.options.Certificate.Certificate
	return pemOf(chain[len(chain)-1])
}

// remove stops the cluster's Kubernetes and removes its data.
func (s *Server) remove(c *cluster) error {
	err := c.stop()
	if s.options.Dir == "" {
		return err
	}
	return errors.Join(err, os.RemoveAll(s.folder(c)))
}

// revive starts the clusters that were running.
func (s *Server) revive() error {
	var starting sync.WaitGroup
	failures := make(chan error, len(s.state.clusters))
	for _, c := range s.state.clusters {
		if c.Endpoint == "" || c.Status == containerpb.Cluster_ERROR {
			continue
		}
		starting.Go(func() {
			if err := s.run(c, c.CurrentMasterVersion); err != nil {
				failures <- fmt.Errorf("start cluster %s again: %w", c.Name, err)
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
