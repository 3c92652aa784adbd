package etcdbackup_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/source"
	"github.com/metal-stack/initial-cluster/testing/etcdtest"
)

// trio is three members, each with a way to it that can freeze.
type trio struct {
	*world
	ways   []*etcdtest.Way
	random *rand.Rand
}

// upsets are what happens to a cluster while a backup of it is taken, each with what ends it.
var upsets = map[string]func(t *testing.T, m *trio) (mend func()){
	"leader cut off":   func(_ *testing.T, m *trio) func() { return m.etcd.CutOff(m.leader()) },
	"follower cut off": func(_ *testing.T, m *trio) func() { return m.etcd.CutOff(m.follower()) },
	"quorum lost": func(_ *testing.T, m *trio) func() {
		return both(m.etcd.CutOff(m.leader()), m.etcd.CutOff(m.follower()))
	},
	"leader frozen":          func(_ *testing.T, m *trio) func() { return m.freeze(m.leader()) },
	"follower frozen":        func(_ *testing.T, m *trio) func() { return m.freeze(m.follower()) },
	"all members frozen":     func(_ *testing.T, m *trio) func() { return both(both(m.freeze(0), m.freeze(1)), m.freeze(2)) },
	"alarm NOSPACE":          func(t *testing.T, m *trio) func() { return m.etcd.Raise(t, etcdserverpb.AlarmType_NOSPACE) },
	"alarm CORRUPT":          func(t *testing.T, m *trio) func() { return m.etcd.Raise(t, etcdserverpb.AlarmType_CORRUPT) },
	"defragmentation":        func(t *testing.T, m *trio) func() { return m.always(t, m.defragment) },
	"writing and compacting": func(t *testing.T, m *trio) func() { return m.always(t, m.compact) },
}

func both(a, b func()) func() { return func() { a(); b() } }

func (m *trio) leader() int   { return max(0, m.etcd.Leader()) }
func (m *trio) follower() int { return (m.leader() + 1 + m.random.IntN(2)) % 3 }

// freeze lets a part of a snapshot through, or nothing.
func (m *trio) freeze(i int) func() {
	m.ways[i].FreezeAfter(m.random.Int64N(1 << 17))
	return m.ways[i].Thaw
}

// always does something again and again.
func (m *trio) always(t *testing.T, do func(ctx context.Context, client *clientv3.Client) error) func() {
	t.Helper()
	client := m.etcd.Client(t, 0)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		for {
			if err := do(ctx, client); err != nil && (ctx.Err() != nil || !passes(err)) {
				done <- err
				return
			}
		}
	}()
	return func() {
		cancel()
		assert.ErrorContains(t, <-done, context.Canceled.Error())
	}
}

// passes tells of an error whether it is that of a cluster without a leader, as it is for a moment on a busy machine.
func passes(err error) bool {
	var told rpctypes.EtcdError
	return errors.As(err, &told) && told.Code() == codes.Unavailable
}

func (m *trio) defragment(ctx context.Context, client *clientv3.Client) error {
	_, err := client.Defragment(ctx, m.etcd.Endpoint(m.random.IntN(3)))
	return err
}

func (m *trio) compact(ctx context.Context, client *clientv3.Client) error {
	put, err := client.Put(ctx, fmt.Sprintf("new%d", m.random.IntN(10)), "value")
	if err == nil {
		_, err = client.Compact(ctx, put.Header.Revision)
	}
	return err
}

// A cluster in trouble gives a backup that is whole and has all that it had when the backup began, or none, and those of before stay.
func TestMatrixOfMembers(t *testing.T) {
	t.Parallel()
	for name, upset := range upsets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &trio{world: newWorld(t)}
			m.etcd = etcdtest.Run(t, etcdtest.Options{Members: 3})
			m.etcd.Fill(t, "key", 200, 200)
			for i := range 3 {
				m.ways = append(m.ways, m.etcd.Way(t, i))
			}
			before, c := m.take(t).Manifest, newCell(name+" while a backup is taken", "folder")
			for seed := range runsOf(t, 2) {
				c.runs++
				m.random = rand.New(rand.NewPCG(seed, 10))
				m.etcd.Fill(t, "more", 10, 100)
				outcome, err := m.during(t, upset)
				names := []string{before.Name}
				if len(outcome.Acknowledged) > 0 {
					require.NoError(t, err)
					require.GreaterOrEqual(t, outcome.Manifest.Keys, int64(210))
					names = []string{outcome.Manifest.Name, before.Name}
				}
				c.judge(t, m.verified(t, names), err, before.Name, names[:len(names)-1])
			}
			told(t, name, c)
		})
	}
}

// during takes a backup while something happens to the cluster, from a moment on before or in the middle of it.
func (m *trio) during(t *testing.T, upset func(*testing.T, *trio) func()) (etcdbackup.Outcome, error) {
	t.Helper()
	taker := m.taker(t)
	taker.Origin.Etcd.Endpoints = nil
	for _, i := range m.random.Perm(3) {
		taker.Origin.Etcd.Endpoints = append(taker.Origin.Etcd.Endpoints, m.ways[i].Endpoint)
	}
	taker.Origin.Etcd.Limits = source.Limits{Answer: 10 * time.Second, Snapshot: 30 * time.Second, Stall: 5 * time.Second}
	begun, after := make(chan func(), 1), time.Duration(m.random.IntN(400)-100)*time.Millisecond
	if after <= 0 {
		begun <- upset(t, m)
	} else {
		time.AfterFunc(after, func() { begun <- upset(t, m) })
	}
	outcome, err := taker.Take(t.Context(), false)
	(<-begun)()
	m.etcd.AllFollow(t)
	return outcome, err
}

// verified are the verdicts on backups, read whole.
func (m *trio) verified(t *testing.T, names []string) (all []etcdbackup.Verdict) {
	t.Helper()
	for _, name := range names {
		verdicts, err := m.reader(t).Verify(t.Context(), name, true)
		require.NoError(t, err)
		all = append(all, verdicts...)
	}
	return slices.Clip(all)
}

// told wants a backup of each run where there must be one.
func told(t *testing.T, name string, c *cell) {
	t.Helper()
	switch name {
	case "alarm NOSPACE", "leader frozen", "follower frozen":
		assert.Equal(t, c.runs, c.acknowledged)
	}
}
