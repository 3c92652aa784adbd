package cluster_test

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
)

func TestThreeServers(t *testing.T) {
	t.Parallel()
	one, two, other := three(t, "secrets-encryption: true")
	members, err := one.open().Members(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "s1, s2, s3", members.Voters().String())
	nodes, err := two.open().Nodes(t.Context())
	require.NoError(t, err)
	require.Len(t, nodes, 3)
	assert.True(t, nodes[0].Ready && nodes[0].Server && nodes[0].Etcd, "%+v", nodes[0])
	assert.Equal(t, "v1.36.3+k3s1", nodes[0].Version)
	t.Run("all want to be restarted at once, and one is at a time", func(t *testing.T) { oneAtATime(t, one, two, other) })
	t.Run("secrets get another key", func(t *testing.T) { rotateKeys(t, one) })
	t.Run("a snapshot is in the list", func(t *testing.T) { snapshot(t, one) })
	t.Run("who would join is told before", func(t *testing.T) { join(t, one) })
	t.Run("a node is emptied", func(t *testing.T) { drain(t, one) })
	t.Run("the token is replaced", func(t *testing.T) { rotateToken(t, one) })
}

// oneAtATime restarts all servers from three runs that know nothing of each other.
func oneAtATime(t *testing.T, all ...*server) {
	var working, most atomic.Int32
	var group sync.WaitGroup
	for _, s := range all {
		group.Add(1)
		go func() {
			defer group.Done()
			c := s.open()
			turn, err := c.Turn(t.Context(), cluster.Wish{Node: s.Name, Purpose: cluster.Restart, Timeout: patience, Hold: patience})
			if !assert.NoError(t, err) {
				return
			}
			most.Store(max(most.Load(), working.Add(1)))
			s.unit.Stop(t)
			s.again()
			s.unit.Ready(t)
			assert.NoError(t, c.AwaitServer(t.Context(), s.Name, "v1.36.3+k3s1", patience))
			working.Add(-1)
			assert.NoError(t, turn.Release(t.Context()))
		}()
	}
	group.Wait()
	assert.Equal(t, int32(1), most.Load())
}

func rotateKeys(t *testing.T, s *server) {
	before, err := s.open().Encryption(t.Context())
	require.NoError(t, err)
	after, err := s.open().RotateKeys(t.Context(), patience)
	require.NoError(t, err)
	assert.NotEqual(t, before.Active, after.Active)
	assert.Empty(t, after.Inactive)
}

func snapshot(t *testing.T, s *server) {
	taken, err := s.open().Snapshot(t.Context(), "upgrade")
	require.NoError(t, err)
	assert.Regexp(t, `^upgrade-s1-\d+$`, taken.Name)
	assert.Equal(t, "file://"+data+"/server/db/snapshots/"+taken.Name, taken.Location)
	assert.Greater(t, taken.Bytes, int64(100<<10))
}

func join(t *testing.T, at *server) {
	c := at.open()
	err := c.AwaitJoin(t.Context(), cluster.Join{Node: "s4", Timeout: patience, Settings: cluster.Wanted(map[string]any{
		"secrets-encryption": true, "disable": []any{"traefik", "servicelb"}, "cluster-cidr": "10.99.0.0/16",
	})})
	require.EqualError(t, err, "settings differ from those of "+at.url()+", and must be the same on all servers: "+
		"cluster-cidr is 10.99.0.0/16 here and 10.42.0.0/16 there, disable=servicelb is true here and false there")
	same := cluster.Wanted(map[string]any{"secrets-encryption": true, "disable": "traefik"})
	require.NoError(t, c.AwaitJoin(t.Context(), cluster.Join{Node: "s4", Timeout: patience, Settings: same}))
	err = c.AwaitJoin(t.Context(), cluster.Join{Node: "s2", Timeout: patience, Settings: same})
	assert.Regexp(t, `^etcd has a member s2-[0-9a-f]{8} of this name at 10\.77\.0\.12, and this server's data is not that member's; remove the node first, then it can join$`, err)
	a := at.access()
	a.AgentToken = "of others"
	c, err = cluster.Open(t.Context(), a)
	require.NoError(t, err)
	require.EqualError(t, c.AwaitJoin(t.Context(), cluster.Join{Node: "s4", Settings: same}),
		"agent-token differs from that of "+at.url()+", where the one given here is not known")
}

func drain(t *testing.T, s *server) {
	c := s.open()
	s.kubectl("run", "bare", "--image=example.org/none", `--overrides={"spec":{"nodeName":"s3"}}`)
	_, err := c.Drain(t.Context(), cluster.Drain{Node: "s3", Timeout: patience})
	require.ErrorContains(t, err, "drain s3: 1 pods are left after 3m0s (default/bare): run ")
	node, _, err := c.Node(t.Context(), "s3")
	require.NoError(t, err)
	assert.False(t, node.Cordoned, "as before")
	changed, err := c.Drain(t.Context(), cluster.Drain{Node: "s3", Timeout: patience, Force: true})
	require.NoError(t, err)
	assert.True(t, changed)
	node, _, err = c.Node(t.Context(), "s3")
	require.NoError(t, err)
	assert.True(t, node.Cordoned)
	for _, want := range []bool{true, false} {
		changed, err = c.Uncordon(t.Context(), "s3")
		require.NoError(t, err)
		assert.Equal(t, want, changed)
	}
	s.kubectl("cordon", "s3")
	changed, err = c.Drain(t.Context(), cluster.Drain{Node: "s3", Timeout: patience})
	require.NoError(t, err)
	require.True(t, changed)
	changed, err = c.Uncordon(t.Context(), "s3")
	require.NoError(t, err)
	assert.False(t, changed, "an operator's own cordon stays")
}

func rotateToken(t *testing.T, s *server) {
	c := s.open()
	_, err := c.RotateToken(t.Context(), "abcdef.0123456789abcdef")
	require.EqualError(t, err, "new token: it is a bootstrap token, with which servers cannot start; give another text")
	for _, want := range []bool{true, false} {
		changed, err := c.RotateToken(t.Context(), "another")
		require.NoError(t, err)
		assert.Equal(t, want, changed)
	}
}

const noMajority = ": it reaches no majority of etcd's members; start the servers that are down"

func TestTheQuorumDoesNotBreak(t *testing.T) {
	t.Parallel()
	one, two, other := three(t)
	wish := func(node string, purpose cluster.Purpose) cluster.Wish {
		return cluster.Wish{Node: node, Purpose: purpose, Timeout: 10 * time.Second, Hold: time.Minute}
	}
	c := one.open()
	other.Kill(t)
	requireGaveUp(t, c.AwaitWell(t.Context(), 5*time.Second), "wait for all nodes to be well: gave up after N, last seen s3 ("+other.url()+": connection refused)")
	_, err := cluster.AwaitOpen(t.Context(), other.access(), 2*time.Second)
	requireGaveUp(t, err, "wait for k3s to answer: gave up after N, last seen "+other.url()+": connection refused")
	other.again() // as one that an interrupted upgrade has restarted
	require.NoError(t, c.AwaitWell(t.Context(), patience))
	other.Kill(t)
	_, err = c.Turn(t.Context(), wish("s2", cluster.Restart))
	requireGaveUp(t, err, "wait for leave to restart s2: gave up after N, last seen 2 of the other servers must serve, and 1 do; not s3 ("+
		other.url()+": connection refused)")
	_, err = c.Turn(t.Context(), wish("s2", cluster.Remove))
	require.ErrorContains(t, err, "2 of the other servers must serve")

	// The dead one may go, though its node is gone already and only the member is left.
	turn, err := c.Turn(t.Context(), wish("s3", cluster.Remove))
	require.NoError(t, err)
	one.kubectl("patch", "node", "s3", "--type=merge", `--patch={"metadata":{"finalizers":[]}}`)
	one.kubectl("delete", "node", "s3")
	for _, want := range []bool{true, false} {
		changed, err := c.Forget(t.Context(), "s3", patience)
		require.NoError(t, err)
		assert.Equal(t, want, changed)
	}
	require.NoError(t, turn.Release(t.Context()))
	_, err = c.Turn(t.Context(), wish("s2", cluster.Restart))
	require.EqualError(t, err, "refusing to restart s2: of two servers (s1, s2) neither may be away, or the cluster stops; add a third, or agree to the outage")

	two.Kill(t)
	require.Eventually(t, func() bool {
		_, err = c.Members(context.Background())
		return err != nil
	}, patience, time.Second)
	require.EqualError(t, err, one.url()+noMajority)
	found, err := cluster.Search(t.Context(), one.access(), []string{two.url(), one.url()})
	require.NoError(t, err)
	assert.Nil(t, found.Cluster)
	require.EqualError(t, found.Unready[one.url()], one.url()+noMajority)
	assert.EqualError(t, found.Silent[two.url()], two.url()+": connection refused")
}

// requireGaveUp compares the text of a wait that gave up, but for how long it took.
func requireGaveUp(t *testing.T, err error, want string) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, want, regexp.MustCompile(`gave up after \d+s`).ReplaceAllString(err.Error(), "gave up after N"))
}

func TestTheOnlyServerMayBeRestartedAndNotRemoved(t *testing.T) {
	t.Parallel()
	one := servers(t, "s1")[0]
	one.start(nil)
	one.unit.Ready(t)
	wish := cluster.Wish{Node: "s1", Purpose: cluster.Restart, Timeout: patience, Hold: time.Minute}
	turn, err := one.open().Turn(t.Context(), wish)
	require.NoError(t, err)
	assert.False(t, turn.None)

	// Another run is told who works, and goes on when that has ended; that which was killed goes on itself.
	other := wish
	other.Node, other.Timeout = "s9", 10*time.Second
	_, err = one.open().Turn(t.Context(), other)
	requireGaveUp(t, err, "wait for leave to restart s9: gave up after N, last seen s1 is at work (lease kube-system/initial-cluster-servers)")
	_, err = one.open().Turn(t.Context(), wish)
	require.NoError(t, err)
	require.NoError(t, turn.Release(t.Context()))
	turn, err = one.open().Turn(t.Context(), other)
	require.NoError(t, err)
	require.NoError(t, turn.Release(t.Context()))

	wish.Purpose = cluster.Remove
	_, err = one.open().Turn(t.Context(), wish)
	require.EqualError(t, err, "refusing to remove s1: it is the only server, and the cluster would be gone")
}

func TestAServerWithoutEtcd(t *testing.T) {
	t.Parallel()
	one := servers(t, "s1")[0]
	one.Write(t, config, "token: secret\n")
	one.again()
	one.unit.Ready(t)
	c := one.open()
	_, err := c.Members(t.Context())
	require.EqualError(t, err, one.url()+": its datastore is not etcd")
	require.NoError(t, c.AwaitServer(t.Context(), "s1", "v1.36.3+k3s1", patience))
	turn, err := c.Turn(t.Context(), cluster.Wish{Node: "s1", Purpose: cluster.Restart, Timeout: patience, Hold: time.Minute})
	require.NoError(t, err)
	assert.True(t, turn.None)
	require.NoError(t, turn.Release(t.Context()))
	_, err = cluster.Search(t.Context(), one.access(), []string{one.url()})
	require.EqualError(t, err, one.url()+": its datastore is not etcd, and no second server can join it; give that one cluster-init, which moves its data to etcd")
	a := one.access()
	a.Token = "K10" + strings.Repeat("0", 64) + "::server:secret"
	_, err = cluster.Open(t.Context(), a)
	assert.Regexp(t, `^https://10\.77\.0\.11:6443: its CA has the hash [0-9a-f]{12}\.\.\., and the token is for 000000000000\.\.\.; the token is of another cluster, take that of this one$`, err)
	a.Token = "wrong"
	_, err = cluster.Search(t.Context(), a, []string{one.url()})
	require.EqualError(t, err, one.url()+"/db/info: 401 Unauthorized (Unauthorized); the password of the token is not the cluster's")
}
