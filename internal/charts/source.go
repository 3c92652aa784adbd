// Package charts brings Helm charts from where they are: an OCI registry, an HTTP repository, a folder or an archive. It holds them to
// the version and digest that were asked for. What is done with a chart, its callers decide.
package charts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"

	"github.com/metal-stack/initial-cluster/internal/registry"
)

// Source says where a chart is and what it must be.
type Source struct {
	Ref        string // oci://host/path[:tag][@digest], the path of a folder or an archive, or with Repository a chart's name
	Repository string // URL of an HTTP repository
	Version    string // exact; of an OCI chart its tag
	Digest     string // sha256:..., of the OCI manifest or of the archive
	Username   string // for the registry or repository
	Password   string //
	CAFile     string // PEM; empty means the system's authorities
	PlainHTTP  bool   // no TLS to the registry
	Mirrors    registry.Mirrors
	Files      fs.FS // the chart itself, if it comes with the program; Ref is how it reads then
}

// Chart is a chart that was brought.
type Chart struct {
	Origin string // as it reads: oci://ghcr.io/metal-stack/helm-charts/metal-control-plane:v0.8.8
	Digest string // sha256:..., empty for a folder
	load   func() (*chart.Chart, error)
}

// ErrGone tells that a registry or repository has no such chart (any more), or cannot be reached: whoever has it already may go on.
var ErrGone = registry.ErrGone

// Load gives a fresh copy: rendering changes what it is given.
func (c *Chart) Load() (*chart.Chart, error) {
	loaded, err := c.load()
	if err != nil {
		return nil, fmt.Errorf("load %s: %w; the chart is broken", c.Origin, err)
	}
	return loaded, nil
}

// Problems are what is wrong with a source itself, before anybody is asked.
func (s Source) Problems() []string {
	var problems []string
	o := s.artifact().Address()
	switch {
	case s.Ref == "":
		problems = append(problems, "chart: ref is missing; give oci://..., a path, or with repository a name")
	case s.oci() && o.Tag == "" && o.Digest == "":
		problems = append(problems, fmt.Sprintf("chart %s has no version; give version or digest, so that the same chart comes tomorrow", s.Ref))
	case s.oci() && s.Version != "" && o.Tag != s.Version:
		problems = append(problems, fmt.Sprintf("chart %s: the tag is not version %s; give one of the two", s.Ref, s.Version))
	case s.Repository != "" && s.Version == "":
		problems = append(problems, fmt.Sprintf("chart %s of %s has no version; give version, so that the same chart comes tomorrow", s.Ref, s.Repository))
	case s.Repository != "" && !strings.HasPrefix(s.Repository, "http://") && !strings.HasPrefix(s.Repository, "https://"):
		problems = append(problems, fmt.Sprintf("chart %s: repository %s is no http or https URL; a chart in a registry has ref oci://...", s.Ref, s.Repository))
	}
	if strings.ContainsAny(s.Version, "^~<>=*|, ") {
		problems = append(problems, fmt.Sprintf("chart %s: version %q is a range; give one version", s.Ref, s.Version))
	}
	if s.Digest != "" && !strings.HasPrefix(s.Digest, "sha256:") {
		problems = append(problems, fmt.Sprintf("chart %s: digest %q does not begin with sha256:", s.Ref, s.Digest))
	}
	if (s.Username == "") != (s.Password == "") {
		problems = append(problems, fmt.Sprintf("chart %s: username and password go together", s.Ref))
	}
	return problems
}

func (s Source) oci() bool {
	return s.Files == nil && s.Repository == "" && strings.HasPrefix(s.Ref, registry.Scheme)
}

// Fetch brings the chart. The error tells whether it is ErrGone.
func (s Source) Fetch(ctx context.Context) (*Chart, error) {
	switch {
	case s.Files != nil:
		return s.fetchOwn()
	case s.oci():
		return s.fetchOCI(ctx)
	case s.Repository != "":
		return s.fetchHTTP(ctx)
	}
	return s.fetchLocal()
}

func (s Source) fetchLocal() (*Chart, error) {
	info, err := os.Stat(s.Ref)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("chart %s: there is no such folder or archive; correct ref", s.Ref)
	}
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", s.Ref, err)
	}
	c := &Chart{Origin: s.Ref, load: func() (*chart.Chart, error) { return loader.LoadDir(s.Ref) }}
	if !info.IsDir() {
		content, err := os.ReadFile(s.Ref)
		if err != nil {
			return nil, fmt.Errorf("chart %s: %w", s.Ref, err)
		}
		c = archived(s.Ref, content, sum(content))
	}
	if err := s.hold(c.Digest, s.Digest); err != nil {
		return nil, err
	}
	return c, s.holdVersion(c)
}

func archived(origin string, content []byte, digest string) *Chart {
	return &Chart{Origin: origin, Digest: digest, load: func() (*chart.Chart, error) { return loader.LoadArchive(bytes.NewReader(content)) }}
}

// hold refuses another digest than the one that was asked for.
func (s Source) hold(found, wanted string) error {
	switch {
	case wanted == "" || found == wanted:
		return nil
	case found == "":
		return fmt.Errorf("chart %s: a folder has no digest; pin an archive, or leave digest out", s.Ref)
	}
	return &registry.Changed{What: "chart", Ref: s.Ref, Found: found, Wanted: wanted}
}

// holdVersion refuses a folder or archive of another version.
func (s Source) holdVersion(c *Chart) error {
	if s.Version == "" {
		return nil
	}
	loaded, err := c.Load()
	if err == nil && loaded.Metadata.Version != s.Version {
		err = fmt.Errorf("chart %s: is version %s, not %s as asked for", s.Ref, loaded.Metadata.Version, s.Version)
	}
	return err
}
