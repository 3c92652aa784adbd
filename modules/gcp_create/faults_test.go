package main

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/stretchr/testify/assert"

	"github.com/metal-stack/initial-cluster/testing/gketest"
)

const who = "ci@lab-project.iam.gserviceaccount.com (@DIR@/key.json)"

// way is one of the ways in which a run changes something.
type way struct {
	name      string
	world     func(w *world)
	args      string
	method    string
	operation containerpb.Operation_Type
	doing     string // as errors call it
	on        string // what the operation is about, in parentheses
}

var ways = []way{
	{"present", nil, `{` + common + `, "kubernetes_version": "1.35"}`, "CreateCluster", containerpb.Operation_CREATE_CLUSTER, "create cluster", "CREATE_CLUSTER"},
	{"update", existing, small, "UpdateNodePool", containerpb.Operation_UPGRADE_NODES, "replace nodes", "UPGRADE_NODES of node pool default-pool"},
	{"absent", existing, `{` + common + `, "state": "absent"}`, "DeleteCluster", containerpb.Operation_DELETE_CLUSTER, "delete cluster", "DELETE_CLUSTER"},
}

// outcomes says for every fault that hits one request that changes something what the run says, without the place and the doing; empty
// is that it succeeds all the same. accepted is how many operations there are of the kind after a further run without the fault.
var outcomes = []struct {
	kind     gketest.Kind
	delay    time.Duration
	says     string
	accepted int
}{
	{kind: gketest.Quota, says: "regional quota exceeded: CPUS (needs 24, short of 16); lower initial_node_count or machine_type, or raise the quota: " +
		"https://console.cloud.google.com/iam-admin/quotas?project=lab-project", accepted: 1},
	{kind: gketest.Permission, says: who + " lacks @PERMISSION@ on project lab-project; check the project's id, or grant it roles/container.admin", accepted: 1},
	{kind: gketest.ServiceDisabled, says: "the Kubernetes Engine API is disabled in project lab-project; enable it and wait some minutes: " +
		"gcloud services enable container.googleapis.com --project lab-project", accepted: 1},
	{kind: gketest.BillingDisabled, says: "project lab-project has no billing account; link one: " +
		"https://console.cloud.google.com/billing/linkedaccount?project=lab-project", accepted: 1},
	{kind: gketest.AccountGone, says: "the nodes' service account @NUMBER@-compute@developer.gserviceaccount.com does not exist; restore it, " +
		"or name another in node_service_account", accepted: 1},
	{kind: gketest.TooManyRequests, delay: time.Millisecond, accepted: 1},
	{kind: gketest.Concurrent, delay: time.Millisecond, accepted: 1},
	{kind: gketest.Incompatible, accepted: 1},
	{kind: gketest.Unavailable, accepted: 1},
	{kind: gketest.Cut, accepted: 1},
	{kind: gketest.Slow, delay: 20 * time.Millisecond, accepted: 1},
	{kind: gketest.Garbled, accepted: 1},
	{kind: gketest.Stockout, says: "operation-@ID@ (@ON@) failed: resource_exhausted: Google Compute Engine: The zone 'projects/lab-project/zones/europe-west3-a' " +
		"does not have enough resources available to fulfill the request. '(resource type:compute)'; Google has no such machines left there now: " +
		"take another location or machine_type, or run it again later", accepted: 2},
	{kind: gketest.Broken, says: "operation-@ID@ (@ON@) failed: internal: Internal error; run it again, and if it stays so show Google's support the operation", accepted: 2},
}

func TestEveryFaultIsWeatheredOrSaidAndTheNextRunConverges(t *testing.T) {
	for _, way := range ways {
		for _, o := range outcomes {
			t.Run(way.name+" "+string(o.kind), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, gketest.Options{})
				if way.world != nil {
					way.world(w)
				}
				w.gke.Inject(gketest.Fault{Kind: o.kind, Method: way.method, Times: 1, Delay: o.delay})
				if o.says == "" {
					assert.Equal(t, true, w.done(way.args)["changed"])
				} else {
					assert.Equal(t, way.says(o.says), w.failed(way.args))
					assert.Equal(t, true, w.done(way.args)["changed"])
				}
				assert.Equal(t, false, w.done(way.args)["changed"])
				assert.Equal(t, o.accepted, w.accepted(way.operation), "operations that were begun")
			})
		}
	}
}

func (way way) says(text string) string {
	permission := map[string]string{"present": "container.clusters.create", "update": "container.clusters.update", "absent": "container.clusters.delete"}[way.name]
	return "initial/europe-west3-a: " + way.doing + ": " + strings.NewReplacer("@PERMISSION@", permission, "@ON@", way.on).Replace(text)
}

// What goes on failing is given up, and it is said how often it was tried.
func TestFaultsThatStay(t *testing.T) {
	cases := map[string]struct {
		fault gketest.Fault
		args  string
		says  string
	}{
		"GKE is not available": {gketest.Fault{Kind: gketest.Unavailable, Method: "CreateCluster"}, "",
			"create cluster: @GKE@ answers Unavailable, 4 tries (The service is currently unavailable); run it again later"},
		"GKE is not available for reading": {gketest.Fault{Kind: gketest.Unavailable, Method: "GetCluster"}, "",
			"look at the cluster: @GKE@ answers Unavailable, 5 tries (The service is currently unavailable); run it again later"},
		"an answer that is not GKE's": {gketest.Fault{Kind: gketest.Garbled, Method: "GetCluster"}, "",
			"look at the cluster: @GKE@: it answers something that is not GKE's; check api_endpoint, and whether a proxy answers in its place"},
		"GKE falls silent during the creation": {gketest.Fault{Kind: gketest.Unavailable, Method: "GetOperation"}, `, "create_timeout": 2`,
			"create cluster: wait for operation-@ID@ (CREATE_CLUSTER): gave up after @SECONDS@, last seen GKE gives no answer; it goes on at Google, run this again to wait further"},
		"connections that are cut": {gketest.Fault{Kind: gketest.Cut, Method: "GetCluster"}, "",
			"look at the cluster: @GKE@: the connection was cut, 5 tries; check the network and run it again"},
		"another operation does not end": {gketest.Fault{Kind: gketest.Incompatible, Method: "CreateCluster"}, `, "create_timeout": 2`,
			"create cluster: Cluster is running incompatible operation operation-@ID@; wait for that operation and run it again"},
		"too many requests": {gketest.Fault{Kind: gketest.TooManyRequests, Method: "CreateCluster", Delay: time.Minute}, `, "create_timeout": 2`,
			"create cluster: too many requests for project lab-project (Quota exceeded for quota metric 'API requests' and limit 'API requests per minute' of service " +
				"'container.googleapis.com' for consumer 'project_number:@NUMBER@'); run it again later, or raise the quota"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gketest.Options{})
			w.gke.Inject(c.fault)
			assert.Equal(t, "initial/europe-west3-a: "+c.says, w.failed(`{`+common+c.args+`}`))
			w.gke.ClearFaults()
			w.done(`{` + common + `}`)
			assert.Equal(t, 1, w.accepted(containerpb.Operation_CREATE_CLUSTER))
		})
	}
}

// While an operation runs, Google may fail for a while.
func TestWaitingOutlastsFaults(t *testing.T) {
	for _, kind := range []gketest.Kind{gketest.Unavailable, gketest.Garbled, gketest.Cut, gketest.TooManyRequests, gketest.AccountGone} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gketest.Options{})
			w.gke.Inject(gketest.Fault{Kind: kind, Method: "GetOperation", Times: 3, Delay: time.Millisecond})
			w.done(`{` + common + `}`)
		})
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	cases := map[string]struct {
		world func(w *world)
		args  string
		says  string
	}{
		"a network": {func(w *world) { assert.NoError(w, w.gke.SetNetworks("lab-project", "mine")) }, "",
			"create cluster: project lab-project has no network default; name another in network, or make it: gcloud compute networks create default --project lab-project"},
		"machines of that name": {nil, `, "machine_type": "e2-huge-8"`, `create cluster: Machine type with name "e2-huge-8" does not exist in zone "europe-west3-a"; check machine_type`},
		"disks of that name":    {nil, `, "disk_type": "pd-huge"`, `create cluster: Disk type with name "pd-huge" does not exist in zone "europe-west3-a"; check disk_type`},
		"images of that name":   {nil, `, "image_type": "COS"`, `create cluster: Node image type "COS" is not supported. Valid image types: COS_CONTAINERD, UBUNTU_CONTAINERD, WINDOWS_LTSC_CONTAINERD; check image_type`},
		"the right to use the nodes' account": {func(w *world) { w.revoke("roles/iam.serviceAccountUser") }, "",
			"create cluster: the nodes' service account default may not be used; grant " + who + " roles/iam.serviceAccountUser on it, or name another in node_service_account"},
		"enough CPUs": {func(w *world) { assert.NoError(w, w.gke.SetQuota("lab-project", 4)) }, "",
			"create cluster: regional quota exceeded: CPUS (needs 8, short of 4); lower initial_node_count or machine_type, or raise the quota: https://console.cloud.google.com/iam-admin/quotas?project=lab-project"},
		"a project": {nil, `, "project": "other-project"`,
			"look at the cluster: " + who + " lacks container.clusters.get on project other-project; check the project's id, or grant it roles/container.admin"},
		"a server": {nil, `, "api_endpoint": "127.0.0.1:1"`,
			"look at the cluster: 127.0.0.1:1: connection refused, 5 tries; check the network, https_proxy and api_endpoint"},
		"a name that resolves": {nil, `, "api_endpoint": "gke.invalid"`,
			"look at the cluster: gke.invalid: its name does not resolve, 5 tries; check DNS on this host, or set https_proxy"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gketest.Options{})
			if c.world != nil {
				c.world(w)
			}
			assert.Equal(t, "initial/europe-west3-a: "+c.says, w.failed(`{`+common+c.args+`}`))
			assert.Empty(t, w.gke.Clusters())
		})
	}
}

func (w *world) revoke(role string) {
	assert.NoError(w, w.google.Withdraw("projects/lab-project", w.account.Email, role))
}

func TestAProxyInTheWayIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gketest.Options{})
	proxy := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) { answer.WriteHeader(http.StatusProxyAuthRequired) }))
	defer proxy.Close()
	w.env = []string{"HTTPS_PROXY=" + proxy.URL}
	assert.Equal(t, "initial/europe-west3-a: look at the cluster: gke.example.com: the proxy refuses the connection, 5 tries; check https_proxy and no_proxy",
		w.failed(`{`+common+`, "api_endpoint": "gke.example.com"}`))

	wrong := httptest.NewUnstartedServer(http.NotFoundHandler()) // not HTTP/2, which is what proxies that open TLS often do not speak
	wrong.TLS = &tls.Config{Certificates: []tls.Certificate{w.certificate}}
	wrong.Config.ErrorLog = log.New(io.Discard, "", 0)
	wrong.StartTLS()
	defer wrong.Close()
	w.env = nil
	assert.Equal(t, "initial/europe-west3-a: look at the cluster: "+wrong.Listener.Addr().String()+": it does not speak HTTP/2, 5 tries; let the proxy pass HTTP/2 through",
		w.failed(`{`+common+`, "api_endpoint": "`+wrong.URL+`"}`))
}
