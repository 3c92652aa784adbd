package metalroles

var metalAPIServer = []Variable{
	{Name: "metal_apiserver_enabled", Type: Bool, Default: true, Path: "metal_apiserver.enabled", Description: "whether the metal-apiserver is deployed"},
	{Name: "metal_apiserver_url", Type: Str, computed: domain("metal_apiserver_httproute_enabled", "https://v2."), Path: "metal_apiserver.url", Without: "`https://v2.DOMAIN`", Description: "its URL"},
	{Name: "metal_apiserver_provider_tenant", Type: Str, Default: "${metal_control_plane_provider_tenant}", Path: "metal_apiserver.provider_tenant", Description: "the tenant that it makes at its start"},
	{Name: "metal_apiserver_db_addresses", Type: List, computed: func(s *Settings) any { return []any{s.get("metal_db_name")} }, Path: "metal_apiserver.db.addresses", Without: "`metal_db_name`", Description: "the hosts of its database"},
	{Name: "metal_apiserver_db_password", Type: Str, Default: "${metal_api_db_password}", Secret: true, Path: "metal_apiserver.db.password", Description: "the database's password"},
	{Name: "metal_apiserver_redis_addr", Type: Str, Default: "${valkey_name}:6379", Path: "metal_apiserver.redis.addr", Description: "the address of valkey"},
	{Name: "metal_apiserver_oidc_discovery_url", Type: Str, Path: "metal_apiserver.oidc.discovery_url", Description: "where the provider of logins describes itself"},
	{Name: "metal_apiserver_oidc_end_session_url", Type: Str, Path: "metal_apiserver.oidc.end_session_url", Description: "where the provider ends logins"},
	{Name: "metal_apiserver_oidc_client_id", Type: Str, Path: "metal_apiserver.oidc.client_id", Without: "zitadel is deployed, and tells it", Description: "the client's id at the provider"},
	{Name: "metal_apiserver_oidc_client_secret", Type: Str, Secret: true, Path: "metal_apiserver.oidc.client_secret", Without: "zitadel is deployed, and tells it", Description: "the client's secret at the provider"},
	{Name: "metal_apiserver_unique_user_key", Type: Str, Default: "email", Path: "metal_apiserver.oidc.unique_user_key", Description: "what tells one user from another"},
	{Name: "metal_apiserver_tls_skip_verify", Type: Bool, Default: false, Path: "metal_apiserver.oidc.tls_skip_verify", Description: "whether the provider's certificate is not looked at"},
	{Name: "metal_apiserver_session_secret", Type: Str, Secret: true, Path: "metal_apiserver.session_secret", Without: mandatory, Description: "the secret that sessions are hashed with, of 10 characters at least"},
	{Name: "metal_apiserver_secure_cookie", Type: Bool, Default: true, Path: "metal_apiserver.secure_cookie", Description: "whether cookies are sent by https only"},
	{Name: "metal_apiserver_rate_limiting_max_requests_per_minute", Type: Int, Default: int64(1000), Path: "metal_apiserver.rateLimit.maxRequestsPerMinute", Description: "how many requests a user with a token has a minute"},
	{Name: "metal_apiserver_rate_limiting_max_unauthenticated_requests_per_minute", Type: Int, Default: int64(50), Path: "metal_apiserver.rateLimit.maxUnauthenticatedRequestsPerMinute", Description: "how many the others have"},
	{Name: "metal_apiserver_tokens", Type: Dict, computed: adminTokens, Path: "metal_apiserver.tokens", Without: "one to edit and one to view, for the provider tenant", Description: "the tokens that it makes for administrators"},
	{Name: "metal_apiserver_token_create_schedule", Type: Str, Path: "metal_apiserver.tokenCreateSchedule", Without: "the chart's", Description: "when it makes them anew"},
	{Name: "metal_apiserver_headscale_enabled", Type: Bool, Default: false, Path: "metal_apiserver.headscale.enabled", Description: "whether it uses headscale"},
	{Name: "metal_apiserver_headscale_tls", Type: Bool, Default: true, Description: "whether headscale's address has TLS"},
	{Name: "metal_apiserver_headscale_api_key", Type: Str, Secret: true, Without: "that in the Secret `headscale-api-key`", Description: "the key of headscale; it is the same as the metal-api's"},
	{Name: "metal_apiserver_headscale_control_plane_address", Type: Str, computed: headscale("metal_apiserver_headscale_tls"), Path: "metal_apiserver.headscale.control_plane_address", Without: "`https://headscale.DOMAIN`", Description: "the URL of headscale"},
	{Name: "metal_apiserver_headscale_internal_api_address", Type: Str, Default: "headscale:50443", Path: "metal_apiserver.headscale.internal_api_address", Description: "the address of headscale in the cluster"},
}

func adminTokens(s *Settings) any {
	tokens := map[string]any{}
	for name, role := range map[string]string{"admin_editor_token": "ADMIN_ROLE_EDITOR", "admin_viewer_token": "ADMIN_ROLE_VIEWER"} {
		tokens[name] = map[string]any{
			"user": s.get("metal_control_plane_provider_tenant"), "tokenCreateRequest": map[string]any{"expires": "57600s", "adminRole": role},
		}
	}
	return tokens
}

var masterdata = []Variable{
	{Name: "metal_masterdata_api_provider_tenant", Type: Str, Default: "${metal_control_plane_provider_tenant}", Path: "masterdata_api.provider_tenant", Description: "the tenant of its projects"},
	{Name: "metal_masterdata_api_db_address", Type: Str, Default: "${masterdata_db_name}", Path: "masterdata_api.db_address", Description: "the host of its database"},
	{Name: "metal_masterdata_api_db_port", Type: Int, Default: int64(5432), Path: "masterdata_api.db_port", Description: "the database's port"},
	{Name: "metal_masterdata_api_db_name", Type: Str, Default: "${masterdata_db_db}", Path: "masterdata_api.db_name", Description: "the database's name"},
	{Name: "metal_masterdata_api_db_user", Type: Str, Default: "${masterdata_db_user}", Path: "masterdata_api.db_user", Description: "the database's user"},
	{Name: "metal_masterdata_api_db_password", Type: Str, Default: "${masterdata_db_password}", Secret: true, Path: "masterdata_api.db_password", Description: "the database's password"},
	{Name: "metal_masterdata_api_hmac", Type: Str, Secret: true, Path: "masterdata_api.hmac", Without: mandatory, Description: "the HMAC key of the masterdata-api"},
	{Name: "metal_masterdata_api_tls_ca", Type: Str, Without: generated, Description: "the authority of the masterdata-api's certificates, in PEM"},
	{Name: "metal_masterdata_api_tls_cert", Type: Str, Without: generated, Description: "its certificate, in PEM"},
	{Name: "metal_masterdata_api_tls_cert_key", Type: Str, Secret: true, Without: generated, Description: "the key of that, in PEM"},
	{Name: "metal_masterdata_api_tls_client_cert", Type: Str, Without: generated, Description: "the certificate of its clients, in PEM"},
	{Name: "metal_masterdata_api_tls_client_key", Type: Str, Secret: true, Without: generated, Description: "the key of that, in PEM"},
	{Name: "metal_masterdata_api_tenants", Type: List, Default: []any{}, Description: "tenants that the masterdata-api is told of"},
	{Name: "metal_masterdata_api_projects", Type: List, Default: []any{}, Description: "projects that it is told of, besides `metal-system`"},
}

// metalStores are what ipam and the tenant-apiserver store in.
var metalStores = []Variable{
	{Name: "metal_tenant_apiserver_db_address", Type: Str, Default: "${masterdata_db_name}", Path: "tenant_apiserver.db_address", Description: "the host of the tenant-apiserver's database"},
	{Name: "metal_tenant_apiserver_db_port", Type: Int, Default: int64(5432), Path: "tenant_apiserver.db_port", Description: "that database's port"},
	{Name: "metal_tenant_apiserver_db_name", Type: Str, Default: "${masterdata_db_db}", Path: "tenant_apiserver.db_name", Description: "that database's name"},
	{Name: "metal_tenant_apiserver_db_user", Type: Str, Default: "${masterdata_db_user}", Path: "tenant_apiserver.db_user", Description: "that database's user"},
	{Name: "metal_tenant_apiserver_db_password", Type: Str, Default: "${metal_masterdata_api_db_password}", Secret: true, Path: "tenant_apiserver.db_password", Description: "that database's password"},
	{Name: "metal_ipam_db_address", Type: Str, Default: "${ipam_db_name}", Path: "ipam.db_host", Description: "the host of ipam's database"},
	{Name: "metal_ipam_db_port", Type: Int, Default: int64(5432), Path: "ipam.db_port", Description: "that database's port"},
	{Name: "metal_ipam_db_name", Type: Str, Default: "${ipam_db_db}", Path: "ipam.db_name", Description: "that database's name"},
	{Name: "metal_ipam_db_user", Type: Str, Default: "${ipam_db_user}", Path: "ipam.db_user", Description: "that database's user"},
	{Name: "metal_ipam_db_password", Type: Str, Default: "${ipam_db_password}", Secret: true, Path: "ipam.db_password", Description: "that database's password"},
	{Name: "metal_ipam_log_level", Type: Str, Default: "debug", Path: "ipam.log_level", Description: "how much ipam tells"},
}

var metalConsole = []Variable{
	{Name: "metal_console_enabled", Type: Bool, Default: false, Path: "metal_console.enabled", Description: "whether the metal-console is deployed"},
	{Name: "metal_console_tcproute_enabled", Type: Bool, Default: false, Path: "metal_console.tcpRoute.enabled", Description: "whether it is reached by a TCPRoute of the Gateway API"},
	{Name: "metal_console_tcproute_parent_refs", Type: List, Default: []any{}, Path: "metal_console.tcpRoute.parentRefs", Description: "the gateways of that route"},
	{Name: "metal_console_bmc_proxy_certs_server_key", Type: Str, Secret: true, Description: "the key that the metal-console shows people"},
	{Name: "metal_console_bmc_proxy_certs_server_pub", Type: Str, Description: "the public part of that"},
	{Name: "metal_console_bmc_proxy_certs_client_key", Type: Str, Secret: true, Description: "the key that it shows the bmc-proxy, in PEM"},
	{Name: "metal_console_bmc_proxy_certs_client_cert", Type: Str, Description: "the certificate that it shows the bmc-proxy, in PEM"},
	{Name: "metal_console_bmc_proxy_certs_ca_cert", Type: Str, Description: "the authority of the bmc-proxy's certificate, in PEM"},
}

// metalWays are how the APIs are reached.
var metalWays = []Variable{
	{Name: "metal_deploy_ingress", Type: Bool, Default: true, Path: "deploy_ingress", Description: "whether they are reached by an ingress"},
	{Name: "metal_deploy_ingress_api_v1_rules", Type: Bool, computed: unless("metal_api_httproute_enabled"), Path: "deploy_ingress_api_v1_rules", Without: "unless `metal_api_httproute_enabled`", Description: "whether the metal-api is reached by it"},
	{Name: "metal_deploy_ingress_api_v2_rules", Type: Bool, computed: unless("metal_apiserver_httproute_enabled"), Path: "deploy_ingress_api_v2_rules", Without: "unless `metal_apiserver_httproute_enabled`", Description: "whether the metal-apiserver is reached by it"},
	{Name: "metal_ingress", Type: Dict, Default: map[string]any{}, Path: "ingress", Description: "more of that ingress: `annotations`, and `tls` with `enabled`"},
	{Name: "metal_ingress_dns", Type: Str, Default: "api.${metal_control_plane_ingress_dns}", Path: "ingress_public_dns", Description: "the name of the metal-api"},
	{Name: "metal_ingress_v2_dns", Type: Str, Default: "v2.${metal_control_plane_ingress_dns}", Path: "v2_ingress_public_dns", Description: "the name of the metal-apiserver"},
	{Name: "metal_api_httproute_enabled", Type: Bool, Default: false, Path: "metal_api.httpRoute.enabled", Description: "whether the metal-api is reached by an HTTPRoute of the Gateway API"},
	{Name: "metal_api_httproute_hostnames", Type: List, computed: hostnames("api."), Path: "metal_api.httpRoute.hostnames", Without: "`api.` and `metal_control_plane_gateway_dns`", Description: "the names of that route"},
	{Name: "metal_api_httproute_parent_refs", Type: List, Default: []any{}, Path: "metal_api.httpRoute.parentRefs", Description: "the gateways of that route"},
	{Name: "metal_api_httproute_https_redirect", Type: Dict, Path: "metal_api.httpRoute.httpsRedirect", Description: "a route that sends people from http to https"},
	{Name: "metal_api_tcproute_enabled", Type: Bool, Default: false, Path: "metal_api.tcpRoute.enabled", Description: "whether the metal-api's gRPC is reached by a TCPRoute of the Gateway API"},
	{Name: "metal_api_tcproute_parent_refs", Type: List, Default: []any{}, Path: "metal_api.tcpRoute.parentRefs", Description: "the gateways of that route"},
	{Name: "metal_apiserver_httproute_enabled", Type: Bool, Default: false, Path: "metal_apiserver.httpRoute.enabled", Description: "whether the metal-apiserver is reached by an HTTPRoute of the Gateway API"},
	{Name: "metal_apiserver_httproute_hostnames", Type: List, computed: hostnames("v2."), Path: "metal_apiserver.httpRoute.hostnames", Without: "`v2.` and `metal_control_plane_gateway_dns`", Description: "the names of that route"},
	{Name: "metal_apiserver_httproute_parent_refs", Type: List, Default: []any{}, Path: "metal_apiserver.httpRoute.parentRefs", Description: "the gateways of that route"},
	{Name: "metal_apiserver_httproute_https_redirect", Type: Dict, Path: "metal_apiserver.httpRoute.httpsRedirect", Description: "a route that sends people from http to https"},
}

func unless(route string) func(*Settings) any {
	return func(s *Settings) any { return !s.bool(route) }
}

func hostnames(prefix string) func(*Settings) any {
	return func(s *Settings) any { return []any{prefix + s.text("metal_control_plane_gateway_dns")} }
}

// auditing are the variables of one API's auditing. Those of the metal-apiserver are those of the metal-api, if nothing else is said.
func auditing(family, other, path string) []Variable {
	var all []Variable
	for _, v := range []Variable{
		{Name: "_timescaledb_enabled", Type: Bool, Default: false, Path: ".timescaledb.enabled", Description: "whether it audits to timescaledb"},
		{Name: "_timescaledb_host", Type: Str, Default: "${auditing_timescaledb_name}", Path: ".timescaledb.host", Description: "the host of timescaledb"},
		{Name: "_timescaledb_port", Type: Str, Default: "5432", Path: ".timescaledb.port", Description: "the port of timescaledb"},
		{Name: "_timescaledb_db", Type: Str, Default: "${auditing_timescaledb_db}", Path: ".timescaledb.db", Description: "the database in it"},
		{Name: "_timescaledb_user", Type: Str, Default: "${auditing_timescaledb_user}", Path: ".timescaledb.user", Description: "the user of it"},
		{Name: "_timescaledb_password", Type: Str, Default: "${auditing_timescaledb_password}", Secret: true, Path: ".timescaledb.password", Description: "that user's password"},
		{Name: "_timescaledb_retention", Type: Str, Default: "14 days", Path: ".timescaledb.retention", Description: "for how long it keeps; it cannot be changed"},
		{Name: "_splunk_enabled", Type: Bool, Default: false, Path: ".splunk.enabled", Description: "whether it audits to splunk"},
		{Name: "_splunk_endpoint", Type: Str, Path: ".splunk.endpoint", Description: "the URL of splunk"},
		{Name: "_splunk_hec_token", Type: Str, Secret: true, Path: ".splunk.hec", Description: "the token there"},
		{Name: "_splunk_source", Type: Str, Path: ".splunk.source", Description: "the source that it names"},
		{Name: "_splunk_source_type", Type: Str, Path: ".splunk.source_type", Description: "the type of source that it names"},
		{Name: "_splunk_index", Type: Str, Path: ".splunk.index", Description: "the index there"},
		{Name: "_splunk_host", Type: Str, Path: ".splunk.host", Description: "the host that it names"},
		{Name: "_splunk_ca", Type: Str, Description: "the authority of splunk's certificate, in PEM"},
	} {
		name := v.Name
		v.Name = family + name
		if v.Path != "" {
			v.Path = path + v.Path
		}
		if other != "" {
			v.Default = "${" + other + name + "}"
		}
		all = append(all, v)
	}
	if other == "" {
		all = append(all, Variable{Name: family + "_search_backend", Type: Str, Path: path + ".search_backend", Description: "the backend in which is searched"})
	}
	return all
}
