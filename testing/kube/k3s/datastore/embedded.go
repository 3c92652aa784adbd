package datastore

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// quiet is the log of etcd's client, whose retries k3s does not show.
func quiet() *zap.Logger { return zap.NewNop() }

func urls(texts ...string) []url.URL {
	var found []url.URL
	for _, text := range texts {
		u, err := url.Parse(text)
		if err != nil {
			panic(fmt.Sprintf("%s: %v", text, err)) // the texts are made here
		}
		found = append(found, *u)
	}
	return found
}

// base is what all forms of the server's etcd have in common. Timings are those that k3s gives it.
func (s *Store) base() *embed.Config {
	c := embed.NewConfig()
	c.Name, c.Dir = s.name, s.dataDir()
	c.TickMs, c.ElectionMs = 500, 5000
	c.Logger, c.LogLevel, c.LogOutputs = "zap", "info", []string{"stderr"}
	c.ZapLoggerBuilder = embed.NewZapLoggerBuilder(logger())
	c.WarningUnaryRequestDuration = embed.DefaultWarningUnaryRequestDuration
	c.ListenMetricsUrls, c.ListenClientHttpUrls = nil, nil
	return c
}

// logger writes what etcd's operators have to know; of its many lines of other kinds a journal needs none.
func logger() *zap.Logger {
	config := zap.NewProductionConfig()
	config.Level = zap.NewAtomicLevelAt(zapcore.WarnLevel)
	config.Sampling = nil
	made, err := config.Build()
	if err != nil {
		return zap.NewNop()
	}
	return made
}

// member is the configuration of a member among others.
func (s *Store) member() *embed.Config {
	c := s.base()
	c.ListenClientUrls = urls(Endpoint, "https://"+s.Address+":2379")
	c.AdvertiseClientUrls = urls("https://" + s.Address + ":2379")
	c.ListenPeerUrls = urls("https://127.0.0.1:2380", s.PeerURL())
	c.AdvertisePeerUrls = urls(s.PeerURL())
	c.ListenMetricsUrls = urls("http://127.0.0.1:2381")
	if s.Metrics {
		c.ListenMetricsUrls = urls("http://127.0.0.1:2381", "http://"+s.Address+":2381")
	}
	c.ListenClientHttpUrls = urls("http://127.0.0.1:2382")
	c.ClientTLSInfo = s.tls("server-client", "server-ca")
	c.PeerTLSInfo = s.tls("peer-server-client", "peer-ca")
	return c
}

func (s *Store) tls(pair, ca string) transport.TLSInfo {
	return transport.TLSInfo{
		CertFile: filepath.Join(s.TLS, pair+".crt"), KeyFile: filepath.Join(s.TLS, pair+".key"),
		TrustedCAFile: filepath.Join(s.TLS, ca+".crt"), ClientCertAuth: true,
	}
}

// Begin makes a new cluster of this member alone.
func (s *Store) Begin() error {
	c := s.member()
	c.InitialCluster = s.name + "=" + s.PeerURL()
	return s.start(c)
}

// Resume starts the member that was there before. It returns before the member has found others.
func (s *Store) Resume() error {
	logrus.Infof("Starting etcd for existing cluster member")
	if err := os.Chmod(s.dataDir(), 0o700); err != nil {
		return err
	}
	c := s.member()
	c.InitialCluster = s.name + "=" + s.PeerURL()
	return s.start(c)
}

func (s *Store) start(c *embed.Config) error {
	if err := s.apply(c); err != nil {
		return err
	}
	etcd, err := embed.StartEtcd(c)
	if err != nil {
		return fmt.Errorf("start etcd: %w", err)
	}
	s.etcd = etcd
	go s.watch(etcd)
	return nil
}

// apply takes over the arguments of --etcd-arg that operators tune.
func (s *Store) apply(c *embed.Config) error {
	for _, argument := range s.Arguments {
		name, value, _ := strings.Cut(strings.TrimLeft(argument, "-"), "=")
		var err error
		switch name {
		case "quota-backend-bytes":
			_, err = fmt.Sscan(value, &c.QuotaBackendBytes)
		case "heartbeat-interval":
			_, err = fmt.Sscan(value, &c.TickMs)
		case "election-timeout":
			_, err = fmt.Sscan(value, &c.ElectionMs)
		case "auto-compaction-retention":
			c.AutoCompactionRetention = value
		case "auto-compaction-mode":
			c.AutoCompactionMode = value
		}
		if err != nil {
			return fmt.Errorf("--etcd-arg %s: %w", argument, err)
		}
	}
	return nil
}

// watch ends the process when etcd does by itself. A running member that was removed leaves a tombstone, so that it can join anew at
// the next start; one that was removed while it was down only learns that nobody wants it, and ends again and again.
func (s *Store) watch(etcd *embed.Etcd) {
	var failure error
	select {
	case failure = <-etcd.Err():
		// A member that stops fails its listeners first.
		select {
		case <-etcd.Server.StopNotify():
			failure = nil
		case <-time.After(stopGrace):
		}
	case <-etcd.Server.StopNotify():
	}
	if s.etcd != etcd {
		return
	}
	if failure != nil {
		logrus.Fatalf("etcd exited: %v", failure)
	}
	if wasReady(etcd) && etcd.Server.Cluster().Member(etcd.Server.MemberID()) == nil {
		if err := os.WriteFile(s.tombstone(), nil, 0o600); err != nil {
			logrus.Errorf("Failed to write tombstone file: %v", err)
		}
		logrus.Infof("this node has been removed from the cluster please restart k3s to rejoin the cluster")
	}
	logrus.Fatalf("etcd stopped - if this node was removed from the cluster, you must backup and delete %s before rejoining", s.dataDir())
}

// stopGrace is how long a stopping member may take.
const stopGrace = 5 * time.Second

func wasReady(etcd *embed.Etcd) bool {
	select {
	case <-etcd.Server.ReadyNotify():
		return true
	default:
		return false
	}
}

// Stop ends etcd in order.
func (s *Store) Stop() {
	if etcd := s.etcd; etcd != nil {
		s.etcd = nil
		etcd.Close()
	}
}
