package controlplane

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	release "helm.sh/helm/v4/pkg/release/v1"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
	"k8s.io/client-go/rest"

	"github.com/metal-stack/initial-cluster/internal/charts"
)

// rendered is what a chart makes of values, as a release's revision would have it.
type rendered struct {
	chart   *chart.Chart
	objects objects
	hooks   []*release.Hook
	hookSet objects
	// adjusted tells that the objects are not quite what the chart has rendered.
	adjusted bool
}

// renderer renders charts as Helm's own actions do; templates may look into the cluster.
type renderer struct {
	config       *rest.Config
	capabilities atomic.Pointer[common.Capabilities]
}

func (r *renderer) render(ctx context.Context, c *charts.Chart, values map[string]any, o common.ReleaseOptions) (*rendered, error) {
	loaded, err := c.Load()
	if err != nil {
		return nil, err
	}
	if err := r.suits(loaded); err != nil {
		return nil, err
	}
	values, err = copied(values)
	if err != nil {
		return nil, err
	}
	if err := chartutil.ProcessDependencies(loaded, values); err != nil {
		return nil, fmt.Errorf("dependencies: %w", err)
	}
	scope, err := util.ToRenderValuesWithSchemaValidation(loaded, values, o, r.capabilities.Load(), false)
	if err != nil {
		return nil, schemaError(err)
	}
	files, err := engine.New(r.config).RenderWithContext(ctx, loaded, scope)
	if err != nil {
		return nil, fmt.Errorf("render: %w; correct the values that this template uses", oneLine(err))
	}
	return sorted(loaded, files)
}

func (r *renderer) suits(c *chart.Chart) error {
	if c.Metadata.Type == "library" {
		return fmt.Errorf("is a library, which is not installed by itself")
	}
	is := r.capabilities.Load().KubeVersion
	if wanted := c.Metadata.KubeVersion; wanted != "" && !chartutil.IsCompatibleRange(wanted, is.String()) {
		return fmt.Errorf("wants Kubernetes %s, the cluster is %s; upgrade the cluster, or take another version of the chart", wanted, is.Version)
	}
	return nil
}

func sorted(c *chart.Chart, files map[string]string) (*rendered, error) {
	maps.DeleteFunc(files, func(name, _ string) bool { return strings.HasSuffix(name, "NOTES.txt") })
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return nil, fmt.Errorf("render: %w; correct the values that this template uses", oneLine(err))
	}
	var manifest strings.Builder
	for _, m := range manifests {
		fmt.Fprintf(&manifest, "---\n# Source: %s\n%s\n", m.Name, m.Content)
	}
	out := &rendered{chart: c, hooks: hooks}
	if out.objects, err = parse(manifest.String()); err != nil {
		return nil, err
	}
	out.hookSet, err = parse(hookManifest(hooks))
	return out, err
}

// copied keeps the caller's values from what rendering does to them, and gives numbers the form they have in a stored release.
func copied(values map[string]any) (map[string]any, error) {
	content, err := json.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("values: %w", err)
	}
	again := map[string]any{}
	return again, json.Unmarshal(content, &again)
}

// schemaError makes one line of what a schema has against values.
func schemaError(err error) error {
	var lines []string
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimSpace(line)
		if problem, ok := strings.CutPrefix(line, "- "); ok {
			lines = append(lines, problem)
		}
	}
	if len(lines) == 0 {
		return oneLine(err)
	}
	slices.Sort(lines)
	return fmt.Errorf("values: the chart's schema refuses %s; correct these values", strings.Join(lines, ", and "))
}

func oneLine(err error) error {
	return &flat{err, strings.Join(strings.Fields(err.Error()), " ")}
}

type flat struct {
	err  error
	text string
}

func (e *flat) Error() string { return e.text }
func (e *flat) Unwrap() error { return e.err }

// restless are the leaves of objects that differ between two renderings of the same: random passwords, certificates, the time.
func restless(a, b objects, namespace string) map[string]bool {
	found := map[string]bool{}
	second := b.byRef(namespace)
	for ref, o := range a.byRef(namespace) {
		other := second[ref]
		if other == nil || reflect.DeepEqual(o.Object, other.Object) {
			continue
		}
		for _, path := range changedValues(o.Object, other.Object) {
			found[ref.String()+" "+path] = true
		}
	}
	return found
}
