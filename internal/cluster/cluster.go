// Package cluster reaches a running Kubernetes by a kubeconfig: it reads, tries out and watches objects of any kind, says in one line
// why an API refused, and why pods are not ready. Which objects there are to be, its callers decide.
package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Kubeconfig says where the kubeconfig is. Content goes before File.
type Kubeconfig struct {
	File    string
	Content string
	Context string // empty is the current one
}

// Cluster is a connection to a cluster, safe to use from several goroutines. It is Helm's RESTClientGetter, too.
type Cluster struct {
	raw       clientcmd.ClientConfig
	config    *rest.Config
	discovery discovery.CachedDiscoveryInterface
	mapper    meta.ResettableRESTMapper
	dynamic   dynamic.Interface
	typed     kubernetes.Interface
}

// requestTimeout bounds a request that a dead network would hold for ever. Waits are made of many requests.
const requestTimeout = 60 * time.Second

// Open reads the kubeconfig. It asks the cluster nothing yet.
func Open(k Kubeconfig) (*Cluster, error) {
	loaded, err := load(k)
	if err != nil {
		return nil, err
	}
	raw := clientcmd.NewDefaultClientConfig(*loaded, &clientcmd.ConfigOverrides{CurrentContext: k.Context})
	config, err := raw.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("kubeconfig %s: %w; name one of its contexts", k.name(), err)
	}
	config.QPS, config.Timeout = -1, requestTimeout // no limit on this side: API servers have fair queuing of their own
	config.WarningHandler = rest.NoWarnings{}
	c := &Cluster{raw: raw, config: config}
	return c, c.connect()
}

func load(k Kubeconfig) (*clientcmdapi.Config, error) {
	if k.Content != "" {
		loaded, err := clientcmd.Load([]byte(k.Content))
		if err != nil {
			return nil, errors.New("kubeconfig: its content is no kubeconfig; give YAML with clusters, users and contexts")
		}
		return loaded, nil
	}
	loaded, err := clientcmd.LoadFromFile(k.File)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("kubeconfig %s: there is no such file; the role that makes the cluster writes it", k.File)
	case err != nil:
		return nil, fmt.Errorf("kubeconfig %s: %w", k.File, err)
	}
	return loaded, clientcmd.ResolveLocalPaths(loaded)
}

func (k Kubeconfig) name() string {
	if k.Content != "" {
		return "(content)"
	}
	return k.File
}

func (c *Cluster) connect() error {
	client, err := rest.HTTPClientFor(c.config)
	if err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	direct, err := discovery.NewDiscoveryClientForConfigAndClient(c.config, client)
	if err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	c.discovery = memory.NewMemCacheClient(direct)
	c.mapper = restmapper.NewDeferredDiscoveryRESTMapper(c.discovery)
	if c.dynamic, err = dynamic.NewForConfigAndClient(c.config, client); err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	if c.typed, err = kubernetes.NewForConfigAndClient(c.config, client); err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	return nil
}

// Server is the URL of the API.
func (c *Cluster) Server() string { return c.config.Host }

// Typed is a client for the built-in kinds.
func (c *Cluster) Typed() kubernetes.Interface { return c.typed }

// ToRESTConfig gives a copy of the connection's configuration.
func (c *Cluster) ToRESTConfig() (*rest.Config, error) { return rest.CopyConfig(c.config), nil }

// ToDiscoveryClient gives the client that knows the cluster's kinds and remembers them.
func (c *Cluster) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return c.discovery, nil
}

// ToRESTMapper maps kinds to resources.
func (c *Cluster) ToRESTMapper() (meta.RESTMapper, error) { return c.mapper, nil }

// ToRawKubeConfigLoader gives the kubeconfig as it was loaded.
func (c *Cluster) ToRawKubeConfigLoader() clientcmd.ClientConfig { return c.raw }

// Forget makes the next question for a kind go to the cluster, after kinds were added.
func (c *Cluster) Forget() {
	c.discovery.Invalidate()
	c.mapper.Reset()
}
