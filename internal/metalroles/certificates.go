package metalroles

import (
	"github.com/metal-stack/initial-cluster/internal/certificates"
	"github.com/metal-stack/initial-cluster/internal/controlplane"
)

// Certificate is one that is made because nobody has given it, and the values of charts that have a part of it, encoded with base64.
type Certificate struct {
	certificates.Certificate
	Values []CertificateValue
}

// CertificateValue is a value of a component's chart.
type CertificateValue struct {
	Component, Path string
	Part            certificates.Part
}

// nsqCertificate is the Secret with the certificate of nsqd and its clients. It is not nsqd, which is the release's own where certificates
// are given.
const nsqCertificate = "nsq-client"

// tlsKeys are the entries of a Secret as Kubernetes' own have them.
var tlsKeys = map[certificates.Part]string{certificates.CAPart: "ca.crt", certificates.CertificatePart: "tls.crt", certificates.KeyPart: "tls.key"}

// nsqKeys are those that metal-api and nsqd look for.
var nsqKeys = map[certificates.Part]string{certificates.CAPart: "ca.pem", certificates.BundlePart: "client.pem", certificates.KeyPart: "client_key.pem"}

// Certificates are those that the components need and nobody has given.
func (s *Settings) Certificates() []Certificate {
	var all []Certificate
	metal := "metal"
	add := func(name string, usage certificates.Usage, sans []string, values ...CertificateValue) {
		all = append(all, Certificate{s.certificate(name, usage, sans), values})
	}
	if s.deploys(metal) && !s.ownMasterdata() {
		add("masterdata-api-server", certificates.Server, s.below("masterdata-api"),
			CertificateValue{metal, "masterdata_api.ca", certificates.CAPart}, CertificateValue{metal, "masterdata_api.cert", certificates.CertificatePart},
			CertificateValue{metal, "masterdata_api.cert_key", certificates.KeyPart})
		add("masterdata-api-client", certificates.Client, nil,
			CertificateValue{metal, "masterdata_api.client_cert", certificates.CertificatePart}, CertificateValue{metal, "masterdata_api.client_key", certificates.KeyPart})
	}
	if s.deploys(metal) && s.bool("metal_api_grpc_tls_enabled") && !s.ownGRPC() {
		add("grpc-server", certificates.Server, append(s.below("metal-api"), s.domains()...),
			CertificateValue{metal, "metal_api.grpc.tls.ca_cert_enc", certificates.CAPart}, CertificateValue{metal, "metal_api.grpc.tls.server_cert_enc", certificates.CertificatePart},
			CertificateValue{metal, "metal_api.grpc.tls.server_key_enc", certificates.KeyPart})
		add("grpc-client", certificates.Client, nil)
	}
	if s.deploys("nsq") && s.bool("nsq_tls_enabled") && !s.ownNSQ() {
		c := s.certificate(nsqCertificate, certificates.Server, append(s.below("nsqd"), s.domains()...))
		c.Usages, c.CommonName = append(c.Usages, certificates.Client), "nsqd"
		c.Secret.Keys, c.Secret.Namespace = nsqKeys, s.text("nsq_namespace")
		all = append(all, Certificate{Certificate: c})
	}
	return all
}

// Days that certificates last, and before their end are renewed.
const lasts, renewed = 365, 90

func (s *Settings) certificate(name string, usage certificates.Usage, sans []string) certificates.Certificate {
	return certificates.Certificate{
		Name: name, CommonName: name, SANs: sans, Usages: []certificates.Usage{usage}, Validity: lasts * certificates.Day, RenewBefore: renewed * certificates.Day,
		Secret: certificates.Secret{Namespace: s.text("metal_control_plane_namespace"), Name: name, Keys: tlsKeys},
	}
}

// below are the names of a service in the cluster.
func (s *Settings) below(service string) []string {
	namespace := s.text("metal_control_plane_namespace")
	return []string{"localhost", service, service + "." + namespace, service + "." + namespace + ".svc", service + "." + namespace + ".svc.cluster.local"}
}

// domains are the names under which partitions reach the control plane.
func (s *Settings) domains() []string {
	var names []string
	for _, v := range []string{"metal_control_plane_ingress_dns", "metal_control_plane_gateway_dns"} {
		if name := s.text(v); name != "" {
			names = append(names, name, "*."+name)
		}
	}
	return names
}

// some tells which of variables that belong together are set: all, none, or too few, which is a problem.
func (s *Settings) some(names ...string) bool {
	count := 0
	for _, name := range names {
		if s.set(name) {
			count++
		}
	}
	for _, name := range names {
		if count > 0 && !s.set(name) {
			s.problem("%s is missing, where others of its kind are set; set it, too, or none of them, then certificates are made", name)
		}
	}
	return count > 0
}

func (s *Settings) ownNSQ() bool {
	return s.some("nsq_certs_ca_cert", "nsq_certs_client_cert", "nsq_certs_client_key")
}

func (s *Settings) ownGRPC() bool {
	return s.some("metal_api_grpc_certs_ca_cert", "metal_api_grpc_certs_server_cert", "metal_api_grpc_certs_server_key")
}

func (s *Settings) ownMasterdata() bool {
	return s.some("metal_masterdata_api_tls_ca", "metal_masterdata_api_tls_cert", "metal_masterdata_api_tls_cert_key", "metal_masterdata_api_tls_client_cert", "metal_masterdata_api_tls_client_key")
}

// nsqSecret is where nsqd's clients find their certificate.
func (s *Settings) nsqSecret() any {
	if s.bool("nsq_tls_enabled") && !s.ownNSQ() {
		return nsqCertificate
	}
	return "nsqd"
}

// metalValuesFrom are the values of metal's chart that zitadel and headscale tell by Secrets.
func (s *Settings) metalValuesFrom() []controlplane.ValueFrom {
	var all []controlplane.ValueFrom
	if s.ownLogins() {
		for _, part := range []string{"client_id", "client_secret"} {
			all = append(all, controlplane.ValueFrom{Path: "metal_apiserver.oidc." + part, Namespace: s.text("zitadel_namespace"), Secret: "zitadel-client-credentials", Key: part})
		}
	}
	if s.headscaled() && s.headscaleKey() == "" {
		for _, api := range []string{"metal_api", "metal_apiserver"} {
			all = append(all, controlplane.ValueFrom{Path: api + ".headscale.api_key", Secret: "headscale-api-key", Key: "key"})
		}
	}
	return all
}

func (s *Settings) headscaled() bool {
	return s.bool("metal_api_headscale_enabled") || s.bool("metal_apiserver_headscale_enabled")
}

// headscaleKey is one for both APIs: the chart gives the metal-apiserver the metal-api's.
func (s *Settings) headscaleKey() string {
	api, server := s.text("metal_api_headscale_api_key"), s.text("metal_apiserver_headscale_api_key")
	if api != "" && server != "" && api != server {
		s.problem("metal_apiserver_headscale_api_key is another than metal_api_headscale_api_key, and the chart has one for both; make them the same, or leave one out")
	}
	if api == "" {
		return server
	}
	return api
}
