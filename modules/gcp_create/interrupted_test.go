package main

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/gketest"
)

// started is a run that goes on beside the test.
type started struct {
	*exec.Cmd
	out strings.Builder
}

func (w *world) start(args string) *started {
	w.Helper()
	s := &started{Cmd: w.command(w.Context(), args)}
	s.Stdout = &s.out
	require.NoError(w, s.Start())
	w.Cleanup(func() { _ = s.Process.Kill() })
	return s
}

func (s *started) result(w *world) map[string]any {
	w.Helper()
	_ = s.Wait() // the result says more
	var result map[string]any
	require.NoError(w, json.Unmarshal([]byte(w.mask(s.out.String())), &result), s.out.String())
	return result
}

// A run that is killed is finished by the next, wherever it was: nothing is asked for twice.
func TestARunThatIsKilledIsFinishedByTheNext(t *testing.T) {
	for _, way := range ways {
		moments := map[string]func(w *world) bool{
			"before it asks":                func(w *world) bool { return w.asked("ListOperations") > 0 },
			"when it has asked":             func(w *world) bool { return w.asked(way.method) > 0 },
			"while it waits":                func(w *world) bool { return w.asked("GetOperation") > 0 },
			"while it waits for some while": func(w *world) bool { return w.asked("GetOperation") > 3 },
		}
		for moment, reached := range moments {
			t.Run(way.name+", "+moment, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, gketest.Options{})
				if way.world != nil {
					way.world(w)
				}
				before := len(w.gke.Requests())
				w.gke.Hold()
				first := w.start(way.args)
				w.until(moment, func() bool { return reached(w.since(before)) })
				require.NoError(t, first.Process.Kill())
				_ = first.Wait() // it was killed
				accepted := w.accepted(way.operation)

				second := w.start(way.args)
				w.until("the next run waits", func() bool { return w.accepted(way.operation) > 0 && w.since(before).asked("GetOperation") > 5 })
				w.gke.Release()
				result := second.result(w)
				require.NotEqual(t, true, result["failed"], result["msg"])
				assert.Equal(t, true, result["changed"])
				if accepted > 0 {
					assert.Equal(t, []any{way.step()}, result["steps"].([]any)[:1])
				}
				assert.Equal(t, 1, w.accepted(way.operation), "operations that were begun")
				assert.Equal(t, false, w.done(way.args)["changed"])
			})
		}
	}
}

// step is what a run calls it that another has begun.
func (way way) step() string {
	return map[string]string{
		"present": "wait for the creation of the cluster, which is under way",
		"update":  "replace the nodes of node pool default-pool: machine_type e2-standard-4 instead of e2-standard-8",
		"absent":  "wait for the deletion of the cluster, which is under way",
	}[way.name]
}

// since is a world that counts only the requests after those so many.
func (w *world) since(before int) *world {
	again := *w
	again.before = before
	return &again
}

func TestTwoRunsAtOnceDoItOnce(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gketest.Options{})
			if way.world != nil {
				way.world(w)
			}
			w.gke.Hold()
			runs := []*started{w.start(way.args), w.start(way.args), w.start(way.args)}
			w.until("one of them has begun", func() bool { return w.accepted(way.operation) > 0 })
			w.gke.Release()
			var ended sync.WaitGroup
			for _, run := range runs {
				ended.Go(func() { _ = run.Wait() }) // the results say more
			}
			ended.Wait()
			for _, run := range runs {
				assert.Contains(t, run.out.String(), `"failed": false`)
			}
			assert.Equal(t, 1, w.accepted(way.operation), "operations that were begun")
			assert.Equal(t, false, w.done(way.args)["changed"])
		})
	}
}

func TestATimeoutIsNoFailureOfTheClusterAndAnotherRunGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gketest.Options{})
	w.gke.Hold()
	assert.Equal(t, "initial/europe-west3-a: create cluster: wait for operation-@ID@ (CREATE_CLUSTER): gave up after @SECONDS@, last seen cluster is being configured, "+
		"node pool default-pool 0/1 nodes; it goes on at Google, run this again to wait further", w.failed(`{`+common+`, "create_timeout": 3}`))
	assert.Equal(t, "initial/europe-west3-a: wait for operation-@ID@ (CREATE_CLUSTER): gave up after @SECONDS@, last seen cluster is being configured, "+
		"node pool default-pool 0/1 nodes; it goes on at Google, run this again to wait further", w.failed(`{`+common+`, "create_timeout": 3}`))
	assert.Equal(t, "initial/europe-west3-a: wait for operation-@ID@ (CREATE_CLUSTER): gave up after @SECONDS@, last seen cluster is being configured, "+
		"node pool default-pool 0/1 nodes; it goes on at Google, run this again to wait further", w.failed(`{`+common+`, "state": "absent", "delete_timeout": 3}`))
	w.gke.Release()
	w.done(`{` + common + `}`)
	assert.Equal(t, 1, w.accepted(containerpb.Operation_CREATE_CLUSTER))
}

func TestASignalEndsTheWaitAndSaysHowToGoOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gketest.Options{})
	w.gke.Hold()
	run := w.start(`{` + common + `}`)
	w.until("it waits", func() bool { return w.asked("GetOperation") > 0 })
	require.NoError(t, run.Process.Signal(syscall.SIGTERM))
	result := run.result(w)
	assert.Equal(t, true, result["failed"])
	assert.Regexp(t, `^initial/europe-west3-a: create cluster: wait for operation-@ID@ \(CREATE_CLUSTER\): interrupted \(signal SIGTERM\) after @SECONDS@, `+
		`last seen .*; run it again to go on$`, result["msg"])
	w.gke.Release()
	w.done(`{` + common + `}`)
	assert.Equal(t, 1, w.accepted(containerpb.Operation_CREATE_CLUSTER))
}

// What Google or somebody else does to the cluster is waited for; check mode says so.
func TestForeignOperationsAreWaitedFor(t *testing.T) {
	t.Parallel()
	for name, args := range map[string]string{"something to change": small, "nothing to change": `{` + common + `}`, "to be deleted": `{` + common + `, "state": "absent"}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gketest.Options{})
			existing(w)
			w.gke.Hold()
			foreign, err := w.gke.StartOperation(cluster, containerpb.Operation_UPGRADE_NODES)
			require.NoError(t, err)
			checked := w.checked(args)
			assert.Contains(t, checked["warnings"], "operation-@ID@ (UPGRADE_NODES) is under way; nothing is changed before it has ended")
			before := len(w.gke.Requests())
			run := w.start(args)
			w.until("it waits", func() bool { return w.since(before).asked("GetOperation") > 0 })
			w.gke.Release()
			result := run.result(w)
			require.NotEqual(t, true, result["failed"], result["msg"])
			assert.Equal(t, name != "nothing to change", result["changed"])
			assert.Equal(t, w.mask(foreign.Name), result["operations"].([]any)[0].(map[string]any)["name"])
			assert.Equal(t, checked["steps"], result["steps"])
		})
	}
}

func TestATokenThatIsRevokedMeanwhileIsRenewedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gketest.Options{})
	w.gke.Hold()
	run := w.start(`{` + common + `}`)
	w.until("it waits", func() bool { return w.asked("GetOperation") > 0 })
	require.NoError(t, w.google.RevokeTokens(w.account.Email))
	w.gke.Release()
	result := run.result(w)
	require.NotEqual(t, true, result["failed"], result["msg"])
	assert.Equal(t, 2, w.google.Issued("/token"))
}

func TestATokenThatIsNotAcceptedIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gketest.Options{})
	says := w.failed(`{"access_token": "expired-long-ago", "kubeconfig_user": "token", "api_endpoint": "@GKE@", "project": "lab-project", "location": "europe-west3-a", "name": "initial"}`)
	assert.Equal(t, "initial/europe-west3-a: look at the cluster: @GKE@ does not accept the token of access token (given inline); it has expired or was revoked", says)
	assert.Equal(t, 2, w.asked("GetCluster"))
}

func TestADeletionThatIsUnderWayIsWaitedForBeforeTheClusterIsMadeAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gketest.Options{})
	existing(w)
	w.gke.Hold()
	absent := w.start(ways[2].args)
	w.until("the deletion has begun", func() bool { return w.accepted(containerpb.Operation_DELETE_CLUSTER) > 0 })
	require.NoError(t, absent.Process.Kill())
	before := len(w.gke.Requests())
	present := w.start(ways[0].args)
	w.until("it waits", func() bool {
		return w.since(before).asked("GetServerConfig") > 0 && w.since(before).asked("GetOperation") > 1
	})
	w.gke.Release()
	result := present.result(w)
	require.NotEqual(t, true, result["failed"], result["msg"])
	assert.Equal(t, []any{
		"wait for the deletion of the cluster, which is under way",
		"create the zonal cluster with Kubernetes 1.35.7-gke.1450000 and node pool default-pool: 1 e2-standard-8 in each zone, scaling from 1 to 3",
	}, result["steps"])
	assert.Equal(t, fmt.Sprintf("%v", containerpb.Cluster_RUNNING), result["cluster"].(map[string]any)["status"])
}
