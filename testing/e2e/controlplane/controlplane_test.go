// Package controlplane runs the role metal_control_plane by ansible-playbook, from this checkout and with what make build has built, against a
// real API server whose pods KWOK plays, and a real registry.
package controlplane

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/metal-stack/initial-cluster/internal/cluster"
	"github.com/metal-stack/initial-cluster/testing/charttest"
	"github.com/metal-stack/initial-cluster/testing/kubetest"
	"github.com/metal-stack/initial-cluster/testing/play"
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
	*play.Here
	cluster  *cluster.Cluster
	registry *charttest.Registry
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
	w := &world{Here: play.NewHere(t, top, playbook), registry: registry}
	var err error
	w.cluster, err = cluster.Open(cluster.Kubeconfig{File: kubernetes.Kubeconfig()})
	require.NoError(t, err)
	w.Env = append(w.Env, "KUBECONFIG="+kubernetes.Kubeconfig())
	w.Arguments = append(w.Arguments, "--extra-vars=@variables.yml", "--extra-vars=@site.yml")
	w.Secrets = secrets
	require.NoError(t, os.CopyFS(w.Dir, os.DirFS("testdata")))
	text := strings.NewReplacer("@HOST@", registry.Host(), "@CA@", registry.CAFile(), "@API@", api.URL).Replace(site)
	require.NoError(t, os.WriteFile(filepath.Join(w.Dir, "site.yml"), []byte(text), 0o600))
	return w
}

// site is what only this machine has.
const site = `
metal_stack_release_vectors: [{url: release.yaml, variable_mapping_path: metal_stack_release.mapping, include_role_defaults: metal-roles/common/roles/defaults}]
metal_control_plane_registry: {username: ` + charttest.User + `, password: ` + charttest.Password + `, ca_file: "@CA@"}
metal_control_plane_mirrors: {ghcr.io/metal-stack: "@HOST@/mirror/metal-stack", docker.io: "@HOST@/mirror/docker"}
metal_check_api_health_endpoint: "@API@/metal/v1/health"
`

func (w *world) changed(t *testing.T, arguments ...string) (count, out string) {
	t.Helper()
	return w.Changed(t, append(arguments, "--diff", "-v")...)
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

// deployed is what the playbook's task shows: the difference, and what it returns.
func deployed(out string) string {
	_, rest, _ := strings.Cut(out, "metal_control_plane : Deploy the control plane]")
	shown, _, _ := strings.Cut(rest, "TASK [")
	return progress.ReplaceAllString(shown, "")
}

var progress = regexp.MustCompile(`(?m)^metal_control_plane: .*\n`)

func TestTheRoleDeploysAControlPlane(t *testing.T) {
	w := newWorld(t)
	before := w.database(t)
	w.installs(t)
	assert.Equal(t, before, w.database(t), "the StatefulSet of metal-roles and its claim are the same as before")
	w.changes(t)
	w.removes(t)
}

func (w *world) installs(t *testing.T) {
	t.Helper()
	for _, c := range []struct {
		arguments []string
		changed   string
		action    string
	}{{[]string{"--check"}, "1", "install"}, {nil, "1", "install"}, {nil, "0", "none"}, {[]string{"--check"}, "0", "none"}} {
		count, out := w.changed(t, c.arguments...)
		assert.Equal(t, c.changed, count, out)
		assert.Equal(t, all(c.action), actions(out))
		assert.Contains(t, out, w.registry.Host()+"/mirror/docker/nsqio/nsq:v1.3.0")
	}
}

// changes changes one variable: check mode says what apply then does, and only the component that it belongs to changes.
func (w *world) changes(t *testing.T) {
	t.Helper()
	for _, c := range []struct{ variable, component, steps string }{
		{"ipam_db_max_connections=200", "ipam-db", `"ipam-db: upgrade database 1.0.0: change ConfigMap backup-restore-sidecar-config-ipam-db, change StatefulSet ipam-db"`},
		{"metal_api_replicas=1", "metal", `"metal: upgrade metal-control-plane 0.8.8: change Deployment metal-api"`},
	} {
		w.Arguments = append(w.Arguments, "-e", c.variable)
		_, checked := w.changed(t, "--check")
		count, out := w.changed(t)
		assert.Equal(t, "1", count, out)
		want := all("none")
		want[c.component] = "upgrade"
		assert.Equal(t, want, actions(out))
		assert.Equal(t, c.steps, step.FindStringSubmatch(out)[1])
		assert.Equal(t, deployed(checked), deployed(out), "check mode says what apply does")
	}
}

// removes asks for the names of what holds data, and leaves the claims.
func (w *world) removes(t *testing.T) {
	t.Helper()
	w.Arguments = append(w.Arguments, "-e", "metal_control_plane_state=absent")
	out, failed := w.Play(t)
	assert.True(t, failed, out)
	assert.Contains(t, out, `"msg": "refusing to remove valkey, masterdata-db, ipam-db, metal-db, nsq: they hold data; back them up, then type these names out in confirm"`)
	claims := w.claims(t)
	require.NotEmpty(t, claims)
	count, out := w.changed(t, "-e", `{"metal_control_plane_confirm": ["metal-db", "ipam-db", "masterdata-db", "valkey", "nsq"]}`)
	assert.Equal(t, "1", count, out)
	assert.Equal(t, claims, w.claims(t))
	left, err := w.cluster.Typed().AppsV1().StatefulSets(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	assert.Empty(t, left.Items)
}

func (w *world) claims(t *testing.T) (names []string) {
	t.Helper()
	claims, err := w.cluster.Typed().CoreV1().PersistentVolumeClaims(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	for _, claim := range claims.Items {
		names = append(names, claim.Name)
	}
	return names
}

// database gives what tells the masterdata-db from another one: it and its claim are as the role of metal-roles makes them. The first call
// makes them.
func (w *world) database(t *testing.T) []string {
	t.Helper()
	typed := w.cluster.Typed()
	if _, err := typed.CoreV1().Namespaces().Create(t.Context(), &core.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err == nil {
		_, err = typed.AppsV1().StatefulSets(namespace).Create(t.Context(), ofMetalRoles("masterdata-db"), metav1.CreateOptions{})
		require.NoError(t, err)
	}
	set, err := typed.AppsV1().StatefulSets(namespace).Get(t.Context(), "masterdata-db", metav1.GetOptions{})
	require.NoError(t, err)
	var claim *core.PersistentVolumeClaim
	require.Eventually(t, func() bool {
		claim, err = typed.CoreV1().PersistentVolumeClaims(namespace).Get(t.Context(), "masterdata-db-masterdata-db-0", metav1.GetOptions{})
		return err == nil
	}, time.Minute, 100*time.Millisecond)
	return []string{string(set.UID), string(claim.UID)}
}

// ofMetalRoles is what of a database cannot be changed, as metal-roles has it (postgres-backup-restore), and the least of the rest.
func ofMetalRoles(name string) *apps.StatefulSet {
	labels := map[string]string{"app": name}
	claim := func(name string) core.PersistentVolumeClaim {
		return core.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: core.PersistentVolumeClaimSpec{
			AccessModes: []core.PersistentVolumeAccessMode{core.ReadWriteOnce},
			Resources:   core.VolumeResourceRequirements{Requests: core.ResourceList{core.ResourceStorage: resource.MustParse("5Gi")}},
		}}
	}
	return &apps.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Spec: apps.StatefulSetSpec{
		ServiceName: name, Selector: &metav1.LabelSelector{MatchLabels: labels}, VolumeClaimTemplates: []core.PersistentVolumeClaim{claim(name), claim("backup")},
		Template: core.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: core.PodSpec{Containers: []core.Container{{Name: "postgres", Image: "docker.io/library/postgres:15"}}}},
	}}
}

func TestTheRoleSaysByNameWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	before := w.Arguments
	w.Arguments = append(slices.Clip(before), "-e", "metal_api_replica=3", "-e", "metal_api_ingress_dns=x", "-e", "metal_partition_id=unknown-to-this-role")
	out, failed := w.Play(t)
	assert.True(t, failed, out)
	assert.Contains(t, out, `"msg": "metal_api_ingress_dns: is no variable any more; it is metal_ingress_dns; rename it; `+
		`metal_api_replica: is no variable of the role, and would change nothing; metal_api_replicas is meant, perhaps"`)
	w.Arguments = append(slices.Clip(before), "-e", "ipam_db_password=change-me", "-e", "metal_apiserver_session_secret=")
	out, failed = w.Play(t)
	assert.True(t, failed, out)
	assert.Contains(t, out, `ipam_db_password has the value that everybody knows; set a secret, or metal_control_plane_allow_placeholders for a laboratory`)
	assert.Contains(t, out, `metal_apiserver_session_secret is missing; choose one, and keep it`)
}
