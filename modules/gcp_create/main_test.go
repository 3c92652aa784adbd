package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/gketest"
	"github.com/metal-stack/initial-cluster/testing/golden"
)

// moduleCase is one case, whose arguments are in testdata. The fault hits the first run of the second world; without one the API
// lacks the permission to look.
type moduleCase struct {
	name  string
	world func(w *world)
	fault gketest.Fault
}

var cases = []moduleCase{
	{name: "new cluster", fault: gketest.Fault{Kind: gketest.Stockout, Method: "CreateCluster", Times: 1}},
	{name: "new regional cluster with every option", fault: gketest.Fault{Kind: gketest.Cut, Method: "CreateCluster", Times: 1}},
	{name: "everything changes", world: existing, fault: gketest.Fault{Kind: gketest.Permission, Method: "UpdateNodePool", Times: 1}},
	{name: "only what is asked for is compared", world: existing},
	{name: "upgrade over two minor versions", world: old, fault: gketest.Fault{Kind: gketest.Broken, Method: "UpdateNodePool", Times: 1}},
	{name: "an older version is no drift", world: existing},
	{name: "what cannot be changed in place", world: existing},
	{name: "a cluster without the default pool", world: withoutDefaultPool},
	{name: "a degraded cluster", world: degraded},
	{name: "a cluster in error", world: inError},
	{name: "a creation that failed is protected", world: failedCreation},
	{name: "a version that is not offered"},
	{name: "a location there is none", world: existing},
	{name: "absent", world: existingInKubeconfig, fault: gketest.Fault{Kind: gketest.Broken, Method: "DeleteCluster", Times: 1}},
	{name: "absent here but not elsewhere", world: existing},
	{name: "absent and protected", world: existing},
	{name: "wrong options"},
}

func TestCases(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			args, err := os.ReadFile(c.file())
			require.NoError(t, err)
			with := func(check string) string {
				return strings.Replace(string(args), "{", `{"_ansible_diff": true, "_ansible_check_mode": `+check+`, `, 1)
			}
			got := map[string]any{}
			w := c.fresh(t)
			got["1 check"] = w.run(with("true"))
			got["2 apply"] = w.run(with("false"))
			got["3 apply again"] = w.run(with("false"))
			assert.NotEqual(t, true, got["3 apply again"].(map[string]any)["changed"], "the second run changes nothing")

			w = c.fresh(t)
			if c.fault.Kind == "" {
				c.fault = gketest.Fault{Kind: gketest.Permission, Method: "GetCluster", Times: 1}
			}
			w.gke.Inject(c.fault)
			got["4 apply with a fault"] = w.run(with("false"))
			w.gke.ClearFaults()
			got["5 apply after the fault"] = w.run(with("false"))
			assert.NotEqual(t, true, w.run(with("false"))["changed"], "a run after the mended one changes nothing")
			for way, result := range got {
				if way != "1 check" {
					delete(result.(map[string]any), "invocation")
				}
			}
			golden.Result(t, c.name, got)
		})
	}
}

func (c moduleCase) file() string {
	return filepath.Join("testdata", strings.ReplaceAll(c.name, " ", "_")+".args.json")
}

func (c moduleCase) fresh(t *testing.T) *world {
	w := newWorld(t, gketest.Options{})
	if c.world != nil {
		c.world(w)
	}
	return w
}

// existing is a cluster as the role of metal-stack makes it.
func existing(w *world) { w.done(`{` + common + `, "kubernetes_version": "1.35"}`) }

func existingInKubeconfig(w *world) { w.done(`{` + handedOut + `, "kubernetes_version": "1.35"}`) }

func old(w *world) { w.done(`{` + common + `, "kubernetes_version": "1.34.8"}`) }

func withoutDefaultPool(w *world) {
	existing(w)
	w.change(func(c *containerpb.Cluster) { c.NodePools[0].Name = "workers" })
}

func degraded(w *world) {
	existing(w)
	w.change(func(c *containerpb.Cluster) {
		c.Status = containerpb.Cluster_DEGRADED
		c.Conditions = []*containerpb.StatusCondition{{Code: containerpb.StatusCondition_CA_EXPIRING, Message: "The CA expires in 30 days."}}
	})
}

func inError(w *world) {
	existing(w)
	w.change(func(c *containerpb.Cluster) { c.Status = containerpb.Cluster_ERROR })
}

func failedCreation(w *world) {
	w.gke.Inject(gketest.Fault{Kind: gketest.Stockout, Method: "CreateCluster", Times: 1})
	w.failed(`{` + common + `}`)
}

func (w *world) change(edit func(*containerpb.Cluster)) {
	w.Helper()
	require.NoError(w, w.gke.Change(cluster, edit))
}
