package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/testing/charttest"
	"github.com/metal-stack/initial-cluster/testing/imagetest"
	"github.com/metal-stack/initial-cluster/testing/k3stest"
	"github.com/metal-stack/initial-cluster/testing/machines"
)

// images is the registry's name in the cluster, which has a mirror for it.
const images = "images.example.org"

// node is a machine whose k3s runs real pods.
type node struct {
	host.Host
	kubeconfig string
	database   any // the component of PostgreSQL
}

// newNode is a cluster of one machine, and a registry with an image of PostgreSQL.
func newNode(t *testing.T) *node {
	network, hosts := machines.Run(t, "s1")
	registry := imagetest.NewRegistry(t, network.Gateway().String())
	registry.Push(t, "postgres", "15", imagetest.Postgres(t))
	h := k3stest.Service(t, hosts[0], "server", "token: secret\n",
		host.Text("/etc/rancher/k3s/registries.yaml", 0o600, "mirrors: {"+images+": {endpoint: ["+registry.URL()+"]}}\n"))
	_, err := h.Run(t.Context(), host.Words("systemctl", "start", "k3s"))
	require.NoError(t, err)
	config, err := host.ReadText(t.Context(), h, "/etc/rancher/k3s/k3s.yaml")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(config, "127.0.0.1", hosts[0].Address.String())), 0o600))
	return &node{h, path, map[string]any{
		"name": "masterdata-db", "chart": map[string]any{"ref": charttest.Folder(t, "postgres")}, "timeout": 180,
		"values": map[string]any{"image": images + "/postgres:15", "database": "masterdata"}, "secret_values": map[string]any{"password": "correct horse battery"},
	}}
}

// service is the component of a service that needs the database migrated.
func service(t *testing.T, migrations ...string) map[string]any {
	return map[string]any{
		"name": "masterdata-api", "depends_on": []string{"masterdata-db"}, "chart": map[string]any{"ref": charttest.Folder(t, "masterdata-api")}, "timeout": 120,
		"values": map[string]any{"image": images + "/postgres:15", "migrations": migrations}, "on_failure": "rollback",
	}
}

func (n *node) deploy(t *testing.T, components ...any) map[string]any {
	t.Helper()
	arguments, err := json.Marshal(map[string]any{"kubeconfig": n.kubeconfig, "components": components})
	require.NoError(t, err)
	command, out := module(string(arguments))
	_ = command.Run() // the result tells
	for _, secret := range secrets {
		assert.NotContains(t, out.String(), secret)
	}
	var result map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &result), out.String())
	return result
}

// sql asks the database within its pod.
func (n *node) sql(t *testing.T, query string) string {
	t.Helper()
	out, err := n.Run(t.Context(), host.Words("k3s", "kubectl", "--namespace=metal-control-plane", "exec", "masterdata-db-0", "--",
		"psql", "--no-psqlrc", "--username=postgres", "--host=/tmp", "--dbname=masterdata", "--tuples-only", "--no-align", "--command="+query))
	require.NoError(t, err)
	return strings.TrimSpace(out.Stdout)
}

const (
	create = "create table projects (name text primary key)"
	fill   = "insert into projects values ('metal-system')"
	wrong  = "alter table projects drop column owner"
)

func TestRealPods(t *testing.T) {
	n := newNode(t)
	if t.Run("run, and migrate a real database", n.migrate) {
		t.Run("are told why they are not ready", n.sick)
	}
}

func (n *node) migrate(t *testing.T) {
	first := n.deploy(t, n.database, service(t, create))
	require.Equal(t, true, first["changed"], "%v", first["msg"])
	assert.Equal(t, "0 1", n.sql(t, "select (select count(*) from projects) || ' ' || (select count(*) from runs)"))

	again := n.deploy(t, n.database, service(t, create))
	require.Equal(t, false, again["changed"], "%v", again)
	assert.Equal(t, "1", n.sql(t, "select count(*) from runs"), "without a change no hook runs")

	n.sql(t, "insert into projects values ('kept')")
	upgraded := n.deploy(t, n.database, service(t, create, fill))
	require.Equal(t, true, upgraded["changed"], "%v", upgraded["msg"])
	assert.Equal(t, []any{"masterdata-api: upgrade masterdata-api 1.0.0: change ConfigMap masterdata-api-migrations"}, upgraded["steps"])
	assert.Equal(t, "kept metal-system 2", n.sql(t, "select string_agg(name, ' ' order by name) || ' ' || (select count(*) from runs) from projects"))

	failed := n.deploy(t, n.database, service(t, create, fill, wrong))
	assert.Regexp(t, `^masterdata-api: upgrade: Job masterdata-api-migrate-db: pod masterdata-api-migrate-db-\w+, container migrate-db: ended with exit code 3 \(Error\) `+
		`\(its log ends with: psql:/migrations/all.sql:\d+: ERROR:  column "owner" of relation "projects" does not exist\); rolled back to revision 2$`, failed["msg"])
	assert.Equal(t, "0,1", n.sql(t, "select string_agg(version::text, ',' order by version) from migrations"), "what was good stays")
	back := n.deploy(t, n.database, service(t, create, fill))
	require.NotEqual(t, true, back["failed"], "%v", back["msg"])
}

// sick are Deployments whose pods do not become ready, each with the reason that is told.
var sick = []struct{ name, spec, reason string }{
	{"lost", `{name: c, image: ` + images + `/nothing:1}`,
		`pod lost-\S+, container c: image ` + images + `/nothing:1 cannot be pulled \(\w+: Failed to pull image "` + images + `/nothing:1": .*\); look whether the nodes reach the registry and trust it`},
	{"hungry", `{name: c, image: "` + images + `/postgres:15", command: [tail, /dev/zero], resources: {limits: {memory: 32Mi}}}`,
		`pod hungry-\S+, container c: is out of memory: it was killed at its limit of 32Mi; raise the limit(, \d+ restarts)?`},
	{"unready", `{name: c, image: "` + images + `/postgres:15", command: [sleep, infinity], readinessProbe: {exec: {command: [pg_isready, -h, 127.0.0.1]}, periodSeconds: 1}}`,
		`pod unready-\S+, container c: runs and its probe fails \(Readiness probe failed: 127.0.0.1:5432 - no response\)`},
	{"crashing", `{name: c, image: "` + images + `/postgres:15", command: [sh, -c, "echo no licence >&2; exit 7"]}`,
		`pod crashing-\S+, container c: ended with exit code 7 \(Error\)(, \d+ restarts)? \(its log ends with: no licence\)`},
	{"unconfigured", `{name: c, image: "` + images + `/postgres:15", envFrom: [{secretRef: {name: nothing}}]}`,
		`pod unconfigured-\S+, container c: cannot be created \(secret "nothing" not found\)`},
	{"large", `{name: c, image: "` + images + `/postgres:15", resources: {requests: {memory: 9Ti}}}`,
		`pod large-\S+: cannot be scheduled: 0/1 nodes are available: 1 Insufficient memory\..*`},
}

func (n *node) sick(t *testing.T) {
	var components []any
	for _, s := range sick {
		components = append(components, map[string]any{"name": s.name, "timeout": 90, "manifests": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + s.name + "}\n" +
			"spec: {selector: {matchLabels: {app: " + s.name + "}}, template: {metadata: {labels: {app: " + s.name + "}}, spec: {terminationGracePeriodSeconds: 0, containers: [" + s.spec + "]}}}\n"})
	}
	result := n.deploy(t, components...)
	require.Equal(t, true, result["failed"])
	for _, s := range sick {
		assert.Regexp(t, s.name+`: install: not ready after \S+: Deployment `+s.name+`: `+s.reason, result["msg"])
	}
}
