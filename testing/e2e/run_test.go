package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hosts are the ways to a target: SSH as well where there is a server.
var hosts = []string{"local"}

func TestATaskIsLikeThatOfAnyModule(t *testing.T) {
	t.Parallel()
	for _, host := range hosts {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			c := newController(t)
			file := filepath.Join(c.Folder, "file")
			results := c.results(host, `
  environment: {PROBE: "it's\n\"so\""}
  tasks:
    - metalstack.initial_cluster.probe: {path: `+file+`, content: a}
      check_mode: true
      diff: true
    - metalstack.initial_cluster.probe: {path: `+file+`, content: a}
    - metalstack.initial_cluster.probe: {path: `+file+`, content: a}
    - metalstack.initial_cluster.probe: {colour: red}
      ignore_errors: true
    - metalstack.initial_cluster.probe: {content: 1, anything: "{{ item }}"}
      loop: [1, 2]
    - metalstack.initial_cluster.probe:
      module_defaults: {group/metalstack.initial_cluster.initial_cluster: {anything: by default}}
`)
			require.Len(t, results, 6)
			assert.Equal(t, true, results[0]["changed"])
			assert.Equal(t, []any{map[string]any{"before": "", "after": "a"}}, results[0]["diff"])
			assert.Equal(t, map[string]any{"uid": float64(os.Getuid()), "environment": "it's\n\"so\"", "secret": "", "anything": nil, "check": true, "diff": true}, seen(t, results[0]))
			assert.Equal(t, true, results[1]["changed"], "the check has changed nothing")
			assert.NotContains(t, results[1], "diff")
			assert.Equal(t, false, results[2]["changed"])
			assert.Equal(t, "Unsupported parameters for (metalstack.initial_cluster.probe) module: colour. Supported parameters include: anything, content, crash, path, secret, states.", results[3]["msg"])
			items := results[4]["results"].([]any)
			require.Len(t, items, 2)
			assert.EqualValues(t, 2, seen(t, items[1].(map[string]any))["anything"])
			assert.Equal(t, "by default", seen(t, results[5])["anything"])
		})
	}
}

func TestATaskIsDelegated(t *testing.T) {
	t.Parallel()
	c := newController(t)
	needsServer(t)
	before, _, err := server.Channels()
	require.NoError(t, err)
	result := c.results("local", `
  tasks:
    - metalstack.initial_cluster.probe:
      delegate_to: ssh
    - metalstack.initial_cluster.babbler:
      delegate_to: ssh
`)
	assert.EqualValues(t, os.Getuid(), seen(t, result[0])["uid"])
	assert.Equal(t, "ssh: run babbler: ended with exit code 5 and no result: a complaint", result[1]["msg"])
	after, _, err := server.Channels()
	require.NoError(t, err)
	assert.Greater(t, after, before)
}

// Up to ansible-core 2.18 such values break binary modules that have no action plugin.
func TestDatesAndVaultedValuesReachTheModule(t *testing.T) {
	t.Parallel()
	for _, async := range []string{"0", "60"} {
		c := newController(t)
		password := filepath.Join(c.Folder, "password")
		require.NoError(t, os.WriteFile(password, []byte("x"), 0o600))
		vault := exec.Command(c.Python, "-m", "ansible", "vault", "encrypt_string", "--vault-password-file", password, "vaulted")
		vault.Env = append(os.Environ(), "PYTHONPATH="+c.Tree)
		encrypted, err := vault.Output()
		require.NoError(t, err)
		file := filepath.Join(c.Folder, "file")
		results := c.results("local", `
  tasks:
    - metalstack.initial_cluster.probe:
        path: `+file+`
        content: `+strings.ReplaceAll(strings.TrimSpace(string(encrypted)), "\n", "\n    ")+`
        anything: [2026-01-02]
      async: `+async+`
      poll: 1
`, "--vault-password-file", password)
		assert.Equal(t, []any{"2026-01-02"}, seen(t, results[0])["anything"])
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, "vaulted", string(content))
	}
}
