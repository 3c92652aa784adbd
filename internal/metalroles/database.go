package metalroles

import "slices"

// database is a component that metal-roles deploys by its roles postgres-backup-restore, rethinkdb-backup-restore or valkey.
type database struct {
	component, family, engine string
	size                      string
	resources                 map[string]any
	own                       []Variable // that no other has
}

func resources(requestMemory, requestCPU, limitMemory, limitCPU string) map[string]any {
	return map[string]any{
		"requests": map[string]any{"memory": requestMemory, "cpu": requestCPU},
		"limits":   map[string]any{"memory": limitMemory, "cpu": limitCPU},
	}
}

var databases = []database{
	{"metal-db", "metal_db", "rethinkdb", "5Gi", resources("2Gi", "200m", "4Gi", "500m"), []Variable{
		{Name: "expose_frontend", Type: Bool, Default: false, Path: "ingress.enabled", Description: "whether rethinkdb's web frontend is reached by an ingress"},
		{Name: "ingress_dns", Type: Str, Default: "rethinkdb.${metal_control_plane_ingress_dns}", Path: "ingress.host", Description: "the name of that frontend"},
	}},
	{"ipam-db", "ipam_db", "postgres", "5Gi", resources("128Mi", "20m", "256Mi", "100m"), named("ipam")},
	{"masterdata-db", "masterdata_db", "postgres", "5Gi", resources("128Mi", "20m", "256Mi", "100m"), named("masterdata")},
	{"zitadel-db", "zitadel_db", "postgres", "5Gi", resources("128Mi", "20m", "256Mi", "100m"), named("zitadel")},
	{"auditing-timescaledb", "auditing_timescaledb", "postgres", "10Gi", resources("256Mi", "500m", "1Gi", "1"), append(named("auditing"), Variable{
		Name: "shared_libraries_preload", Type: List, Default: []any{"pg_stat_statements", "timescaledb"}, Path: "shared_libraries_preload", Description: "the libraries that it loads",
	})},
	{"valkey", "valkey", "valkey", "10Gi", resources("512M", "400m", "1Gi", "800m"), []Variable{
		{Name: "enable_security_context", Type: Bool, Default: true, Path: "security_context.enabled", Description: "whether the pod has a security context"},
		{Name: "sts_security_context", Type: Dict, Default: podContext(1000, 1000), Path: "security_context.pod", Description: "the security context of the pod"},
		{Name: "container_security_context", Type: Dict, Default: containerContext, Path: "security_context.container", Description: "that of its containers"},
		{Name: "backup_restore_sidecar_resources", Type: Dict, Path: "backup.resources", Description: "the resources of the sidecar"},
		{Name: "init_resources", Type: Dict, Path: "backup.init_resources", Description: "the resources of the container that brings the sidecar"},
	}},
}

// named are the variables that postgres alone has.
func named(name string) []Variable {
	return []Variable{
		{Name: "db", Type: Str, Default: name, Path: "db", Description: "the name of the database in it"},
		{Name: "user", Type: Str, Default: "postgres", Path: "user", Description: "the user"},
		{Name: "max_connections", Type: Int, Default: 100, Path: "max_connections", Description: "how many connections it takes"},
	}
}

func podContext(user, group int) map[string]any {
	return map[string]any{
		"fsGroup": group, "fsGroupChangePolicy": "OnRootMismatch", "runAsUser": user, "runAsNonRoot": true, "runAsGroup": group,
		"seccompProfile": map[string]any{"type": "RuntimeDefault"},
	}
}

var containerContext = map[string]any{"allowPrivilegeEscalation": false, "capabilities": map[string]any{"drop": []any{"ALL"}}}

// ofEngine are the variables that all databases of one engine share.
func ofEngine(engine string) []Variable {
	all := []Variable{
		{Name: "enable_security_context", Type: Bool, Default: false, Path: "security_context.enabled", Description: "whether the pods of all $NAME databases have a security context"},
		{Name: "sts_security_context", Type: Dict, Default: podContext(1001, 2000), Path: "security_context.pod", Description: "the security context of these pods"},
		{Name: "container_security_context", Type: Dict, Default: containerContext, Path: "security_context.container", Description: "that of their containers"},
		{Name: "backup_restore_sidecar_resources", Type: Dict, Path: "backup.resources", Description: "the resources of their sidecars"},
		{Name: "init_resources", Type: Dict, Path: "backup.init_resources", Description: "the resources of the containers that bring the sidecars"},
	}
	if engine == "postgres" {
		all = append(all,
			Variable{Name: "shared_libraries_preload", Type: List, Default: []any{"pg_stat_statements"}, Path: "shared_libraries_preload", Description: "the libraries that they load"},
			Variable{Name: "shared_buffers", Type: Str, Path: "shared_buffers", Description: "postgres' setting of that name, for all"},
			Variable{Name: "maintenance_work_mem", Type: Str, Path: "maintenance_work_mem", Description: "postgres' setting of that name, for all"},
			Variable{Name: "work_mem", Type: Str, Path: "work_mem", Description: "postgres' setting of that name, for all"},
			Variable{Name: "effective_cache_size", Type: Str, Path: "effective_cache_size", Description: "postgres' setting of that name, for all"})
	}
	return prefixed(engine, all)
}

func (d database) variables() []Variable {
	all := []Variable{
		{Name: "name", Type: Str, Default: d.component, Description: "the name of the database's objects and of its Helm release"},
		{Name: "namespace", Type: Str, Default: "${metal_control_plane_namespace}", Description: "its namespace"},
		{Name: "image_name", Type: Str, Path: "image.name", Without: "that of the release vector", Description: "its image"},
		{Name: "image_tag", Type: Str, Path: "image.tag", Without: "that of the release vector", Description: "the image's tag"},
		{Name: "image_pull_policy", Type: Str, Default: "${metal_control_plane_image_pull_policy}", Path: "image.pull_policy", Description: "when the image is pulled"},
		{Name: "storage_size", Type: Str, Default: d.size, Path: "storage.size", Description: "the size of its volume, and of that for backups"},
		{Name: "storage_class", Type: Str, Path: "storage.class", Without: "the cluster's default", Description: "the StorageClass of the volumes"},
		{Name: "resources", Type: Dict, Default: d.resources, Path: "resources", Description: "the resources of the database's container"},
		{Name: "registry_auth_enabled", Type: Bool, Default: "${metal_registry_auth_enabled}", Description: "whether its images are pulled with a login"},
		{Name: "registry_auth", Type: Dict, Secret: true, Without: "that of `metal_registry_auth_user`", Description: "the login, with `auths` as Docker has it"},
	}
	if d.engine != "valkey" {
		all = append(all, Variable{Name: "password", Type: Str, Secret: true, Path: "password", Without: "it is mandatory", Description: "its password"})
	}
	return prefixed(d.family, slices.Concat(all, d.own, d.sidecar()))
}

// sidecar are the variables of the backup-restore-sidecar. What nobody has set is that of metal_control_plane_backup.
func (d database) sidecar() []Variable {
	days := "backup_restore_sidecar_object_days_max_keep"
	if d.engine == "valkey" { // which metal-roles spells so
		days = "backup_restore_sidecar_s3_object_days_max_keep"
	}
	block := "that of `metal_control_plane_backup`"
	const p = "backup_restore_sidecar_"
	all := []Variable{
		{Name: p + "image_name", Type: Str, Path: "backup.image.name", Without: "that of the release vector", Description: "the image that brings the sidecar"},
		{Name: p + "image_tag", Type: Str, Path: "backup.image.tag", Without: "that of the release vector", Description: "that image's tag"},
		{Name: p + "image_pull_policy", Type: Str, Default: "${metal_control_plane_image_pull_policy}", Path: "backup.image.pull_policy", Description: "when that image is pulled"},
		{Name: p + "provider", Type: Str, Path: "backup.provider", Without: block + ", or `local`", Description: "where backups go: `local`, `gcp` or `s3`"},
		{Name: p + "backup_cron_schedule", Type: Str, Path: "backup.schedule", Without: block + ", or " + d.schedule(), Description: "when backups are made"},
		{Name: p + "log_level", Type: Str, Path: "backup.log_level", Without: block + ", or `debug`", Description: "how much the sidecar tells"},
		{Name: p + "object_prefix", Type: Str, Default: d.prefix(), Path: "backup.object_prefix", Description: "what the names of backups begin with"},
		{Name: p + "object_max_keep", Type: Int, Path: "backup.object_max_keep", Without: block + ", or 480", Description: "how many backups are kept"},
		{Name: days, Type: Int, Path: "backup.object_days_max_keep", Without: block, Description: "for how many days backups are kept"},
		{Name: p + "encryption_key", Type: Str, Secret: true, Path: "backup.encryption_key", Without: block, Description: "the key that backups are encrypted with, of 32 characters"},
	}
	for _, v := range bucketVariables {
		v.Name, v.Path, v.Without = p+v.Name, "backup."+v.Path, block
		all = append(all, v)
	}
	return all
}

var bucketVariables = []Variable{
	{Name: "gcp_bucket_name", Type: Str, Path: "gcp.bucket_name", Description: "the bucket at Google"},
	{Name: "gcp_backup_location", Type: Str, Path: "gcp.backup_location", Description: "the bucket's location"},
	{Name: "gcp_project_id", Type: Str, Path: "gcp.project_id", Description: "the bucket's project"},
	{Name: "gcp_serviceaccount_json", Type: Raw, Secret: true, Path: "gcp.serviceaccount_json", Description: "the `serviceaccount.json` of an account that may use the bucket, as text or mapping"},
	{Name: "s3_bucket_name", Type: Str, Path: "s3.bucket_name", Description: "the bucket at an S3 server"},
	{Name: "s3_region", Type: Str, Path: "s3.region", Description: "the bucket's region"},
	{Name: "s3_endpoint", Type: Str, Path: "s3.endpoint", Description: "the URL of the S3 server"},
	{Name: "s3_access_key", Type: Str, Secret: true, Path: "s3.access_key", Description: "the access key of a user that may use the bucket"},
	{Name: "s3_secret_key", Type: Str, Secret: true, Path: "s3.secret_key", Description: "that user's secret key"},
	{Name: "s3_insecure_skip_verify", Type: Bool, Path: "s3.insecure_skip_verify", Description: "whether the S3 server's certificate is not looked at"},
	{Name: "s3_trusted_ca_cert", Type: Str, Path: "s3.trusted_ca_cert", Description: "the authority of that certificate, in PEM"},
	{Name: "s3_request_checksum_calculation", Type: Str, Path: "s3.request_checksum_calculation", Description: "`when_required` for servers that know no checksums, or `when_supported`"},
}

// prefix is unlike that of any other control plane with the same bucket, by the stage's name.
func (d database) prefix() string {
	if d.engine == "postgres" {
		return "${$NAME_name}-${metal_control_plane_stage_name}"
	}
	return d.engine + "-${metal_control_plane_stage_name}"
}

func (d database) schedule() string {
	if d.component == "auditing-timescaledb" {
		return "every hour"
	}
	return "every three minutes"
}

func databaseVariables() []Variable {
	all := slices.Concat(ofEngine("postgres"), ofEngine("rethinkdb"))
	for _, d := range databases {
		all = append(all, d.variables()...)
	}
	return all
}
