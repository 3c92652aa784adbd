package e2e

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/play"
)

// passing is a task in two states, each of which ends on a host when it is allowed to.
func (c *controller) passing(more string) (task string, allow func(host, state string)) {
	file := filepath.Join(c.Folder, "file-")
	task = `
  tasks:
    - metalstack.initial_cluster.probe: {path: "` + file + `{{ inventory_hostname }}", states: [one, two], secret: geheim}
` + more
	return task, func(host, state string) {
		require.NoError(c.t, os.WriteFile(file+host+"."+state, nil, 0o600))
	}
}

// watched runs a playbook and sees its lines, of standard output and standard error as they come.
func watched(t *testing.T, run *play.Run, see func(line string)) (all string) {
	t.Helper()
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	defer reader.Close()
	run.Stdout, run.Stderr = writer, writer
	require.NoError(t, run.Start())
	require.NoError(t, writer.Close())
	for scanner := bufio.NewScanner(reader); scanner.Scan(); {
		all += scanner.Text() + "\n"
		see(scanner.Text())
	}
	require.NoError(t, run.Wait(), all)
	return all
}

func TestProgressIsShownWhileATaskRuns(t *testing.T) {
	t.Parallel()
	for _, host := range hosts {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			c := newController(t)
			task, allow := c.passing("")
			said := watched(t, c.prepare(host, task), func(line string) {
				if strings.HasPrefix(line, "probe: one") {
					allow(host, "one")
				} else if strings.HasPrefix(line, "probe: two") {
					allow(host, "two")
				}
			})
			assert.Regexp(t, regexp.MustCompile(`(?s)^\nPLAY [^\n]*\n\nTASK [^\n]*\nprobe: one with \*{8}, \d+s\nprobe: two with \*{8}, \d+s\nok: \[`+host+`\]\n\nPLAY RECAP [^\n]*\n[^\n]*\n\n$`), said)
			assert.Len(t, c.kept(os.Getuid()), 1, "nothing but the binary is left")
		})
	}
}

func TestProgressNamesTheHostWhereThereAreMany(t *testing.T) {
	t.Parallel()
	needsServer(t)
	c := newController(t)
	c.Local("quiet", "ansible_remote_tmp="+c.target(), "initial_cluster_progress=no")
	c.Local("hidden", "ansible_remote_tmp="+c.target())
	task, allow := c.passing("      no_log: \"{{ inventory_hostname == 'hidden' }}\"\n")
	everybody := []string{"local", "ssh", "quiet", "hidden"}
	for _, host := range everybody {
		if host != "ssh" {
			allow(host, "one")
		}
	}
	shown := map[string]bool{}
	watched(t, c.prepare("all", task), func(line string) {
		label, _, found := strings.Cut(line, " with")
		if !found {
			return
		}
		shown[label] = true
		allow("ssh", "one")
		if shown["[ssh] probe: two"] { // by then all that run have been looked at twice
			for _, host := range everybody {
				allow(host, "two")
			}
		}
	})
	assert.True(t, shown["[ssh] probe: two"] && shown["[local] probe: two"], shown)
	for label := range shown {
		assert.NotRegexp(t, "quiet|hidden", label)
	}
}
