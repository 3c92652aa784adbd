package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/metal-stack/initial-cluster/internal/charts"
	"github.com/metal-stack/initial-cluster/internal/controlplane"
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
func (in params) components() ([]controlplane.Component, error) {
	var all []controlplane.Component
	var problems []string
	for _, c := range in.Components {
		wanted, err := c.wanted(in)
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", c.Name, err))
		}
		if found := controlplane.Placeholders(wanted.Values); len(found) > 0 && !in.AllowPlaceholders && in.State != "absent" {
			problems = append(problems, fmt.Sprintf("%s: %s has the value that everybody knows; set a secret, or allow_placeholders for a laboratory", c.Name, strings.Join(found, ", ")))
		}
		all = append(all, wanted)
	}
	problems = append(append(problems, controlplane.Problems(all)...), in.certificateProblems()...)
	if in.Preflight != nil {
		problems = append(problems, in.Preflight.wanted(in.Namespace).Invalid()...)
	}
	if len(problems) > 0 {
		return nil, errors.New(strings.Join(problems, "; "))
	}
	return all, nil
}

func (c component) wanted(in params) (controlplane.Component, error) {
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
	if c.Chart == nil && c.Manifests == "" && in.State != "absent" {
		return wanted, errors.New("chart or manifests is missing; give one of the two")
	}
	layers, err := files(c.ValuesFiles)
	wanted.Values = controlplane.Merge(append(layers, c.Values, c.SecretValues)...)
	return wanted, err
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
