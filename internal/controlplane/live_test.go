package controlplane

import (
	"encoding/json"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/release/common"
	release "helm.sh/helm/v4/pkg/release/v1"
	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/metal-stack/initial-cluster/internal/wait"
	"github.com/metal-stack/initial-cluster/testing/charttest"
)

// live are the tests of TestControlPlane.
var live = map[string]func(*world){
	"a second run does nothing, and a changed value touches one component": func(w *world) {
		db, metal := w.database("metal-db"), w.metal()
		metal.DependsOn = []string{"metal-db"}
		assert.Equal(w, []string{
			"create namespace " + w.namespace,
			"metal: install metal-control-plane 0.8.8 as release metal-control-plane in namespace " + w.namespace,
			"metal-db: install database 1.0.0 as release metal-db in namespace " + w.namespace,
		}, w.deploy(metal, db))
		w.settled(metal, db)
		metal.Values = Merge(metal.Values, map[string]any{"metal_api": map[string]any{"base_path": "/other/"}})
		assert.Equal(w, []string{"metal: upgrade metal-control-plane 0.8.8: change ConfigMap metal-api"}, w.deploy(metal, db))
		w.settled(metal, db)
		assert.Equal(w, "1 superseded, 2 deployed", w.history("metal-control-plane"))
		assert.Equal(w, "1 deployed", w.history("metal-db"))
	},
	"check mode says what apply does, and changes nothing": func(w *world) {
		metal := w.metal()
		planned, err := w.plan(metal)
		require.NoError(w, err)
		_, err = w.cluster.Typed().CoreV1().Namespaces().Get(w.Context(), w.namespace, metav1.GetOptions{})
		require.Error(w, err)
		before, after := planned.Diff()
		applied, err := w.plan(metal)
		require.NoError(w, err)
		require.NoError(w, applied.Apply(w.Context()))
		assert.Equal(w, planned.Steps(), applied.Steps())
		b, a := applied.Diff()
		assert.Equal(w, before, b)
		assert.Equal(w, after, a)
		assert.NotContains(w, after, "correct horse")
		assert.Contains(w, after, "METAL_API_DB_PASSWORD: (secret)")
	},
	"what somebody changed or removed is corrected without a revision": func(w *world) {
		metal := w.metal()
		w.deploy(metal)
		typed := w.cluster.Typed()
		_, err := typed.AppsV1().Deployments(w.namespace).Patch(w.Context(), "metal-api", types.MergePatchType, []byte(`{"spec":{"replicas":1}}`), metav1.PatchOptions{})
		require.NoError(w, err)
		require.NoError(w, typed.CoreV1().Services(w.namespace).Delete(w.Context(), "ipam", metav1.DeleteOptions{}))
		jobs := w.jobs()
		assert.Equal(w, []string{"metal: correct Service ipam, which is missing, Deployment metal-api"}, w.deploy(metal))
		assert.Equal(w, "1 deployed", w.history("metal-control-plane"))
		assert.Equal(w, jobs, w.jobs(), "hooks run only for a change")
		w.settled(metal)
	},
	"releases of Helm 3 are taken over as they are": func(w *world) { takeOver(w, false) },
	"releases of Helm 4 are taken over as they are": func(w *world) { takeOver(w, true) },
	"an autoscaler keeps its replicas": func(w *world) {
		metal := w.metal()
		metal.Values = Merge(metal.Values, map[string]any{"metal_api": map[string]any{"hpa": map[string]any{"enabled": true}}})
		w.deploy(metal)
		_, err := w.cluster.Typed().AppsV1().Deployments(w.namespace).Patch(w.Context(), "metal-api", types.MergePatchType, []byte(`{"spec":{"replicas":4}}`), metav1.PatchOptions{FieldManager: "kube-controller-manager"})
		require.NoError(w, err)
		w.settled(metal)
		metal.Values = Merge(metal.Values, map[string]any{"metal_masterdata": "tenants"})
		assert.Equal(w, []string{"metal: upgrade metal-control-plane 0.8.8: change ConfigMap masterdata"}, w.deploy(metal))
		assert.EqualValues(w, 4, *w.deployment("metal-api").Spec.Replicas)
	},
	"a chart that is gone from its registry is no harm where it is installed": func(w *world) {
		registry := charttest.NewRegistry(w)
		registry.Push(w, "metal-stack", "metal-control-plane")
		metal := w.metal()
		metal.Chart.Ref, metal.Chart.Version, metal.Chart.CAFile = "oci://"+registry.Host()+"/metal-stack/metal-control-plane", "0.8.8", registry.CAFile()
		metal.Chart.Username, metal.Chart.Password = charttest.User, charttest.Password
		w.deploy(metal)
		registry.Stop()
		p, err := w.plan(metal)
		require.NoError(w, err)
		assert.Empty(w, p.Steps())
		require.Len(w, p.Warnings(), 1)
		assert.True(w, strings.HasSuffix(p.Warnings()[0], "the installed release has the same, which is used"), p.Warnings()[0])
		metal.Values = Merge(metal.Values, map[string]any{"metal_masterdata": "tenants"})
		assert.Equal(w, []string{"metal: upgrade metal-control-plane 0.8.8: change ConfigMap masterdata"}, w.deploy(metal), "it can even be changed")
		w.settled(metal)
		metal.Chart.Version = "0.9.0"
		assert.Contains(w, w.fails(metal), "metal: chart oci://"+registry.Host()+"/metal-stack/metal-control-plane:0.9.0: cannot be had: ")
	},
	"a Helm of somebody else that is at work is waited for": func(w *world) {
		metal := w.metal()
		metal.Values = Merge(metal.Values, map[string]any{"metal_api": map[string]any{"migrate": map[string]any{"image": "lab/slow:1"}}})
		w.newNamespace()
		other := make(chan struct{})
		go func() {
			defer close(other)
			w.helm(metal, true)
		}()
		require.Eventually(w, func() bool { return w.history("metal-control-plane") == "1 pending-install" }, enough, 20*time.Millisecond)
		jobs, states := w.jobsMade(), make(chan string, 1000)
		p, err := w.plan(metal)
		require.NoError(w, err)
		require.NoError(w, p.Apply(wait.WithReporter(w.Context(), func(state string) { states <- state })))
		<-other
		close(states)
		assert.Contains(w, slices.Collect(channel(states)), "metal: revision 1 is pending-install")
		assert.Empty(w, p.Steps(), "the other Helm has done it all")
		assert.Equal(w, "1 deployed", w.history("metal-control-plane"))
		for job, count := range jobs() {
			assert.Equal(w, 1, count, job)
		}
	},
	"a Helm of somebody else that is dead is waited for no longer than the component may take": func(w *world) {
		metal := w.metal()
		w.deploy(metal)
		w.pending("metal-control-plane", time.Now().Add(-metal.Timeout))
		assert.Equal(w, []string{"metal: recover release metal-control-plane: revision 2 is pending-upgrade", "metal: upgrade metal-control-plane 0.8.8"}, w.deploy(metal))
		assert.Equal(w, "1 superseded, 2 failed, 3 deployed", w.history("metal-control-plane"))
		w.settled(metal)
	},
	"definitions are made, changed and known to those that come after": func(w *world) {
		kind := charttest.Change{Old: "lab.example.com", New: w.namespace + ".example.com"}
		widgets := w.metal()
		widgets.Name, widgets.Release, widgets.Values = "widgets", "widgets", nil
		widgets.Chart.Ref = charttest.Folder(w, "widgets", kind)
		user := Component{Name: "user", Release: "user", Namespace: w.namespace, Wait: true, Timeout: enough, DependsOn: []string{"widgets"},
			Manifests: "apiVersion: " + w.namespace + ".example.com/v1\nkind: Widget\nmetadata: {name: second}\nspec: {size: 2}\n"}
		w.deploy(user, widgets)
		w.settled(user, widgets)
		widgets.Chart.Ref = charttest.Folder(w, "widgets", kind, charttest.Version("2.0.0"),
			charttest.Change{Old: "size: {type: integer}", New: "size: {type: integer}\n                color: {type: string}"},
			charttest.Change{Old: "  size: 1\n", New: "  size: 1\n  color: red\n"})
		assert.Equal(w, []string{
			"widgets: apply CustomResourceDefinition widgets." + w.namespace + ".example.com",
			"widgets: upgrade widgets 1.0.0 to widgets 2.0.0: change Widget first",
		}, w.deploy(user, widgets))
		w.settled(user, widgets)
	},
	"definitions are left to others, or only made, if that is wanted": func(w *world) {
		kind := charttest.Change{Old: "lab.example.com", New: w.namespace + ".example.com"}
		more := charttest.Change{Old: "size: {type: integer}", New: "size: {type: integer}\n                color: {type: string}"}
		widgets := w.metal()
		widgets.Name, widgets.Release, widgets.Values, widgets.CRDs = "widgets", "widgets", nil, SkipCRDs
		widgets.Chart.Ref = charttest.Folder(w, "widgets", kind)
		assert.Equal(w, "widgets: Widget first: the cluster knows no kind NAMESPACE.example.com/v1, Kind=Widget; install first what defines it, and name that in depends_on", w.fails(widgets))
		widgets.CRDs = CreateCRDs
		w.deploy(widgets)
		widgets.Chart.Ref = charttest.Folder(w, "widgets", kind, more)
		w.settled(widgets)
		widgets.CRDs = ApplyCRDs
		assert.Equal(w, []string{
			"widgets: apply CustomResourceDefinition widgets." + w.namespace + ".example.com", "widgets: correct the chart's definitions",
		}, w.deploy(widgets))
		w.settled(widgets)
	},
	"random values are no change": func(w *world) {
		metal := w.metal(charttest.Change{Old: "METAL_API_BASE_PATH: ", New: "TOKEN: {{ randAlphaNum 20 }}\n  METAL_API_BASE_PATH: "})
		w.deploy(metal)
		p, err := w.plan(metal)
		require.NoError(w, err)
		assert.Equal(w, []string{"metal: the chart renders ConfigMap metal-api data.TOKEN anew each time; that is not taken for a change"}, p.Warnings())
	},
	"absent goes in reverse, keeps claims, and asks for names": func(w *world) {
		db, metal := w.database("metal-db"), w.metal()
		metal.DependsOn = []string{"metal-db"}
		w.deploy(db, metal)
		d, err := New(w.Context(), w.cluster, []Component{db, metal})
		require.NoError(w, err)
		_, err = d.PlanRemoval(w.Context(), nil, false)
		require.EqualError(w, err, "refusing to remove metal-db: they hold data; back them up, then type these names out in confirm")
		r, err := d.PlanRemoval(w.Context(), []string{"metal-db"}, false)
		require.NoError(w, err)
		assert.Equal(w, []string{
			"metal: remove release metal-control-plane from namespace " + w.namespace,
			"metal-db: remove release metal-db from namespace " + w.namespace + ", and keep its claims data-metal-db-0",
		}, r.Steps())
		require.NoError(w, r.Apply(w.Context()))
		assert.Empty(w, w.history("metal-db"))
		assert.Empty(w, w.jobs())
		_, err = w.cluster.Typed().CoreV1().PersistentVolumeClaims(w.namespace).Get(w.Context(), "data-metal-db-0", metav1.GetOptions{})
		require.NoError(w, err)
		r, err = d.PlanRemoval(w.Context(), nil, true)
		require.NoError(w, err)
		assert.Empty(w, r.Steps())
	},
}

func takeOver(w *world, serverSide bool) {
	metal := w.metal()
	w.helm(metal, serverSide)
	w.settled(metal)
	metal.Values = Merge(metal.Values, map[string]any{"metal_api": map[string]any{"replicas": 2}})
	assert.Equal(w, []string{"metal: upgrade metal-control-plane 0.8.8: change Deployment metal-api"}, w.deploy(metal))
	assert.EqualValues(w, 2, *w.deployment("metal-api").Spec.Replicas)
	w.settled(metal)
}

func (w *world) deployment(name string) *apps.Deployment {
	found, err := w.cluster.Typed().AppsV1().Deployments(w.namespace).Get(w.Context(), name, metav1.GetOptions{})
	require.NoError(w, err)
	return found
}

// jobs are those that are there, as JSON of names and identities.
func (w *world) jobs() string {
	list, err := w.cluster.Typed().BatchV1().Jobs(w.namespace).List(w.Context(), metav1.ListOptions{})
	require.NoError(w, err)
	if len(list.Items) == 0 {
		return ""
	}
	found := map[string]types.UID{}
	for _, job := range list.Items {
		found[job.Name] = job.UID
	}
	text, err := json.Marshal(found)
	require.NoError(w, err)
	return string(text)
}

// pending leaves a revision behind as a Helm does that was killed at that time.
func (w *world) pending(name string, since time.Time) {
	configuration := action.NewConfiguration(action.ConfigurationSetLogger(slog.DiscardHandler))
	require.NoError(w, configuration.Init(w.cluster, w.namespace, "secret"))
	found, err := configuration.Releases.Last(name)
	require.NoError(w, err)
	next := *found.(*release.Release)
	info := *next.Info
	info.Status, info.LastDeployed = common.StatusPendingUpgrade, since
	next.Version, next.Info = next.Version+1, &info
	require.NoError(w, configuration.Releases.Create(&next))
}

// jobsMade counts from now on how often each job is made.
func (w *world) jobsMade() func() map[string]int {
	watch, err := w.cluster.Typed().BatchV1().Jobs(w.namespace).Watch(w.Context(), metav1.ListOptions{})
	require.NoError(w, err)
	made, ended := map[string]int{}, make(chan struct{})
	go func() {
		defer close(ended)
		for event := range watch.ResultChan() {
			if job, ok := event.Object.(*batch.Job); ok && event.Type == "ADDED" {
				made[job.Name]++
			}
		}
	}()
	return func() map[string]int { watch.Stop(); <-ended; return made }
}

func channel[T any](c <-chan T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for element := range c {
			if !yield(element) {
				return
			}
		}
	}
}
