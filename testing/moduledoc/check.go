package moduledoc

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/metal-stack/initial-cluster/internal/ansible"
)

// Check holds together what is told about a module in several places: its specification, the struct P that its options are decoded
// into, the examples, the Python files that go with it, and the collection's action groups. A module's test calls it in modules/NAME.
func Check[P any](t *testing.T, spec ansible.Spec) {
	for _, problem := range ansible.Check[P](spec) {
		assert.Fail(t, problem)
	}
	for _, problem := range checkExamples(spec) {
		assert.Fail(t, problem)
	}
	const top = "../.."
	stub, err := Stub(spec.Describe())
	require.NoError(t, err)
	for file, want := range map[string]string{"plugins/modules": stub, "plugins/action": Action} {
		file = filepath.Join(top, file, spec.Name+".py")
		found, err := os.ReadFile(file)
		require.NoError(t, err, "make docs writes it")
		assert.Equal(t, want, string(found), "%s: is not what it should be; make docs writes it", file)
	}
	checkGroup(t, filepath.Join(top, "meta/runtime.yml"), spec.Name)
}

// checkGroup wants the module among those that module_defaults sets at once.
func checkGroup(t *testing.T, file, module string) {
	var runtime struct {
		ActionGroups map[string][]any `yaml:"action_groups"`
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &runtime))
	assert.Contains(t, runtime.ActionGroups["initial_cluster"], module, file)
}

// checkExamples wants tasks of this module, by its full name, whose options are valid.
func checkExamples(spec ansible.Spec) (problems []string) {
	var tasks []map[string]any
	if err := yaml.Unmarshal([]byte(spec.Examples), &tasks); err != nil {
		return []string{fmt.Sprintf("examples: %v; a list of tasks is wanted", err)}
	}
	used := false
	for _, task := range tasks {
		name, _ := task["name"].(string)
		if name == "" {
			problems = append(problems, fmt.Sprintf("examples: a task has no name: %v", task))
		}
		args, uses := task[collection+"."+spec.Name]
		if !uses {
			continue
		}
		used = true
		for _, problem := range validate(spec, args) {
			problems = append(problems, fmt.Sprintf("examples: %s: %s", name, problem))
		}
	}
	if !used {
		problems = append(problems, "examples: no task calls "+collection+"."+spec.Name)
	}
	return problems
}

func validate(spec ansible.Spec, args any) []string {
	options, ok := args.(map[string]any)
	if !ok {
		return []string{fmt.Sprintf("options are wanted, not %v", args)}
	}
	text, err := json.Marshal(fill(spec.Options, options))
	if err != nil {
		return []string{err.Error()}
	}
	parsed, err := ansible.ParseJSON(string(text))
	if err != nil {
		return []string{err.Error()}
	}
	return spec.Validate(parsed.(*ansible.Object), func(string) (string, bool) { return "", false }).Errors
}

// fill puts a value of the right type in place of each template, which would have one.
func fill(options []ansible.Option, args map[string]any) map[string]any {
	filled := map[string]any{}
	for name, value := range args {
		filled[name] = value
		for _, o := range options {
			if o.Name == name {
				filled[name] = fillOption(o, value)
			}
		}
	}
	return filled
}

func fillOption(o ansible.Option, value any) any {
	switch v := value.(type) {
	case string:
		if strings.Contains(v, "{{") {
			return sample(o)
		}
	case map[string]any:
		return fill(o.Options, v)
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = fillOption(ansible.Option{Type: o.Elements, Choices: o.Choices, Options: o.Options}, element)
		}
		return list
	}
	return value
}

func sample(o ansible.Option) any {
	if len(o.Choices) > 0 {
		return o.Choices[0]
	}
	switch o.Type {
	case ansible.Int, ansible.Float, ansible.Bits, ansible.Bytes:
		return 1
	case ansible.Bool:
		return true
	case ansible.List:
		return []any{}
	case ansible.Dict:
		return map[string]any{}
	case ansible.JSON, ansible.JSONArg:
		return "{}"
	}
	return "text"
}
