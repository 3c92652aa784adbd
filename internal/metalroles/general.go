package metalroles

// general are the variables that no single component has.
var general = []Variable{
	{Name: "metal_control_plane_ingress_dns", Type: Str, Description: "the domain under which the control plane is reached by an ingress; mandatory unless every route of it is one of the Gateway API"},
	{Name: "metal_control_plane_gateway_dns", Type: Str, Description: "the domain under which it is reached by routes of the Gateway API"},
	{Name: "metal_control_plane_namespace", Type: Str, Default: "metal-control-plane", Description: "the namespace of everything"},
	{Name: "metal_control_plane_stage_name", Type: Str, Default: "test", Description: "the name of the stage; it is in the paths of backups, so no two control planes with one bucket have the same"},
	{Name: "metal_control_plane_provider_tenant", Type: Str, Default: "acme", Description: "the tenant that may do everything"},
	{Name: "metal_control_plane_image_pull_policy", Type: Str, Default: "IfNotPresent", Description: "when images are pulled"},

	{Name: "metal_stack_release_version", Type: Str, Description: "the release of metal-stack, as `v0.23.0`"},
	{
		Name: "metal_stack_release_vectors", Type: List, Without: "`oci://ghcr.io/metal-stack/releases` at `metal_stack_release_version`",
		Description: "the release vectors that tell images and charts, each with `url` (`oci://...`, `https://...` or a path), and if you like " +
			"`oci_registry_username`, `oci_registry_password`, `oci_registry_scheme`, `oci_cosign_verify_key`, `replace` and `nested`; what is set by another variable goes over them",
		Secret: true,
	},
	{Name: "metal_stack_release_vector_replacements", Type: List, Description: "`replace` of those release vectors that have none: a list of `key`, `old` and `new`"},

	{Name: "metal_registry_auth_enabled", Type: Bool, Default: false, Description: "whether images are pulled with a login"},
	{Name: "metal_registry_url", Type: Str, Default: "https://index.docker.io/v1/", Description: "the registry of that login"},
	{Name: "metal_registry_auth_user", Type: Str, Description: "its user"},
	{Name: "metal_registry_auth_password", Type: Str, Secret: true, Description: "its password"},
}

// pullSecret is the login for images of a component, whose variables begin with the family; nil if there is none.
func (s *Settings) pullSecret(family string) any {
	if !s.bool(family + "_registry_auth_enabled") {
		return nil
	}
	if own, ok := s.table[family+"_registry_auth"]; ok && s.set(own.Name) {
		return s.get(own.Name)
	}
	user, password := s.text("metal_registry_auth_user"), s.text("metal_registry_auth_password")
	if user == "" || password == "" {
		s.problem("%s_registry_auth_enabled is set, and metal_registry_auth_user or metal_registry_auth_password is missing; set them, or turn it off", family)
	}
	return map[string]any{"auths": map[string]any{s.text("metal_registry_url"): map[string]any{
		"username": user, "password": password, "auth": base64Of(user + ":" + password),
	}}}
}
