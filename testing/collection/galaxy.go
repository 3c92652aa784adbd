package main

import (
	"fmt"
	"os"
	"path"

	"go.yaml.in/yaml/v3"
)

// galaxy is what galaxy.yml says, in the form that MANIFEST.json repeats it.
type galaxy struct {
	Namespace     string            `json:"namespace" yaml:"namespace"`
	Name          string            `json:"name" yaml:"name"`
	Version       string            `json:"version" yaml:"version"`
	Authors       []string          `json:"authors" yaml:"authors"`
	Readme        string            `json:"readme" yaml:"readme"`
	Tags          []string          `json:"tags" yaml:"tags"`
	Description   string            `json:"description" yaml:"description"`
	License       []string          `json:"license" yaml:"license"`
	LicenseFile   *string           `json:"license_file" yaml:"license_file"`
	Dependencies  map[string]string `json:"dependencies" yaml:"dependencies"`
	Repository    string            `json:"repository" yaml:"repository"`
	Documentation string            `json:"documentation" yaml:"documentation"`
	Homepage      string            `json:"homepage" yaml:"homepage"`
	Issues        string            `json:"issues" yaml:"issues"`
	BuildIgnore   []string          `json:"-" yaml:"build_ignore"`
}

// readGalaxy reads the galaxy.yml of the current folder. An unknown key is an error: it would be missing in the tarball.
func readGalaxy() (galaxy, error) {
	var g galaxy
	f, err := os.Open("galaxy.yml")
	if err != nil {
		return g, err
	}
	defer f.Close()
	decoder := yaml.NewDecoder(f)
	decoder.KnownFields(true)
	if err := decoder.Decode(&g); err != nil {
		return g, fmt.Errorf("read galaxy.yml: %w", err)
	}
	if g.Namespace == "" || g.Name == "" || g.Version == "" {
		return g, fmt.Errorf("galaxy.yml: namespace %q, name %q and version %q must all be there", g.Namespace, g.Name, g.Version)
	}
	return g, nil
}

func (g galaxy) tarball() string {
	return fmt.Sprintf("%s-%s-%s.tar.gz", g.Namespace, g.Name, g.Version)
}

// ignores tells whether galaxy.yml keeps a file, or a folder above it, out of the tarball.
func (g galaxy) ignores(name string) bool {
	if name == "." {
		return false
	}
	for _, pattern := range append(g.BuildIgnore, "galaxy.yml") {
		if matched, err := path.Match(pattern, name); matched || err != nil {
			return true
		}
	}
	return g.ignores(path.Dir(name))
}
