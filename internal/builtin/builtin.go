// Package builtin is metal-stack's own components: which chart each is deployed by, and where a release vector tells their versions. The
// charts of those that metal-stack has no chart for come with the program. What their values mean is told in the charts' values.yaml.
package builtin

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/charts"
	"github.com/metal-stack/initial-cluster/internal/controlplane"
	"github.com/metal-stack/initial-cluster/internal/registry"
	"github.com/metal-stack/initial-cluster/internal/releasevector"
)

// Prefix is what a chart's ref begins with if it is a built-in component's.
const Prefix = "builtin:"

//go:embed all:charts
var files embed.FS

// Component is one of metal-stack's own components.
type Component struct {
	Name   string
	chart  string            // folder of the chart that comes with the program
	vector string            // without one, where a release vector tells the chart
	values map[string]any    // that make the chart this component
	images map[string]string // path of a value, with %s for name and tag: path of the image in a release vector
	texts  map[string]string // path of a value: path in a release vector
}

const (
	ours    = "docker-images.metal-stack."
	others  = "docker-images.third-party.control-plane."
	sidecar = ours + "generic.backup-restore-sidecar"
)

var components = []Component{
	{Name: "nsq", chart: "nsq", images: map[string]string{"image.%s": others + "nsq"}},
	database("metal-db", "rethinkdb", "metal-db", nil),
	database("ipam-db", "postgres", "ipam-db", map[string]any{"db": "ipam"}),
	database("masterdata-db", "postgres", "masterdata-db", map[string]any{"db": "masterdata"}),
	database("zitadel-db", "postgres", "zitadel-db", map[string]any{"db": "zitadel"}),
	database("auditing-timescaledb", "postgres", "timescaledb", map[string]any{
		"db": "auditing", "storage": map[string]any{"size": "10Gi"}, "shared_libraries_preload": []any{"pg_stat_statements", "timescaledb"},
		"backup": map[string]any{"schedule": "0 * * * *"},
	}),
	database("valkey", "valkey", "valkey", map[string]any{"storage": map[string]any{"size": "10Gi"}}),
	{Name: "zitadel", vector: "helm-charts.oidc.zitadel"},
	{Name: "zitadel-init", chart: "zitadel-init", images: map[string]string{"image.%s": ours + "generic.zitadel-init"}},
	{
		Name: "metal", vector: "helm-charts.metal-stack.metal-control-plane",
		images: map[string]string{
			"images.metal_api.%s": ours + "control-plane.metal-api", "images.metal_apiserver.%s": ours + "control-plane.metal-apiserver",
			"images.masterdata_api.%s": ours + "control-plane.masterdata-api", "images.tenant_apiserver.%s": ours + "control-plane.tenant-apiserver",
			"images.ipam.%s": ours + "control-plane.ipam", "images.metalctl.%s": ours + "control-plane.metalctl",
			"images.metal_console.%s": ours + "control-plane.metal-console",
		},
		texts: map[string]string{"metal_api.minimum_client_version": "binaries.metal-stack.metalctl.version"},
	},
}

func database(name, engine, image string, values map[string]any) Component {
	return Component{
		Name: name, chart: "database", values: controlplane.Merge(map[string]any{"engine": engine}, values),
		images: map[string]string{"image.%s": others + image, "backup.image.%s": sidecar},
	}
}

// Names are those of all built-in components, in the order in which they are deployed if nothing else is said.
func Names() []string {
	var names []string
	for _, c := range components {
		names = append(names, c.Name)
	}
	return names
}

// Find gives the component that a chart's ref names, as builtin:nsq.
func Find(ref string) (Component, error) {
	name := strings.TrimPrefix(ref, Prefix)
	i := slices.IndexFunc(components, func(c Component) bool { return c.Name == name })
	if i < 0 {
		return Component{}, fmt.Errorf("chart %s: there is no such built-in component; it must be one of %s", ref, strings.Join(Names(), ", "))
	}
	return components[i], nil
}

// Own tells that the component's chart comes with the program, and makes the objects that metal-roles makes without one.
func (c Component) Own() bool { return c.chart != "" }

// Complete gives a component whose chart's ref names this one its chart and the values below those that it has, both of the versions that
// the vector tells. Mirrors of the chart are also those of the images that the vector tells.
func (c Component) Complete(wanted controlplane.Component, vector *releasevector.Vector) (controlplane.Component, error) {
	source, err := c.source(*wanted.Chart, vector)
	wanted.Values = controlplane.Merge(c.defaults(vector, source.Mirrors), wanted.Values)
	wanted.Chart = &source
	return wanted, err
}

// source says where the chart is. What is set in the given source goes over what the vector, which may be nil, tells.
func (c Component) source(given charts.Source, vector *releasevector.Vector) (charts.Source, error) {
	s := given
	s.Ref = Prefix + c.Name
	if c.Own() {
		chart, err := fs.Sub(files, "charts/"+c.chart)
		s.Files = chart
		return s, err
	}
	repository, oci := vector.Find(c.vector+".repository"), vector.Find(c.vector+".oci")
	switch {
	case oci != "":
		s.Ref = "oci://" + strings.TrimPrefix(oci, "oci://")
		if s.Version == "" {
			s.Version = vector.Find(c.vector + ".tag")
		}
	case repository != "":
		s.Ref, s.Repository = c.vector[strings.LastIndex(c.vector, ".")+1:], strings.TrimSuffix(repository, "/")
	default:
		return s, fmt.Errorf("chart %s%s: no release vector tells where it is (%s); give a release vector, or the chart's own ref and version", Prefix, c.Name, c.vector)
	}
	if s.Version == "" {
		s.Version = vector.Find(c.vector + ".version")
	}
	return s, nil
}

// defaults are the values that make the chart the component.
func (c Component) defaults(vector *releasevector.Vector, mirrors registry.Mirrors) map[string]any {
	values := controlplane.Merge(c.values)
	name := "name"
	if !c.Own() {
		name = "image" // as metal-stack's chart calls it
	}
	for _, path := range slices.Sorted(maps.Keys(c.images)) {
		if image := vector.Find(c.images[path] + ".name"); image != "" {
			controlplane.Set(values, fmt.Sprintf(path, name), mirrors.OfImage(image))
		}
		controlplane.Set(values, fmt.Sprintf(path, "tag"), vector.Find(c.images[path]+".tag"))
	}
	for path, from := range c.texts {
		controlplane.Set(values, path, vector.Find(from))
	}
	return values
}
