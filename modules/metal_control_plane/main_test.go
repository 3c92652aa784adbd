package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/golden"
)

// cases are those whose arguments are in testdata. Each runs four ways: check; apply; apply again; killed half way, then again.
var cases = []string{
	"a control plane", "manifests", "wrong options", "a wrong password", "a digest that does not match", "placeholders", "absent without a name",
	"a cluster that will do", "variables", "wrong variables", "a cluster that will not do", "certificates", "wrong certificates",
}

func TestCases(t *testing.T) {
	shared := newWorld(t)
	for i, name := range cases {
		t.Run(name, func(t *testing.T) {
			file := strings.ReplaceAll(name, " ", "_")
			w := shared.fresh(fmt.Sprintf("case-%d", i))
			got := map[string]any{}
			got["1 check"] = w.run(t, w.arguments(t, file, true))
			got["2 apply"] = w.run(t, w.arguments(t, file, false))
			got["3 apply again"] = w.run(t, w.arguments(t, file, false))
			assert.NotEqual(t, true, got["3 apply again"].(map[string]any)["changed"], "the second run changes nothing")
			assert.Equal(t, part(got["1 check"], "changed", "steps", "diff"), part(got["2 apply"], "changed", "steps", "diff"), "check mode says what apply does")

			w = shared.fresh(fmt.Sprintf("killed-%d", i))
			w.killed(t, w.arguments(t, file, false), time.Second)
			again := w.run(t, w.arguments(t, file, false))
			assert.Equal(t, got["2 apply"].(map[string]any)["failed"], again["failed"])
			assert.NotEqual(t, true, w.run(t, w.arguments(t, file, false))["changed"], "a run after the one that finished changes nothing")
			golden.Result(t, file, got)
		})
	}
}

func part(result any, keys ...string) map[string]any {
	found := map[string]any{}
	for _, key := range keys {
		found[key] = result.(map[string]any)[key]
	}
	return found
}

// killed runs the module and kills it after a while, unless it has ended before.
func (w *world) killed(t *testing.T, arguments string, after time.Duration) {
	t.Helper()
	command, _ := module(arguments)
	require.NoError(t, command.Start())
	timer := time.AfterFunc(after, func() { _ = command.Process.Kill() }) // one that has ended can't be killed
	_ = command.Wait()
	timer.Stop()
}
