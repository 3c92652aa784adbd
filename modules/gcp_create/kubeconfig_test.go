package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/gketest"
)

func (w *world) file(name string) string {
	w.Helper()
	content, err := os.ReadFile(filepath.Join(w.dir, name))
	require.NoError(w, err)
	return string(content)
}

func (w *world) write(name, content string) {
	w.Helper()
	require.NoError(w, os.MkdirAll(filepath.Dir(filepath.Join(w.dir, name)), 0o700))
	require.NoError(w, os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o600))
}

func TestTheKubeconfigIsWrittenAsAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gketest.Options{})
	existing(w)
	with := func(options string) string { return `{` + handedOut + options + `}` }

	w.done(with(`, "kubeconfig_user": "token", "kubeconfig_current": false`))
	assert.Contains(t, w.file("kubeconfig"), "token: ya29.c.")
	assert.NotContains(t, w.file("kubeconfig"), "current-context: gke_")
	assert.Equal(t, false, w.done(with(`, "kubeconfig_user": "token", "kubeconfig_current": false`))["changed"], "a token that is good for long stays")

	w.done(with(`, "kubeconfig_user": "gke-gcloud-auth-plugin"`))
	assert.Contains(t, w.file("kubeconfig"), "command: gke-gcloud-auth-plugin")
	assert.Contains(t, w.file("kubeconfig"), "current-context: gke_lab-project_europe-west3-a_initial")
	assert.NotContains(t, w.file("kubeconfig"), "ya29.c.")

	w.done(with(`, "kubeconfig_endpoint": "private"`))
	assert.Contains(t, w.file("kubeconfig"), "server: https://10.156.0.3")
	assert.Contains(t, w.file("kubeconfig"), ".local/share/metalstack.initial_cluster/gke-credential")
	assert.Equal(t, "initial/europe-west3-a: the cluster has no dns endpoint that can be used; choose another in kubeconfig_endpoint",
		w.failed(with(`, "kubeconfig_endpoint": "dns"`)))
	checked := w.checked(with(`, "kubeconfig_endpoint": "dns", "dns_endpoint": true`))
	require.NotEqual(t, true, checked["failed"], checked["msg"])
	w.done(with(`, "kubeconfig_endpoint": "dns", "dns_endpoint": true`))
	assert.Regexp(t, `server: https://gke-[0-9a-f]+.europe-west3.gke.goog`, w.file("kubeconfig"))
	info, err := os.Stat(filepath.Join(w.dir, "kubeconfig"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestTheDefaultKubeconfigIsThatOfKubectl(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gketest.Options{})
	existing(w)
	result := w.done(strings.Replace(`{`+handedOut+`, "kubeconfig_user": "gke-gcloud-auth-plugin"}`, `"kubeconfig": "@DIR@/kubeconfig",`, "", 1))
	assert.Equal(t, map[string]any{"path": "@DIR@/.kube/config", "context": "gke_lab-project_europe-west3-a_initial"}, result["kubeconfig"])
	assert.Contains(t, w.file(".kube/config"), "gke_lab-project_europe-west3-a_initial")
}

// Nothing is made whose kubeconfig could not be written then.
func TestAKubeconfigThatIsNoneIsSaidBeforeAnythingIsMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gketest.Options{})
	w.write("kubeconfig", "]")
	assert.Regexp(t, "^initial/europe-west3-a: read the kubeconfig @DIR@/kubeconfig: ", w.failed(`{`+handedOut+`}`))
	assert.Empty(t, w.gke.Clusters())
	assert.Equal(t, "access_token: it cannot be renewed, so no user of kind exec can be made of it; give other credentials, or ask for the kind token",
		w.failed(`{"access_token": "some-token", "location": "europe-west3-a", "name": "initial", "project": "lab-project", "api_endpoint": "@GKE@"}`))
}

func TestTheOthersInTheKubeconfigStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gketest.Options{})
	const others = "# ours\nkind: Config\napiVersion: v1\nclusters:\n- name: other\n  cluster:\n    server: https://192.0.2.1\ncontexts: []\nusers: []\ncurrent-context: other\n"
	w.write("kubeconfig", others)
	w.done(`{` + handedOut + `, "kubernetes_version": "1.35", "kubeconfig_current": false}`)
	assert.Contains(t, w.file("kubeconfig"), "server: https://192.0.2.1")
	w.done(`{` + handedOut + `, "state": "absent"}`)
	assert.YAMLEq(t, others, w.file("kubeconfig"))
}
