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
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "-euc", line)
	shell.Dir, shell.Env = absolute(c.T, "."), append(os.Environ(), "LAB="+c.lab, "ANSIBLE_NOCOLOR=1", "ANSIBLE_LOCALHOST_WARNING=0")
	begin := time.Now()
	text, err := shell.CombinedOutput()
	c.Logf("%s: %s", line, time.Since(begin).Round(100*time.Millisecond))
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

func TestSharedFromNothingToNothingAsInTheREADME(t *testing.T) {
	lines := quickStart(t)
	require.Equal(t, []string{
		"git clone https://github.com/metal-stack/initial-cluster", "cd initial-cluster", "make up", "make status", "make down",
	}, lines, "the test is in the clone already")
	c := newCheckout(t)
	c.run("make build; go run ./testing/lab start --dir " + c.lab + " --operation-time 3s")
	assert.Contains(t, c.inside("ansible-playbook --check playbooks/shared.yml"), "changed=2 ", "what runs on a cluster that is not there is passed over")
	assert.NoFileExists(t, c.lab+"/kubeconfigs/initial")

	up := c.run("make up")
	assert.Contains(t, up, "changed=3 ")
	for _, told := range []string{
		`(?m)^gcp_create: .*node pool default-pool 0/1 nodes, \d+s$`, `(?m)^metal_control_plane: metal: .* waits for Job metal-api-\S+ is running, \d+s$`,
		`(?m)^metal-control-plane +metal-control-plane +1 +deployed$`, `(?m)^metal-api-\S+ +metal-control-plane +1/1 +Running$`, `(?m)^metal-api +https://\S+ says {"status": "healthy"}$`,
	} {
		assert.Regexp(t, told, up)
	}
	assert.Contains(t, c.run("make status"), `says {"status": "healthy"}`)
	assert.Contains(t, c.inside("ansible-playbook --check playbooks/shared.yml"), "changed=0 ")
	c.inside("kubectl create configmap kept")

	pid := c.daemon()
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	again := c.run("make up")
	assert.NotEqual(t, pid, c.daemon())
	assert.Contains(t, again, "changed=0 ", "the second run, and a lab that was killed comes back with its data")
	assert.Contains(t, c.inside("kubectl get configmaps"), "kept")

	c.changesOneComponentAsCheckModeSays("metal_stack_host=localhost")
	c.refusesToDestroy("initial")
	c.destroys("initial")
	assert.Contains(t, c.run("make down"), "The lab is stopped")
	assert.NoDirExists(t, c.lab)
	assert.Empty(t, c.processes(), "nothing goes on running")
	assert.Contains(t, c.run("make down"), "There is no lab.")
}

func TestDedicatedFromNothingToNothing(t *testing.T) {
	c := newCheckout(t)
	c.run("make build; go run ./testing/lab start --dir " + c.lab + " --operation-time 3s")
	up := c.run("make up OPTION=dedicated")
	assert.Regexp(t, `(?m)^manager +: .*changed=1 `, up)
	assert.Regexp(t, `(?m)^metal-stack +: .*changed=2 `, up)
	assert.Contains(t, up, `says {"status": "healthy"}`)
	assert.Contains(t, up, "releases    none", "the manager's cluster is ready for it")
	begun := c.inside("grep -h -o '\"startTime\": *\"[^\"]*' $LAB/gke/gke.json | sort")
	ended := c.inside("grep -h -o '\"endTime\": *\"[^\"]*' $LAB/gke/gke.json | sort")
	assert.Less(t, times(begun)[1], times(ended)[0], "both clusters are made at the same time")
	for own, other := range map[string]string{"metal-stack": "manager", "manager": "metal-stack"} {
		content, err := os.ReadFile(c.lab + "/kubeconfigs/" + own)
		require.NoError(t, err)
		assert.NotContains(t, string(content), other, "who has one kubeconfig has one cluster")
	}
	assert.NotContains(t, c.inside("ansible-playbook playbooks/dedicated.yml"), "changed=1", "the second run")
	output, err := c.try(". " + c.lab + "/environment; ansible-playbook playbooks/dedicated.yml -e initial_cluster_kubeconfig=$LAB/one")
	require.Error(t, err)
	assert.Contains(t, output, "initial_cluster_kubeconfig: metal-stack and manager have the same; give each a file of its own")
	c.destroys("metal-stack,manager")
}

// times are the values of lines that grep has found.
func times(lines string) (all []string) {
	for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		all = append(all, line[strings.LastIndex(line, `"`)+1:])
	}
	return all
}

// changesOneComponentAsCheckModeSays changes a value of one component.
func (c *checkout) changesOneComponentAsCheckModeSays(hosts string) {
	c.Helper()
	command := "ansible-playbook -v --diff playbooks/control_plane.yml -e " + hosts + " -e metal_api_replicas=2"
	check, apply := c.inside(command+" --check"), c.inside(command)
	told := checks.ReplaceAllString(deployed.FindString(check), "")
	require.NotEmpty(c, told, check)
	assert.Equal(c, told, checks.ReplaceAllString(deployed.FindString(apply), ""), "check mode says what apply then does, with all differences")
	assert.Contains(c, told, `"steps": ["metal: upgrade metal-control-plane 0.8.8: change Deployment metal-api"]`)
	assert.Contains(c, told, "-  replicas: 3\n+  replicas: 2\n")
	assert.Equal(c, 1, strings.Count(told, `"action": "upgrade"`))
	assert.Equal(c, 5, strings.Count(told, `"action": "none", "chart"`), "and touches no other component")
}

var (
	// deployed is what is shown of the task that deploys.
	deployed = regexp.MustCompile(`(?s)--- before\n.*?\nchanged: .*?\n`)
	// checks are the preflight's: in check mode it proves nothing, as that would make something.
	checks = regexp.MustCompile(`"checks": \[.*?\], `)
)

// releases are those that hold data.
const releases = "metal-db,ipam-db,masterdata-db,valkey,nsq"

// destroy is the line that destroys what is named.
func (c *checkout) destroy(clusters, releases string) string {
	return ". " + c.lab + "/environment; ansible-playbook playbooks/destroy.yml -e destroy_cluster_name=" + clusters + " -e destroy_release_names=" + releases
}

// refusesToDestroy types out wrong names, of the cluster and of the releases.
func (c *checkout) refusesToDestroy(cluster string) {
	c.Helper()
	for line, told := range map[string]string{
		c.destroy("wrong", releases): cluster + `: refusing to destroy it: \"wrong\" was typed; type the cluster's name`,
		c.destroy(cluster, "nsq"):    "refusing to remove ",
	} {
		output, err := c.try(line)
		require.Error(c, err, output)
		assert.Contains(c, output, told)
		assert.Contains(c, output, "changed=0 ")
	}
	assert.Contains(c, c.run("make status"), `says {"status": "healthy"}`, "nothing is gone")
}

// destroys destroys all, in reverse order.
func (c *checkout) destroys(clusters string) {
	c.Helper()
	output := c.run(c.destroy(clusters, releases))
	first, last := strings.Index(output, "TASK [metalstack.initial_cluster.metal_control_plane"), strings.Index(output, "TASK [metalstack.initial_cluster.gcp_destroy")
	assert.True(c, 0 < first && first < last, "the control plane goes first: %s", output)
	assert.Contains(c, c.run("make status"), "There is no cluster;")
	assert.NotRegexp(c, `changed=[1-9]`, c.run(c.destroy(clusters, "")), "the second time there is nothing")
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
	t.Parallel()
	c := newCheckout(t)
	output, err := c.try("go run ./testing/lab up --dir " + c.lab + " shard")
	require.Error(t, err)
	assert.Contains(t, output, "lab: option shard: there is none of that name; use shared, dedicated or autonomous\n")
	assert.NoDirExists(t, c.lab)
}
