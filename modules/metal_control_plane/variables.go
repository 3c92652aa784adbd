package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/charts"
	"github.com/metal-stack/initial-cluster/internal/controlplane"
	"github.com/metal-stack/initial-cluster/internal/metalroles"
	"github.com/metal-stack/initial-cluster/internal/releasevector"
)

// settings are what the variables of metal-roles say; nil if there are none.
func (in params) settings() *metalroles.Settings {
	if in.Variables == nil {
		return nil
	}
	return metalroles.New(in.Variables)
}

// described are the components that the variables describe, with what they need besides: certificates, and an API that answers.
func (in *params) described(s *metalroles.Settings, vector *releasevector.Vector) []controlplane.Component {
	if in.State != "present" {
		return s.Skeleton()
	}
	components := s.Components(vector, in.source())
	in.addCertificates(s)
	if in.Health == nil || in.Health.URL == "" {
		in.Health = in.Health.at(s.Health())
	}
	return components
}

// source is what the charts that variables name have in common.
func (in params) source() charts.Source {
	s := charts.Source{Mirrors: in.Mirrors}
	if r := in.Registry; r != nil {
		s.Username, s.Password, s.CAFile, s.PlainHTTP = r.Username, r.Password, r.CAFile, r.PlainHTTP
	}
	return s
}

// addCertificates adds those that nobody has given. One authority signs them: the first one, or one that is made.
func (in *params) addCertificates(s *metalroles.Settings) {
	wanted := s.Certificates()
	if len(wanted) == 0 {
		return
	}
	if len(in.CertificateAuthorities) == 0 {
		in.CertificateAuthorities = []authority{{Name: "metal-stack", Validity: 3650}}
	}
	for _, c := range wanted {
		days := func(d time.Duration) int { return int(d / (24 * time.Hour)) }
		one := certificate{
			Name: c.Name, CA: in.CertificateAuthorities[0].Name, CommonName: c.CommonName, SANs: c.SANs, Validity: days(c.Validity), RenewBefore: days(c.RenewBefore),
			Secret: &secret{Namespace: c.Secret.Namespace, Name: c.Secret.Name, Keys: keysOf(c.Secret.Keys)},
		}
		for _, usage := range c.Usages {
			one.Usages = append(one.Usages, string(usage))
		}
		for _, v := range c.Values {
			one.Values = append(one.Values, certificateValue{Component: v.Component, Path: v.Path, Part: string(v.Part), Base64: true})
		}
		if i := slices.IndexFunc(in.Certificates, func(given certificate) bool { return given.Name == one.Name }); i >= 0 {
			in.Certificates[i].Values = append(one.Values, in.Certificates[i].Values...)
			continue
		}
		in.Certificates = append(in.Certificates, one)
	}
}

type vector struct {
	Ref       string        `ansible:"ref"`
	Digest    string        `ansible:"digest"`
	Username  string        `ansible:"username"`
	Password  string        `ansible:"password"`
	CAFile    string        `ansible:"ca_file"`
	PlainHTTP bool          `ansible:"plain_http"`
	Key       string        `ansible:"cosign_key"`
	Replace   []replacement `ansible:"replace"`
}

type replacement struct {
	Key string `ansible:"key"`
	Old string `ansible:"old"`
	New string `ansible:"new"`
}

type registryLogin struct {
	Username  string `ansible:"username"`
	Password  string `ansible:"password"`
	CAFile    string `ansible:"ca_file"`
	PlainHTTP bool   `ansible:"plain_http"`
}

// vectors are where the release vectors are: those of the options before those of the variables.
func (in params) vectors(s *metalroles.Settings) []releasevector.Source {
	var all []releasevector.Source
	for _, v := range in.ReleaseVectors {
		source := releasevector.Source{
			Ref: v.Ref, Digest: v.Digest, Username: v.Username, Password: v.Password, CAFile: v.CAFile, PlainHTTP: v.PlainHTTP, Key: v.Key, Mirrors: in.Mirrors,
		}
		for _, r := range v.Replace {
			source.Replace = append(source.Replace, releasevector.Replacement(r))
		}
		all = append(all, source)
	}
	if s != nil {
		all = append(all, s.Vectors(in.source())...)
	}
	return all
}

// over puts a component of the options over one that the variables describe.
func over(described, given controlplane.Component, c component) controlplane.Component {
	described.Values = controlplane.Merge(described.Values, given.Values)
	described.DependsOn = append(described.DependsOn, given.DependsOn...)
	described.Rollback, described.Recreate = given.Rollback, append(described.Recreate, given.Recreate...)
	if c.Chart != nil {
		described.Chart = given.Chart
	}
	if c.Adopt != nil {
		described.Adopt = given.Adopt
	}
	return described
}

func problemsOf(s *metalroles.Settings, vectors []releasevector.Source) []string {
	var problems []string
	if s != nil {
		problems = s.Problems()
	}
	for _, v := range vectors {
		problems = append(problems, v.Problems()...)
	}
	return problems
}

func placeholders(c controlplane.Component) error {
	found := controlplane.Placeholders(c.Values)
	if len(found) == 0 {
		return nil
	}
	return fmt.Errorf("%s has the value that everybody knows; set a secret, or allow_placeholders for a laboratory", strings.Join(found, ", "))
}
