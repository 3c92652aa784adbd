// Package server is k3s server: it brings up the datastore, the supervisor and Kubernetes in k3s' order, and does for nodes and members
// what k3s' own controllers do.
package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	"k8s.io/client-go/kubernetes"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/controlplane"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/datastore"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/notify"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/settings"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/stamp"
)

// Server is a running one.
type Server struct {
	Settings  settings.Settings
	password  string // of the server token
	store     *datastore.Store
	snapshots *datastore.Snapshots
	keys      *keys
	api       atomic.Pointer[http.Handler] // once kube-apiserver is up
	kube      *kubernetes.Clientset
	join      *joined // the server it joins at; nil for the first, and for one that was there before
}

// apiserverPort is where kube-apiserver listens on loopback.
const apiserverPort = 6444

// Run runs the server until it fails or the context ends. agent is started once certificates can be had.
func Run(ctx context.Context, o settings.Settings, agent func(context.Context, settings.Settings) error) error {
	s := &Server{Settings: o}
	s.store = &datastore.Store{
		Dir: o.ServerDir("db"), TLS: o.ServerDir("tls", "etcd"), NodeName: o.NodeName, Address: o.NodeIP[0],
		Arguments: o.EtcdArg, Metrics: o.EtcdExposeMetrics,
	}
	dir, byDefault := o.SnapshotDir()
	s.snapshots = &datastore.Snapshots{
		Dir: dir, Default: byDefault, NodeName: o.NodeName, Compress: o.EtcdSnapshotCompress, Retention: o.EtcdSnapshotRetention,
	}
	logrus.Infof("Starting k3s %s (%s)", stamp.Version(), stamp.Commit())
	if o.ClusterReset || o.ClusterResetRestorePath != "" {
		return s.reset(ctx)
	}
	if err := s.prepare(ctx); err != nil {
		return fmt.Errorf("preparing server: %w", err)
	}
	return s.run(ctx, agent)
}

func (s *Server) run(ctx context.Context, agent func(context.Context, settings.Settings) error) error {
	if err := s.listen(); err != nil {
		return err
	}
	if err := s.startStore(ctx); err != nil {
		return err
	}
	s.awaitStore(ctx)
	if err := s.saveBootstrap(ctx); err != nil {
		return err
	}
	if err := s.startKubernetes(ctx); err != nil {
		return err
	}
	logrus.Info("Kube API server is now running")
	if !s.store.Alone {
		logrus.Info("ETCD server is now running")
	}
	if err := s.afterStart(ctx); err != nil {
		return err
	}
	logrus.Info("k3s is up and running")
	if err := notify.Ready(); err != nil {
		return err
	}
	go s.own(ctx)
	if !s.Settings.DisableAgent {
		go func() { fatal("agent", agent(ctx, s.Settings)) }()
	}
	<-ctx.Done()
	s.store.Stop()
	return nil
}

// fatal ends the process for what runs beside the server: k3s does the same.
func fatal(what string, err error) {
	if err != nil {
		logrus.Fatalf("%s exited: %v", what, err)
	}
}

// awaitStore returns when the server's own member is a voter that can be used, however long that takes.
func (s *Server) awaitStore(ctx context.Context) {
	for waited := 0; ; waited++ {
		err := s.store.Test(ctx)
		if err == nil {
			logrus.Info("etcd data store connection OK")
			return
		}
		// Told every five seconds and looked at every tenth of a second: the start of a member is shorter than that.
		if waited%50 == 10 {
			logrus.Infof("Failed to test data store connection: %v", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (s *Server) startKubernetes(ctx context.Context) error {
	public := &net.TCPAddr{IP: net.ParseIP(s.Settings.AdvertiseAddress), Port: s.Settings.HTTPSListenPort}
	logrus.Infof("Running kube-apiserver %v", s.apiserverArguments())
	handler, err := controlplane.APIServer(ctx, apiserverPort, public, s.apiserverArguments(), func(err error) { fatal("apiserver", err) })
	if err != nil {
		return fmt.Errorf("apiserver: %w", err)
	}
	s.api.Store(&handler)
	if s.kube, err = s.clientset(); err != nil {
		return err
	}
	if err := s.awaitAPI(ctx); err != nil {
		return err
	}
	if !s.Settings.DisableControllerManager {
		go func() { fatal("controller-manager", controlplane.Controllers(ctx, s.controllerArguments())) }()
	}
	if !s.Settings.DisableScheduler {
		go func() { fatal("scheduler", controlplane.Scheduler(ctx, s.schedulerArguments())) }()
	}
	return nil
}

func (s *Server) awaitAPI(ctx context.Context) error {
	for {
		answer := s.kube.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx)
		if answer.Error() == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (s *Server) tls(name string) string {
	return s.Settings.ServerDir("tls", filepath.FromSlash(name))
}

func (s *Server) cred(name string) string { return s.Settings.ServerDir("cred", name) }
