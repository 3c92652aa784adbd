package metalroles

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/charts"
	"github.com/metal-stack/initial-cluster/internal/controlplane"
	"github.com/metal-stack/initial-cluster/internal/releasevector"
)

// mandatory variables, with values.
func minimal() map[string]any {
	given := map[string]any{"metal_control_plane_ingress_dns": "cp.example.com", "metal_apiserver_enabled": false}
	for _, name := range []string{"metal_db_password", "ipam_db_password", "masterdata_db_password", "metal_api_view_key", "metal_api_edit_key", "metal_api_admin_key", "metal_masterdata_api_hmac"} {
		given[name] = "secret of " + name
	}
	return given
}

func with(changes map[string]any) map[string]any {
	given := minimal()
	maps.Copy(given, changes)
	return given
}

func vector(t *testing.T) *releasevector.Vector {
	t.Helper()
	v, err := releasevector.Parse("test", "", []byte(`
docker-images:
  metal-stack: {control-plane: {metal-api: {name: ghcr.io/metal-stack/metal-api, tag: v1}}}
  third-party: {control-plane: {nsq: {name: docker.io/nsqio/nsq, tag: v2}}}
helm-charts:
  metal-stack: {metal-control-plane: {oci: ghcr.io/metal-stack/helm-charts/metal-control-plane, tag: v0.8.8}}
  oidc: {zitadel: {repository: "https://charts.zitadel.com/", version: 10.0.4}}
`))
	require.NoError(t, err)
	return v
}

func describe(t *testing.T, given map[string]any) (map[string]controlplane.Component, *Settings) {
	t.Helper()
	s := New(given)
	found := map[string]controlplane.Component{}
	for _, c := range s.Components(vector(t), charts.Source{}) {
		found[c.Name] = c
	}
	return found, s
}

// at gives a value at a path.
func at(t *testing.T, values map[string]any, path ...string) any {
	t.Helper()
	for _, key := range path[:len(path)-1] {
		below, ok := values[key].(map[string]any)
		require.True(t, ok, "%v in %v", path, slices.Sorted(maps.Keys(values)))
		values = below
	}
	return values[path[len(path)-1]]
}

func TestOnlyComponentsThatAreNeededAreDeployed(t *testing.T) {
	t.Parallel()
	server := map[string]any{"metal_apiserver_enabled": true, "metal_apiserver_session_secret": "0123456789"}
	least := []string{"ipam-db", "masterdata-db", "metal", "metal-db", "nsq"}
	for name, c := range map[string]struct {
		given map[string]any
		want  []string
	}{
		"the least":                    {nil, least},
		"auditing takes timescaledb":   {map[string]any{"metal_auditing_timescaledb_enabled": "yes"}, append([]string{"auditing-timescaledb"}, least...)},
		"the metal-apiserver, zitadel": {server, append([]string{"valkey", "zitadel", "zitadel-db", "zitadel-init"}, least...)},
		"another provider, no zitadel": {map[string]any{"metal_apiserver_enabled": true, "metal_apiserver_oidc_client_id": "x"}, append([]string{"valkey"}, least...)},
		"those that are named":         {map[string]any{"metal_control_plane_components": []any{"metal", "nsq"}}, []string{"metal", "nsq"}},
	} {
		t.Run(name, func(t *testing.T) {
			found, _ := describe(t, with(c.given))
			assert.ElementsMatch(t, c.want, slices.Collect(maps.Keys(found)))
			for _, component := range found {
				for _, needed := range component.DependsOn {
					assert.Contains(t, found, needed)
				}
			}
		})
	}
}

func TestDefaultsAreThoseOfMetalRoles(t *testing.T) {
	t.Parallel()
	found, s := describe(t, minimal())
	assert.Empty(t, s.Problems())
	metal := found["metal"]
	assert.Equal(t, "metal-control-plane", metal.Release)
	assert.Equal(t, 10*time.Minute, metal.Timeout)
	assert.Equal(t, "oci://ghcr.io/metal-stack/helm-charts/metal-control-plane v0.8.8", metal.Chart.Ref+" "+metal.Chart.Version)
	for _, c := range []struct {
		want any
		path []string
	}{
		{int64(3), []string{"metal_api", "replicas"}}, {"/metal/", []string{"metal_api", "base_path"}}, {"metal-db", []string{"metal_api", "db_address"}},
		{"secret of metal_db_password", []string{"metal_api", "db_password"}}, {"cp.example.com:4150", []string{"metal_api", "nsq", "tcp_address"}},
		{"nsq-client", []string{"metal_api", "nsq", "tls", "secret_name"}}, {"api.cp.example.com", []string{"ingress_public_dns"}},
		{"https://v2.cp.example.com", []string{"metal_apiserver", "url"}}, {true, []string{"deploy_ingress_api_v1_rules"}},
		{"ghcr.io/metal-stack/metal-api", []string{"images", "metal_api", "image"}}, {"v1", []string{"images", "metal_api", "tag"}},
		{"IfNotPresent", []string{"images", "ipam", "imagePullPolicy"}}, {false, []string{"auditing", "timescaledb", "enabled"}}, {"", []string{"auditing", "timescaledb", "password"}},
		{true, []string{"hpa", "metal_apiserver", "enabled"}}, {false, []string{"metal_registry_auth_enabled"}},
	} {
		assert.Equal(t, c.want, at(t, metal.Values, c.path...), "%v", c.path)
	}
	assert.Equal(t, "---\n"+`{"description":"Metal Master Project","meta":{"apiversion":"v1","id":"00000000-0000-0000-0000-000000000000","kind":"Project","version":0},"name":"metal-system","tenant_id":"acme"}`+"\n",
		at(t, metal.Values, "masterdata_api", "projects"))
	assert.Equal(t, "rethinkdb-test", at(t, found["metal-db"].Values, "backup", "object_prefix"))
	assert.Equal(t, "ipam-db-test", at(t, found["ipam-db"].Values, "backup", "object_prefix"))
	assert.True(t, found["ipam-db"].Adopt)
	assert.False(t, metal.Adopt)
	assert.Equal(t, "https://api.cp.example.com/metal/v1/health", s.Health())
}

func TestWhatIsSetGoesOverTheReleaseVector(t *testing.T) {
	t.Parallel()
	found, s := describe(t, with(map[string]any{
		"metal_api_image_name": "registry.example.com/metal-api", "metal_helm_chart_tag": "v0.8.9", "nsq_image_tag": "v3", "metal_api_replicas": "1", "metal_api_hpa_enabled": "yes",
		"metal_api_sizes": []any{map[string]any{"id": "s", "constraints": []any{map[string]any{"type": "cores", "min": "1", "max": "4000000000"}}}},
	}))
	assert.Empty(t, s.Problems())
	metal := found["metal"]
	assert.Equal(t, "registry.example.com/metal-api", at(t, metal.Values, "images", "metal_api", "image"))
	assert.Equal(t, "v1", at(t, metal.Values, "images", "metal_api", "tag"))
	assert.Equal(t, "v0.8.9", metal.Chart.Version)
	assert.Equal(t, map[string]any{"name": "docker.io/nsqio/nsq", "tag": "v3", "pull_policy": "IfNotPresent"}, found["nsq"].Values["image"])
	assert.Equal(t, int64(1), at(t, metal.Values, "metal_api", "replicas"))
	assert.Equal(t, true, at(t, metal.Values, "hpa", "metal_api", "enabled"))
	assert.Equal(t, "---\n"+`{"constraints":[{"max":4000000000,"min":1,"type":"cores"}],"id":"s"}`+"\n", at(t, metal.Values, "metal_api", "sizes"))
}

func TestOneBlockSaysWhereAllBackupsGo(t *testing.T) {
	t.Parallel()
	found, s := describe(t, with(map[string]any{
		"metal_control_plane_backup":                    map[string]any{"provider": "s3", "s3": map[string]any{"bucket_name": "b", "endpoint": "e", "access_key": "a", "secret_key": "s"}},
		"ipam_db_backup_restore_sidecar_s3_bucket_name": "its-own", "ipam_db_backup_restore_sidecar_object_max_keep": 3,
	}))
	assert.Empty(t, s.Problems())
	assert.Equal(t, "b", at(t, found["metal-db"].Values, "backup", "s3", "bucket_name"))
	assert.Equal(t, "its-own", at(t, found["ipam-db"].Values, "backup", "s3", "bucket_name"))
	assert.Equal(t, "e", at(t, found["ipam-db"].Values, "backup", "s3", "endpoint"))
	assert.Equal(t, int64(3), at(t, found["ipam-db"].Values, "backup", "object_max_keep"))
}

func TestCertificatesAreMadeThatNobodyHasGiven(t *testing.T) {
	t.Parallel()
	names := func(given map[string]any) []string {
		var names []string
		for _, c := range New(given).Certificates() {
			names = append(names, c.Name)
		}
		return names
	}
	assert.Equal(t, []string{"masterdata-api-server", "masterdata-api-client", "grpc-server", "grpc-client", "nsq-client"}, names(minimal()))
	own := with(map[string]any{"nsq_certs_ca_cert": "a", "nsq_certs_client_cert": "b", "nsq_certs_client_key": "c", "metal_api_grpc_tls_enabled": false})
	assert.Equal(t, []string{"masterdata-api-server", "masterdata-api-client"}, names(own))
	found, s := describe(t, own)
	assert.Empty(t, s.Problems())
	assert.Equal(t, "nsqd", at(t, found["metal"].Values, "metal_api", "nsq", "tls", "secret_name"))
	assert.Equal(t, "c", at(t, found["nsq"].Values, "tls", "client_key"))
}

func TestWhatZitadelTellsStandsInItsSecret(t *testing.T) {
	t.Parallel()
	found, s := describe(t, with(map[string]any{
		"metal_apiserver_enabled": true, "metal_apiserver_session_secret": "0123456789", "zitadel_external_domain": "auth.cp.example.com", "zitadel_admin_password": "p-1",
		"zitadel_master_key": "01234567890123456789012345678901", "zitadel_db_password": "db-1",
	}))
	assert.Empty(t, s.Problems())
	assert.Equal(t, []controlplane.ValueFrom{
		{Path: "metal_apiserver.oidc.client_id", Namespace: "metal-control-plane", Secret: "zitadel-client-credentials", Key: "client_id"},
		{Path: "metal_apiserver.oidc.client_secret", Namespace: "metal-control-plane", Secret: "zitadel-client-credentials", Key: "client_secret"},
	}, found["metal"].ValuesFrom)
	zitadel := found["zitadel"]
	assert.Equal(t, "zitadel 10.0.4 of https://charts.zitadel.com", zitadel.Chart.Ref+" "+zitadel.Chart.Version+" of "+zitadel.Chart.Repository)
	assert.Equal(t, "db-1", at(t, zitadel.Values, "zitadel", "secretConfig", "Database", "Postgres", "User", "Password"))
	assert.Equal(t, "p-1", at(t, zitadel.Values, "zitadel", "configmapConfig", "FirstInstance", "Org", "Human", "Password"))
}
