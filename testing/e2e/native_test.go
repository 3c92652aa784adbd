package e2e

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAsync(t *testing.T) {
	t.Parallel()
	for _, host := range hosts {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			c := newController(t)
			file := filepath.Join(c.Folder, "file")
			results := c.results(host, `
  environment: {PROBE: so}
  tasks:
    - metalstack.initial_cluster.probe: {path: `+file+`, content: a, secret: geheim}
      async: 60
      poll: 1
    - metalstack.initial_cluster.probe: {anything: forgotten}
      async: 60
      poll: 0
      register: started
    - ansible.builtin.async_status: {jid: "{{ started.ansible_job_id }}"}
      register: job
      until: job is finished
      retries: 100
      delay: 1
    - metalstack.initial_cluster.probe: {colour: red}
      async: 60
      poll: 1
`)
			require.Len(t, results, 4)
			assert.Equal(t, true, results[0]["changed"])
			assert.Equal(t, "so", seen(t, results[0])["environment"])
			assert.Equal(t, "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", seen(t, results[0])["secret"])
			assert.Contains(t, results[1], "ansible_job_id")
			assert.Equal(t, "forgotten", seen(t, results[2])["anything"])
			assert.Contains(t, results[3]["msg"], "Unsupported parameters for (metalstack.initial_cluster.probe) module: colour.")
			assert.Empty(t, c.kept(os.Getuid()))
		})
	}
}

func TestKeptRemoteFilesAreThoseOfAnyBinaryModule(t *testing.T) {
	t.Parallel()
	c := newController(t)
	needsServer(t)
	run := c.prepare("ssh", probe)
	run.Env = append(run.Env, "ANSIBLE_KEEP_REMOTE_FILES=1")
	output, err := run.CombinedOutput()
	require.NoError(t, err, string(output))
	for _, file := range []string{"AnsiballZ_probe", "args"} {
		found, err := filepath.Glob(filepath.Join(c.target(), "ansible-tmp-*", file))
		require.NoError(t, err)
		assert.Len(t, found, 1, file)
	}
}

func TestBecome(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		lacking(t, "right to become anybody: run it as root")
	}
	nobody, err := user.Lookup("nobody")
	require.NoError(t, err)
	uid, err := strconv.Atoi(nobody.Uid)
	require.NoError(t, err)
	for _, host := range hosts {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			c := newController(t)
			ways := []string{"async: 0"}
			if host == "ssh" { // with a password, the local connection of 2.18 loses what comes in one breath with the success of becoming
				ways = append(ways, "async: 0, ansible_become_password: not asked for")
			}
			var tasks strings.Builder
			for _, settings := range []string{"method: sudo", "method: su, ansible_become_flags: -s /bin/sh"} {
				for _, more := range ways {
					fmt.Fprintf(&tasks, `
    - metalstack.initial_cluster.probe:
      vars: {ansible_become_%s, my_%s}
      async: "{{ my_async }}"
      poll: 1
`, settings, more)
				}
			}
			tasks.WriteString("    - metalstack.initial_cluster.probe:\n      async: 60\n      poll: 1\n")
			results := c.results(host, "  become: true\n  become_user: nobody\n  environment: {PROBE: so}\n  ignore_errors: true\n  tasks:"+tasks.String())
			require.Len(t, results, 2*len(ways)+1)
			for i, result := range results {
				assert.EqualValues(t, uid, seen(t, result)["uid"], i)
				assert.Equal(t, "so", seen(t, result)["environment"], i)
			}
			assert.Equal(t, []string{name(t)}, c.kept(uid))
			assert.Empty(t, c.kept(0))
		})
	}
}
