package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/certificates"
	"github.com/metal-stack/initial-cluster/internal/cluster"
	"github.com/metal-stack/initial-cluster/internal/controlplane"
)

type authority struct {
	Name        string  `ansible:"name"`
	Certificate string  `ansible:"certificate"`
	Key         string  `ansible:"key"`
	CommonName  string  `ansible:"common_name"`
	Validity    int     `ansible:"validity"`
	Secret      *secret `ansible:"secret"`
}

type certificate struct {
	Name        string             `ansible:"name"`
	CA          string             `ansible:"ca"`
	CommonName  string             `ansible:"common_name"`
	SANs        []string           `ansible:"sans"`
	Usages      []string           `ansible:"usages"`
	Validity    int                `ansible:"validity"`
	RenewBefore int                `ansible:"renew_before"`
	Replace     bool               `ansible:"replace"`
	Secret      *secret            `ansible:"secret"`
	Values      []certificateValue `ansible:"values"`
}

type secret struct {
	Namespace string `ansible:"namespace"`
	Name      string `ansible:"name"`
	Keys      *keys  `ansible:"keys"`
}

// keys are the names of a Secret's entries.
type keys struct {
	CA          string `ansible:"ca"`
	Certificate string `ansible:"certificate"`
	Key         string `ansible:"key"`
	Bundle      string `ansible:"bundle"`
}

// certificateValue is a value of a component's chart that has a part of a certificate.
type certificateValue struct {
	Component string `ansible:"component"`
	Path      string `ansible:"path"`
	Part      string `ansible:"part"`
	Base64    bool   `ansible:"base64"`
}

// defaultKeys are those of Kubernetes' own Secrets for TLS, and of cert-manager.
var defaultKeys = keys{CA: "ca.crt", Certificate: "tls.crt", Key: "tls.key"}

func (s *secret) wanted(namespace, name string) certificates.Secret {
	if s == nil {
		s = &secret{}
	}
	k := s.Keys
	if k == nil {
		k = &defaultKeys
	}
	return certificates.Secret{Namespace: cmp.Or(s.Namespace, namespace), Name: cmp.Or(s.Name, name), Keys: map[certificates.Part]string{
		certificates.CAPart: k.CA, certificates.CertificatePart: k.Certificate, certificates.KeyPart: k.Key, certificates.BundlePart: k.Bundle,
	}}
}

func keysOf(parts map[certificates.Part]string) *keys {
	return &keys{CA: parts[certificates.CAPart], Certificate: parts[certificates.CertificatePart], Key: parts[certificates.KeyPart], Bundle: parts[certificates.BundlePart]}
}

func (in params) authorities() []certificates.Authority {
	var all []certificates.Authority
	for _, a := range in.CertificateAuthorities {
		kept := a.Secret.wanted(in.Namespace, a.Name)
		delete(kept.Keys, certificates.CAPart)
		all = append(all, certificates.Authority{
			Name: a.Name, Certificate: a.Certificate, Key: a.Key, CommonName: cmp.Or(a.CommonName, a.Name), Validity: time.Duration(a.Validity) * certificates.Day, Secret: kept,
		})
	}
	return all
}

func (in params) certificates() []certificates.Certificate {
	var all []certificates.Certificate
	for _, c := range in.Certificates {
		wanted := certificates.Certificate{
			Name: c.Name, Authority: c.CA, CommonName: cmp.Or(c.CommonName, c.Name), SANs: c.SANs, Validity: time.Duration(c.Validity) * certificates.Day,
			RenewBefore: time.Duration(c.RenewBefore) * certificates.Day, Replace: c.Replace, Secret: c.Secret.wanted(in.Namespace, c.Name),
		}
		for _, usage := range c.Usages {
			wanted.Usages = append(wanted.Usages, certificates.Usage(usage))
		}
		all = append(all, wanted)
	}
	return all
}

// certificateProblems are what is wrong with the options about certificates.
func (in params) certificateProblems(components []controlplane.Component) []string {
	problems := certificates.Problems(in.authorities(), in.certificates())
	for _, c := range in.Certificates {
		for _, v := range c.Values {
			if !slices.ContainsFunc(components, func(c controlplane.Component) bool { return c.Name == v.Component && c.Chart != nil }) {
				problems = append(problems, fmt.Sprintf("certificate %s: values names %s, which is no component with a chart", c.Name, v.Component))
			}
		}
	}
	return problems
}

// certify plans the certificates, and gives them to the components that have them among their values or read their Secrets.
func (in params) certify(ctx context.Context, c *cluster.Cluster, components []controlplane.Component) (*certificates.Plan, error) {
	plan, err := certificates.NewPlan(ctx, c, in.authorities(), in.certificates())
	if err != nil {
		return nil, err
	}
	ansible.Conceal(ctx, plan.Secrets()...)
	for i := range components {
		components[i].Checksums = plan.Checksums(components[i].Namespace)
		components[i].Values = controlplane.Merge(append([]map[string]any{components[i].Values}, in.certificateValues(plan, components[i].Name)...)...)
	}
	return plan, nil
}

func (in params) certificateValues(plan *certificates.Plan, component string) []map[string]any {
	var layers []map[string]any
	for _, c := range in.Certificates {
		for _, v := range c.Values {
			if v.Component != component {
				continue
			}
			text := plan.Part(c.Name, certificates.Part(v.Part))
			if v.Base64 {
				text = base64.StdEncoding.EncodeToString([]byte(text))
			}
			layers = append(layers, layer(v.Path, text))
		}
	}
	return layers
}

// layer is a value at a path, as values.
func layer(path string, value any) map[string]any {
	name, rest, deeper := strings.Cut(path, ".")
	if deeper {
		value = layer(rest, value)
	}
	return map[string]any{name: value}
}

func certificateReports(plan *certificates.Plan) []any {
	var all []any
	for _, r := range plan.Reports() {
		all = append(all, map[string]any{
			"name": r.Name, "kind": r.Kind, "action": string(r.Action), "reason": r.Reason, "namespace": r.Secret.Namespace, "secret": r.Secret.Name,
			"issuer": r.Issuer, "ends": r.Ends.UTC().Format(time.RFC3339),
		})
	}
	return all
}
