package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/metal-stack/initial-cluster/internal/builtin"
	"github.com/metal-stack/initial-cluster/internal/charts"
	"github.com/metal-stack/initial-cluster/internal/controlplane"
	"github.com/metal-stack/initial-cluster/internal/releasevector"
)

type component struct {
	Name         string         `ansible:"name"`
	Release      string         `ansible:"release"`
	Namespace    string         `ansible:"namespace"`
	DependsOn    []string       `ansible:"depends_on"`
	Chart        *chart         `ansible:"chart"`
	Manifests    string         `ansible:"manifests"`
	ValuesFiles  []string       `ansible:"values_files"`
	Values       map[string]any `ansible:"values"`
	SecretValues map[string]any `ansible:"secret_values"`
	Wait         bool           `ansible:"wait"`
	Timeout      int            `ansible:"timeout"`
	OnFailure    string         `ansible:"on_failure"`
	Adopt        *bool          `ansible:"adopt"`
	CRDs         string         `ansible:"crds"`
	Recreate     []string       `ansible:"recreate"`
}

type chart struct {
	Ref        string `ansible:"ref"`
	Repository string `ansible:"repository"`
	Version    string `ansible:"version"`
	Digest     string `ansible:"digest"`
	Username   string `ansible:"username"`
	Password   string `ansible:"password"`
	CAFile     string `ansible:"ca_file"`
	PlainHTTP  bool   `ansible:"plain_http"`
}

// components turns the options into what they mean, with all that is wrong with them at once.
func (in *params) components(ctx context.Context) ([]controlplane.Component, *releasevector.Vector, error) {
	s := in.settings()
	sources := in.vectors(s)
	if problems := problemsOf(s, sources); len(problems) > 0 && in.State == "present" {
		return nil, nil, errors.New(strings.Join(problems, "; "))
	}
	vector, err := in.fetch(ctx, sources)
	if err != nil {
		return nil, nil, err
	}
	var all []controlplane.Component
	if s != nil {
		all = in.described(s, vector)
	}
	all, problems := in.given(all, vector)
	if s != nil && in.State == "present" {
		problems = append(s.Problems(), problems...)
	}
	problems = append(append(problems, controlplane.Problems(all)...), in.certificateProblems(all)...)
	if in.Preflight != nil {
		problems = append(problems, in.Preflight.wanted(in.Namespace).Invalid()...)
	}
	if in.State == "present" && in.Health != nil && in.Health.URL == "" {
		problems = append(problems, "health: url is missing")
	}
	if len(problems) > 0 {
		return nil, nil, errors.New(strings.Join(problems, "; "))
	}
	return all, vector, nil
}

// fetch brings the release vectors, if anything is to be deployed.
func (in params) fetch(ctx context.Context, sources []releasevector.Source) (*releasevector.Vector, error) {
	if in.State != "present" {
		return nil, nil
	}
	var all []*releasevector.Vector
	for _, source := range sources {
		v, err := source.Fetch(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return releasevector.Join(all...), nil
}

// given adds the components of the options to those that the variables describe, or puts them over those.
func (in params) given(all []controlplane.Component, vector *releasevector.Vector) ([]controlplane.Component, []string) {
	var problems []string
	for _, c := range in.Components {
		i := slices.IndexFunc(all, func(described controlplane.Component) bool { return described.Name == c.Name })
		wanted, err := c.wanted(in, vector, i >= 0)
		if err == nil && !in.AllowPlaceholders && in.State != "absent" {
			err = placeholders(wanted)
		}
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", c.Name, err))
		}
		if i >= 0 {
			all[i] = over(all[i], wanted, c)
			continue
		}
		all = append(all, wanted)
	}
	return all, problems
}

// wanted is what one component means. One that is described already needs no chart.
func (c component) wanted(in params, vector *releasevector.Vector, described bool) (controlplane.Component, error) {
	wanted := controlplane.Component{
		Name: c.Name, Release: cmp.Or(c.Release, c.Name), Namespace: cmp.Or(c.Namespace, in.Namespace), DependsOn: c.DependsOn,
		Manifests: c.Manifests, Wait: c.Wait, Timeout: time.Duration(c.Timeout) * time.Second, Rollback: c.OnFailure == "rollback",
		Adopt: c.Chart == nil, CRDs: controlplane.CRDs(c.CRDs), Recreate: c.Recreate,
	}
	if c.Adopt != nil {
		wanted.Adopt = *c.Adopt
	}
	if c.Chart != nil {
		wanted.Chart = &charts.Source{
			Ref: c.Chart.Ref, Repository: c.Chart.Repository, Version: c.Chart.Version, Digest: c.Chart.Digest, Username: c.Chart.Username,
			Password: c.Chart.Password, CAFile: c.Chart.CAFile, PlainHTTP: c.Chart.PlainHTTP, Mirrors: in.Mirrors,
		}
	}
	if c.Chart == nil && c.Manifests == "" && in.State != "absent" && !described {
		return wanted, errors.New("chart or manifests is missing; give one of the two")
	}
	layers, err := files(c.ValuesFiles)
	wanted.Values = controlplane.Merge(append(layers, c.Values, c.SecretValues)...)
	if err != nil || c.Chart == nil || !strings.HasPrefix(c.Chart.Ref, builtin.Prefix) || in.State == "absent" {
		return wanted, err
	}
	known, err := builtin.Find(c.Chart.Ref)
	if err != nil {
		return wanted, err
	}
	wanted.Adopt = wanted.Adopt || c.Adopt == nil && known.Own()
	return known.Complete(wanted, vector)
}

func files(paths []string) ([]map[string]any, error) {
	var layers []map[string]any
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("values_files: %w", err)
		}
		layer := map[string]any{}
		if err := yaml.Unmarshal(content, &layer); err != nil {
			return nil, fmt.Errorf("values_files: %s: is no mapping in YAML: %w", path, err)
		}
		layers = append(layers, layer)
	}
	return layers, nil
}
