package moduledoc

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/ansible"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// everything is a specification with something of everything, in texts that YAML and Python might take for something else.
var everything = ansible.Spec{
	Name:             "everything",
	ShortDescription: "Keep zones: all of them",
	Description:      []string{"Yes", `Says "no", 'perhaps' and C:\new; # not a comment.`, strings.Repeat("A long paragraph: with words - and # signs. ", 6) + "End."},
	Notes:            []string{"{{ no template }}"},
	SeeAlso:          []string{"metalstack.initial_cluster.gcp_auth"},
	VersionAdded:     "1.10.0",
	Options: []ansible.Option{
		{Name: "name", Required: true, Aliases: []string{"zone", "id"}, Description: []string{"Its name: anything."}, DeprecatedAliases: []ansible.DeprecatedAlias{
			{Name: "id", Version: "2.0.0", Collection: "metalstack.initial_cluster"},
		}},
		{Name: "state", Default: "yes", Choices: []any{"yes", "no", "1"}, Description: []string{"Whether."}},
		{Name: "size", Type: ansible.Int, Default: -3, Choices: []any{-3, 0, 7}, Description: []string{"How large."}, VersionAdded: "1.11.0"},
		{Name: "ratio", Type: ansible.Float, Default: 0.5, Description: []string{"How much of it."}},
		{Name: "token", NoLog: ansible.Secret, Env: []string{"ZONE_TOKEN", "TOKEN"}, Description: []string{"Ünïcode ✓."}},
		{Name: "labels", Type: ansible.Dict, Default: map[string]any{"a": "b"}, Description: []string{"More."}},
		{Name: "pools", Type: ansible.List, Elements: ansible.Dict, Description: []string{"Parts."}, Options: []ansible.Option{
			{Name: "spot", Type: ansible.Bool, Default: false, Description: []string{"Cheap."}},
			{Name: "key", NoLog: ansible.Secret, Description: []string{"A key."}},
		}, Constraints: ansible.Constraints{RequiredTogether: [][]string{{"spot", "key"}}}},
		{Name: "old", RemovedInVersion: "3.0.0", RemovedFrom: "metalstack.initial_cluster", Description: []string{"Gone soon."}},
	},
	Constraints: ansible.Constraints{
		MutuallyExclusive: [][]string{{"size", "pools"}},
		RequiredIf:        []ansible.RequiredIf{{Option: "state", Value: "no", Requires: []string{"size", "pools"}, OneOf: true}},
		RequiredBy:        []ansible.RequiredBy{{Option: "labels", Requires: []string{"name"}}},
	},
	AddFileCommonArgs: true,
	Examples:          "\n- name: Make a zone\n  metalstack.initial_cluster.everything:\n    name: a\n",
	Returns:           []ansible.Return{{Name: "zone", Type: ansible.Dict, Returned: "always", Description: "It: the zone.", Sample: map[string]any{"name": "a", "size": 1.5}}},
}

func stub(t *testing.T) string {
	t.Helper()
	text, err := Stub(everything.Describe())
	require.NoError(t, err)
	return text
}

func TestStub(t *testing.T) {
	t.Parallel()
	got := stub(t)
	golden := "testdata/everything.py.golden"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err, "run the test with -update to write it")
	assert.Equal(t, string(want), got)
	for line := range strings.Lines(got) {
		assert.LessOrEqual(t, len(line), 160, "ansible-test allows no longer lines")
	}
}

func TestATextCannotEndTheString(t *testing.T) {
	t.Parallel()
	spec := everything
	spec.Notes = []string{`""" + os.system("x") + """`}
	_, err := Stub(spec.Describe())
	assert.EqualError(t, err, `everything: """ in a text would end it in Python; write it in another way`)
}

// inPython runs the stub with an AnsibleModule that prints what it was called with.
const inPython = `
import importlib.util, json, sys, yaml
from ansible.module_utils import basic

class Module:
    def __init__(self, **arguments):
        self.arguments = arguments
    def fail_json(self, msg):
        documents = {name: yaml.safe_load(getattr(stub, name)) for name in ("DOCUMENTATION", "EXAMPLES", "RETURN")}
        print(json.dumps({"arguments": self.arguments, "documents": documents, "msg": msg}, default=lambda f: f.__name__))

basic.AnsibleModule = Module
spec = importlib.util.spec_from_file_location("stub", sys.argv[1])
stub = importlib.util.module_from_spec(spec)
spec.loader.exec_module(stub)
stub.main()
`

func TestPythonReadsWhatTheSpecificationSays(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "everything.py")
	require.NoError(t, os.WriteFile(file, []byte(stub(t)), 0o600))
	var got struct {
		Arguments, Documents map[string]any
		Msg                  string
	}
	require.NoError(t, json.Unmarshal([]byte(output(t, tool(t, "python"), "-c", inPython, file)), &got))
	assert.Equal(t, "everything: run the module: its binary is not there; run make build in the checkout, or install the collection from the tarball of its release", got.Msg)

	var want map[string]any // as Ansible has it
	require.NoError(t, json.Unmarshal([]byte(ansible.FormatJSON(everything.Describe())), &want))
	doc := got.Documents["DOCUMENTATION"].(map[string]any)
	for _, key := range []string{"module", "short_description", "description", "version_added", "notes"} {
		assert.Equal(t, want[key], doc[key], key)
	}
	assert.Equal(t, want["returns"], got.Documents["RETURN"])
	assert.Equal(t, want["mutually_exclusive"], got.Arguments["mutually_exclusive"])
	assert.Equal(t, want["required_if"], got.Arguments["required_if"])
	assert.Equal(t, want["required_by"], got.Arguments["required_by"])
	assert.Equal(t, true, got.Arguments["add_file_common_args"])
	assert.Equal(t, true, got.Arguments["supports_check_mode"])
	sameOptions(t, want["argument_spec"], got.Arguments["argument_spec"], doc["options"])
}

// sameOptions compares a level of options as they are specified with the argument_spec and the documentation made of it.
func sameOptions(t *testing.T, want, arguments, documented any) {
	for name, option := range want.(map[string]any) {
		argument, doc := arguments.(map[string]any)[name].(map[string]any), documented.(map[string]any)[name].(map[string]any)
		for key, value := range option.(map[string]any) {
			switch key {
			case "options":
				sameOptions(t, value, argument[key], doc["suboptions"])
			case "fallback":
				assert.Equal(t, []any{"env_fallback", value.(map[string]any)["env"]}, argument[key])
			case "description":
				assert.Subset(t, doc[key], value, name)
			default:
				if key != "version_added" {
					assert.Equal(t, value, argument[key], "%s of %s", key, name)
				}
				if slices.Contains([]string{"type", "elements", "required", "default", "choices", "aliases", "version_added"}, key) {
					assert.Equal(t, value, doc[key], "%s of %s", key, name)
				}
			}
		}
	}
}

func output(t *testing.T, command ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	var out, complaints strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &complaints
	require.NoError(t, cmd.Run(), "%s: %s%s", strings.Join(command, " "), &complaints, &out)
	return out.String()
}

// tool is a command of the virtual environment.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../.cache/venv/bin", name))
	require.NoError(t, err)
	if _, err := os.Stat(path); err != nil && os.Getenv("CI") != "true" {
		t.Skip("no virtual environment; make venv")
	}
	return path
}
