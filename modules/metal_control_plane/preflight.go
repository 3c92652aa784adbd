package main

import (
	"context"
	"time"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/cluster"
	"github.com/metal-stack/initial-cluster/internal/preflight"
)

type needs struct {
	KubernetesMin     string   `ansible:"kubernetes_min"`
	KubernetesMax     string   `ansible:"kubernetes_max"`
	StorageClass      string   `ansible:"storage_class"`
	ProveStorage      bool     `ansible:"prove_storage"`
	LoadBalancer      bool     `ansible:"load_balancer"`
	ProveLoadBalancer bool     `ansible:"prove_load_balancer"`
	CPU               string   `ansible:"cpu"`
	Memory            string   `ansible:"memory"`
	ClusterIssuer     string   `ansible:"cluster_issuer"`
	Names             []string `ansible:"names"`
	Endpoints         []string `ansible:"endpoints"`
	URLs              []string `ansible:"urls"`
	ObjectStorage     *bucket  `ansible:"object_storage"`
	ProofTimeout      int      `ansible:"proof_timeout"`
}

type bucket struct {
	URL       string `ansible:"url"`
	Region    string `ansible:"region"`
	AccessKey string `ansible:"access_key"`
	SecretKey string `ansible:"secret_key"`
	CAFile    string `ansible:"ca_file"`
}

func (n needs) wanted(namespace string) preflight.Needs {
	wanted := preflight.Needs{
		MinVersion: n.KubernetesMin, MaxVersion: n.KubernetesMax, StorageClass: n.StorageClass, ProveStorage: n.ProveStorage,
		LoadBalancer: n.LoadBalancer || n.ProveLoadBalancer, ProveLoadBalancer: n.ProveLoadBalancer, CPU: n.CPU, Memory: n.Memory, Issuer: n.ClusterIssuer,
		Names: n.Names, Endpoints: n.Endpoints, URLs: n.URLs, Namespace: namespace, Timeout: time.Duration(n.ProofTimeout) * time.Second,
	}
	if b := n.ObjectStorage; b != nil {
		wanted.ObjectStorage = &preflight.ObjectStorage{URL: b.URL, Region: b.Region, AccessKey: b.AccessKey, SecretKey: b.SecretKey, CAFile: b.CAFile, Prove: true}
	}
	return wanted
}

// validate looks whether the cluster has what is needed. In check mode nothing is proved, as that would make something.
func (in params) validate(ctx context.Context, mode ansible.Mode, c *cluster.Cluster) ([]any, error) {
	wanted := in.Preflight.wanted(in.Namespace)
	if mode.Check {
		wanted.ProveStorage, wanted.ProveLoadBalancer = false, false
		if wanted.ObjectStorage != nil {
			wanted.ObjectStorage.Prove = false
		}
	}
	checks := preflight.Run(ctx, c, wanted)
	var all []any
	for _, check := range checks {
		all = append(all, map[string]any{"name": check.Name, "found": check.Found, "ok": check.OK, "remedy": check.Remedy})
	}
	return all, preflight.Problems(checks)
}
