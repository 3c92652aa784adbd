package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A secret is in a module's options and in its environment. While the module runs nobody sees it among the processes and in files, and
// nothing that Ansible says holds it, however much it says.
func TestASecretIsNowhere(t *testing.T) {
	t.Parallel()
	for _, host := range hosts {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			const secret = "gehe1m-Und-schwer-Zu-raten"
			c := newController(t)
			file := filepath.Join(c.Folder, "file")
			run := c.prepare(host, `
  vars: {the_secret: "{{ lookup('ansible.builtin.env', 'THE_SECRET') }}"}
  tasks:
    - metalstack.initial_cluster.probe: {path: `+file+`, states: [one], secret: "{{ the_secret }}"}
      environment: {PROBE: "{{ the_secret }}"}
`, "-vvvv", "--diff")
			log := filepath.Join(c.Folder, "log")
			run.Env = append(run.Env, "THE_SECRET="+secret, "ANSIBLE_LOG_PATH="+log)
			said := watched(t, run, func(line string) {
				if strings.HasPrefix(line, "probe: one with ********") {
					assert.Empty(t, among(t, secret))
					assert.Empty(t, below(t, c.Folder, secret))
					require.NoError(t, os.WriteFile(file+".one", nil, 0o600))
				}
			})
			assert.NotContains(t, said, secret)
			assert.Contains(t, said, `"environment": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"`, "the module had it")
			assert.FileExists(t, log)
			assert.Empty(t, below(t, c.Folder, secret))
		})
	}
}

// among gives the command lines of the processes that hold the text.
func among(t *testing.T, text string) (found []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		if content, err := os.ReadFile(file); err == nil && strings.Contains(string(content), text) { // it may have ended
			found = append(found, string(content))
		}
	}
	return found
}

// below gives the files in a folder that hold the text.
func below(t *testing.T, folder, text string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return nil // it comes and goes
		}
		if content, err := os.ReadFile(path); err == nil && strings.Contains(string(content), text) {
			found = append(found, path)
		}
		return nil
	})
	require.NoError(t, err)
	return found
}
