package charts

import (
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
)

// plainVersion is that of every chart made of manifests: what they say is compared, not a number.
const plainVersion = "0.0.0"

// Manifests makes a chart of plain manifests, so that they are a Helm release like the others. Nothing in them is a template.
func Manifests(name, text string) *Chart {
	return &Chart{Origin: "manifests", load: func() (*chart.Chart, error) {
		return &chart.Chart{
			Metadata:  &chart.Metadata{APIVersion: chart.APIVersionV2, Name: name, Version: plainVersion, Description: "plain manifests"},
			Files:     []*common.File{{Name: "manifests.yaml", Data: []byte(text)}},
			Templates: []*common.File{{Name: "templates/manifests.yaml", Data: []byte(`{{ .Files.Get "manifests.yaml" }}`)}},
		}, nil
	}}
}

// Stored gives the chart that a release has kept, if it is the one that is asked for and whole: Helm keeps no dependencies. The digest is
// what the release was labelled with.
func (s Source) Stored(kept *chart.Chart, digest string) *Chart {
	o := s.artifact().Address()
	if kept == nil || len(kept.Metadata.Dependencies) > 0 || o.Digest != "" && Short(o.Digest) != digest {
		return nil
	}
	version := s.Version
	if s.oci() {
		version = o.Tag
	}
	if version != "" && !sameVersion(version, kept.Metadata.Version) {
		return nil
	}
	return &Chart{Origin: s.Ref, load: func() (*chart.Chart, error) {
		again := *kept
		return &again, nil
	}}
}

func sameVersion(a, b string) bool { return strings.TrimPrefix(a, "v") == strings.TrimPrefix(b, "v") }

// shortDigits of a digest tell one chart from another and fit into a label.
const shortDigits = 40

// Short is the begin of a digest, for labels.
func Short(digest string) string {
	digest = strings.TrimPrefix(digest, "sha256:")
	return digest[:min(len(digest), shortDigits)]
}
