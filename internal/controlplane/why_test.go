package controlplane

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/metal-stack/initial-cluster/internal/cluster"
	"github.com/metal-stack/initial-cluster/testing/charttest"
	"github.com/metal-stack/initial-cluster/testing/kubetest"
)

// hasty is little time, all of which is waited; KWOK's pods are sick within two seconds, on a busy machine within ten. Where hooks run before,
// there is more of it.
const (
	hasty      = 30 * time.Second
	afterHooks = 45 * time.Second
)

// with gives the control plane a value, and little time.
func (w *world) with(path string, value any) Component {
	metal := w.metal()
	metal.Timeout = afterHooks
	metal.Values = Merge(metal.Values, map[string]any{"metal_api": map[string]any{path: value}})
	return metal
}

func image(word string) map[string]any { return map[string]any{"name": "lab/" + word, "tag": "1"} }

// reasons are why an installation does not become ready.
var reasons = map[string]func(*world){
	"an image that cannot be pulled": func(w *world) {
		assert.Regexp(w, `^metal: install: not ready after \d+s: Deployment metal-api: pod metal-api-\S+, container metal-api: image lab/missing:1 cannot be pulled `+
			`\(ImagePullBackOff: Failed to pull image: not found\); correct its name, or give the registry's credentials`, w.fails(w.with("image", image("missing"))))
	},
	"a container that crashes": func(w *world) {
		assert.Regexp(w, `^metal: install: not ready after \d+s: Deployment metal-api: pod metal-api-\S+, container metal-api: ended with exit code 1 \(Error\), 4 restarts`+
			` \(its log ends with: listening on :8080 \| password authentication failed for user "metal"\)$`, w.fails(w.with("image", image("crash"))))
	},
	"a container out of memory": func(w *world) {
		hungry := w.with("image", image("hungry"))
		hungry.Values = Merge(hungry.Values, map[string]any{"metal_api": map[string]any{"limit": "64Mi"}})
		assert.Regexp(w, `container metal-api: is out of memory: it was killed at its limit of 64Mi; raise the limit, 2 restarts`, w.fails(hungry))
	},
	"a probe that fails": func(w *world) {
		assert.Regexp(w, `container metal-api: runs and its probe fails \(Readiness probe failed: HTTP probe failed with statuscode: 503\)`, w.fails(w.with("image", image("unready"))))
	},
	"a hook that fails": func(w *world) {
		failing := w.with("migrate", map[string]any{"image": "lab/failing:1"})
		failing.Timeout = enough
		assert.Regexp(w, `^metal: install: Job metal-api-initdb: pod metal-api-initdb-\S+, container metal-api-initdb: ended with exit code 3 \(Error\)`, w.fails(failing))
		assert.Equal(w, "1 failed", w.history("metal-control-plane"))
		assert.Equal(w, []string{
			"metal: recover release metal-control-plane: revision 1 has failed",
			"metal: install metal-control-plane 0.8.8 as release metal-control-plane in namespace " + w.namespace,
		}, w.deploy(w.metal()))
		w.settled(w.metal())
		assert.Equal(w, "1 failed, 2 deployed", w.history("metal-control-plane"))
	},
	"a claim whose class is not there": func(w *world) {
		db := w.database("metal-db")
		db.Timeout, db.Values = hasty, Merge(db.Values, map[string]any{"storageClass": "fast"})
		assert.Regexp(w, `^metal-db: install: not ready after \d+s: StatefulSet metal-db: pod metal-db-0: its claim data-metal-db-0 is pending: there is no StorageClass fast; `+
			`create it, or name another in the values$`, w.fails(db))
	},
	"a quota": func(w *world) {
		w.newNamespace()
		_, err := w.cluster.Typed().CoreV1().ResourceQuotas(w.namespace).Create(w.Context(), &core.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "few"},
			Spec: core.ResourceQuotaSpec{Hard: core.ResourceList{"pods": resource.MustParse("0")}}}, metav1.CreateOptions{})
		require.NoError(w, err)
		db := w.database("metal-db")
		db.Timeout = hasty
		assert.Regexp(w, `^metal-db: install: not ready after \d+s: StatefulSet metal-db: 0/1 ready, pods are refused by a quota \(.*exceeded quota: few.*\); `+
			`raise it, or lower the component's requests$`, w.fails(db))
	},
	"a webhook that refuses pods": func(w *world) {
		w.webhook("pods", func() string { return "no pods on a Sunday" })
		db := w.database("metal-db")
		db.Timeout = hasty
		assert.Regexp(w, `^metal-db: install: not ready after \d+s: StatefulSet metal-db: 0/1 ready, pods are refused by a webhook \(Create Pod metal-db-0 in StatefulSet metal-db failed `+
			`error: admission webhook "gate\.example\.com" denied the request: no pods on a Sunday\); look at what it wants, or whether it runs$`, w.fails(db))
	},
	"what is needed is not ready": func(w *world) {
		db, metal := w.database("metal-db"), w.metal()
		db.Timeout, db.Values = hasty, Merge(db.Values, map[string]any{"image": "lab/unready:1"})
		metal.DependsOn = []string{"metal-db"}
		assert.Regexp(w, `^metal-db: install: not ready after \d+s: .*; metal: not tried: it needs metal-db$`, w.fails(metal, db))
		assert.Empty(w, w.history("metal-control-plane"))
	},
	"a failed upgrade goes back if that is wanted": func(w *world) {
		metal := w.metal()
		w.deploy(metal)
		metal = w.with("image", image("missing"))
		metal.Rollback = true
		assert.Regexp(w, `^metal: upgrade: not ready after \d+s: Deployment metal-api: .*; rolled back to revision 1$`, w.fails(metal))
		assert.Equal(w, "1 superseded, 2 failed, 3 deployed", w.history("metal-control-plane"))
		w.settled(w.metal())
	},
	"what is installed and broken is told by a run that changes nothing": func(w *world) {
		metal := w.with("image", image("unready"))
		metal.Wait, metal.Timeout = false, enough
		w.deploy(metal)
		metal.Wait, metal.Timeout = true, hasty
		assert.Regexp(w, `^metal: not ready after \d+s: Deployment metal-api: .*its probe fails`, w.fails(metal))
	},
}

// refusals are told before anything is changed.
var refusals = map[string]func(*world){
	"a field that cannot be changed": func(w *world) {
		db := w.database("metal-db")
		w.deploy(db)
		db.Values = Merge(db.Values, map[string]any{"storage": "2Gi"})
		assert.Regexp(w, `^metal-db: StatefulSet metal-db: a field that cannot be changed would change \(spec: Forbidden: updates to statefulset spec for fields other than .* are forbidden\); `+
			`name StatefulSet/metal-db in recreate to have it deleted and made again, its claims stay$`, w.fails(db))
		db.Recreate = []string{"StatefulSet/metal-db"}
		assert.Equal(w, []string{"metal-db: delete StatefulSet metal-db and make it again", "metal-db: upgrade database 1.0.0: change StatefulSet metal-db"}, w.deploy(db))
		w.settled(db)
		_, err := w.cluster.Typed().CoreV1().PersistentVolumeClaims(w.namespace).Get(w.Context(), "data-metal-db-0", metav1.GetOptions{})
		require.NoError(w, err)
	},
	"values that the schema refuses": func(w *world) {
		assert.Equal(w, "metal: values: the chart's schema refuses at '/metal_api/replicas': got string, want integer; correct these values", w.fails(w.with("replicas", "three")))
	},
	"a secret that is all digits": func(w *world) {
		assert.Equal(w, "metal: Secret metal-api: METAL_API_DB_PASSWORD is no text, as the chart does not quote it; choose for the value metal_api.db.password one with a letter in it",
			w.fails(w.with("db", map[string]any{"password": "12345678"})))
	},
	"an object of another release": func(w *world) {
		w.deploy(w.database("metal-db"))
		thief := Component{Name: "thief", Release: "thief", Namespace: w.namespace, Timeout: enough, Adopt: true,
			Manifests: "apiVersion: v1\nkind: Service\nmetadata: {name: metal-db}\nspec: {ports: [{port: 1}]}\n"}
		assert.Equal(w, "thief: Service metal-db is of release metal-db in namespace NAMESPACE; remove that release first, or take the object out of one of the two", w.fails(thief))
	},
	"an object of nobody": func(w *world) {
		w.newNamespace()
		_, err := w.cluster.Typed().CoreV1().Secrets(w.namespace).Create(w.Context(), &core.Secret{ObjectMeta: metav1.ObjectMeta{Name: "metal-db"}}, metav1.CreateOptions{})
		require.NoError(w, err)
		db := w.database("metal-db")
		assert.Equal(w, "metal-db: Secret metal-db is there already and of no release; set adopt to take it over", w.fails(db))
		db.Adopt = true
		w.deploy(db)
		w.settled(db)
	},
	"an unknown kind": func(w *world) {
		lost := Component{Name: "lost", Release: "lost", Namespace: w.namespace, Timeout: enough, Manifests: "apiVersion: a.example.com/v1\nkind: Unknown\nmetadata: {name: x}\n"}
		assert.Equal(w, "lost: Unknown x: the cluster knows no kind a.example.com/v1, Kind=Unknown; install first what defines it, and name that in depends_on", w.fails(lost))
	},
	"an object that the cluster refuses": func(w *world) {
		w.newNamespace()
		bad := Component{Name: "bad", Release: "bad", Namespace: w.namespace, Timeout: enough, Manifests: "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: [{port: 99999, targetPort: 1}]}\n"}
		assert.Equal(w, "bad: Service x: the cluster refuses it: spec.ports[0].port: Invalid value: 99999: must be between 1 and 65535, inclusive; correct the values", w.fails(bad))
	},
	"an object that a webhook refuses": func(w *world) {
		w.webhook("statefulsets", func() string { return "claims must be encrypted" })
		assert.Equal(w, `metal-db: StatefulSet metal-db: the cluster refuses it: admission webhook "gate.example.com" denied the request: claims must be encrypted; correct the values`, w.fails(w.database("metal-db")))
		assert.Empty(w, w.history("metal-db"), "nothing was begun")
	},
	"a webhook that does not answer": func(w *world) {
		w.webhook("statefulsets", nil)
		assert.Regexp(w, `^metal-db: StatefulSet metal-db: Internal error occurred: failed calling webhook "gate.example.com": failed to call webhook: Post "https://127.0.0.1:\d+/\?timeout=10s": `+
			`dial tcp 127.0.0.1:\d+: connect: connection refused; look whether what serves this webhook runs, or remove the webhook$`, w.fails(w.database("metal-db")))
	},
	"a quota of objects": func(w *world) {
		w.newNamespace()
		_, err := w.cluster.Typed().CoreV1().ResourceQuotas(w.namespace).Create(w.Context(), &core.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "none"},
			Spec: core.ResourceQuotaSpec{Hard: core.ResourceList{"count/statefulsets.apps": resource.MustParse("0")}}}, metav1.CreateOptions{})
		require.NoError(w, err)
		w.counted("none")
		assert.Equal(w, `metal-db: StatefulSet metal-db: statefulsets.apps "metal-db" is forbidden: exceeded quota: none, requested: count/statefulsets.apps=1, used: count/statefulsets.apps=0, `+
			`limited: count/statefulsets.apps=0; this is admission's word (quota, webhook or policy), not the network's`, w.fails(w.database("metal-db")))
	},
	"a kubernetes that is too old": func(w *world) {
		metal := w.metal(charttest.Change{Old: "\nversion:", New: "\nkubeVersion: \">=1.99\"\nversion:"})
		assert.Regexp(w, `^metal: wants Kubernetes >=1.99, the cluster is v1\.\d+\.\d+; upgrade the cluster, or take another version of the chart$`, w.fails(metal))
	},
	"credentials that may too little": func(w *world) {
		w.newNamespace()
		limited := w.as("reader", rbac.PolicyRule{APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"get"}})
		assert.Equal(w, "metal: read the releases in namespace NAMESPACE: user reader may not list secrets in namespace NAMESPACE; grant it a role that allows that", limited.fails(w.metal()))
	},
	"credentials that are not accepted": func(w *world) {
		strange := *w
		strange.cluster = w.open(func(c *clientcmdapi.Config) { c.AuthInfos["kubetest"] = &clientcmdapi.AuthInfo{Token: "expired"} })
		_, err := New(w.Context(), strange.cluster, nil)
		require.EqualError(w, err, "reach the cluster: https://"+w.kubernetes.Endpoint()+" does not accept the credentials; they have expired or are of another cluster: write a new kubeconfig")
	},
	"a kubeconfig that points nowhere": func(w *world) {
		nowhere := w.open(func(c *clientcmdapi.Config) { c.Clusters["kubetest"].Server = "https://127.0.0.1:1" })
		_, err := New(w.Context(), nowhere, nil)
		require.EqualError(w, err, "reach the cluster: https://127.0.0.1:1 refuses connections; start the API server, or correct the server in the kubeconfig")
	},
	"a certificate of another authority": func(w *world) {
		authority := charttest.NewRepository(w)
		other := w.open(func(c *clientcmdapi.Config) {
			c.Clusters["kubetest"].CertificateAuthorityData, c.Clusters["kubetest"].CertificateAuthority = nil, authority.CAFile()
		})
		_, err := New(w.Context(), other, nil)
		require.EqualError(w, err, "reach the cluster: https://"+w.kubernetes.Endpoint()+" shows a certificate of another authority than the kubeconfig's; the kubeconfig is of another cluster, or a proxy is between")
	},
}

// as is the same world for a user with few rights.
func (w *world) as(user string, rules ...rbac.PolicyRule) *world {
	role := &rbac.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}, Rules: rules}
	_, err := w.cluster.Typed().RbacV1().ClusterRoles().Create(w.Context(), role, metav1.CreateOptions{})
	require.NoError(w, err)
	binding := &rbac.ClusterRoleBinding{ObjectMeta: role.ObjectMeta, RoleRef: rbac.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: w.namespace},
		Subjects: []rbac.Subject{{Kind: "User", APIGroup: "rbac.authorization.k8s.io", Name: user}}}
	_, err = w.cluster.Typed().RbacV1().ClusterRoleBindings().Create(w.Context(), binding, metav1.CreateOptions{})
	require.NoError(w, err)
	limited := *w
	limited.cluster = w.open(func(c *clientcmdapi.Config) { c.AuthInfos["admin"].Impersonate = user })
	return &limited
}

// open opens the cluster by a kubeconfig that was changed.
func (w *world) open(change func(*clientcmdapi.Config)) *cluster.Cluster {
	config, err := clientcmd.LoadFromFile(w.kubernetes.Kubeconfig())
	require.NoError(w, err)
	change(config)
	for _, c := range config.Contexts {
		if config.AuthInfos["kubetest"] != nil {
			c.AuthInfo = "kubetest"
		}
	}
	text, err := clientcmd.Write(*config)
	require.NoError(w, err)
	opened, err := cluster.Open(cluster.Kubeconfig{Content: string(text)})
	require.NoError(w, err)
	return opened
}

// counted waits until a quota counts.
func (w *world) counted(name string) {
	require.EventuallyWithT(w, func(c *assert.CollectT) {
		quota, err := w.cluster.Typed().CoreV1().ResourceQuotas(w.namespace).Get(w.Context(), name, metav1.GetOptions{})
		require.NoError(c, err)
		require.NotEmpty(c, quota.Status.Hard)
	}, enough, 50*time.Millisecond)
}

func TestAClaimThatNamesNoClassWaitsWhereNoneIsTheDefault(t *testing.T) {
	k := kubetest.Run(t, kubetest.Options{Pods: true})
	c, err := cluster.Open(cluster.Kubeconfig{File: k.Kubeconfig()})
	require.NoError(t, err)
	w := &world{TB: t, kubernetes: k, cluster: c, namespace: "classless"}
	db := w.database("metal-db")
	db.Timeout = hasty
	assert.Regexp(t, `^metal-db: install: not ready after \d+s: StatefulSet metal-db: pod metal-db-0: its claim data-metal-db-0 is pending: it names no StorageClass and the cluster has no default one; `+
		`mark one \(annotation storageclass\.kubernetes\.io/is-default-class\), or name one in the values$`, w.fails(db))
}
