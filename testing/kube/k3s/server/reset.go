package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sirupsen/logrus"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/bootstrap"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/datastore"
)

// reset makes the server the only member of its cluster, with the data of a snapshot if one is named, and ends. Kubernetes is not started.
func (s *Server) reset(ctx context.Context) error {
	if err := s.mayReset(); err != nil {
		return err
	}
	if err := s.prepareReset(); err != nil {
		return err
	}
	if path := s.Settings.ClusterResetRestorePath; path != "" {
		if err := s.store.Restore(path); err != nil {
			return err
		}
	}
	if err := s.store.Reset(ctx); err != nil {
		return err
	}
	if err := s.rewrite(ctx); err != nil {
		return err
	}
	s.store.Stop()
	if err := s.forgetBalancers(); err != nil {
		return err
	}
	logrus.Info("Managed etcd cluster membership has been reset, restart without --cluster-reset flag now. " +
		"Backup and delete ${datadir}/server/db on each peer etcd server and rejoin the nodes")
	return nil
}

func (s *Server) mayReset() error {
	o := s.Settings
	if !o.ClusterReset {
		return errors.New("invalid flag use; --cluster-reset required with --cluster-reset-restore-path")
	}
	if o.Server != "" {
		return errors.New("cannot perform cluster-reset while server URL is set - remove server from configuration before resetting")
	}
	if o.ClusterResetRestorePath != "" {
		if _, err := os.Stat(o.ServerDir("token")); o.Token == "" && errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s does not exist, please pass --token to complete the restoration", o.ServerDir("token"))
		}
		return datastore.CheckRestore(o.ClusterResetRestorePath)
	}
	if _, err := os.Stat(s.store.ResetFlag()); err == nil {
		return fmt.Errorf("Managed etcd cluster membership was previously reset, please remove the cluster-reset flag and start k3s normally. "+
			"If you need to perform another cluster reset, you must first manually delete the file at %s", s.store.ResetFlag())
	}
	if !s.store.Initialized() {
		return errors.New("cannot perform cluster-reset: this server has no etcd datastore")
	}
	return nil
}

func (s *Server) prepareReset() error {
	if err := os.MkdirAll(s.Settings.ServerDir("db"), 0o700); err != nil {
		return err
	}
	if err := s.findPassword(); err != nil {
		return err
	}
	if err := s.store.Open(); err != nil {
		return err
	}
	if err := s.makeKeys(); err != nil {
		return err
	}
	return s.store.Connect()
}

// rewrite puts on disk the secrets that the data holds, which may be those of another cluster than the server was of.
func (s *Server) rewrite(ctx context.Context) error {
	held, err := s.store.Get(ctx, bootstrap.Prefix)
	if err != nil {
		return err
	}
	data, err := bootstrap.Find(held, s.password)
	if err != nil || data == nil {
		return err
	}
	if err := bootstrap.Write(s.Settings.ServerDir(), data, true); err != nil {
		return err
	}
	if err := s.makeKeys(); err != nil {
		return err
	}
	return s.writeTokens()
}

func (s *Server) forgetBalancers() error {
	found, err := filepath.Glob(s.Settings.AgentDir("etc", "k3s-*-load-balancer.json"))
	if err != nil {
		return err
	}
	for _, path := range found {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}
