package datastore

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/sirupsen/logrus"
	"go.etcd.io/etcd/server/v3/embed"
)

// Peek reads the keys that begin so from a copy of the data, with a member of its own for that time: the cluster may have no quorum yet.
func (s *Store) Peek(ctx context.Context, prefix string) (map[string]string, error) {
	logrus.Infof("Starting temporary etcd to reconcile with datastore")
	copied := s.path("etcd-tmp")
	if err := os.RemoveAll(copied); err != nil {
		return nil, err
	}
	if err := os.CopyFS(copied, os.DirFS(s.path("etcd"))); err != nil {
		return nil, err
	}
	defer os.RemoveAll(copied)
	c := s.base()
	c.Dir, c.ForceNewCluster = copied, true
	client, peer := "http://127.0.0.1:2399", "http://127.0.0.1:2400"
	c.ListenClientUrls, c.AdvertiseClientUrls = urls(client), urls(client)
	c.ListenPeerUrls, c.AdvertisePeerUrls = urls(peer), urls(peer)
	c.ListenClientHttpUrls = urls("http://127.0.0.1:2402")
	c.InitialCluster = s.name + "=" + peer
	c.UnsafeNoFsync = true
	c.TickMs, c.ElectionMs = 100, 1000 // alone it need not wait for others
	etcd, err := embed.StartEtcd(c)
	if err != nil {
		return nil, fmt.Errorf("start temporary etcd: %w", err)
	}
	defer etcd.Close()
	select {
	case <-etcd.Server.ReadyNotify():
	case <-etcd.Server.StopNotify():
		return nil, fmt.Errorf("temporary etcd stopped")
	case <-time.After(time.Minute):
		return nil, fmt.Errorf("temporary etcd does not get ready")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	reader, err := s.dial(client)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	return get(ctx, reader, prefix)
}
