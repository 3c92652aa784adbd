package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAModuleThatEndsBadlyIsAFailureOfOneLine(t *testing.T) {
	t.Parallel()
	for _, host := range hosts {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			c := newController(t)
			results := c.results(host, `
  ignore_errors: true
  tasks:
    - metalstack.initial_cluster.probe: {crash: panic}
    - metalstack.initial_cluster.probe: {crash: goroutine}
    - metalstack.initial_cluster.victim:
    - metalstack.initial_cluster.babbler:
`, "-vvvv")
			require.Len(t, results, 4)
			for i, msg := range []string{
				"panic: asked for; this is a defect of the module, please report it with the output of -vvv",
				host + ": run probe: crashed with panic: asked for; this is a defect of the module, please report it with module_stderr",
				host + ": run victim: killed by SIGKILL; see the host's kernel log for a lack of memory, and run it again to go on",
				host + ": run babbler: ended with exit code 5 and no result: a complaint",
			} {
				assert.Equal(t, msg, results[i]["msg"])
			}
			assert.Contains(t, results[1]["module_stderr"], "goroutine ")
			assert.EqualValues(t, 2, results[1]["rc"])
			assert.Equal(t, "some words\n", results[3]["module_stdout"])
		})
	}
}

// endless is a task that ends only when it is told to.
func (c *controller) endless(more string) (tasks, file string) {
	file = filepath.Join(c.Folder, "file")
	return `
  tasks:
    - metalstack.initial_cluster.probe: {path: ` + file + `, states: [never]}
` + more, file
}

func TestATimeoutEndsTheModule(t *testing.T) {
	t.Parallel()
	for _, host := range hosts {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			c := newController(t)
			file := ""
			for seconds := 2; !exists(file); seconds *= 2 { // until the module has begun within them
				var tasks string
				tasks, file = c.endless(fmt.Sprintf("      timeout: %d\n", seconds))
				assert.Regexp(t, fmt.Sprintf(`expected time frame \(%d\)|Timed out after %[1]d second`, seconds), c.results(host, tasks)[0]["msg"])
			}
			awaitGone(t, pid(t, file))
			await(t, "the file of progress to go", func() bool { return len(c.kept(os.Getuid())) == 1 })
		})
	}
}

func TestCtrlCEndsTheModule(t *testing.T) {
	t.Parallel()
	for _, host := range hosts {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			c := newController(t)
			tasks, file := c.endless("")
			run := c.prepare(host, tasks)
			run.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as a shell gives a job a group
			require.NoError(t, run.Start())
			await(t, "the module to begin", func() bool { return exists(file) })
			require.NoError(t, syscall.Kill(-run.Process.Pid, syscall.SIGINT))
			require.Error(t, run.Wait())
			awaitGone(t, pid(t, file))
		})
	}
}

// pid is the process number that the probe has left.
func pid(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NotEmpty(t, strings.TrimSpace(string(text)))
	return string(text)
}

func awaitGone(t *testing.T, pid string) {
	t.Helper()
	await(t, "process "+pid+" to end", func() bool { return !exists(filepath.Join("/proc", pid)) })
}
