package metalroles

// own are the variables that the role metal_control_plane has and metal-roles has not. Most of them are the module's options.
var own = []Variable{
	{Name: "metal_control_plane_kubeconfig", Type: Path, Without: "what `K8S_AUTH_KUBECONFIG` or `KUBECONFIG` names", Description: "the kubeconfig of the cluster, on the host of the play"},
	{Name: "metal_control_plane_context", Type: Str, Without: "its current one", Description: "the context in it"},
	{Name: "metal_control_plane_state", Type: Str, Choices: []string{"present", "absent", "validated"}, Default: "present", Description: "`present`, `absent` or `validated`; the last only looks whether the cluster will do"},
	{Name: "metal_control_plane_confirm", Type: List, Elements: Str, Default: []any{}, Description: "the names of the releases that hold data and may be removed, typed out"},
	{Name: "metal_control_plane_remove_claims", Type: Bool, Default: false, Description: "whether the databases' volumes are removed, too"},
	{Name: "metal_control_plane_preflight", Type: Dict, Description: "what the cluster must have, as the module's option `preflight`"},
	{Name: "metal_control_plane_components", Type: List, Elements: Str, Without: "all that are needed", Description: "the names of metal-stack's components that are deployed"},
	{Name: "metal_control_plane_more_components", Type: List, Elements: Dict, Default: []any{}, Description: "more components, as the module's option `components` has them; what has the name of one of metal-stack's (`metal`) goes over it"},
	{Name: "metal_control_plane_mirrors", Type: Dict, Description: "where charts, release vectors and their images come from in place of their own registries, as the module's option `mirrors`"},
	{Name: "metal_control_plane_registry", Type: Dict, Secret: true, Description: "how the registry of charts and release vectors is reached: `username`, `password`, `ca_file`, `plain_http`"},
	{
		Name: "metal_control_plane_backup", Type: Dict, Secret: true,
		Description: "where the databases' backups go, for all that have no variables of their own for it: `provider` (`local`, `gcp`, `s3`), `schedule`, `encryption_key`, " +
			"`object_max_keep`, `object_days_max_keep`, `log_level`, and `s3` or `gcp` with what their variables end with, as `bucket_name`",
	},
	{
		Name: "metal_control_plane_certificate_authorities", Type: List, Elements: Dict, Secret: true, Default: []any{},
		Description: "the authority that signs certificates that nobody has given, as the module's option `certificate_authorities`; without, one is made and kept in the cluster",
	},
	{Name: "metal_control_plane_certificates", Type: List, Elements: Dict, Default: []any{}, Description: "more certificates, as the module's option `certificates`; what has the name of one that is made anyway goes in its place"},
	{Name: "metal_control_plane_health_ca_file", Type: Path, Without: "the system's authorities", Description: "the authority of the certificate under which the metal-api must answer, in PEM"},
	{Name: "metal_control_plane_health_timeout", Type: Int, Default: int64(600), Description: "how many seconds the metal-api may take to answer"},
	{Name: "metal_control_plane_allow_placeholders", Type: Bool, Default: false, Description: "whether secrets may be those that everybody knows, as `change-me`; only for a laboratory"},
}
