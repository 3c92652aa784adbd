package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/golden"
	"github.com/metal-stack/initial-cluster/testing/metalstackcloudtest"
)

// moduleCase is one case, whose arguments are in testdata. Where a case has nothing to break halfway, the network breaks.
type moduleCase struct {
	name  string
	world func(t *testing.T, w *world)
	fault metalstackcloudtest.Fault
}

var (
	brokenCreation = metalstackcloudtest.Fault{Kind: metalstackcloudtest.Broken, Method: "Create", Message: "no machine of type n1-medium-x86 is free", Times: 1}
	brokenChange   = metalstackcloudtest.Fault{Kind: metalstackcloudtest.Broken, Method: "Update", Message: "no machine of type n1-medium-x86 is free", Times: 1}
	brokenDeletion = metalstackcloudtest.Fault{Kind: metalstackcloudtest.Broken, Method: "Delete", Message: "a load balancer does not go", Times: 1}
	noCredentials  = metalstackcloudtest.Fault{Kind: metalstackcloudtest.Refused, Method: "GetCredentials", Code: "permission_denied", Message: "not allowed", Times: 1}
	otherAnswers   = metalstackcloudtest.Fault{Kind: metalstackcloudtest.Proxy, Status: 403}
)

var cases = []moduleCase{
	{name: "defaults", fault: brokenCreation},
	{name: "everything told", fault: brokenCreation},
	{name: "kubeconfig", fault: noCredentials},
	{name: "kubeconfig of a cluster that is there", world: made, fault: noCredentials},
	{name: "kubeconfig of another cluster", world: foreign, fault: noCredentials},
	{name: "sizes and a window", world: made, fault: brokenChange},
	{name: "upgrade", world: made, fault: brokenChange},
	{name: "a group in place of another", world: made, fault: brokenChange},
	{name: "what cannot be changed", world: made, fault: otherAnswers},
	{name: "what is not offered", fault: otherAnswers},
	{name: "absent", world: madeWithKubeconfig, fault: brokenDeletion},
	{name: "absent from the beginning", fault: otherAnswers},
	{name: "two of a name", world: twice, fault: otherAnswers},
	{name: "wrong options", fault: otherAnswers},
}

func TestCases(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := map[string]any{}
			w := c.begin(t)
			got["1 check"] = w.runCase(t, c, true)
			got["2 apply"] = w.runCase(t, c, false)
			assert.Equal(t, got["1 check"].(map[string]any)["steps"], got["2 apply"].(map[string]any)["steps"], "check mode tells what is done then")
			got["3 apply again"] = w.runCase(t, c, false)
			assert.NotEqual(t, true, got["3 apply again"].(map[string]any)["changed"], "the second run changes nothing")

			w = c.begin(t)
			w.cloud.Inject(c.fault)
			got["4 apply with a fault"] = w.runCase(t, c, false)
			w.cloud.ClearFaults()
			got["5 apply after the fault"] = w.runCase(t, c, false)
			assert.NotEqual(t, true, w.runCase(t, c, false)["changed"], "a run after the mended one changes nothing")
			golden.Result(t, c.name, got)
		})
	}
}

func (c moduleCase) begin(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, metalstackcloudtest.Options{OperationTime: 50 * time.Millisecond})
	if c.world != nil {
		c.world(t, w)
	}
	return w
}

func (w *world) runCase(t *testing.T, c moduleCase, check bool) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", strings.ReplaceAll(c.name, " ", "_")+".args.json"))
	require.NoError(t, err)
	var args map[string]any
	require.NoError(t, json.Unmarshal(text, &args))
	args["_ansible_check_mode"], args["_ansible_diff"] = check, true
	return w.run(t, args)
}

func (w *world) mustRun(t *testing.T, args map[string]any) map[string]any {
	t.Helper()
	result := w.run(t, args)
	require.Equal(t, false, result["failed"], "%v", result["msg"])
	return result
}

func made(t *testing.T, w *world) {
	w.mustRun(t, map[string]any{"name": "initial", "kubernetes_version": "1.35.4"})
}

func madeWithKubeconfig(t *testing.T, w *world) {
	foreign(t, w)
	w.mustRun(t, map[string]any{"name": "initial", "kubeconfig": w.kubeconfig(), "kubeconfig_current": false})
}

// foreign is a kubeconfig with the entries of somebody else.
func foreign(t *testing.T, w *world) {
	t.Helper()
	require.NoError(t, os.WriteFile(w.kubeconfig(), []byte(`# by hand
apiVersion: v1
kind: Config
clusters:
- name: other
  cluster: {server: "https://other.example.com"}
users:
- name: other
  user: {token: other}
contexts:
- name: other
  context: {cluster: other, user: other}
current-context: other
`), 0o600))
}

func twice(t *testing.T, w *world) {
	t.Helper()
	size := 1
	for range 2 {
		_, err := w.cloud.Add(metalstackcloudtest.CreateMessage{Name: "initial", Project: project, Partition: "eqx-mu4",
			Kubernetes: &metalstackcloudtest.KubernetesMessage{Version: "1.35.7"}, Workers: []metalstackcloudtest.WorkerMessage{{Name: "group-0", Minsize: &size, Maxsize: &size}}})
		require.NoError(t, err)
	}
}

// What others have in a kubeconfig stays there from a cluster's first day to its last.
func TestAKubeconfigKeepsWhatIsSomebodyElses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, metalstackcloudtest.Options{})
	foreign(t, w)
	before, err := os.ReadFile(w.kubeconfig())
	require.NoError(t, err)
	w.mustRun(t, map[string]any{"name": "initial", "kubeconfig": w.kubeconfig(), "kubeconfig_current": false})
	with, err := os.ReadFile(w.kubeconfig())
	require.NoError(t, err)
	assert.Contains(t, string(with), "name: initial-"+project+"@metalstack.cloud")
	assert.Contains(t, string(with), "current-context: other")
	w.mustRun(t, map[string]any{"name": "initial", "kubeconfig": w.kubeconfig()})
	current, err := os.ReadFile(w.kubeconfig())
	require.NoError(t, err)
	assert.Contains(t, string(current), "current-context: initial-"+project+"@metalstack.cloud")
	foreignCurrent := strings.ReplaceAll(string(current), "current-context: initial-"+project+"@metalstack.cloud", "current-context: other")
	require.NoError(t, os.WriteFile(w.kubeconfig(), []byte(foreignCurrent), 0o600))
	w.mustRun(t, map[string]any{"name": "initial", "kubeconfig": w.kubeconfig(), "state": "absent"})
	after, err := os.ReadFile(w.kubeconfig())
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after))
}
