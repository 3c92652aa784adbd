package controlplane

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/metal-stack/initial-cluster/internal/charts"
)

func component(name string, needs ...string) Component {
	return Component{Name: name, Release: name, Namespace: "metal", DependsOn: needs, Timeout: time.Minute, Chart: &charts.Source{Ref: "/charts/" + name}}
}

func TestProblemsOfComponentsAreAllFoundBeforeTheClusterIsAsked(t *testing.T) {
	t.Parallel()
	twin := component("twin")
	twin.Release = "db"
	broken := component("Broken")
	broken.Timeout, broken.Recreate, broken.Namespace, broken.Chart = 0, []string{"db"}, "no space", &charts.Source{Ref: "oci://ghcr.io/x/y"}
	for name, c := range map[string]struct {
		components []Component
		problems   []string
	}{
		"none": {components: []Component{component("metal", "db", "nsq"), component("db"), component("nsq", "db")}},
		"a name that is not there": {[]Component{component("metal", "metal-bd"), component("metal-db")},
			[]string{"metal: depends_on names metal-bd, which is no component; it must be one of metal, metal-db"}},
		"a circle": {[]Component{component("a", "b"), component("b", "c"), component("c", "b")},
			[]string{"depends_on leads in a circle: b needs c needs b; take one of these dependencies out"}},
		"itself": {[]Component{component("a", "a")}, []string{"depends_on leads in a circle: a needs a; take one of these dependencies out"}},
		"twice the same": {[]Component{component("db"), component("db")},
			[]string{"db: release db in namespace metal is also that of db; give another name", "db: is there twice; a component's name is its own"}},
		"two with one release": {[]Component{component("db"), twin}, []string{"twin: release db in namespace metal is also that of db; give another name"}},
		"everything": {[]Component{broken}, []string{
			`Broken: "Broken" is no name of a release; it has at most 53 of a-z, 0-9 and -`,
			`Broken: "no space" is no name of a namespace; it has at most 63 of a-z, 0-9 and -`,
			"Broken: timeout: at least 1 second is wanted",
			"Broken: chart oci://ghcr.io/x/y has no version; give version or digest, so that the same chart comes tomorrow",
			`Broken: recreate: "db" names no object as StatefulSet/metal-db does`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.problems, Problems(c.components))
		})
	}
}

func TestComponentsGoInTheReverseOrderOfWhatTheyNeed(t *testing.T) {
	t.Parallel()
	var order []string
	for _, c := range reversed([]Component{component("nsq", "db"), component("metal", "nsq", "db"), component("db"), component("ui", "metal")}) {
		order = append(order, c.Name)
	}
	assert.Equal(t, []string{"ui", "metal", "nsq", "db"}, order)
}

func TestLayersOfValues(t *testing.T) {
	t.Parallel()
	below := map[string]any{"db": map[string]any{"host": "a", "port": 1}, "list": []any{1, 2}, "gone": "x"}
	over := map[string]any{"db": map[string]any{"host": "b"}, "list": []any{3}, "gone": nil}
	assert.Equal(t, map[string]any{"db": map[string]any{"host": "b", "port": 1}, "list": []any{3}, "gone": nil}, Merge(below, nil, over))
	assert.Equal(t, "a", below["db"].(map[string]any)["host"], "layers stay as they are")
	assert.Equal(t, []string{"db.host", "gone", "list[0]", "list[1]"}, changedValues(below, Merge(below, over)))
	assert.Equal(t, []string{"keys[1].secret", "password"}, Placeholders(map[string]any{"password": "change-me", "keys": []any{"fine", map[string]any{"secret": "change-me"}}}))
}
