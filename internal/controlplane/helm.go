package controlplane

import (
	"context"
	"log/slog"
	"time"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/kube"
	"helm.sh/helm/v4/pkg/storage"
	"helm.sh/helm/v4/pkg/storage/driver"

	"github.com/metal-stack/initial-cluster/internal/cluster"
)

func init() { kube.ManagedFieldsManager = cluster.Manager }

// helm gives Helm's configuration for a namespace, with a client that waits and deletes as this package does.
func (d *Deployment) helm(ctx context.Context, c *Component) (*action.Configuration, *client) {
	quiet := slog.DiscardHandler
	own := &client{Client: kube.New(d.cluster), ctx: ctx, cluster: d.cluster, component: c, deadline: time.Now().Add(c.Timeout)}
	own.Client.Namespace = c.Namespace
	own.SetLogger(quiet)
	configuration := action.NewConfiguration(action.ConfigurationSetLogger(quiet))
	configuration.RESTClientGetter = d.cluster
	configuration.KubeClient = own
	configuration.Releases = d.storage(c.Namespace)
	configuration.Capabilities = d.renderer.capabilities.Load()
	return configuration, own
}

// storage is where Helm keeps releases: Secrets in the namespace.
func (d *Deployment) storage(namespace string) *storage.Storage {
	secrets := driver.NewSecrets(d.cluster.Typed().CoreV1().Secrets(namespace))
	secrets.SetLogger(slog.DiscardHandler)
	s := storage.Init(secrets)
	s.SetLogger(slog.DiscardHandler)
	s.MaxHistory = maxHistory
	return s
}

// learn asks the cluster for what templates may ask of it: its version and its kinds.
func (d *Deployment) learn() error {
	discovery, err := d.cluster.ToDiscoveryClient()
	if err != nil {
		return err
	}
	version, err := discovery.ServerVersion()
	if err != nil {
		return d.cluster.Explain(err)
	}
	kinds, err := action.GetVersionSet(discovery)
	if err != nil {
		return d.cluster.Explain(err)
	}
	d.renderer.capabilities.Store(&common.Capabilities{
		APIVersions: kinds, HelmVersion: common.DefaultCapabilities.HelmVersion,
		KubeVersion: common.KubeVersion{Version: version.GitVersion, Major: version.Major, Minor: version.Minor},
	})
	return nil
}
