package controlplane

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/kube"

	"github.com/metal-stack/initial-cluster/internal/charts"
	"github.com/metal-stack/initial-cluster/internal/cluster"
	"github.com/metal-stack/initial-cluster/testing/charttest"
	"github.com/metal-stack/initial-cluster/testing/kubetest"
)

// world is a cluster of all tests, and a namespace of one.
type world struct {
	testing.TB
	kubernetes *kubetest.Cluster
	cluster    *cluster.Cluster
	namespace  string
}

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil { // the tests wait for a cluster, most of their time
		panic(err)
	}
	os.Exit(m.Run())
}

var namespaces atomic.Int32

// TestControlPlane holds the tests that need a cluster: they share one.
func TestControlPlane(t *testing.T) {
	k := kubetest.Run(t, kubetest.Options{Pods: true, Storage: true})
	c, err := cluster.Open(cluster.Kubeconfig{File: k.Kubeconfig()})
	require.NoError(t, err)
	for _, tests := range []map[string]func(*world){live, reasons, refusals, secretly} {
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(&world{TB: t, kubernetes: k, cluster: c, namespace: fmt.Sprintf("ns-%d", namespaces.Add(1))})
			})
		}
	}
}

// enough is time for what must succeed, on a busy machine, too.
const enough = 5 * time.Minute

// metal is the control plane's chart as a component, with a password.
func (w *world) metal(changes ...charttest.Change) Component {
	return Component{
		Name: "metal", Release: "metal-control-plane", Namespace: w.namespace, Wait: true, Timeout: enough, CRDs: ApplyCRDs,
		Chart:  &charts.Source{Ref: charttest.Folder(w, "metal-control-plane", changes...)},
		Values: map[string]any{"metal_api": map[string]any{"db": map[string]any{"password": "correct horse"}}},
	}
}

func (w *world) database(name string, changes ...charttest.Change) Component {
	return Component{
		Name: name, Release: name, Namespace: w.namespace, Wait: true, Timeout: enough, CRDs: ApplyCRDs,
		Chart: &charts.Source{Ref: charttest.Folder(w, "database", changes...)}, Values: map[string]any{"password": "battery staple"},
	}
}

func (w *world) plan(components ...Component) (*Plan, error) {
	require.Empty(w, Problems(components))
	d, err := New(w.Context(), w.cluster, components)
	require.NoError(w, err)
	return d.Plan(w.Context())
}

// deploy plans and applies, and gives the steps.
func (w *world) deploy(components ...Component) []string {
	w.Helper()
	p, err := w.plan(components...)
	require.NoError(w, err)
	require.NoError(w, p.Apply(w.Context()))
	return p.Steps()
}

// settled asserts that nothing is left to do.
func (w *world) settled(components ...Component) {
	w.Helper()
	p, err := w.plan(components...)
	require.NoError(w, err)
	assert.Empty(w, p.Steps())
	before, after := p.Diff()
	assert.Equal(w, before, after)
}

func (w *world) fails(components ...Component) string {
	w.Helper()
	p, err := w.plan(components...)
	if err == nil {
		err = p.Apply(w.Context())
	}
	require.Error(w, err)
	assert.NotContains(w, err.Error(), "\n")
	return strings.ReplaceAll(err.Error(), w.namespace, "NAMESPACE")
}

// history is the statuses of a release's revisions, oldest first.
func (w *world) history(name string) string {
	list, err := w.cluster.Typed().CoreV1().Secrets(w.namespace).List(w.Context(), metav1.ListOptions{LabelSelector: "owner=helm,name=" + name})
	require.NoError(w, err)
	statuses := make([]string, len(list.Items))
	for i, s := range list.Items {
		statuses[i] = s.Labels["version"] + " " + s.Labels["status"]
	}
	return strings.Join(statuses, ", ")
}

func (w *world) newNamespace() {
	_, err := w.cluster.Typed().CoreV1().Namespaces().Create(w.Context(), &core.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}, metav1.CreateOptions{})
	require.True(w, err == nil || apierrors.IsAlreadyExists(err), "%v", err)
}

// helm is what helm upgrade --install --wait does, as Helm 3 or as Helm 4.
func (w *world) helm(c Component, serverSide bool) {
	w.newNamespace()
	configuration := action.NewConfiguration(action.ConfigurationSetLogger(slog.DiscardHandler))
	require.NoError(w, configuration.Init(w.cluster, c.Namespace, "secret"))
	configuration.KubeClient.(*kube.Client).Namespace = c.Namespace
	loaded, err := loader.LoadDir(c.Chart.Ref)
	require.NoError(w, err)
	if _, err := configuration.Releases.Last(c.Release); err == nil {
		u := action.NewUpgrade(configuration)
		u.Namespace, u.Timeout, u.WaitStrategy = c.Namespace, enough, kube.StatusWatcherStrategy
		_, err = u.RunWithContext(w.Context(), c.Release, loaded, c.Values)
		require.NoError(w, err)
		return
	}
	i := action.NewInstall(configuration)
	i.ReleaseName, i.Namespace, i.Timeout, i.WaitStrategy, i.ServerSideApply = c.Release, c.Namespace, enough, kube.StatusWatcherStrategy, serverSide
	_, err = i.RunWithContext(w.Context(), loaded, c.Values)
	require.NoError(w, err)
}
