package datastore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sirupsen/logrus"
)

// A k3s that neither begins nor joins a cluster of etcd uses SQLite behind kine. Here one member of etcd stands in for both, at kine's
// socket and with no port; state.db is the file of its backend.

func (s *Store) socket() string { return "unix://" + filepath.Join(filepath.Dir(s.Dir), "kine.sock") }

// BeginAlone starts the stand-in for SQLite.
func (s *Store) BeginAlone() error {
	if err := os.Remove(filepath.Join(filepath.Dir(s.Dir), "kine.sock")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	c := s.base()
	nobody := "http://127.0.0.1:0" // comes there: any free port
	c.ListenClientUrls, c.AdvertiseClientUrls = urls(s.socket()), urls(nobody)
	c.ListenPeerUrls, c.AdvertisePeerUrls = urls(nobody), urls(nobody)
	c.InitialCluster = s.name + "=" + nobody
	if err := s.start(c); err != nil {
		return err
	}
	err := os.Link(filepath.Join(s.dataDir(), "member", "snap", "db"), s.path("state.db"))
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	return err
}

// HasSQLite tells whether the server has used SQLite before.
func (s *Store) HasSQLite() bool {
	_, err := os.Stat(s.path("state.db"))
	return err == nil
}

// Migrate makes a cluster of etcd out of what SQLite held.
func (s *Store) Migrate() error {
	logrus.Infof("Migrating content from sqlite to etcd")
	if err := os.Rename(s.path("sqlite", "member"), s.path("etcd", "member")); err != nil {
		return fmt.Errorf("migrate from sqlite: %w", err)
	}
	c := s.member()
	c.InitialCluster, c.ForceNewCluster = s.name+"="+s.PeerURL(), true
	if err := s.start(c); err != nil {
		return err
	}
	if err := os.RemoveAll(s.path("sqlite")); err != nil {
		return err
	}
	return os.Rename(s.path("state.db"), s.path("state.db.migrated"))
}
