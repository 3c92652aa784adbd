// Package etcdtest runs a real etcd of one or more members on loopback, within the process of the test.
package etcdtest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/client/pkg/v3/types"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.uber.org/zap"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

// Options of a cluster.
type Options struct {
	Members int               // 0 is 1
	Quota   int64             // of each database in bytes; 0 is etcd's own
	TLS     transport.TLSInfo // of the clients' port; empty is plain
	Client  *tls.Config       // with which the test's own clients come
	Dir     string            // of its data; empty is one of the test
}

// Cluster is a running cluster.
type Cluster struct {
	members []*embed.Etcd
	config  []*embed.Config
	stopped map[int]bool
	client  *tls.Config
}

// startTimeout bounds the start. A loaded machine takes many times the usual second.
const startTimeout = 3 * time.Minute

// Run starts a cluster for a test, which stops it at its end.
func Run(t testing.TB, o Options) *Cluster {
	t.Helper()
	c := &Cluster{stopped: map[int]bool{}, client: o.Client}
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	for !c.start(t, o) {
	}
	t.Cleanup(func() {
		for i := range c.members {
			c.Stop(i)
		}
	})
	for i := range c.members {
		c.await(t, i)
	}
	return c
}

// start tells whether all members have started. Another program may take a port after it was found to be free.
func (c *Cluster) start(t testing.TB, o Options) bool {
	t.Helper()
	c.config, c.members = nil, nil
	var peers []string
	for i := range max(o.Members, 1) {
		config := member(t, o, i)
		c.config = append(c.config, config)
		peers = append(peers, config.Name+"="+config.ListenPeerUrls[0].String())
	}
	for _, config := range c.config {
		config.InitialCluster = strings.Join(peers, ",")
		etcd, err := embed.StartEtcd(config)
		if errors.Is(err, syscall.EADDRINUSE) {
			for i, member := range c.members {
				member.Close()
				require.NoError(t, os.RemoveAll(c.config[i].Dir))
			}
			return false
		}
		require.NoError(t, err)
		c.members = append(c.members, etcd)
	}
	return true
}

func member(t testing.TB, o Options, i int) *embed.Config {
	t.Helper()
	scheme := "http"
	if !o.TLS.Empty() {
		scheme = "https"
	}
	c := embed.NewConfig()
	c.Name = fmt.Sprintf("m%d", i)
	c.Dir = filepath.Join(o.Dir, c.Name)
	c.ListenPeerUrls, c.ListenClientUrls = address(t, "http"), address(t, scheme)
	c.AdvertisePeerUrls, c.AdvertiseClientUrls = c.ListenPeerUrls, c.ListenClientUrls
	c.ClientTLSInfo = o.TLS
	c.QuotaBackendBytes = o.Quota
	c.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
	c.UnsafeNoFsync, c.EnableGRPCGateway = true, false
	c.ElectionMs = 5000 // on a busy machine a leader is late, and is to stay it
	return c
}

// address is a free one on loopback.
func address(t testing.TB, scheme string) []url.URL {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return []url.URL{{Scheme: scheme, Host: listener.Addr().String()}}
}

func (c *Cluster) await(t testing.TB, i int) {
	t.Helper()
	select {
	case <-c.members[i].Server.ReadyNotify():
	case err := <-c.members[i].Err():
		require.NoError(t, err)
	case <-time.After(startTimeout):
		t.Fatalf("etcd %s: not ready after %s", c.config[i].Name, startTimeout)
	}
}

// Stop stops a member; it may be repeated.
func (c *Cluster) Stop(i int) {
	if !c.stopped[i] {
		c.members[i].Close()
	}
	c.stopped[i] = true
}

// LostLeader waits until a member knows no leader any more.
func (c *Cluster) LostLeader(t testing.TB, i int) {
	t.Helper()
	o := wait.Options{For: "the member to miss its leader", Timeout: startTimeout, Interval: 20 * time.Millisecond}
	require.NoError(t, wait.Until(t.Context(), o, func(context.Context) (bool, string, error) {
		leader := c.members[i].Server.Leader()
		return leader == 0, leader.String(), nil
	}))
}

// Endpoint is the URL of a member for its clients.
func (c *Cluster) Endpoint(i int) string { return c.config[i].ListenClientUrls[0].String() }

// Endpoints are those of all members.
func (c *Cluster) Endpoints() (all []string) {
	for i := range c.config {
		all = append(all, c.Endpoint(i))
	}
	return all
}

// Client is a client of one member; the test closes it at its end.
func (c *Cluster) Client(t testing.TB, i int) *clientv3.Client {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{c.Endpoint(i)}, TLS: c.client, Logger: zap.NewNop(), DialTimeout: startTimeout})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}

// Fill puts that many keys of so many bytes below a prefix.
func (c *Cluster) Fill(t testing.TB, prefix string, n, size int) {
	t.Helper()
	client := c.Client(t, 0)
	const batch = 100
	for from := 0; from < n; from += batch {
		var puts []clientv3.Op
		for i := from; i < min(n, from+batch); i++ {
			value := strings.Repeat(fmt.Sprintf("%08d", i*7919), size/8+1)[:size]
			puts = append(puts, clientv3.OpPut(fmt.Sprintf("%s%06d", prefix, i), value))
		}
		_, err := client.Txn(context.Background()).Then(puts...).Commit()
		require.NoError(t, err)
	}
}

// Raise raises an alarm of the member with the number 1, which there is none of, until it is lifted.
func (c *Cluster) Raise(t testing.TB, alarm etcdserverpb.AlarmType) (lift func()) {
	t.Helper()
	set := func(action etcdserverpb.AlarmRequest_AlarmAction) {
		request := &etcdserverpb.AlarmRequest{Action: action, MemberID: 1, Alarm: alarm}
		_, err := c.members[0].Server.Alarm(context.Background(), request)
		assert.NoError(t, err)
	}
	set(etcdserverpb.AlarmRequest_ACTIVATE)
	return func() { set(etcdserverpb.AlarmRequest_DEACTIVATE) }
}

// CutOff cuts a member off from the others until it is mended, as a pulled cable does; its clients still reach it.
func (c *Cluster) CutOff(i int) (mend func()) {
	each := func(do func(s *etcdserver.EtcdServer, id types.ID)) {
		for j, other := range c.members {
			if j != i {
				do(c.members[i].Server, other.Server.MemberID())
				do(other.Server, c.members[i].Server.MemberID())
			}
		}
	}
	each((*etcdserver.EtcdServer).CutPeer)
	return func() { each((*etcdserver.EtcdServer).MendPeer) }
}

// AllFollow waits until all members know the same leader.
func (c *Cluster) AllFollow(t testing.TB) {
	t.Helper()
	o := wait.Options{For: "the members to follow one leader", Timeout: startTimeout, Interval: 20 * time.Millisecond}
	require.NoError(t, wait.Until(t.Context(), o, func(context.Context) (bool, string, error) {
		leaders := map[types.ID]bool{}
		for _, m := range c.members {
			leaders[m.Server.Leader()] = true
		}
		return len(leaders) == 1 && !leaders[0], fmt.Sprint(leaders), nil
	}))
}

// Leader is the number of the member that leads, or -1.
func (c *Cluster) Leader() int {
	for i, m := range c.members {
		if !c.stopped[i] && m.Server.Leader() == m.Server.MemberID() {
			return i
		}
	}
	return -1
}
