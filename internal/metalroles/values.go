package metalroles

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/builtin"
	"github.com/metal-stack/initial-cluster/internal/charts"
)

func base64Of(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func (s *Settings) nsqValues() map[string]any {
	values := s.values(nsq)
	if secret := s.pullSecret("nsq"); secret != nil {
		values["pull_secret"] = secret
	}
	if secret := s.text("metal_api_nsq_tls_secret_name"); s.bool("nsq_tls_enabled") && secret == nsqCertificate {
		values = merge(values, map[string]any{"tls": map[string]any{"secret": secret}})
	}
	if s.text("nsq_broadcast_address") == "" {
		s.problem("metal_control_plane_ingress_dns is missing; set it, or nsq_broadcast_address")
	}
	if s.bool("metal_api_nsq_tls_enabled") != s.bool("nsq_tls_enabled") {
		s.problem("nsq_tls_enabled is %t and metal_api_nsq_tls_enabled is not: the metal-api could not speak to nsqd; set both the same", s.bool("nsq_tls_enabled"))
	}
	return values
}

func (s *Settings) zitadelChart(from charts.Source) *charts.Source {
	from.Ref, from.Version = builtin.Prefix+"zitadel", s.text("zitadel_chart_version")
	if repository := s.text("zitadel_chart_repo"); repository != "" {
		from.Ref, from.Repository = "zitadel", strings.TrimSuffix(repository, "/")
	}
	return &from
}

// metalSource is the chart of the first of: a folder, an HTTP repository, a registry, and what the release vector tells.
func (s *Settings) metalSource(from charts.Source) *charts.Source {
	folder, repository, oci := s.text("metal_helm_chart_local_path"), s.text("metal_helm_chart_repo"), s.text("metal_helm_chart")
	switch {
	case folder != "":
		return &charts.Source{Ref: folder, Mirrors: from.Mirrors}
	case oci != "":
		from.Ref, from.Version = "oci://"+strings.TrimPrefix(oci, "oci://"), s.text("metal_helm_chart_tag")
	case repository != "":
		from.Ref, from.Repository, from.Version = "metal-control-plane", strings.TrimSuffix(repository, "/"), s.text("metal_helm_chart_version")
	default:
		from.Ref, from.Version = builtin.Prefix+"metal", s.text("metal_helm_chart_tag")
	}
	return &from
}

// metalValues are the values of metal-stack's chart (metal-stack/helm-charts, charts/metal-control-plane).
func (s *Settings) metalValues() map[string]any {
	s.metalProblems()
	values := s.values(metal())
	auditing := s.bool("metal_auditing_timescaledb_enabled") || s.bool("metal_auditing_splunk_enabled")
	extra := map[string]any{
		"auditing":                    map[string]any{"enabled": auditing, "splunk": map[string]any{"ca": base64Of(s.text("metal_auditing_splunk_ca"))}},
		"metal_registry_auth_enabled": s.bool("metal_registry_auth_enabled"),
		"metal_api":                   s.metalAPIValues(),
		"masterdata_api":              s.masterdataValues(),
		"metal_console":               s.consoleValues(),
		"metal_apiserver": map[string]any{
			"headscale": map[string]any{"api_key": s.headscaleKey()},
			"auditing":  map[string]any{"splunk": map[string]any{"ca": base64Of(s.text("metal_apiserver_auditing_splunk_ca"))}},
		},
	}
	if login := s.pullSecret("metal"); login != nil {
		extra["metal_registry_auth"] = login
	}
	values = merge(values, extra)
	for _, where := range []map[string]any{values, values["metal_apiserver"].(map[string]any)} {
		timescale := where["auditing"].(map[string]any)["timescaledb"].(map[string]any)
		if timescale["enabled"] == false {
			timescale["password"] = "" // the chart's own would be one that everybody knows
		}
	}
	return values
}

func (s *Settings) metalProblems() {
	const secret = "choose one, and keep it"
	s.require(secret, "metal_api_view_key", "metal_api_edit_key", "metal_api_admin_key", "metal_masterdata_api_hmac", "metal_api_db_password",
		"metal_masterdata_api_db_password", "metal_tenant_apiserver_db_password", "metal_ipam_db_password")
	if s.bool("metal_apiserver_enabled") {
		s.require(secret, "metal_apiserver_session_secret", "metal_apiserver_db_password")
		if n := len(s.text("metal_apiserver_session_secret")); n > 0 && n < 10 {
			s.problem("metal_apiserver_session_secret has %d characters; it has 10 at least", n)
		}
		if s.set("metal_apiserver_oidc_client_id") {
			s.require("it goes with metal_apiserver_oidc_client_id", "metal_apiserver_oidc_client_secret", "metal_apiserver_oidc_discovery_url")
		}
	}
	if s.bool("metal_api_bmc_superuser_enabled") {
		s.require(secret, "metal_api_bmc_superuser_pwd")
	}
	if s.bool("metal_api_s3_enabled") {
		s.require("it goes with metal_api_s3_enabled", "metal_api_s3_address")
	}
	if s.bool("metal_auditing_timescaledb_enabled") {
		s.require(secret, "metal_auditing_timescaledb_password")
	}
	if s.text("metal_control_plane_ingress_dns") == "" && s.bool("metal_deploy_ingress") && !s.set("metal_ingress_dns") {
		s.problem("metal_control_plane_ingress_dns is missing; set it, or metal_ingress_dns and metal_ingress_v2_dns, or deploy no ingress (metal_deploy_ingress)")
	}
	s.samePasswords()
}

// samePasswords finds passwords with which an API could not reach the database that is deployed beside it.
func (s *Settings) samePasswords() {
	for _, p := range [][4]string{
		{"metal_api_db_address", "metal_db_name", "metal_api_db_password", "metal_db_password"},
		{"metal_ipam_db_address", "ipam_db_name", "metal_ipam_db_password", "ipam_db_password"},
		{"metal_masterdata_api_db_address", "masterdata_db_name", "metal_masterdata_api_db_password", "masterdata_db_password"},
		{"metal_tenant_apiserver_db_address", "masterdata_db_name", "metal_tenant_apiserver_db_password", "masterdata_db_password"},
		{"metal_auditing_timescaledb_host", "auditing_timescaledb_name", "metal_auditing_timescaledb_password", "auditing_timescaledb_password"},
	} {
		if s.text(p[0]) == s.text(p[1]) && s.text(p[2]) != s.text(p[3]) && s.set(p[3]) {
			s.problem("%s is another than %s, and both are of the database %s; leave the first out, or make them the same", p[2], p[3], s.text(p[1]))
		}
	}
}

func (s *Settings) metalAPIValues() map[string]any {
	values := map[string]any{
		"headscale": map[string]any{"api_key": s.headscaleKey()},
		"bmc":       map[string]any{"superuser": map[string]any{"pwd_enc": base64Of(s.text("metal_api_bmc_superuser_pwd"))}},
		"sizes":     s.documents("metal_api_sizes", wholeNumbers),
	}
	for _, entities := range []string{"images", "partitions", "networks", "ips", "filesystemlayouts", "sizeimageconstraints", "size_reservations"} {
		values[entities] = s.documents("metal_api_"+entities, nil)
	}
	if s.ownGRPC() {
		values["grpc"] = map[string]any{"tls": map[string]any{
			"server_key_enc": base64Of(s.text("metal_api_grpc_certs_server_key")), "server_cert_enc": base64Of(s.text("metal_api_grpc_certs_server_cert")),
			"ca_cert_enc": base64Of(s.text("metal_api_grpc_certs_ca_cert")),
		}}
	}
	if s.ownNSQ() && !s.set("metal_api_nsq_tls_checksum") {
		values["nsq"] = map[string]any{"tls": map[string]any{"checksum": sumOf(s.text("nsq_certs_ca_cert"), s.text("nsq_certs_client_cert"), s.text("nsq_certs_client_key"))}}
	}
	return values
}

func (s *Settings) masterdataValues() map[string]any {
	system := map[string]any{
		"meta": map[string]any{"id": "00000000-0000-0000-0000-000000000000", "kind": "Project", "apiversion": "v1", "version": 0},
		"name": "metal-system", "description": "Metal Master Project",
	}
	projects := append([]any{system}, s.list("metal_masterdata_api_projects")...)
	values := map[string]any{
		"tenants": s.documents("metal_masterdata_api_tenants", nil),
		"projects": s.joined("metal_masterdata_api_projects", projects, func(project map[string]any) {
			if project["tenant_id"] == nil {
				project["tenant_id"] = s.get("metal_masterdata_api_provider_tenant")
			}
		}),
	}
	if s.ownMasterdata() {
		for _, part := range []string{"ca", "cert", "cert_key", "client_cert", "client_key"} {
			values[part] = base64Of(s.text("metal_masterdata_api_tls_" + part))
		}
	}
	return values
}

func (s *Settings) consoleValues() map[string]any {
	tls := map[string]any{}
	for _, part := range []string{"server_key", "server_pub", "client_key", "client_cert", "ca_cert"} {
		if s.bool("metal_console_enabled") {
			s.require("the metal-console cannot be deployed without", "metal_console_bmc_proxy_certs_"+part)
		}
		tls[part+"_enc"] = base64Of(s.text("metal_console_bmc_proxy_certs_" + part))
	}
	return map[string]any{"bmc_proxy": map[string]any{"tls": tls}}
}

// documents are the entities of a list as YAML documents, as metalctl applies them.
func (s *Settings) documents(name string, change func(map[string]any)) string {
	return s.joined(name, s.list(name), change)
}

func (s *Settings) joined(name string, entities []any, change func(map[string]any)) string {
	var b strings.Builder
	for i, entity := range entities {
		fields, ok := entity.(map[string]any)
		if !ok {
			s.problem("%s[%d]: a mapping is wanted; correct the variable", name, i)
			continue
		}
		if change != nil {
			fields = maps.Clone(fields)
			change(fields)
		}
		text, err := json.Marshal(fields)
		if err != nil {
			s.problem("%s[%d]: %v", name, i, err)
		}
		fmt.Fprintf(&b, "---\n%s\n", text)
	}
	return b.String()
}

// wholeNumbers makes numbers of the limits of a size: filters that read 4GB give text.
func wholeNumbers(size map[string]any) {
	constraints, _ := size["constraints"].([]any)
	var all []any
	for _, one := range constraints {
		constraint, ok := one.(map[string]any)
		if !ok {
			all = append(all, one)
			continue
		}
		constraint = maps.Clone(constraint)
		for _, limit := range []string{"min", "max"} {
			if number, err := strconv.ParseInt(fmt.Sprint(constraint[limit]), 10, 64); err == nil {
				constraint[limit] = number
			}
		}
		all = append(all, constraint)
	}
	size["constraints"] = all
}
