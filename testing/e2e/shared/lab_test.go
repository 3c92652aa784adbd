package shared

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checkout is a lab of its own in the checkout, beside the one that somebody may have running there.
type checkout struct {
	*testing.T
	lab string
}

func newCheckout(t *testing.T) *checkout {
	t.Helper()
	c := &checkout{t, filepath.Join(t.TempDir(), "lab")}
	t.Cleanup(func() { c.run("make down") })
	return c
}

// run runs a line as a person types it in the checkout, and wants it to succeed.
func (c *checkout) run(line string) (output string) {
	c.Helper()
	output, err := c.try(line)
	require.NoError(c, err, "%s\n%s", line, output)
	return output
}

func (c *checkout) try(line string) (output string, err error) {
	c.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "-euc", line)
	shell.Dir, shell.Env = absolute(c.T, "."), append(os.Environ(), "LAB="+c.lab, "ANSIBLE_NOCOLOR=1", "ANSIBLE_LOCALHOST_WARNING=0")
	text, err := shell.CombinedOutput()
	return string(text), err
}

// inside runs a line in a shell that uses the lab.
func (c *checkout) inside(line string) string {
	c.Helper()
	return c.run(". " + c.lab + "/environment; " + line)
}

// quickStart are the lines of the README's quick start.
func quickStart(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile(absolute(t, "README.md"))
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)## Quick start\n.*?```sh\n(.*?)```").FindStringSubmatch(string(content))
	require.Len(t, block, 2, "README.md has a quick start in a block of sh")
	return strings.Split(strings.TrimSpace(block[1]), "\n")
}

func TestTheQuickStartOfTheREADME(t *testing.T) {
	lines := quickStart(t)
	require.LessOrEqual(t, len(lines), 10)
	require.Equal(t, []string{"git clone https://github.com/metal-stack/initial-cluster", "cd initial-cluster"}, lines[:2], "which the test is in already")
	c := newCheckout(t)
	var all strings.Builder
	for _, line := range lines[2:] {
		all.WriteString(c.run(line))
	}
	for _, told := range []string{"The initial cluster answers", "v1.3", "kube-system", "make down", "The lab is stopped"} {
		assert.Contains(t, all.String(), told)
	}
	assert.NoDirExists(t, c.lab)
}

func TestTheLabFromNothingToNothing(t *testing.T) {
	c := newCheckout(t)
	c.run("make build; go run ./testing/lab start --dir " + c.lab + " --operation-time 5s")
	assert.Contains(t, c.inside("ansible-playbook --check playbooks/shared.yml"), "changed=2 ")
	assert.NoFileExists(t, c.lab+"/kubeconfig")

	up := c.run("go run ./testing/lab up --dir " + c.lab + " --operation-time 5s")
	assert.Regexp(t, `(?m)^gcp_create: .*node pool default-pool 0/1 nodes, \d+s$`, up, "progress")
	assert.Contains(t, up, "changed=2 ")
	assert.Contains(t, c.run("make up"), "changed=0 ")
	assert.Contains(t, c.inside("kubectl create configmap kept; kubectl auth whoami"), "deployer@metalstack-lab.iam.gserviceaccount.com")
	adHoc := c.inside(`ansible localhost -m metalstack.initial_cluster.gcp_auth -a "project=metalstack-lab service_account_file=$LAB/gcp/serviceaccount.json"`)
	assert.Contains(t, adHoc, "authenticated as deployer@metalstack-lab.iam.gserviceaccount.com")

	pid := c.daemon()
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	again := c.run("make up")
	assert.NotEqual(t, pid, c.daemon())
	assert.Contains(t, again, "changed=0 ")
	assert.Contains(t, c.inside("kubectl get configmaps"), "kept", "a lab that was killed comes back with its data")

	assert.Contains(t, c.inside("ansible-playbook playbooks/destroy.yml -e destroy_cluster_name=initial"), "changed=1 ")
	assert.Contains(t, c.run("make status"), "There is no cluster;")
	assert.Contains(t, c.run("make down"), "The lab is stopped")
	assert.NoDirExists(t, c.lab)
	assert.Empty(t, c.processes(), "nothing goes on running")
	assert.Contains(t, c.run("make down"), "There is no lab.")
}

// daemon is the number of the lab's process.
func (c *checkout) daemon() (pid int) {
	c.Helper()
	content, err := os.ReadFile(c.lab + "/daemon.json")
	require.NoError(c, err)
	var told struct{ PID int }
	require.NoError(c, json.Unmarshal(content, &told))
	return told.PID
}

// processes are the command lines that name the lab's folder.
func (c *checkout) processes() (found []string) {
	c.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(c, err)
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(line), c.lab) {
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}

func TestALabOfAnotherOption(t *testing.T) {
	c := newCheckout(t)
	for option, told := range map[string]string{
		"dedicated": "lab: option dedicated is not built yet; make up OPTION=shared\n",
		"shard":     "lab: option shard: there is none of that name; use shared, or later dedicated, autonomous\n",
	} {
		output, err := c.try("make up OPTION=" + option)
		require.Error(t, err)
		assert.Contains(t, output, told)
		assert.NoDirExists(t, c.lab)
	}
}
