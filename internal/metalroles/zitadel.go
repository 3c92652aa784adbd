package metalroles

var zitadel = []Variable{
	{Name: "zitadel_namespace", Type: Str, Default: "${metal_control_plane_namespace}", Description: "its namespace"},
	{Name: "zitadel_chart_repo", Type: Str, Without: "that of the release vector", Description: "the repository of its chart"},
	{Name: "zitadel_chart_version", Type: Str, Without: "that of the release vector", Description: "the chart's version"},
	{Name: "zitadel_image_tag", Type: Str, Path: "image.tag", Without: "the chart's", Description: "the tag of its image"},
	{Name: "zitadel_tools_kubectl_tag", Type: Str, Default: "1.35.1", Path: "tools.kubectl.image.tag", Description: "the tag of the image `alpine/k8s` that its chart uses"},
	{Name: "zitadel_image_pull_policy", Type: Str, Default: "${metal_control_plane_image_pull_policy}", Description: "when the image that sets zitadel up is pulled"},
	{Name: "zitadel_external_domain", Type: Str, Path: "zitadel.configmapConfig.ExternalDomain", Without: "it is mandatory if zitadel is deployed", Description: "the name under which people reach zitadel"},
	{Name: "zitadel_ingress_dns", Type: Str, computed: withPort(domain("zitadel_httproute_enabled", "https://auth.")), Without: "`https://auth.DOMAIN:443`", Description: "the URL under which people reach zitadel"},
	{Name: "zitadel_endpoint", Type: Str, computed: domain("zitadel_httproute_enabled", "auth."), Without: "`auth.DOMAIN`", Description: "the host at which it is set up"},
	{Name: "zitadel_port", Type: Int, Default: int64(443), Description: "the port there"},
	{Name: "zitadel_insecure", Type: Bool, Default: false, Description: "whether there is no TLS there"},
	{Name: "zitadel_skip_verify_tls", Type: Bool, Default: false, Description: "whether the certificate there is not looked at"},
	{Name: "zitadel_enabled_ingress", Type: Bool, Default: true, Path: "ingress.enabled", Description: "whether it is reached by an ingress"},
	{Name: "zitadel_ingress_annotations", Type: Dict, Default: map[string]any{}, Description: "annotations of the ingress"},
	{Name: "zitadel_tls_enabled", Type: Bool, Default: true, Description: "whether the ingress has TLS"},
	{Name: "zitadel_httproute_enabled", Type: Bool, Default: false, Path: "gateway.httpRoute.enabled", Description: "whether it is reached by an HTTPRoute of the Gateway API"},
	{Name: "zitadel_httproute_parent_refs", Type: List, Default: []any{}, Path: "gateway.httpRoute.parentRefs", Description: "the gateways of that route"},
	{Name: "zitadel_initial_instance", Type: Str, Default: "metal-stack", Path: "zitadel.configmapConfig.FirstInstance.InstanceName", Description: "the name of its instance"},
	{Name: "zitadel_initial_org", Type: Str, Default: "metal-stack", Path: "zitadel.configmapConfig.FirstInstance.Org.Name", Description: "the name of its organization"},
	{Name: "zitadel_admin_password", Type: Str, Secret: true, Without: "it is mandatory if zitadel is deployed", Description: "the password of its administrator"},
	{Name: "zitadel_master_key", Type: Str, Secret: true, Path: "zitadel.masterkey", Without: "it is mandatory if zitadel is deployed", Description: "the key that it encrypts with, of 32 characters; it cannot be changed"},
	{Name: "zitadel_db_address", Type: Str, Default: "${zitadel_db_name}", Path: "zitadel.configmapConfig.Database.Postgres.Host", Description: "the host of its database"},
	{Name: "zitadel_init_config", Type: Dict, Default: map[string]any{}, Secret: true, Description: "what it is set up with: `static_users`, `project`, `application`, `generic_oidc_providers`"},
	{Name: "zitadel_init_image_name", Type: Str, Without: "that of the release vector", Description: "the image that sets it up"},
	{Name: "zitadel_init_image_tag", Type: Str, Without: "that of the release vector", Description: "that image's tag"},
}

func withPort(name func(*Settings) any) func(*Settings) any {
	return func(s *Settings) any {
		if text, ok := name(s).(string); ok {
			return text + ":443"
		}
		return nil
	}
}

// masterKeyLength is what zitadel wants.
const masterKeyLength = 32

func (s *Settings) zitadelValues() map[string]any {
	s.require("zitadel cannot be deployed without", "zitadel_external_domain", "zitadel_admin_password", "zitadel_master_key", "zitadel_db_password")
	if n := len(s.text("zitadel_master_key")); n != 0 && n != masterKeyLength {
		s.problem("zitadel_master_key has %d characters, not %d; correct it, and keep it: what zitadel has stored cannot be read with another", n, masterKeyLength)
	}
	values := s.values(zitadel)
	password := s.get("zitadel_db_password")
	login := map[string]any{"Password": password}
	postgres := map[string]any{"Port": 5432, "Database": "zitadel", "MaxOpenConns": 20, "MaxIdleConns": 10, "MaxConnLifetime": "30m", "MaxConnIdleTime": "5m"}
	for _, role := range []string{"User", "Admin"} {
		postgres[role] = map[string]any{"Username": "postgres", "SSL": map[string]any{"Mode": "disable"}}
	}
	env := []any{map[string]any{"name": "ZITADEL_API_URL", "value": s.get("zitadel_ingress_dns")}}
	return merge(values, map[string]any{
		"zitadel": map[string]any{
			"secretConfig": map[string]any{"Database": map[string]any{"Postgres": map[string]any{"User": login, "Admin": login}}},
			"configmapConfig": map[string]any{
				"TLS":           map[string]any{"Enabled": false},
				"Database":      map[string]any{"Postgres": postgres},
				"FirstInstance": map[string]any{"Org": map[string]any{"Human": s.administrator()}},
			},
		},
		"ingress": s.zitadelIngress("zitadel-tls", map[string]any{"nginx.ingress.kubernetes.io/backend-protocol": "GRPC"}),
		"env":     env,
		"login": map[string]any{
			"env": env, "ingress": s.zitadelIngress("zitadel-login-tls", map[string]any{}), "gateway": values["gateway"], "image": values["image"],
		},
	})
}

func (s *Settings) administrator() map[string]any {
	return map[string]any{
		"Username": "admin", "FirstName": "Admin", "LastName": "Initial", "DisplayName": "admin",
		"Password": s.get("zitadel_admin_password"), "PasswordChangeRequired": false,
	}
}

func (s *Settings) zitadelIngress(secret string, annotations map[string]any) map[string]any {
	ingress := map[string]any{"enabled": s.get("zitadel_enabled_ingress"), "className": "nginx", "annotations": annotations}
	if s.bool("zitadel_tls_enabled") {
		annotations["nginx.ingress.kubernetes.io/force-ssl-redirect"] = "true"
		annotations["nginx.ingress.kubernetes.io/ssl-redirect"] = "true"
		ingress["tls"] = []any{map[string]any{"hosts": []any{s.get("zitadel_external_domain")}, "secretName": secret}}
	}
	for name, value := range s.dict("zitadel_ingress_annotations") {
		annotations[name] = value
	}
	return ingress
}

func (s *Settings) zitadelInitValues() map[string]any {
	return map[string]any{
		"image":    s.image("zitadel_init", "zitadel_image_pull_policy"),
		"endpoint": s.get("zitadel_endpoint"), "external_domain": s.get("zitadel_external_domain"), "port": s.get("zitadel_port"),
		"insecure": s.get("zitadel_insecure"), "skip_verify_tls": s.get("zitadel_skip_verify_tls"), "config": s.get("zitadel_init_config"),
		"pull_secret": s.pullSecret("metal"),
	}
}

// image leaves out what the release vector tells.
func (s *Settings) image(family, policy string) map[string]any {
	image := map[string]any{"pull_policy": s.get(policy)}
	for _, part := range []string{"name", "tag"} {
		if value := s.get(family + "_image_" + part); value != nil {
			image[part] = value
		}
	}
	return image
}
