package roledoc

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const (
	top        = "../.."
	collection = "metalstack.initial_cluster."
)

func roles(t *testing.T) map[string][]Variable {
	t.Helper()
	folders, err := filepath.Glob(top + "/roles/*")
	require.NoError(t, err)
	require.NotEmpty(t, folders)
	all := map[string][]Variable{}
	for _, folder := range folders {
		all[folder], err = Read(folder)
		require.NoError(t, err)
	}
	return all
}

func parse(t *testing.T, path string, into any) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(content, into), path)
	return string(content)
}

func TestTheTablesAreWhatTheArgumentSpecsSay(t *testing.T) {
	for folder := range roles(t) {
		_, current, err := Readme(folder)
		require.NoError(t, err)
		assert.True(t, current, "%s/README.md: make docs writes it", folder)
	}
}

func TestEveryOptionalVariableStandsInTheDefaults(t *testing.T) {
	for folder, variables := range roles(t) {
		path := folder + "/defaults/main.yml"
		var set map[string]any
		text := parse(t, path, &set)
		for _, v := range variables {
			assert.NotEmpty(t, v.Description, "%s: %s", folder, v.Name)
			value, has := set[v.Name]
			delete(set, v.Name)
			switch {
			case v.Required:
				assert.False(t, has, "%s: %s is mandatory, and so has no default", path, v.Name)
			case v.Default == nil:
				assert.False(t, has, "%s: %s has a default that the argument specs do not tell", path, v.Name)
				assert.Regexp(t, `(?m)^# `+v.Name+`: \S`, text, "%s: %s stands there behind a comment sign", path, v.Name)
			default:
				assert.Equal(t, v.Default, value, "%s: %s", path, v.Name)
			}
		}
		assert.Empty(t, set, "%s: variables that the argument specs do not tell", path)
	}
}

// option is what a module's documentation says of an option.
type option struct {
	Type, Elements string
	Choices        []string
	Required       bool
}

func documented(t *testing.T, module string) map[string]option {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(top, "plugins/modules", module+".py"))
	require.NoError(t, err)
	_, text, _ := strings.Cut(string(content), `DOCUMENTATION = r"""`)
	text, _, _ = strings.Cut(text, `"""`)
	var doc struct{ Options map[string]option }
	require.NoError(t, yaml.Unmarshal([]byte(text), &doc))
	require.NotEmpty(t, doc.Options)
	return doc.Options
}

type task struct {
	Name string
	Tags any
	All  map[string]any `yaml:",inline"`
}

// withoutVariable are options that no variable of a role becomes.
var withoutVariable = map[string][]string{
	"gcp_auth":    {"state", "return_token"},
	"gcp_create":  {"state", "delete_timeout", "resource_manager_endpoint"},
	"gcp_destroy": {"state"},
	"k3s":         {"ssh", "channel", "channel_url", "token_file", "agent_token_file", "purge"},
	"k3s_prepare": {"ssh"},
	// Its release vectors are among the variables of metal-roles, which become one option.
	"metal_control_plane": {"kubeconfig_content", "release_vectors"},
}

var variableForm = regexp.MustCompile(`\b(?:etcd_backup|gcp|initial_cluster|k3s|metalstack_cloud_cluster|metal_control_plane)_\w+`)

func TestVariablesAreOfTheTypesOfTheirOptions(t *testing.T) {
	for folder, variables := range roles(t) {
		role := filepath.Base(folder)
		var tasks []task
		parse(t, folder+"/tasks/main.yml", &tasks)
		elsewhere := texts(t, folder)
		for _, task := range tasks {
			assert.Equal(t, role, task.Tags, "%s: %s: the one tag is the role's name", folder, task.Name)
			for module, args := range task.All {
				if name, ours := strings.CutPrefix(module, collection); ours {
					compare(t, role, documented(t, name), args.(map[string]any), variables)
					everything(t, role, documented(t, name), args.(map[string]any), elsewhere)
				}
			}
		}
		for _, v := range variables {
			if role != "metal_control_plane" { // whose variables the module knows
				assert.Regexp(t, `\b`+v.Name+`\b[^:]`, elsewhere, "%s: %s is used by no task", folder, v.Name)
			}
		}
	}
}

// texts are those in which the variables of a role may be used, playbooks included: a colon behind one in the defaults only gives it a value.
func texts(t *testing.T, folder string) string {
	t.Helper()
	var all strings.Builder
	for _, place := range []string{"defaults", "handlers", "tasks", "templates", "vars", "../../playbooks"} {
		files, err := filepath.Glob(filepath.Join(folder, place, "*"))
		require.NoError(t, err)
		for _, file := range files {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			for line := range strings.Lines(string(content)) {
				if !strings.HasPrefix(line, "#") {
					all.WriteString(line)
				}
			}
		}
	}
	return all.String()
}

// compare checks a task's options: ansible-lint's rule args goes blind where a number is a template, as AnsibleModule tells the first problem only.
func compare(t *testing.T, role string, options map[string]option, args map[string]any, variables []Variable) {
	t.Helper()
	for name, o := range options {
		assert.True(t, !o.Required || args[name] != nil, "%s: the option %s is mandatory", role, name)
	}
	for name, value := range args {
		o, known := options[name]
		assert.True(t, known, "%s: the module has no option %s", role, name)
		text, _ := value.(string)
		if o.Choices != nil && !strings.Contains(text, "{{") {
			assert.Contains(t, o.Choices, text, "%s: option %s", role, name)
		}
		for _, found := range variableForm.FindAllString(text, -1) {
			i := slices.IndexFunc(variables, func(v Variable) bool { return v.Name == found })
			// Behind if there are variables that only choose.
			if !assert.GreaterOrEqual(t, i, 0, "%s: %s is in no argument spec", role, found) || variables[i].Type == "raw" || strings.Contains(text, " if ") {
				continue
			}
			v := variables[i]
			if v.Choices != nil && !slices.ContainsFunc(v.Choices, func(choice string) bool { return !slices.Contains(o.Choices, choice) }) {
				v.Choices = o.Choices // the role offers fewer
			}
			assert.Equal(t, option{o.Type, o.Elements, o.Choices, false}, option{v.Type, v.Elements, v.Choices, false}, "%s: %s becomes the option %s", role, found, name)
		}
	}
}

// everything checks that the task, or one of the role's other files, sets all options.
func everything(t *testing.T, role string, options map[string]option, args map[string]any, elsewhere string) {
	t.Helper()
	if args["state"] == "absent" { // which wants few of them
		return
	}
	for name := range options {
		if _, set := args[name]; !set && !slices.Contains(withoutVariable[role], name) {
			assert.Regexp(t, `(?m)^ +`+name+`: "`, elsewhere, "%s: the option can be set by a variable", role)
		}
	}
}
