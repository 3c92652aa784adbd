// Package datastore is the embedded etcd of a k3s server: its name, its folder, how it begins, joins, is reset and restored.
package datastore

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
)

const (
	// Endpoint is where the server's own member is asked.
	Endpoint = "https://127.0.0.1:2379"
	// tick is how often the leader promotes learners and tells the state of members.
	tick = 15 * time.Second
	// stallLimit is how long a learner may stand still before the leader evicts it.
	stallLimit = 5 * time.Minute
	askTimeout = 10 * time.Second
	keptDirs   = 5
)

// Store is the datastore of one server.
type Store struct {
	Dir       string // server/db
	TLS       string // server/tls/etcd
	NodeName  string
	Address   string
	Arguments []string // --etcd-arg
	Metrics   bool     // on all addresses
	Alone     bool     // stands in for SQLite: one member that listens on a socket only

	name   string
	etcd   *embed.Etcd
	client *clientv3.Client
}

func (s *Store) path(names ...string) string {
	return filepath.Join(append([]string{s.Dir}, names...)...)
}

// dataDir is the folder of etcd. That of the stand-in for SQLite has another name, for one tells from db/etcd that etcd is in use.
func (s *Store) dataDir() string {
	if s.Alone {
		return s.path("sqlite")
	}
	return s.path("etcd")
}

func (s *Store) wal() string { return filepath.Join(s.path("etcd"), "member", "wal") }

// Initialized tells whether the server's etcd was up before: then flags that choose a datastore do not count any more.
func (s *Store) Initialized() bool {
	info, err := os.Stat(s.wal())
	return err == nil && info.IsDir()
}

// Name is that of the member, the node's with eight digits that change whenever it begins anew.
func (s *Store) Name() string { return s.name }

// PeerURL is where other members reach this one.
func (s *Store) PeerURL() string { return "https://" + s.Address + ":2380" }

// Client talks to the server's own member.
func (s *Store) Client() *clientv3.Client { return s.client }

// Open reads the member's name or gives it one, and moves aside the data of a member that was removed.
func (s *Store) Open() error {
	if s.Alone {
		s.name = "sqlite"
		return nil
	}
	if _, err := os.Stat(s.tombstone()); err == nil {
		logrus.Infof("tombstone file has been detected, removing data dir to rejoin the cluster")
		if err := s.setAside(); err != nil {
			return err
		}
	}
	return s.setName(false)
}

// Connect opens the client of the server's own member, which need not be up yet.
func (s *Store) Connect() error {
	endpoint := Endpoint
	if s.Alone {
		endpoint = s.socket()
	}
	client, err := s.dial(endpoint)
	s.client = client
	return err
}

func (s *Store) tombstone() string { return s.path("etcd", "tombstone") }

func (s *Store) setName(anew bool) error {
	file := s.path("etcd", "name")
	content, err := os.ReadFile(file)
	if err == nil && !anew {
		s.name = strings.TrimSpace(string(content))
		return nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	digits := make([]byte, 4)
	_, _ = rand.Read(digits) // never fails
	s.name = fmt.Sprintf("%s-%x", s.NodeName, digits)
	if err := os.MkdirAll(s.path("etcd"), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(s.name), 0o600)
}

// setAside renames etcd's folder to etcd-old-<unix> and keeps five such.
func (s *Store) setAside() error {
	aside := fmt.Sprintf("%s-old-%d", s.path("etcd"), time.Now().Unix())
	if err := os.Rename(s.path("etcd"), aside); err != nil {
		return err
	}
	logrus.Infof("etcd data moved to %s", aside)
	old, err := filepath.Glob(s.path("etcd-old-*"))
	if err != nil {
		return err
	}
	for i := 0; i < len(old)-keptDirs; i++ {
		if err := os.RemoveAll(old[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) clientTLS() (*tls.Config, error) {
	info := transport.TLSInfo{
		CertFile: filepath.Join(s.TLS, "client.crt"), KeyFile: filepath.Join(s.TLS, "client.key"), TrustedCAFile: filepath.Join(s.TLS, "server-ca.crt"),
	}
	return info.ClientConfig()
}

func (s *Store) dial(endpoints ...string) (*clientv3.Client, error) {
	config := clientv3.Config{Endpoints: endpoints, DialTimeout: 2 * time.Second, Logger: quiet()}
	if strings.HasPrefix(endpoints[0], "https") {
		var err error
		if config.TLS, err = s.clientTLS(); err != nil {
			return nil, err
		}
	}
	return clientv3.New(config)
}

// Test tells why the server's own member cannot be used yet; nil is a voting member without alarms.
func (s *Store) Test(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	status, err := s.client.Status(ctx, s.client.Endpoints()[0])
	if err != nil {
		return err
	}
	if status.IsLearner {
		return errors.New("this server has not yet been promoted from learner to voting member")
	}
	if len(status.Errors) > 0 {
		return fmt.Errorf("etcd alarms: %s", strings.Join(status.Errors, ", "))
	}
	members, err := s.client.MemberList(ctx)
	if err != nil {
		return err
	}
	var found []string
	for _, member := range members.Members {
		if member.Name == s.name {
			return nil
		}
		found = append(found, member.Name)
	}
	return fmt.Errorf("this server is a not a member of the etcd cluster. Found %v, expect: %s=%s", found, s.name, s.Address)
}
