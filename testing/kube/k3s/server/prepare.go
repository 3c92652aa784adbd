package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sirupsen/logrus"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/bootstrap"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/token"
)

// prepare makes everything on disk that the server needs before anything runs: it decides between beginning, joining and resuming, gets
// the authorities, makes the certificates and writes the token.
func (s *Server) prepare(ctx context.Context) error {
	for _, dir := range []string{s.Settings.ServerDir("tls", "etcd"), s.Settings.ServerDir("cred"), s.Settings.ServerDir("db"), s.Settings.ServerDir("manifests"), s.Settings.ServerDir("static")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	if err := s.findPassword(); err != nil {
		return err
	}
	resumes := s.store.Initialized()
	s.store.Alone = !resumes && s.Settings.Server == "" && !s.Settings.ClusterInit
	if err := s.store.Open(); err != nil {
		return err
	}
	// A tombstone makes a member that was there before one that begins or joins.
	if resumes && !s.store.Initialized() {
		s.store.Alone = s.Settings.Server == "" && !s.Settings.ClusterInit
	}
	if err := s.loadBootstrap(ctx); err != nil {
		return fmt.Errorf("failed to bootstrap cluster data: %w", err)
	}
	if err := s.makeKeys(); err != nil {
		return err
	}
	if err := s.writeTokens(); err != nil {
		return err
	}
	if err := s.encryptionConfig(); err != nil {
		return err
	}
	return s.store.Connect()
}

// findPassword takes the password of the server token from the settings, else from the file of an earlier start. Without both a first
// server makes one up.
func (s *Server) findPassword() error {
	text := s.Settings.Token
	if text == "" {
		content, err := os.ReadFile(s.Settings.ServerDir("token"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		text = string(content)
	}
	if text == "" {
		return nil
	}
	parsed, err := token.Parse(text)
	if err != nil {
		return err
	}
	if parsed.Bootstrap() {
		return errors.New("failed to normalize server token; must be in format K10<CA-HASH>::<USERNAME>:<PASSWORD> or <PASSWORD>")
	}
	s.password = parsed.Password
	return nil
}

func (s *Server) loadBootstrap(ctx context.Context) error {
	switch {
	case s.store.Alone:
		return nil
	case s.store.Initialized():
		logrus.Info("Managed etcd cluster bootstrap already complete and initialized")
		return s.reconcile(ctx)
	case s.Settings.Server == "":
		logrus.Info("Managed etcd cluster initializing")
		return nil
	default:
		return s.bootstrapAt()
	}
}

// reconcile compares the secrets on disk with those in the datastore. A token that does not open them is an error.
func (s *Server) reconcile(ctx context.Context) error {
	held, err := s.store.Peek(ctx, bootstrap.Prefix)
	if err == nil {
		var data []byte
		if data, err = bootstrap.Find(held, s.password); err == nil && data != nil {
			return bootstrap.Write(s.Settings.ServerDir(), data, false)
		}
	}
	if err != nil {
		return fmt.Errorf("Failed to reconcile with temporary etcd: %w", err)
	}
	return nil
}

// saveBootstrap keeps the secrets in the datastore for the token, if they are not there yet.
func (s *Server) saveBootstrap(ctx context.Context) error {
	held, err := s.store.Get(ctx, bootstrap.Prefix)
	if err != nil {
		return err
	}
	if _, err := bootstrap.Find(held, s.password); err != nil {
		return err
	}
	if len(held) > 0 {
		return nil
	}
	logrus.Info("Saving cluster bootstrap data to datastore")
	return s.putBootstrap(ctx, s.password)
}

func (s *Server) putBootstrap(ctx context.Context, password string) error {
	data, err := bootstrap.Read(s.Settings.ServerDir())
	if err != nil {
		return err
	}
	sealed, err := bootstrap.Seal(password, data)
	if err != nil {
		return err
	}
	_, err = s.store.Client().Put(ctx, bootstrap.Key(password), sealed)
	return err
}

func (s *Server) startStore(ctx context.Context) error {
	switch {
	case s.store.Alone:
		return s.store.BeginAlone()
	case s.store.Initialized():
		return s.store.Resume()
	case s.join != nil:
		members, err := s.join.members()
		if err == nil {
			err = s.store.Join(ctx, members)
		}
		if err != nil {
			return fmt.Errorf("ETCD join failed: %w", err)
		}
		return nil
	case s.store.HasSQLite():
		return s.store.Migrate()
	default:
		return s.store.Begin()
	}
}

// afterStart forgets that the cluster was reset, now that it has started without the flag, and starts what only a running server can do.
func (s *Server) afterStart(ctx context.Context) error {
	if err := os.Remove(s.store.ResetFlag()); err == nil {
		if err := s.forgetNodePassword(ctx, s.Settings.NodeName); err != nil {
			logrus.Warnf("failed to delete node password secret: %v", err)
		}
	}
	if err := s.writeKubeconfig(); err != nil {
		return err
	}
	return s.scheduleSnapshots(ctx)
}

func writeFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}
