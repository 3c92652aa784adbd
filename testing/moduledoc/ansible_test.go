package moduledoc

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// installed lays out a collection as the build does, with the stub, and the binary where Ansible does not take it for the module
// itself: ansible-lint would, and ansible-doc -l would try to read it. It gives a function that runs a command of Ansible's on it.
func installed(t *testing.T) (run func(command string, args ...string) (string, error)) {
	t.Helper()
	home := t.TempDir()
	folder := filepath.Join(home, "ansible_collections/metalstack/initial_cluster")
	for path, content := range map[string]string{
		"galaxy.yml":                    "namespace: metalstack\nname: initial_cluster\nversion: 0.1.0\nreadme: README.md\nauthors: [metal-stack]\n",
		"meta/runtime.yml":              "requires_ansible: '>=2.16.0'\n",
		"plugins/modules/everything.py": stub(t),
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(folder, filepath.Dir(path)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, path), []byte(content), 0o644))
	}
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "plugins/modules/linux_amd64"), 0o755))
	require.NoError(t, os.Symlink(os.Args[0], filepath.Join(folder, "plugins/modules/linux_amd64/everything")))
	return func(command string, args ...string) (string, error) {
		path := tool(t, command)
		cmd := exec.CommandContext(t.Context(), path, args...)
		cmd.Dir = home
		cmd.Env = []string{"PATH=" + filepath.Dir(path) + ":/usr/bin:/bin", "HOME=" + home, "LC_ALL=C.UTF-8", "NO_COLOR=1", "ANSIBLE_COLLECTIONS_PATH=" + home}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
}

func TestAnsibleDocShowsTheModule(t *testing.T) {
	t.Parallel()
	run := installed(t)
	const module = collection + ".everything"
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"in the list", []string{"--list", collection}, module + " Keep zones: all of them"},
		{"as text", []string{module}, "Ünïcode ✓."},
		{"as a task", []string{"--snippet", module}, "- name: Keep zones: all of them\n  everything:\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			out, err := run("ansible-doc", c.args...)
			require.NoError(t, err, out)
			assert.Contains(t, out, c.want)
			assert.NotContains(t, out, "WARNING")
		})
	}
	t.Run("as JSON, with the rest of the collection", func(t *testing.T) {
		t.Parallel()
		out, err := run("ansible-doc", "--metadata-dump", collection)
		require.NoError(t, err, out)
		var dump struct {
			All struct {
				Module map[string]struct {
					Doc struct {
						Options map[string]any
					}
				}
			}
		}
		require.NoError(t, json.Unmarshal([]byte(out), &dump), out)
		assert.Contains(t, dump.All.Module[module].Doc.Options, "pools")
		assert.Contains(t, dump.All.Module[module].Doc.Options, "unsafe_writes", "the common file arguments")
	})
}

const playbook = `---
- name: Try the options
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Right
      metalstack.initial_cluster.everything:
        name: a
        size: "{{ size }}"
        pools: [{spot: true, key: "{{ key }}"}]
        state: "no"
    - name: Unknown
      metalstack.initial_cluster.everything:
        name: a
        colour: red
    - name: Not among the choices
      metalstack.initial_cluster.everything:
        name: a
        size: 8
    - name: Missing, and wrong below
      metalstack.initial_cluster.everything:
        pools: [{spots: true}]
`

func TestAnsibleLintChecksTheOptionsOfPlaybooks(t *testing.T) {
	t.Parallel()
	run := installed(t)
	file := filepath.Join(t.TempDir(), "site.yml")
	require.NoError(t, os.WriteFile(file, []byte(playbook), 0o600))
	out, err := run("ansible-lint", "--offline", "--strict", "--format", "pep8", file)
	require.Error(t, err, out)
	assert.Contains(t, out, "site.yml:12: args[module][/]: Unsupported parameters for (basic.py) module: colour.")
	assert.Contains(t, out, "site.yml:16: args[module][/]: value of size must be one of: -3, 0, 7, got: 8")
	assert.Contains(t, out, "site.yml:20: args[module][/]: missing required arguments: name")
	assert.NotContains(t, out, "site.yml:6:", "the right one")
}
