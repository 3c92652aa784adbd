package k3snode

import (
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// Which and how many power cuts there are. The seed of a run that failed repeats it, as far as machines can.
const (
	cutsVariable = "E2E_POWER_CUTS"
	seedVariable = "E2E_SEED"
	usualCuts    = 3
	latestCut    = 15 * time.Second // two servers are restarted within that time
)

func numberFrom(t *testing.T, variable string, usual uint64) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	number, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, variable)
	return number
}

// survivesPowerCuts cuts the power of a server at any moment of a run that restarts it and another one. The next run ends what was begun, the
// cluster is one and the same, and what it has acknowledged it keeps.
func (w *world) survivesPowerCuts(t *testing.T, servers []*node, watcher *node, pods map[*node]int, in func(*node) args) {
	seed := numberFrom(t, seedVariable, rand.Uint64())
	random := rand.New(rand.NewPCG(seed, 0))
	cuts := int(numberFrom(t, cutsVariable, usualCuts))
	t.Logf("%d power cuts, with %s=%d", cuts, seedVariable, seed)
	before := whole(t, servers)
	writer := startWriter(t, watcher, servers[0])
	for i := range cuts {
		order := random.Perm(len(servers))
		victim, other := servers[order[0]], servers[order[1]]
		pods[victim], pods[other] = 60+i, 60+i
		moment := time.Duration(random.Int64N(int64(latestCut)))
		cut, others := victim.begin(t, in(victim)), other.begin(t, in(other))
		<-time.After(moment) // which is what is tried, not what is waited for
		begin := time.Now()
		require.NoError(t, victim.machine.PowerCut(t.Context()))
		<-cut
		require.NoError(t, victim.machine.PowerOn(t.Context()))
		victim.connect(t)
		victim.apply(t, in(victim))
		<-others
		together(t, []*node{victim, other}, in)
		t.Logf("power cut %d: %s after %s of a run on it and %s; as wanted %s later", i+1, victim.name, moment.Round(time.Millisecond), other.name, time.Since(begin).Round(time.Second))
		assert.Equal(t, before, whole(t, servers))
	}
	assert.Positive(t, writer.stop(t))
}

// begin runs the module, and is done when that has ended, however it does.
func (n *node) begin(t *testing.T, in args) <-chan struct{} {
	t.Helper()
	done := make(chan struct{})
	h, command := n.Host, n.command(t, in)
	go func() {
		defer close(done)
		_, _ = h.Run(t.Context(), command) // the machine's power may be cut
	}()
	return done
}

// whole is by what a cluster is the same one, which all its servers must come to say of it: the identity of its data, and three voters.
func whole(t *testing.T, servers []*node) string {
	t.Helper()
	var said []string
	o := wait.Options{For: "the servers to tell of one cluster with three voters", Timeout: patient * time.Second, Interval: time.Second}
	err := wait.Until(t.Context(), o, func(ctx context.Context) (bool, string, error) {
		said = everywhere(servers, func(n *node) string { return n.sees(ctx) })
		one := len(slices.Compact(slices.Clone(said))) == 1
		return one && len(strings.Fields(said[0])) == 4, strings.Join(said, "; "), nil
	})
	require.NoError(t, err)
	return said[0]
}

// sees is the cluster as the server tells of it, or why it does not.
func (n *node) sees(ctx context.Context) string {
	id, err := n.Run(ctx, host.Words("k3s", "kubectl", "--server=https://"+n.address+":6443", "--request-timeout=5s", "get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"))
	if err != nil {
		return err.Error()
	}
	c, err := cluster.Open(ctx, cluster.Access{Host: n, URL: "https://127.0.0.1:6443", Token: token})
	if err != nil {
		return err.Error()
	}
	members, err := c.Members(ctx)
	if err != nil {
		return err.Error()
	}
	all := []string{id.Stdout}
	for _, m := range members.Voters() {
		all = append(all, m.Name+"/"+strconv.FormatUint(m.ID, 16))
	}
	slices.Sort(all[1:])
	return strings.Join(all, " ")
}

// writer writes keys into the cluster all the time.
type writer struct {
	node   *node
	end    context.CancelFunc
	done   chan struct{}
	keys   []string      // that were acknowledged
	paused time.Duration // the longest time between two of them
}

// startWriter writes from a node that stays, with the credentials of a server, by whichever server takes it.
func startWriter(t *testing.T, n, server *node) *writer {
	t.Helper()
	kubeconfig, err := host.ReadText(t.Context(), server, "/etc/rancher/k3s/k3s.yaml")
	require.NoError(t, err)
	_, err = n.Write(t.Context(), host.Text(writerFile, 0o600, kubeconfig))
	require.NoError(t, err)
	ctx, end := context.WithCancel(t.Context())
	w := &writer{node: n, end: end, done: make(chan struct{})}
	go w.write(ctx)
	return w
}

const writerFile = "/root/writer.yaml"

func (w *writer) write(ctx context.Context) {
	defer close(w.done)
	last := time.Now()
	for i := 0; ctx.Err() == nil; i++ {
		key := "key-" + strconv.FormatInt(last.UnixNano(), 36) + strconv.Itoa(i)
		if !w.try(ctx, key) {
			continue
		}
		w.keys = append(w.keys, key)
		w.paused, last = max(w.paused, time.Since(last)), time.Now()
	}
}

func (w *writer) try(ctx context.Context, key string) bool {
	for _, address := range w.node.world.servers() {
		_, err := w.node.Run(ctx, w.kubectl(address, "create", "configmap", key))
		if err == nil {
			return true
		}
	}
	return false
}

func (w *writer) kubectl(address string, words ...string) host.Command {
	c := host.Words(append([]string{"k3s", "kubectl", "--namespace=default", "--server=https://" + address + ":6443", "--request-timeout=5s"}, words...)...)
	c.Env = map[string]string{"KUBECONFIG": writerFile}
	return c
}

// stop gives how many keys were acknowledged, all of which must be there.
func (w *writer) stop(t *testing.T) int {
	t.Helper()
	w.end()
	<-w.done
	said := w.node.succeeds(t, w.kubectl(w.node.world.servers()[0], "get", "configmaps", "-o", "jsonpath={.items[*].metadata.name}"))
	there := strings.Fields(said)
	lost := slices.DeleteFunc(slices.Clone(w.keys), func(key string) bool { return slices.Contains(there, key) })
	assert.Empty(t, lost, "what was acknowledged is kept")
	t.Logf("%d keys were written meanwhile, with %s as the longest time between two", len(w.keys), w.paused.Round(100*time.Millisecond))
	return len(w.keys)
}
