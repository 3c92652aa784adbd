// Package controlplane deploys metal-stack's control plane, as any set of Helm releases that depend on each other: it observes what is
// installed, plans what differs, applies that in the order of the dependencies, waits until it is healthy, and says why if it is not.
// Which releases there are, and what their values mean, its callers know.
package controlplane

import (
	"fmt"
	"slices"
	"strings"
	"time"

	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/metal-stack/initial-cluster/internal/charts"
)

// Component is one Helm release. Exactly one of Chart and Manifests is given, unless it is to be removed.
type Component struct {
	Name       string
	Release    string // name of the Helm release
	Namespace  string
	DependsOn  []string
	Chart      *charts.Source
	Manifests  string // YAML documents
	Values     map[string]any
	Wait       bool          // until everything is ready; hooks are waited for anyway
	Timeout    time.Duration // for all of it
	Rollback   bool          // go back to the last good revision if an upgrade fails
	Adopt      bool          // take objects over that no release owns
	CRDs       CRDs
	Recreate   []string    // objects, as StatefulSet/metal-db, that may be deleted and made again where a change is not possible otherwise
	ValuesFrom []ValueFrom // go over Values
	// Checksums of Secrets that are not the release's own: workloads that read one are restarted when its checksum changes.
	Checksums map[string]string
}

// CRDs says what is done with the definitions in a chart's folder crds.
type CRDs string

// What Helm does is create: it never changes one that is there.
const (
	CreateCRDs CRDs = "create"
	ApplyCRDs  CRDs = "apply"
	SkipCRDs   CRDs = "skip"
)

// maxHistory is how many revisions of a release are kept; it is Helm's own default.
const maxHistory = 10

// Problems are what is wrong with components by themselves and with each other; nobody is asked.
func Problems(components []Component) []string {
	var problems []string
	releases := map[string]string{}
	for _, c := range components {
		for _, problem := range c.problems() {
			problems = append(problems, c.Name+": "+problem)
		}
		key := c.Namespace + "/" + c.Release
		if other, taken := releases[key]; taken {
			problems = append(problems, fmt.Sprintf("%s: release %s in namespace %s is also that of %s; give another name", c.Name, c.Release, c.Namespace, other))
		}
		releases[key] = c.Name
	}
	return append(problems, graphProblems(components)...)
}

func (c Component) problems() []string {
	var problems []string
	if err := chartutil.ValidateReleaseName(c.Release); err != nil {
		problems = append(problems, fmt.Sprintf("%q is no name of a release; it has at most 53 of a-z, 0-9 and -", c.Release))
	}
	if errs := validation.IsDNS1123Label(c.Namespace); len(errs) > 0 {
		problems = append(problems, fmt.Sprintf("%q is no name of a namespace; it has at most 63 of a-z, 0-9 and -", c.Namespace))
	}
	if c.Timeout <= 0 {
		problems = append(problems, "timeout: at least 1 second is wanted")
	}
	if c.Chart != nil {
		problems = append(problems, c.Chart.Problems()...)
	}
	for _, name := range c.Recreate {
		if kind, object, ok := strings.Cut(name, "/"); !ok || kind == "" || object == "" {
			problems = append(problems, fmt.Sprintf("recreate: %q names no object as StatefulSet/metal-db does", name))
		}
	}
	return problems
}

func (c Component) mayRecreate(kind, name string) bool {
	return slices.Contains(c.Recreate, kind+"/"+name)
}
