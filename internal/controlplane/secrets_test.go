package controlplane

import (
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/metal-stack/initial-cluster/testing/charttest"
)

// secretly are the tests of TestControlPlane about Secrets.
var secretly = map[string]func(*world){
	"a value stands in a Secret that another component makes": func(w *world) {
		told := Component{Name: "told", Release: "told", Namespace: w.namespace, Timeout: enough, CRDs: ApplyCRDs, Wait: true,
			Manifests: "apiVersion: v1\nkind: Secret\nmetadata: {name: credentials}\nstringData: {key: told-by-another}\n"}
		metal := w.metal()
		metal.DependsOn = []string{"told"}
		metal.ValuesFrom = []ValueFrom{{Path: "metal_api.view_key", Secret: "credentials", Key: "key"}}
		p, err := w.plan(told, metal)
		require.NoError(w, err)
		assert.Equal(w, []string{"metal: values of it stand in key of Secret " + w.namespace + "/credentials, which is not there yet; what becomes of them shows then"}, p.Warnings())
		require.NoError(w, p.Apply(w.Context()))
		assert.Empty(w, p.Warnings())
		assert.Equal(w, "told-by-another", w.entry("metal-api", "METAL_API_VIEW_KEY"))
		w.settled(told, metal)
		told.Manifests = "apiVersion: v1\nkind: Secret\nmetadata: {name: credentials}\nstringData: {key: something-else}\n"
		w.deploy(told, metal)
		assert.Equal(w, "something-else", w.entry("metal-api", "METAL_API_VIEW_KEY"))
	},
	"a value stands in a Secret that nobody makes": func(w *world) {
		metal := w.metal()
		metal.ValuesFrom = []ValueFrom{{Path: "metal_api.view_key", Secret: "credentials", Key: "key"}}
		assert.Equal(w, "metal: a value is wanted from key of Secret NAMESPACE/credentials, which is not there; look why nobody has made it", w.fails(metal))
		assert.Empty(w, w.history("metal-control-plane"))
	},
	"a hook that runs first finds the Secret that it pulls with": func(w *world) {
		metal := w.metal(charttest.Change{Old: `migrate: {image: "lab/metal-api:1"}`, New: `migrate: {image: "lab/failing:1"}`})
		metal.Values = Merge(metal.Values, map[string]any{"metal_registry_auth_enabled": true})
		w.fails(metal) // in the first hook, before Helm makes anything
		_, err := w.cluster.Typed().CoreV1().Services(w.namespace).Get(w.Context(), "ipam", metav1.GetOptions{})
		require.True(w, apierrors.IsNotFound(err), "%v", err)
		assert.JSONEq(w, `{"auths":{}}`, w.entry("metal-api-registry-credentials", core.DockerConfigJsonKey))
		metal = w.metal()
		metal.Values = Merge(metal.Values, map[string]any{"metal_registry_auth_enabled": true})
		w.deploy(metal)
		w.settled(metal)
	},
	"images are those of pods and hooks": func(w *world) {
		p, err := w.plan(w.metal())
		require.NoError(w, err)
		assert.Equal(w, []string{"lab/ipam:1", "lab/masterdata-api:1", "lab/metal-api:1", "lab/metal-apiserver:1", "lab/metalctl:1", "lab/tenant-apiserver:1"}, p.Reports()[0].Images)
	},
}

func (w *world) entry(secret, key string) string {
	found, err := w.cluster.Typed().CoreV1().Secrets(w.namespace).Get(w.Context(), secret, metav1.GetOptions{})
	require.NoError(w, err)
	return string(found.Data[key])
}
