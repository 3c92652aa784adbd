package metalstackcloud

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/wait"
	"github.com/metal-stack/initial-cluster/testing/metalstackcloudtest"
)

func TestAClusterLivesFromItsDefaultsToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, metalstackcloudtest.Options{OperationTime: 30 * time.Millisecond})
	life := []struct {
		name  string
		want  Want
		steps []string
	}{
		{"defaults of the region", Want{}, []string{"create cluster initial in partition eqx-mu4 with Kubernetes 1.35.7"}},
		{"an earlier patch is satisfied", Want{Version: "1.35.4"}, nil},
		{"its minor is satisfied", Want{Version: "1.35", Partition: "eqx-mu4"}, nil},
		{"the newest of the next minor", Want{Version: "1.36"}, []string{"change cluster initial: kubernetes_version from 1.35.7 to 1.36.3"}},
		{"sizes and a group more", Want{Workers: []WantWorker{{Name: "group-0", MaxSize: number(5)}, {Name: "big", MachineType: "c1-large-x86", MinSize: number(4)}}},
			[]string{"change cluster initial: max_size of workers group-0 from 3 to 5, add workers big, 4 to 4 c1-large-x86"}},
		{"a group less", Want{Remove: []string{"group-0"}}, []string{"change cluster initial: remove workers group-0 with its machines"}},
		{"a group less, again", Want{Remove: []string{"group-0"}}, nil},
		{"other machines", Want{Workers: []WantWorker{{Name: "big", MachineType: "n1-medium-x86"}}},
			[]string{"change cluster initial: machine_type of workers big from c1-large-x86 to n1-medium-x86, which replaces its machines"}},
		{"another window", Want{Maintenance: WantMaintenance{Hour: number(22), Minute: number(30), Duration: 3 * time.Hour, KubernetesAutoupdate: new(false)}},
			[]string{"change cluster initial: maintenance begin from 01:00 to 22:30, maintenance duration from 2h0m0s to 3h0m0s, maintenance kubernetes_autoupdate from true to false"}},
		{"gone", Want{Absent: true}, []string{"delete cluster initial with all that is in it", "wait until cluster initial is deleted"}},
		{"gone, again", Want{Absent: true}, nil},
	}
	for _, l := range life {
		l.want.Name = "initial"
		steps, err := w.make(t, t.Context(), l.want)
		require.NoError(t, err, l.name)
		if l.steps != nil && !l.want.Absent {
			l.steps = append(l.steps, ready)
		}
		assert.ElementsMatch(t, l.steps, steps, l.name)
		assert.Empty(t, w.steps(t, l.want), "%s: a second run changes nothing", l.name)
	}
	assert.Empty(t, w.Clusters())
}

const ready = "wait until cluster initial is ready"

// A change shows in the status only once Gardener has noticed it; until then there is an old success.
func TestAnOldSuccessIsNotTakenForTheNewOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, metalstackcloudtest.Options{OperationTime: 50 * time.Millisecond})
	w.made(t, Want{Name: "initial"})
	w.cloud.pace.Begin = time.Hour
	w.Hold(0)
	before := len(w.Calls("ClusterService/Get"))
	ended := make(chan error, 1)
	go func() {
		_, err := w.make(t, t.Context(), Want{Name: "initial", Version: "1.36"})
		ended <- err
	}()
	require.Eventually(t, func() bool { return len(w.Calls("ClusterService/Get")) > before+20 }, time.Minute, time.Millisecond)
	select {
	case err := <-ended:
		require.Fail(t, "the old success was taken", "%v", err)
	default:
	}
	w.Release()
	require.NoError(t, <-ended)
	assert.Equal(t, "reconcile succeeded 100%", w.status(t))
}

func (w *world) status(t *testing.T) string {
	t.Helper()
	found, err := w.cloud.Observe(t.Context(), Want{Name: "initial"})
	require.NoError(t, err)
	return found.cluster.Status.String()
}

// A change that Gardener has worked off between two looks leaves the status as it was.
func TestAChangeThatShowsNothingCountsAfterAWhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, metalstackcloudtest.Options{})
	w.cloud.pace.Begin = time.Millisecond
	w.made(t, Want{Name: "initial"})
	for _, size := range []int{4, 5, 6} {
		w.made(t, Want{Name: "initial", Workers: []WantWorker{{Name: "group-0", MaxSize: &size}}})
	}
}

func TestTheNextRunGoesOnWithWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, metalstackcloudtest.Options{OperationTime: 20 * time.Millisecond})
	present, absent := Want{Name: "initial"}, Want{Name: "initial", Absent: true}
	// interrupted interrupts a run once it has seen something.
	interrupted := func(want Want, at float64, seen string) string {
		w.Hold(at)
		ctx, cancel := context.WithCancelCause(t.Context())
		ctx = wait.WithReporter(ctx, func(state string) {
			if strings.Contains(state, seen) {
				cancel(assert.AnError)
			}
		})
		_, err := w.make(t, ctx, want)
		require.ErrorIs(t, err, assert.AnError)
		return err.Error()
	}
	interrupted(present, 0.1, "no status yet")
	assert.Equal(t, []string{"wait for the creation of cluster initial that is under way"}, w.steps(t, present))
	interrupted(present, 0.1, "no status yet")
	interrupted(absent, 0.6, "delete processing")
	assert.Equal(t, []string{"wait until cluster initial is deleted", "create cluster initial in partition eqx-mu4 with Kubernetes 1.35.7", ready}, w.steps(t, present))
	first := w.Clusters()[0].UUID
	w.Release()
	w.made(t, present)
	require.Len(t, w.Clusters(), 1)
	assert.NotEqual(t, first, w.Clusters()[0].UUID)

	// A change that was asked for and not waited for is no change any more, and still waited for.
	larger := Want{Name: "initial", Workers: []WantWorker{{Name: "group-0", MaxSize: number(9)}}}
	interrupted(larger, 0.6, "reconcile processing")
	assert.Empty(t, w.steps(t, larger))
	w.Release()
	w.made(t, larger)
	assert.Equal(t, "reconcile succeeded 100%", w.status(t))
}

func TestAnOperationThatStoppedIsRetriedByTheNextRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, metalstackcloudtest.Options{OperationTime: 20 * time.Millisecond})
	for _, c := range []struct {
		method, lower string
		want          Want
		retry         []string
	}{
		{"Create", "create", Want{Name: "initial"}, []string{"have metalstack.cloud retry what stopped cluster initial (create failed 71%, last error: no machines left)", ready}},
		{"Update", "reconcile", Want{Name: "initial", Version: "1.36"}, []string{"have metalstack.cloud retry what stopped cluster initial (reconcile failed 71%, last error: no machines left)", ready}},
		{"Delete", "delete", Want{Name: "initial", Absent: true}, []string{
			"have metalstack.cloud retry the deletion of cluster initial that stopped (delete failed 71%, last error: no machines left)", "wait until cluster initial is deleted"}},
	} {
		w.Inject(metalstackcloudtest.Fault{Kind: metalstackcloudtest.Broken, Method: c.method, Message: "no machines\nleft", Times: 1})
		_, err := w.make(t, t.Context(), c.want)
		assert.EqualError(t, err, "cluster initial: metalstack.cloud has stopped: "+c.lower+" failed 71%, last error: no machines left; mend what it names, and run it again to have it retried")
		steps, err := w.make(t, t.Context(), c.want)
		require.NoError(t, err)
		assert.Equal(t, c.retry, steps)
	}
}

func TestAnErrorThatIsTriedAgainByItselfIsProgressOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, metalstackcloudtest.Options{OperationTime: 50 * time.Millisecond})
	w.Inject(metalstackcloudtest.Fault{Kind: metalstackcloudtest.Trouble, Method: "Create", Message: "no machine answers yet", Times: 1})
	w.Hold(0.6)
	seen := ""
	ctx := wait.WithReporter(t.Context(), func(state string) {
		if seen == "" && strings.HasPrefix(state, "create error") {
			seen = state
			w.Release()
		}
	})
	_, err := w.make(t, ctx, Want{Name: "initial"})
	require.NoError(t, err)
	assert.Regexp(t, `^create error \d+%, not ready: nodes, system components, last error: no machine answers yet$`, seen)
}

func TestAWaitEndsAndSaysWhatItSaw(t *testing.T) {
	t.Parallel()
	w := newWorld(t, metalstackcloudtest.Options{OperationTime: time.Millisecond})
	w.Hold(0.43)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := w.make(t, ctx, Want{Name: "initial"})
	assert.EqualError(t, err, "wait for cluster initial to be ready: gave up after 0s, last seen create processing 43%, not ready: nodes, system components; "+
		"run it again to go on waiting, or raise cluster_timeout")
}

func TestSomebodyElseDeletesTheClusterMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, metalstackcloudtest.Options{OperationTime: time.Millisecond})
	w.Hold(0.5)
	ctx := wait.WithReporter(t.Context(), func(string) {
		if id := w.Clusters()[0].UUID; w.Clusters()[0].DeletedAt == "" {
			assert.NoError(t, w.cloud.delete(t.Context(), &cluster{UUID: id}))
		}
	})
	_, err := w.make(t, ctx, Want{Name: "initial"})
	assert.EqualError(t, err, "wait for cluster initial: somebody deletes it; run it again to create it anew")
}
