// Package metalstackcloud runs the roles for clusters of others by ansible-playbook, from this checkout and with what make build has
// built, against a stand-in of metalstack.cloud whose clusters are real Kubernetes.
package metalstackcloud

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/kubetest"
	"github.com/metal-stack/initial-cluster/testing/metalstackcloudtest"
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

type world struct {
	dir         string
	environment []string
	token       string
}

func newWorld(t *testing.T) (*world, *metalstackcloudtest.Server) {
	t.Helper()
	authority, err := certtest.NewAuthority(t.TempDir())
	require.NoError(t, err)
	certificate, err := authority.ServerCertificate()
	require.NoError(t, err)
	cloud, err := metalstackcloudtest.Start(metalstackcloudtest.Options{Dir: t.TempDir(), Certificate: certificate, Kubernetes: kubetest.Find(t)})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cloud.Close()) })
	collections, err := filepath.Abs(filepath.Join(top, ".cache/collections")) // make build leads it back here
	require.NoError(t, err)
	w := &world{dir: t.TempDir()}
	w.token, err = cloud.Token(time.Hour, metalstackcloudtest.Grant{Project: project, Role: "editor"})
	require.NoError(t, err)
	w.environment = append(os.Environ(), "HOME="+w.dir, "KUBECONFIG="+filepath.Join(w.dir, "kubeconfig"), "SSL_CERT_FILE="+authority.File(),
		"METAL_STACK_CLOUD_API_TOKEN="+w.token, "ANSIBLE_COLLECTIONS_PATH="+collections, "ANSIBLE_CONFIG=", "ANSIBLE_NOCOLOR=1", "ANSIBLE_LOCALHOST_WARNING=false")
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "playbook.yml"), []byte(playbook), 0o600))
	return w, cloud
}

// play runs the playbook and gives what Ansible shows.
func (w *world) play(t *testing.T, arguments ...string) (out string, failed bool) {
	t.Helper()
	command, err := filepath.Abs(filepath.Join(top, ".cache/venv/bin/ansible-playbook"))
	require.NoError(t, err)
	if _, err := os.Stat(command); err != nil && os.Getenv("CI") != "true" {
		t.Skip("needs Ansible, " + command + "; make venv installs it")
	}
	ansible := exec.CommandContext(t.Context(), command, append([]string{"-i", "localhost,", "-c", "local", "playbook.yml"}, arguments...)...)
	ansible.Dir, ansible.Env = w.dir, w.environment
	said, err := ansible.CombinedOutput()
	assert.NotContains(t, string(said), w.token)
	return string(said), err != nil
}

var recap = regexp.MustCompile(`changed=(\d+) +unreachable=0 +failed=(\d+)`)

func (w *world) changed(t *testing.T, arguments ...string) (count, out string) {
	t.Helper()
	out, failed := w.play(t, arguments...)
	require.False(t, failed, out)
	found := recap.FindStringSubmatch(out)
	require.NotNil(t, found, out)
	return found[1], out
}

func TestTheRolesMakeChangeAndDeleteACluster(t *testing.T) {
	w, cloud := newWorld(t)
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
		changed, out := w.changed(t, step.arguments...)
		assert.Equal(t, step.changed, changed, "%s: %s", step.name, out)
		assert.Len(t, cloud.Clusters(), step.clusters, step.name)
		assert.Contains(t, out, step.shows, step.name)
	}
	config, err := os.ReadFile(filepath.Join(w.dir, "kubeconfig"))
	require.NoError(t, err)
	assert.NotContains(t, string(config), "initial")
}

func TestTheRolesSayInOneLineWhatIsWrong(t *testing.T) {
	w, _ := newWorld(t)
	out, failed := w.play(t, "--extra-vars={metalstack_cloud_cluster_name: Initial, metalstack_cloud_cluster_kubernetes_version: newest, metalstack_cloud_cluster_timeout: 0}")
	assert.True(t, failed, out)
	assert.Contains(t, out, `name: \"Initial\" is no name of a cluster; it has 2 to 12 of a-z, 0-9 and -, and begins with a letter; `+
		`kubernetes_version: \"newest\" is no version; give one as 1.33.2, or a minor as 1.33 for its newest; cluster_timeout: at least 1 second is wanted`)
	missing := filepath.Join(w.dir, "nowhere")
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "playbook.yml"), []byte(strings.ReplaceAll(`---
- name: Take a cluster
  hosts: localhost
  gather_facts: false
  roles:
    - role: metalstack.initial_cluster.initial_cluster
      vars: {initial_cluster_kubeconfig: "@PATH@"}
`, "@PATH@", missing)), 0o600))
	out, failed = w.play(t)
	assert.True(t, failed, out)
	assert.Contains(t, out, fmt.Sprintf("read the kubeconfig %s: there is no such file; name the kubeconfig of the cluster", missing))
}
