package metalroles

import "slices"

// metal are the variables of the component metal: what its chart's values are called is told by metal-stack/helm-charts.
func metal() []Variable {
	return slices.Concat(metalChart, metalImages(), metalPods(), metalAPI, metalAPIServer, masterdata, metalStores, metalConsole, metalWays, auditing("metal_auditing", "", "auditing"),
		auditing("metal_apiserver_auditing", "metal_auditing", "metal_apiserver.auditing"))
}

var metalChart = []Variable{
	{Name: "metal_helm_chart", Type: Str, Without: "that of the release vector", Description: "the address of metal-stack's chart in a registry, without `oci://`"},
	{Name: "metal_helm_chart_tag", Type: Str, Without: "that of the release vector", Description: "the chart's tag there"},
	{Name: "metal_helm_chart_local_path", Type: Str, Description: "a folder with the chart, in the place of the registry"},
	{Name: "metal_helm_chart_repo", Type: Str, Description: "an HTTP repository with the chart, in the place of the registry"},
	{Name: "metal_helm_chart_version", Type: Str, Description: "the chart's version there"},
	{Name: "metal_helm_chart_timeout", Type: Str, Default: "600s", Description: "how long the chart may take, as `600s` or `10m`"},
	{Name: "metal_check_api_available", Type: Bool, Default: true, Description: "whether to wait in the end until the metal-api answers under its name"},
	{Name: "metal_check_api_health_endpoint", Type: Str, computed: (*Settings).healthURL, Without: "`https://`, `metal_ingress_dns`, `metal_api_base_path`, `v1/health`", Description: "the URL that must answer then"},
	{Name: "metal_set_resource_limits", Type: Bool, Default: true, Path: "set_resource_limits", Description: "whether containers have limits"},
	{Name: "metal_log_level", Type: Str, Default: "info", Path: "metal_api.log_level", Description: "how much the metal-api tells"},
	{Name: "minimum_client_version", Type: Str, Default: "${metalctl_version}", Path: "metal_api.minimum_client_version", Description: "the oldest metalctl that the metal-api serves"},
	{Name: "metalctl_version", Type: Str, Without: "that of the release vector", Description: "the version of metalctl"},
	{Name: "metal_api_release_version", Type: Str, Default: "${metal_stack_release_version}", Path: "metal_api.release_version", Description: "the release that the metal-api names"},
	{Name: "metal_api_port", Type: Int, Default: int64(8080), Path: "ports.metal_api", Description: "the port of the metal-api"},
	{Name: "metal_apiserver_port", Type: Int, Default: int64(8080), Path: "ports.metal_apiserver", Description: "the port of the metal-apiserver"},
	{Name: "metal_api_grpc_port", Type: Int, Default: int64(50051), Path: "ports.metal_api_grpc", Description: "the port of the metal-api's gRPC"},
	{Name: "metal_api_metrics_port", Type: Int, Default: int64(2112), Path: "ports.metal_api_metrics", Description: "the port of the metal-api's metrics"},
	{Name: "metal_masterdata_api_port", Type: Int, Default: int64(8443), Path: "ports.masterdata_api", Description: "the port of the masterdata-api"},
	{Name: "metal_masterdata_api_metrics_port", Type: Int, Default: int64(2113), Path: "ports.masterdata_api_metrics", Description: "the port of the masterdata-api's metrics"},
	{Name: "metal_console_port", Type: Int, Default: int64(10001), Path: "ports.metal_console", Description: "the port of the metal-console"},
}

// metalImages are the images, by the names that the variables and the chart have for them.
func metalImages() []Variable {
	var all []Variable
	for _, image := range [][3]string{
		{"metal_api", "metal_api", "the metal-api"}, {"metal_apiserver", "metal_apiserver", "the metal-apiserver"}, {"metal_metalctl", "metalctl", "metalctl"},
		{"metal_masterdata_api", "masterdata_api", "the masterdata-api"}, {"metal_tenant_apiserver", "tenant_apiserver", "the tenant-apiserver"},
		{"metal_ipam", "ipam", "ipam"}, {"metal_console", "metal_console", "the metal-console"},
	} {
		family, path, what := image[0]+"_image_", "images."+image[1]+".", image[2]
		all = append(all,
			Variable{Name: family + "name", Type: Str, Path: path + "image", Without: "that of the release vector", Description: "the image of " + what},
			Variable{Name: family + "tag", Type: Str, Path: path + "tag", Without: "that of the release vector", Description: "the tag of that image"},
			Variable{Name: family + "pull_policy", Type: Str, Default: "${metal_control_plane_image_pull_policy}", Path: path + "imagePullPolicy", Description: "when that image is pulled"})
	}
	return all
}

// metalPods are how many pods there are, and what they need.
func metalPods() []Variable {
	var all []Variable
	for _, c := range []struct {
		family, name string
		budget       bool
		least        int64
	}{
		{"metal_api", "metal_api", true, 2}, {"metal_apiserver", "metal_apiserver", true, 2}, {"metal_masterdata_api", "masterdata_api", true, 1},
		{"metal_tenant_apiserver", "tenant_apiserver", true, 1}, {"metal_ipam", "ipam", true, 1}, {"metal_console", "metal_console", false, 1},
	} {
		budget := "pod_disruption_budget." + c.name
		all = append(all,
			Variable{Name: c.family + "_resources", Type: Dict, Path: "resources." + c.name, Without: "the chart's", Description: "the resources of the container"},
			Variable{Name: c.family + "_pdb_enabled", Type: Bool, Default: c.budget, Path: budget + ".enabled", Description: "whether a PodDisruptionBudget keeps pods of it running"},
			Variable{Name: c.family + "_pdb_min_available", Type: Int, Default: c.least, Path: budget + ".min_available", Description: "how many pods it keeps"})
	}
	return slices.Concat(all, autoscaler("metal_api", false), autoscaler("metal_apiserver", true), []Variable{
		{Name: "metal_api_replicas", Type: Int, Default: int64(3), Path: "metal_api.replicas", Description: "how many metal-apis there are"},
		{Name: "metal_apiserver_replicas", Type: Int, Default: int64(3), Path: "metal_apiserver.replicas", Description: "how many metal-apiservers there are"},
		{Name: "metal_tenant_apiserver_replicas", Type: Int, Default: int64(2), Path: "tenant_apiserver.replicas", Description: "how many tenant-apiservers there are"},
		{Name: "metal_console_replicas", Type: Int, Default: int64(3), Path: "metal_console.replicas", Description: "how many metal-consoles there are"},
	})
}

func autoscaler(family string, enabled bool) []Variable {
	path := "hpa." + family + "."
	return []Variable{
		{Name: family + "_hpa_enabled", Type: Bool, Default: enabled, Path: path + "enabled", Description: "whether a HorizontalPodAutoscaler sets the number of pods"},
		{Name: family + "_hpa_max", Type: Int, Default: int64(5), Path: path + "max", Description: "the most pods that it sets"},
		{Name: family + "_hpa_min", Type: Int, Default: int64(3), Path: path + "min", Description: "the least pods that it sets"},
		{Name: family + "_hpa_cpu_percentage", Type: Int, Default: int64(70), Path: path + "cpu_percentage", Description: "the use of CPU that it aims at"},
	}
}

var metalAPI = []Variable{
	{Name: "metal_api_base_path", Type: Str, Default: "/metal/", Path: "metal_api.base_path", Description: "the path of the metal-api"},
	{Name: "metal_api_db_address", Type: Str, Default: "${metal_db_name}", Path: "metal_api.db_address", Description: "the host of its database"},
	{Name: "metal_api_db_password", Type: Str, Default: "${metal_db_password}", Secret: true, Path: "metal_api.db_password", Description: "the database's password"},
	{Name: "metal_api_ipam_grpc_server_endpoint", Type: Str, Default: "http://ipam:9090", Path: "metal_api.ipam_grpc_server_endpoint", Description: "the URL of ipam"},
	{Name: "metal_api_dex_address", Type: Str, Default: "", Path: "metal_api.dex_address", Description: "the URL of dex"},
	{Name: "metal_api_dex_clientid", Type: Str, Default: "", Path: "metal_api.dex_clientid", Description: "the client's id at dex"},
	{Name: "metal_api_view_key", Type: Str, Secret: true, Path: "metal_api.view_key", Without: mandatory, Description: "the HMAC key with which one may look"},
	{Name: "metal_api_edit_key", Type: Str, Secret: true, Path: "metal_api.edit_key", Without: mandatory, Description: "the HMAC key with which one may change"},
	{Name: "metal_api_admin_key", Type: Str, Secret: true, Path: "metal_api.admin_key", Without: mandatory, Description: "the HMAC key with which one may do everything"},
	{Name: "metal_api_nsq_tcp_address", Type: Str, computed: nsqAddress, Path: "metal_api.nsq.tcp_address", Without: "the domain and port 4150", Description: "under which address partitions reach nsqd"},
	{Name: "metal_api_nsq_http_address", Type: Str, Default: "nsqd:4151", Path: "metal_api.nsq.http_address", Description: "the address of nsqd in the cluster"},
	{Name: "metal_api_nsq_lookupd_address", Type: Str, Default: "nsq-lookupd:4161", Path: "metal_api.nsq.lookupd_address", Description: "the address of nsqlookupd in the cluster"},
	{Name: "metal_api_nsq_tls_enabled", Type: Bool, Default: true, Path: "metal_api.nsq.tls.enabled", Description: "whether it speaks TLS to nsqd"},
	{Name: "metal_api_nsq_tls_secret_name", Type: Str, computed: (*Settings).nsqSecret, Path: "metal_api.nsq.tls.secret_name", Without: "`nsqd`, or that of the certificate that is made", Description: "the Secret with the certificate for that"},
	{Name: "metal_api_nsq_tls_checksum", Type: Str, Path: "metal_api.nsq.tls.checksum", Without: "that of the certificate that is given", Description: "what changes when that certificate does"},
	{Name: "metal_api_grpc_tls_enabled", Type: Bool, Default: true, Path: "metal_api.grpc.tls.enabled", Description: "whether its gRPC has TLS"},
	{Name: "metal_api_grpc_certs_server_key", Type: Str, Secret: true, Without: generated, Description: "the key of its gRPC certificate, in PEM"},
	{Name: "metal_api_grpc_certs_server_cert", Type: Str, Without: generated, Description: "its gRPC certificate, in PEM"},
	{Name: "metal_api_grpc_certs_ca_cert", Type: Str, Without: generated, Description: "the authority of that certificate, in PEM"},
	{Name: "metal_api_grpc_certs_client_cert", Type: Str, Description: "the certificate of partitions; it is used by their roles"},
	{Name: "metal_api_grpc_certs_client_key", Type: Str, Secret: true, Description: "the key of that; it is used by the partitions' roles"},
	{Name: "metal_api_bmc_superuser_enabled", Type: Bool, Default: false, Path: "metal_api.bmc.superuser.enabled", Description: "whether machines' BMCs get a user of metal-stack's"},
	{Name: "metal_api_bmc_superuser_pwd", Type: Str, Secret: true, Without: "it is mandatory if that is enabled", Description: "the password of that user"},
	{Name: "metal_api_s3_enabled", Type: Bool, Default: false, Path: "metal_api.s3.enabled", Description: "whether an S3 server serves firmware"},
	{Name: "metal_api_s3_address", Type: Str, Path: "metal_api.s3.address", Description: "the URL of that server"},
	{Name: "metal_api_s3_key", Type: Str, Secret: true, Path: "metal_api.s3.key", Description: "the key there"},
	{Name: "metal_api_s3_secret", Type: Str, Secret: true, Path: "metal_api.s3.secret", Description: "the secret there"},
	{Name: "metal_api_s3_firmware_bucket", Type: Str, Path: "metal_api.s3.firmware_bucket", Description: "the bucket there"},
	{Name: "metal_api_password_reason_minlength", Type: Int, Path: "metal_api.password_reason_minlength", Description: "how long the reason must be that is given for seeing a console password"},
	{Name: "metal_api_headscale_enabled", Type: Bool, Default: false, Path: "metal_api.headscale.enabled", Description: "whether firewalls are reached by headscale"},
	{Name: "metal_api_headscale_tls", Type: Bool, Default: true, Description: "whether headscale's address has TLS"},
	{Name: "metal_api_headscale_api_key", Type: Str, Secret: true, Without: "that in the Secret `headscale-api-key`", Description: "the key of headscale"},
	{Name: "metal_api_headscale_control_plane_address", Type: Str, computed: headscale("metal_api_headscale_tls"), Path: "metal_api.headscale.control_plane_address", Without: "`https://headscale.DOMAIN`", Description: "the URL of headscale"},
	{Name: "metal_api_headscale_internal_api_address", Type: Str, Default: "headscale:50443", Path: "metal_api.headscale.internal_api_address", Description: "the address of headscale in the cluster"},
	{Name: "headscale_httproute_enabled", Type: Bool, Default: false, Description: "whether headscale is reached by an HTTPRoute"},
	{Name: "metal_api_sizes", Type: List, Default: []any{}, Description: "sizes of machines that the metal-api is told of"},
	{Name: "metal_api_images", Type: List, Default: []any{}, Description: "images of machines that it is told of"},
	{Name: "metal_api_partitions", Type: List, Default: []any{}, Description: "partitions that it is told of"},
	{Name: "metal_api_networks", Type: List, Default: []any{}, Description: "networks that it is told of"},
	{Name: "metal_api_ips", Type: List, Default: []any{}, Description: "addresses that it is told of"},
	{Name: "metal_api_filesystemlayouts", Type: List, Default: []any{}, Description: "filesystem layouts that it is told of"},
	{Name: "metal_api_sizeimageconstraints", Type: List, Default: []any{}, Description: "constraints between sizes and images that it is told of"},
	{Name: "metal_api_size_reservations", Type: List, Default: []any{}, Description: "reservations of sizes that it is told of"},
}

const mandatory = "it is mandatory"

func nsqAddress(s *Settings) any {
	if name, ok := domain("nsq_tcproute_enabled", "")(s).(string); ok {
		return name + ":4150"
	}
	return nil
}

func headscale(tls string) func(*Settings) any {
	return func(s *Settings) any {
		scheme := "http://"
		if s.bool(tls) {
			scheme = "https://"
		}
		return domain("headscale_httproute_enabled", scheme+"headscale.")(s)
	}
}

func (s *Settings) healthURL() any {
	name := domain("metal_api_httproute_enabled", "api.")(s)
	if !s.bool("metal_api_httproute_enabled") {
		name = s.get("metal_ingress_dns")
	}
	if name == nil || name == "api." {
		return nil
	}
	return "https://" + name.(string) + s.text("metal_api_base_path") + "v1/health"
}

// Health is the URL at which the metal-api must answer in the end; empty if nobody wants to know.
func (s *Settings) Health() string {
	if !s.deploys("metal") || !s.bool("metal_check_api_available") {
		return ""
	}
	return s.text("metal_check_api_health_endpoint")
}
