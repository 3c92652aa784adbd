package metalroles

var nsq = []Variable{
	{Name: "nsq_namespace", Type: Str, Default: "${metal_control_plane_namespace}", Description: "its namespace"},
	{Name: "nsq_image_name", Type: Str, Path: "image.name", Without: "that of the release vector", Description: "its image"},
	{Name: "nsq_image_tag", Type: Str, Path: "image.tag", Without: "that of the release vector", Description: "the image's tag"},
	{Name: "nsq_image_pull_policy", Type: Str, Default: "${metal_control_plane_image_pull_policy}", Path: "image.pull_policy", Description: "when the image is pulled"},
	{Name: "nsq_set_resource_limits", Type: Bool, Default: true, Path: "set_resource_limits", Description: "whether its containers have resources"},
	{Name: "nsq_nsqd_resources", Type: Dict, Default: resources("32Mi", "50m", "256Mi", "1"), Path: "nsqd_resources", Description: "the resources of nsqd"},
	{Name: "nsq_nsq_lookupd_resources", Type: Dict, Default: resources("8Mi", "20m", "100Mi", "1"), Path: "lookupd_resources", Description: "the resources of nsqlookupd"},
	{Name: "nsq_nsq_admin_resources", Type: Dict, Default: resources("32Mi", "30m", "128Mi", "100m"), Path: "admin_resources", Description: "the resources of nsqadmin"},
	{Name: "nsq_log_level", Type: Str, Default: "info", Path: "log_level", Description: "how much it tells"},
	{Name: "nsq_broadcast_address", Type: Str, computed: domain("nsq_tcproute_enabled", ""), Path: "broadcast_address", Without: "`metal_control_plane_ingress_dns`, or with `nsq_tcproute_enabled` `metal_control_plane_gateway_dns`", Description: "under which name partitions reach nsqd"},
	{Name: "nsq_nsqd_data_size", Type: Str, Default: "100Mi", Path: "data_size", Description: "the size of nsqd's volume"},
	{Name: "nsq_tls_enabled", Type: Bool, Default: "${metal_api_nsq_tls_enabled}", Path: "tls.enabled", Description: "whether nsqd wants certificates of its clients; metal-roles' default is false, with which its own default of the metal-api can't reach it"},
	{Name: "nsq_tls_require", Type: Str, Default: "tcp-https", Path: "tls.require", Description: "of which clients nsqd wants TLS: `true`, `false` or `tcp-https`"},
	{Name: "nsq_certs_client_key", Type: Str, Secret: true, Path: "tls.client_key", Without: generated, Description: "the key of nsqd's certificate, in PEM"},
	{Name: "nsq_certs_client_cert", Type: Str, Secret: true, Path: "tls.client_cert", Without: generated, Description: "nsqd's certificate, with the key behind it, in PEM"},
	{Name: "nsq_certs_ca_cert", Type: Str, Path: "tls.ca_cert", Without: generated, Description: "the authority of that certificate, in PEM"},
	{Name: "nsq_registry_auth_enabled", Type: Bool, Default: "${metal_registry_auth_enabled}", Description: "whether its images are pulled with a login"},
	{Name: "nsq_registry_auth", Type: Dict, Secret: true, Without: "that of `metal_registry_auth_user`", Description: "the login, with `auths` as Docker has it"},
	{Name: "nsq_tcproute_enabled", Type: Bool, Default: false, Path: "tcp_route.enabled", Description: "whether nsqd is reached by a TCPRoute of the Gateway API"},
	{Name: "nsq_tcproute_parent_refs", Type: List, Default: []any{}, Path: "tcp_route.parent_refs", Description: "the gateways of that route"},
	{Name: "nsq_enable_security_context", Type: Bool, Default: false, Path: "security_context.enabled", Description: "whether its pods have a security context"},
	{Name: "nsq_sts_security_context", Type: Dict, Default: podContext(1001, 2000), Path: "security_context.pod", Description: "the security context of the pods"},
	{Name: "nsq_container_security_context", Type: Dict, Default: containerContext, Path: "security_context.container", Description: "that of their containers"},
}

// generated is what holds for certificates that nobody has given.
const generated = "one is made"

// domain is a name below the domain by which a route or the ingress reaches something.
func domain(route, prefix string) func(*Settings) any {
	return func(s *Settings) any {
		below := s.text("metal_control_plane_ingress_dns")
		if s.bool(route) {
			below = s.text("metal_control_plane_gateway_dns")
		}
		if below == "" {
			return nil
		}
		return prefix + below
	}
}
