package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/metal-stack/initial-cluster/testing/charttest"
)

// bad are inputs that nothing can be done with: what is changed in good ones, and the whole message.
var bad = map[string]struct {
	change  func(*testing.T, *world, map[string]any)
	message string
}{
	"an unknown component in depends_on": {
		func(_ *testing.T, _ *world, in map[string]any) { first(in)["depends_on"] = []string{"metal-db"} },
		"metal: depends_on names metal-db, which is no component; it must be one of metal",
	},
	"a circle": {
		func(_ *testing.T, _ *world, in map[string]any) { first(in)["depends_on"] = []string{"metal"} },
		"depends_on leads in a circle: metal needs metal; take one of these dependencies out",
	},
	"a chart without a version": {
		func(_ *testing.T, _ *world, in map[string]any) { delete(of(first(in), "chart"), "version") },
		"metal: chart oci://@REGISTRY@/metal-stack/metal-control-plane has no version; give version or digest, so that the same chart comes tomorrow",
	},
	"a version that the registry lacks": {
		func(_ *testing.T, _ *world, in map[string]any) { of(first(in), "chart")["version"] = "9.9.9" },
		"metal: chart oci://@REGISTRY@/metal-stack/metal-control-plane:9.9.9: the registry has no such version; correct ref or version: cannot be had",
	},
	"a digest that does not match": {
		func(_ *testing.T, _ *world, in map[string]any) {
			of(first(in), "chart")["digest"] = "sha256:" + strings.Repeat("0", 64)
		},
		"metal: chart oci://@REGISTRY@/metal-stack/metal-control-plane: its digest is @DIGEST@, not @DIGEST@ as asked for; it was changed under its name, do not use it before you know why",
	},
	"a wrong password of the registry": {
		func(_ *testing.T, _ *world, in map[string]any) { of(first(in), "chart")["password"] = "wrong-password" },
		"metal: chart oci://@REGISTRY@/metal-stack/metal-control-plane:0.8.8: the registry does not accept user puller and the password; correct them, or let the user read this chart",
	},
	"a registry of another authority": {
		func(_ *testing.T, _ *world, in map[string]any) { delete(of(first(in), "chart"), "ca_file") },
		`metal: chart oci://@REGISTRY@/metal-stack/metal-control-plane:0.8.8: cannot be had: Head "https://@REGISTRY@/v2/metal-stack/metal-control-plane/manifests/0.8.8": ` +
			`tls: failed to verify certificate: x509: certificate signed by unknown authority; look at the registry, or give a mirror`,
	},
	"values that the chart's schema refuses": {
		func(_ *testing.T, _ *world, in map[string]any) {
			first(in)["values"] = map[string]any{"metal_api": map[string]any{"replicas": "three", "base_path": 1}}
		},
		"metal: values: the chart's schema refuses at '/metal_api/base_path': got number, want string, and at '/metal_api/replicas': got string, want integer; correct these values",
	},
	"a kubeconfig that is not there": {
		func(_ *testing.T, _ *world, in map[string]any) { in["kubeconfig"] = "/nowhere/kubeconfig" },
		"kubeconfig /nowhere/kubeconfig: there is no such file; the role that makes the cluster writes it",
	},
	"a kubeconfig that points nowhere": {
		func(t *testing.T, w *world, in map[string]any) {
			w.connect(t, in, func(c *clientcmdapi.Config) { c.Clusters["kubetest"].Server = "https://127.0.0.1:1" })
		},
		"reach the cluster: https://127.0.0.1:1 refuses connections; start the API server, or correct the server in the kubeconfig",
	},
	"a kubeconfig of another cluster": {
		func(t *testing.T, w *world, in map[string]any) {
			w.connect(t, in, func(c *clientcmdapi.Config) {
				c.Clusters["kubetest"].CertificateAuthorityData, c.Clusters["kubetest"].CertificateAuthority = nil, w.registry.CAFile()
			})
		},
		"reach the cluster: https://@API@ shows a certificate of another authority than the kubeconfig's; the kubeconfig is of another cluster, or a proxy is between",
	},
	"expired credentials": {
		func(t *testing.T, w *world, in map[string]any) {
			w.connect(t, in, func(c *clientcmdapi.Config) { c.AuthInfos["admin"] = &clientcmdapi.AuthInfo{Token: "expired-token-1"} })
		},
		"reach the cluster: https://@API@ does not accept the credentials; they have expired or are of another cluster: write a new kubeconfig",
	},
	"no permissions": {
		func(t *testing.T, w *world, in map[string]any) {
			w.connect(t, in, func(c *clientcmdapi.Config) { c.AuthInfos["admin"].Impersonate = "nobody" })
		},
		"metal: read the releases in namespace @NAMESPACE@: user nobody may not list secrets in namespace @NAMESPACE@; grant it a role that allows that",
	},
	"too few permissions": {
		func(t *testing.T, w *world, in map[string]any) {
			w.allow(t, "reader", rbac.PolicyRule{APIGroups: []string{"", "apps", "batch", "policy"}, Resources: []string{"*"}, Verbs: []string{"get", "list"}},
				rbac.PolicyRule{APIGroups: []string{"", "apps"}, Resources: []string{"secrets", "configmaps", "services", "deployments"}, Verbs: []string{"patch", "create"}})
			w.connect(t, in, func(c *clientcmdapi.Config) { c.AuthInfos["admin"].Impersonate = "reader" })
		},
		"metal: PodDisruptionBudget metal-api: user reader may not patch poddisruptionbudgets.policy in namespace @NAMESPACE@; grant it a role that allows that; " +
			"CronJob metal-api-liveliness: user reader may not patch cronjobs.batch in namespace @NAMESPACE@; grant it a role that allows that",
	},
}

func first(in map[string]any) map[string]any { return in["components"].([]any)[0].(map[string]any) }

func of(in map[string]any, key string) map[string]any { return in[key].(map[string]any) }

func TestBadInputIsOneLineThatNamesTheComponentAndTheRemedy(t *testing.T) {
	shared := newWorld(t)
	number := 0
	for name, c := range bad {
		number++
		w := shared.fresh(fmt.Sprintf("bad-%d", number))
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := w.cluster.Typed().CoreV1().Namespaces().Create(t.Context(), &core.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}, metav1.CreateOptions{})
			require.NoError(t, err)
			in := map[string]any{"kubeconfig": w.kubernetes.Kubeconfig(), "namespace": w.namespace, "components": []any{map[string]any{
				"name": "metal", "values": map[string]any{}, "secret_values": map[string]any{"metal_api": map[string]any{"view_key": "view-key-secret"}},
				"chart": map[string]any{"ref": "oci://" + w.registry.Host() + "/metal-stack/metal-control-plane", "version": "0.8.8",
					"username": charttest.User, "password": charttest.Password, "ca_file": w.registry.CAFile()},
			}}}
			c.change(t, w, in)
			text, err := json.Marshal(in)
			require.NoError(t, err)
			result := w.run(t, string(text))
			assert.Equal(t, true, result["failed"])
			assert.Equal(t, c.message, strings.ReplaceAll(result["msg"].(string), w.kubernetes.Endpoint(), "@API@"))
			assert.Empty(t, w.statuses(t), "nothing was begun")
		})
	}
}

// connect gives a changed kubeconfig.
func (w *world) connect(t *testing.T, in map[string]any, change func(*clientcmdapi.Config)) {
	config, err := clientcmd.LoadFromFile(w.kubernetes.Kubeconfig())
	require.NoError(t, err)
	change(config)
	text, err := clientcmd.Write(*config)
	require.NoError(t, err)
	delete(in, "kubeconfig")
	in["kubeconfig_content"] = string(text)
}

func (w *world) allow(t *testing.T, user string, rules ...rbac.PolicyRule) {
	role := &rbac.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: user}, Rules: rules}
	_, err := w.cluster.Typed().RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = w.cluster.Typed().RbacV1().ClusterRoleBindings().Create(t.Context(), &rbac.ClusterRoleBinding{ObjectMeta: role.ObjectMeta,
		RoleRef: rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "ClusterRole", Name: user}, Subjects: []rbac.Subject{{Kind: "User", APIGroup: rbac.GroupName, Name: user}}}, metav1.CreateOptions{})
	require.NoError(t, err)
}
