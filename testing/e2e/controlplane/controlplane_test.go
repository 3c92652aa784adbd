// Package controlplane runs the role metal_control_plane by ansible-playbook, from this checkout and with what make build has built, against a
// real API server whose pods KWOK plays, and a real registry.
package controlplane

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/cluster"
	"github.com/metal-stack/initial-cluster/testing/charttest"
	"github.com/metal-stack/initial-cluster/testing/kubetest"
)

const (
	top       = "../../.."
	namespace = "metal-control-plane"
)

const playbook = `---
- name: Deploy the control plane
  hosts: localhost
  gather_facts: false
  roles:
    - role: metalstack.initial_cluster.metal_control_plane
  post_tasks:
    - name: Show the images
      ansible.builtin.debug:
        msg: "images: {{ metal_control_plane_result.images | default([]) | join(' ') }}"
`

// secrets are in no output.
var secrets = []string{
	charttest.Password, "pull-password-1", "rethinkdb-password-1", "123456789", "masterdata-password-1", "an-encryption-key-of-32-letters-", "s3-access-key-1", "s3-secret-key-1",
	"view-key-secret-1", "edit-key-secret-1", "admin-key-secret-1", "hmac-secret-1", "session-secret-1", "oidc-secret-1", "PRIVATE KEY",
}

type world struct {
	dir         string
	environment []string
	cluster     *cluster.Cluster
}

func newWorld(t *testing.T) *world {
	t.Helper()
	kubernetes := kubetest.Run(t, kubetest.Options{Pods: true, Storage: true})
	registry := charttest.NewRegistry(t)
	registry.Push(t, "mirror/metal-stack/helm-charts", "metal-control-plane")
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/metal/v1/health", r.URL.Path)
		_, err := w.Write([]byte(`{"status": "healthy"}`))
		assert.NoError(t, err)
	}))
	t.Cleanup(api.Close)
	collections, err := filepath.Abs(filepath.Join(top, ".cache/collections")) // make build leads it back here
	require.NoError(t, err)
	w := &world{dir: t.TempDir()}
	w.cluster, err = cluster.Open(cluster.Kubeconfig{File: kubernetes.Kubeconfig()})
	require.NoError(t, err)
	w.environment = append(os.Environ(), "HOME="+w.dir, "KUBECONFIG="+kubernetes.Kubeconfig(), "ANSIBLE_COLLECTIONS_PATH="+collections, "ANSIBLE_CONFIG=", "ANSIBLE_NOCOLOR=1",
		"ANSIBLE_LOCALHOST_WARNING=false")
	require.NoError(t, os.CopyFS(w.dir, os.DirFS("testdata")))
	for name, text := range map[string]string{"playbook.yml": playbook, "site.yml": strings.NewReplacer("@HOST@", registry.Host(), "@CA@", registry.CAFile(), "@API@", api.URL).Replace(site)} {
		require.NoError(t, os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600))
	}
	return w
}

// site is what only this machine has.
const site = `
metal_stack_release_vectors: [{url: release.yaml, variable_mapping_path: metal_stack_release.mapping, include_role_defaults: metal-roles/common/roles/defaults}]
metal_control_plane_registry: {username: ` + charttest.User + `, password: ` + charttest.Password + `, ca_file: "@CA@"}
metal_control_plane_mirrors: {ghcr.io/metal-stack: "@HOST@/mirror/metal-stack", docker.io: "@HOST@/mirror/docker"}
metal_check_api_health_endpoint: "@API@/metal/v1/health"
`

// play runs the playbook and gives what Ansible shows.
func (w *world) play(t *testing.T, arguments ...string) (out string, failed bool) {
	t.Helper()
	command, err := filepath.Abs(filepath.Join(top, ".cache/venv/bin/ansible-playbook"))
	require.NoError(t, err)
	if _, err := os.Stat(command); err != nil && os.Getenv("CI") != "true" {
		t.Skip("needs Ansible, " + command + "; make venv installs it")
	}
	arguments = append([]string{"-i", "localhost,", "-c", "local", "--extra-vars=@variables.yml", "--extra-vars=@site.yml", "playbook.yml"}, arguments...)
	ansible := exec.CommandContext(t.Context(), command, arguments...)
	ansible.Dir, ansible.Env = w.dir, w.environment
	said, err := ansible.CombinedOutput()
	for _, secret := range secrets {
		assert.NotContains(t, string(said), secret)
	}
	return string(said), err != nil
}

var recap = regexp.MustCompile(`changed=(\d+) +unreachable=0 +failed=(\d+)`)

func (w *world) changed(t *testing.T, arguments ...string) (count, out string) {
	t.Helper()
	out, failed := w.play(t, append(arguments, "--diff", "-v")...)
	require.False(t, failed, out)
	found := recap.FindStringSubmatch(out)
	require.NotNil(t, found, out)
	return found[1], out
}

var (
	step   = regexp.MustCompile(`"steps": \[(.*?)\]`)
	action = regexp.MustCompile(`"action": "(\w+)", "chart": [^}]*?"name": "([\w-]+)"`)
)

// actions are what was done with each component.
func actions(out string) map[string]string {
	found := map[string]string{}
	for _, a := range action.FindAllStringSubmatch(out, -1) {
		found[a[2]] = a[1]
	}
	return found
}

func all(action string) map[string]string {
	return map[string]string{"nsq": action, "metal-db": action, "ipam-db": action, "masterdata-db": action, "valkey": action, "metal": action}
}

func TestTheRoleDeploysAControlPlane(t *testing.T) {
	w := newWorld(t)
	only := func(component, action string) map[string]string {
		actions := all("none")
		actions[component] = action
		return actions
	}
	for _, c := range []struct {
		name      string
		arguments []string
		changed   string
		actions   map[string]string
		steps     string
	}{
		{name: "check", arguments: []string{"--check"}, changed: "1", actions: all("install")},
		{name: "install", changed: "1", actions: all("install")},
		{name: "again", changed: "0", actions: all("none")},
		{name: "check a variable of a database", arguments: []string{"--check", "-e", "ipam_db_max_connections=200"}, changed: "1", actions: only("ipam-db", "upgrade"),
			steps: `"ipam-db: upgrade database 1.0.0: change ConfigMap backup-restore-sidecar-config-ipam-db, change StatefulSet ipam-db"`},
		{name: "change it", arguments: []string{"-e", "ipam_db_max_connections=200"}, changed: "1", actions: only("ipam-db", "upgrade"),
			steps: `"ipam-db: upgrade database 1.0.0: change ConfigMap backup-restore-sidecar-config-ipam-db, change StatefulSet ipam-db"`},
		{name: "check a variable of the metal-api", arguments: []string{"--check", "-e", "ipam_db_max_connections=200", "-e", "metal_api_replicas=1"}, changed: "1", actions: only("metal", "upgrade"),
			steps: `"metal: upgrade metal-control-plane 0.8.8: change Deployment metal-api"`},
	} {
		count, out := w.changed(t, c.arguments...)
		assert.Equal(t, c.changed, count, "%s: %s", c.name, out)
		assert.Equal(t, c.actions, actions(out), c.name)
		if c.steps != "" {
			assert.Equal(t, c.steps, step.FindStringSubmatch(out)[1], c.name)
		}
	}
	w.remove(t)
}

// remove asks for the names, and leaves the claims.
func (w *world) remove(t *testing.T) {
	t.Helper()
	out, failed := w.play(t, "-e", "metal_control_plane_state=absent")
	assert.True(t, failed, out)
	t.Log(out)
	count, out := w.changed(t, "-e", "metal_control_plane_state=absent", "-e", `{"metal_control_plane_confirm": ["metal-db", "ipam-db", "masterdata-db", "valkey", "nsq"]}`)
	assert.Equal(t, "1", count, out)
	t.Log(out)
}
