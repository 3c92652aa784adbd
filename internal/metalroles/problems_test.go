package metalroles

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/charts"
)

func TestProblemsNameTheVariable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		given    map[string]any
		problems []string
	}{
		"a typing error": {map[string]any{"metal_api_replica": 1}, []string{"metal_api_replica: is no variable of the role, and would change nothing; metal_api_replicas is meant, perhaps"}},
		"nothing like it": {map[string]any{"metal_api_completely_different": 1}, []string{
			"metal_api_completely_different: is no variable of the role, and would change nothing; take it out, or look its name up in the role's README"}},
		"one that was renamed": {map[string]any{"metal_api_ingress_dns": "x"}, []string{"metal_api_ingress_dns: is no variable any more; it is metal_ingress_dns; rename it"}},
		"one of another role":  {map[string]any{"metal_api_version": "v1", "metal_control_plane_host_provider": "gcp"}, nil},
		"null is none":         {map[string]any{"metal_api_replicas": nil}, nil},
		"no number":            {map[string]any{"metal_api_replicas": "three"}, []string{"metal_api_replicas: a whole number is wanted, not three; correct the variable"}},
		"no truth":             {map[string]any{"nsq_tcproute_enabled": "perhaps"}, []string{"nsq_tcproute_enabled: true or false is wanted, not perhaps; correct the variable"}},
		"no list":              {map[string]any{"metal_api_images": "ubuntu"}, []string{"metal_api_images: a list is wanted, not ubuntu; correct the variable"}},
		"no mapping, secret":   {map[string]any{"nsq_registry_auth": "hunter2"}, []string{"nsq_registry_auth: a mapping is wanted; correct the variable"}},
		"a placeholder": {map[string]any{"ipam_db_password": "change-me"}, []string{
			"ipam_db_password has the value that everybody knows; set a secret, or metal_control_plane_allow_placeholders for a laboratory"}},
		"a placeholder in a laboratory": {map[string]any{"ipam_db_password": "change-me", "metal_control_plane_allow_placeholders": true}, nil},
		"a missing secret":              {map[string]any{"metal_api_edit_key": ""}, []string{"metal_api_edit_key is missing; choose one, and keep it"}},
		"no domain": {map[string]any{"metal_control_plane_ingress_dns": nil}, []string{
			"metal_control_plane_ingress_dns is missing; set it, or nsq_broadcast_address",
			"metal_control_plane_ingress_dns is missing; set it, or metal_ingress_dns and metal_ingress_v2_dns, or deploy no ingress (metal_deploy_ingress)"}},
		"another password than the database's": {map[string]any{"metal_ipam_db_password": "other"}, []string{
			"metal_ipam_db_password is another than ipam_db_password, and both are of the database ipam-db; leave the first out, or make them the same"}},
		"half a set of certificates": {map[string]any{"nsq_certs_ca_cert": "a", "nsq_certs_client_key": "b"}, []string{
			"nsq_certs_client_cert is missing, where others of its kind are set; set it, too, or none of them, then certificates are made"}},
		"nsq with TLS on one side": {map[string]any{"nsq_tls_enabled": false}, []string{
			"nsq_tls_enabled is false and metal_api_nsq_tls_enabled is not: the metal-api could not speak to nsqd; set both the same"}},
		"two keys of headscale": {map[string]any{"metal_api_headscale_api_key": "a", "metal_apiserver_headscale_api_key": "b"}, []string{
			"metal_apiserver_headscale_api_key is another than metal_api_headscale_api_key, and the chart has one for both; make them the same, or leave one out"}},
		"a session secret that is short": {map[string]any{"metal_apiserver_enabled": true, "metal_apiserver_oidc_client_id": "i", "metal_apiserver_oidc_client_secret": "s",
			"metal_apiserver_oidc_discovery_url": "u", "metal_apiserver_session_secret": "short"}, []string{"metal_apiserver_session_secret has 5 characters; it has 10 at least"}},
		"a bucket without a key": {map[string]any{"metal_control_plane_components": []any{"ipam-db"}, "ipam_db_backup_restore_sidecar_provider": "s3", "ipam_db_backup_restore_sidecar_s3_bucket_name": "b",
			"ipam_db_backup_restore_sidecar_s3_endpoint": "e", "ipam_db_backup_restore_sidecar_s3_access_key": "a", "ipam_db_backup_restore_sidecar_encryption_key": "short"}, []string{
			"ipam_db_backup_restore_sidecar_encryption_key (or metal_control_plane_backup): it has 5 characters, not 32; correct it",
			"ipam_db_backup_restore_sidecar_s3_secret_key (or metal_control_plane_backup) is missing; backups cannot go to s3 without"}},
		"an unknown component": {map[string]any{"metal_control_plane_components": []any{"metaldb"}}, []string{
			"metal_control_plane_components: there is no component metaldb; it must be one of nsq, metal-db, ipam-db, masterdata-db, zitadel-db, auditing-timescaledb, valkey, zitadel, zitadel-init, metal"}},
		"a login without a password": {map[string]any{"metal_control_plane_components": []any{"nsq"}, "metal_registry_auth_enabled": true, "metal_registry_auth_user": "u"}, []string{
			"nsq_registry_auth_enabled is set, and metal_registry_auth_user or metal_registry_auth_password is missing; set them, or turn it off"}},
		"a time that is none":    {map[string]any{"metal_helm_chart_timeout": "soon"}, []string{`metal_helm_chart_timeout: "soon" is no duration; give one as 600s`}},
		"an entity that is none": {map[string]any{"metal_api_ips": []any{"192.0.2.1"}}, []string{"metal_api_ips[0]: a mapping is wanted; correct the variable"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, s := describe(t, with(c.given))
			assert.Equal(t, c.problems, s.Problems())
		})
	}
}

// everything is a deployment with every component and every switch on.
func everything() map[string]any {
	given := with(map[string]any{"metal_apiserver_enabled": true, "metal_control_plane_gateway_dns": "gw.example.com", "metal_apiserver_session_secret": "0123456789"})
	for _, name := range []string{"metal_auditing_timescaledb_enabled", "metal_registry_auth_enabled", "metal_console_enabled", "metal_api_bmc_superuser_enabled", "metal_api_s3_enabled",
		"metal_api_headscale_enabled", "metal_apiserver_headscale_enabled"} {
		given[name] = true
	}
	for _, name := range []string{"metal_registry_auth_user", "metal_registry_auth_password", "zitadel_db_password", "auditing_timescaledb_password"} {
		given[name] = "some"
	}
	return given
}

// told is all that becomes of variables.
func told(t *testing.T, given map[string]any) string {
	t.Helper()
	s := New(given)
	var all []any
	for _, c := range s.Components(vector(t), charts.Source{}) {
		chart := *c.Chart
		c.Chart, chart.Files = nil, nil
		all = append(all, c, chart)
	}
	return fmt.Sprint(append(all, s.Skeleton(), s.Certificates(), s.Vectors(charts.Source{}), s.Health(), s.Problems())...)
}

// another is a value of the variable's type that is not its default.
func another(v Variable, s *Settings) any {
	switch v.Type {
	case Bool:
		return !s.bool(v.Name)
	case Int:
		return 77
	case List:
		return []any{map[string]any{"changed": "x"}}
	case Dict:
		return map[string]any{"changed": "x"}
	}
	return "changed"
}

func TestEveryVariableHasAnEffect(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	base := told(t, everything())
	require.Equal(t, base, told(t, everything()))
	for _, v := range Table() {
		assert.False(t, names[v.Name], "%s stands in the table twice", v.Name)
		names[v.Name] = true
		assert.NotEmpty(t, v.Description, v.Name)
		if slices.Contains(elsewhere, v.Name) {
			continue
		}
		given := everything()
		given[v.Name] = another(v, New(given))
		assert.NotEqual(t, base, told(t, given), "%s changes nothing", v.Name)
	}
	for name := range gone {
		assert.False(t, names[name], "%s is a variable", name)
	}
}

// elsewhere are variables that the role's task hands over by itself, that roles of partitions use, or that need another one to be set.
var elsewhere = []string{
	"metal_control_plane_kubeconfig", "metal_control_plane_context", "metal_control_plane_state", "metal_control_plane_confirm", "metal_control_plane_remove_claims",
	"metal_control_plane_preflight", "metal_control_plane_more_components", "metal_control_plane_mirrors", "metal_control_plane_registry",
	"metal_control_plane_certificate_authorities", "metal_control_plane_certificates", "metal_control_plane_health_ca_file", "metal_control_plane_health_timeout",
	"metal_control_plane_allow_placeholders", "metal_api_grpc_certs_client_cert", "metal_api_grpc_certs_client_key", "metal_stack_release_vector_replacements",
	"metal_helm_chart_version",
}

func TestSecretsAreFoundInVariables(t *testing.T) {
	t.Parallel()
	assert.ElementsMatch(t, []string{"a", "b", "c", "d", "e", "f"}, Secrets(map[string]any{
		"ipam_db_password": "a", "metal_control_plane_backup": map[string]any{"provider": "s3", "s3": map[string]any{"access_key": "b", "bucket_name": "bucket"}},
		"metal_stack_release_vectors": []any{map[string]any{"url": "oci://x", "oci_registry_password": "c", "oci_cosign_verify_key": "public", "replace": []any{map[string]any{"key": "name"}}}},
		"nsq_registry_auth":           map[string]any{"auths": map[string]any{"r": map[string]any{"username": "u", "password": "d"}}},
		"metal_api_admin_keyy":        "shown", "metal_apiserver_unique_user_key": "email", "metal_api_old_password": "e", "metal_api_s3_secret": "f",
	}))
}
