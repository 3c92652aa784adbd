// Package metalstackcloud runs the roles for clusters of others by ansible-playbook, from this checkout and with what make build has
// built, against a stand-in of metalstack.cloud whose clusters are real Kubernetes.
package metalstackcloud

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/kubetest"
	"github.com/metal-stack/initial-cluster/testing/metalstackcloudtest"
	"github.com/metal-stack/initial-cluster/testing/play"
)

const (
	top     = "../../.."
	project = "f8e67080-ba68-41d2-ad44-59dc65a09a33"
)

// playbook makes the cluster, as the playbooks of the deployment options do.
const playbook = `---
- name: Make the initial cluster
  hosts: localhost
  gather_facts: false
  roles:
    - role: metalstack.initial_cluster.initial_cluster
  post_tasks:
    - name: Show the cluster
      ansible.builtin.debug:
        msg: "reached {{ initial_cluster_result.cluster.version | default('none') }} as {{ initial_cluster_result.cluster.user | default('nobody') }}"
`

func newWorld(t *testing.T) (*play.Here, *metalstackcloudtest.Server) {
	t.Helper()
	authority, err := certtest.NewAuthority(t.TempDir())
	require.NoError(t, err)
	certificate, err := authority.ServerCertificate()
	require.NoError(t, err)
	cloud, err := metalstackcloudtest.Start(metalstackcloudtest.Options{Dir: t.TempDir(), Certificate: certificate, Kubernetes: kubetest.Find(t)})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cloud.Close()) })
	token, err := cloud.Token(time.Hour, metalstackcloudtest.Grant{Project: project, Role: "editor"})
	require.NoError(t, err)
	h := play.NewHere(t, top, playbook)
	h.Env = append(h.Env, "KUBECONFIG="+filepath.Join(h.Dir, "kubeconfig"), "SSL_CERT_FILE="+authority.File(), "METAL_STACK_CLOUD_API_TOKEN="+token)
	h.Secrets = []string{token}
	return h, cloud
}

func TestTheRolesMakeChangeAndDeleteACluster(t *testing.T) {
	h, cloud := newWorld(t)
	set := func(values string) string {
		return "--extra-vars={metalstack_cloud_cluster_name: initial, " + values + "}"
	}
	for _, step := range []struct {
		name      string
		arguments []string
		changed   string
		clusters  int
		shows     string
	}{
		{"check before there is one", []string{"--check", "--diff", set("metalstack_cloud_cluster_kubernetes_version: '1.35'")}, "1", 0, `+    "kubernetes_version": "1.35.7"`},
		{"make it", []string{set("metalstack_cloud_cluster_kubernetes_version: '1.35'")}, "1", 1, "reached v1.35.7 as lab@metalstack.cloud"},
		{"again", []string{set("metalstack_cloud_cluster_kubernetes_version: '1.35'")}, "0", 1, "reached v1.35.7 as lab@metalstack.cloud"},
		{"look at it alone", []string{set("initial_cluster_state: reached, metalstack_cloud_cluster_project: " + project)}, "0", 1, "reached v1.35.7 as lab@metalstack.cloud"},
		{"upgrade it", []string{set("metalstack_cloud_cluster_kubernetes_version: '1.36'")}, "1", 1, "reached v1.36.3 as lab@metalstack.cloud"},
		{"check its deletion", []string{"--check", set("initial_cluster_state: absent")}, "1", 1, "reached none"},
		{"delete it", []string{set("initial_cluster_state: absent")}, "1", 0, "reached none"},
		{"delete it again", []string{set("initial_cluster_state: absent")}, "0", 0, "reached none"},
	} {
		changed, out := h.Changed(t, step.arguments...)
		assert.Equal(t, step.changed, changed, "%s: %s", step.name, out)
		assert.Len(t, cloud.Clusters(), step.clusters, step.name)
		assert.Contains(t, out, step.shows, step.name)
	}
	config, err := os.ReadFile(filepath.Join(h.Dir, "kubeconfig"))
	require.NoError(t, err)
	assert.NotContains(t, string(config), "initial")
}

func TestTheRolesSayInOneLineWhatIsWrong(t *testing.T) {
	h, _ := newWorld(t)
	out, failed := h.Play(t, "--extra-vars={metalstack_cloud_cluster_name: Initial, metalstack_cloud_cluster_kubernetes_version: newest, metalstack_cloud_cluster_timeout: 0}")
	assert.True(t, failed, out)
	assert.Contains(t, out, `name: \"Initial\" is no name of a cluster; it has 2 to 12 of a-z, 0-9 and -, and begins with a letter; `+
		`kubernetes_version: \"newest\" is no version; give one as 1.33.2, or a minor as 1.33 for its newest; cluster_timeout: at least 1 second is wanted`)
	missing := filepath.Join(h.Dir, "nowhere")
	h.Write(t, strings.ReplaceAll(`---
- name: Take a cluster
  hosts: localhost
  gather_facts: false
  roles:
    - role: metalstack.initial_cluster.initial_cluster
      vars: {initial_cluster_kubeconfig: "@PATH@"}
`, "@PATH@", missing))
	out, failed = h.Play(t)
	assert.True(t, failed, out)
	assert.Contains(t, out, fmt.Sprintf("read the kubeconfig %s: there is no such file; name the kubeconfig of the cluster", missing))
}
