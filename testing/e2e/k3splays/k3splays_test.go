// Package k3splays plays playbooks for k3s with modules that only note what they are asked for: what is refused before, and whom they ask.
package k3splays

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/testing/play"
)

// world is the collection with other modules, and hosts that are all this machine.
type world struct {
	*testing.T
	dir     string
	ansible *play.Controller
}

// newWorld has hosts as their names say: s is a server, a an agent, and a ! behind it is a machine that is off.
func newWorld(t *testing.T, hosts ...string) *world {
	t.Helper()
	top, err := filepath.Abs("../../..")
	require.NoError(t, err)
	python := filepath.Join(top, ".cache/venv/bin/python")
	if _, err := os.Stat(python); err != nil && os.Getenv("CI") != "true" {
		t.Skip("needs Ansible, " + python + "; make venv installs it")
	}
	w := &world{T: t, dir: t.TempDir()}
	w.ansible = &play.Controller{Folder: w.dir, Collections: filepath.Join(w.dir, "collections"), Python: python}
	w.collection(top)
	w.ansible.Local("localhost")
	groups := map[bool][]string{}
	for _, name := range hosts {
		name, off := strings.CutSuffix(name, "!")
		variables := []string{
			"ansible_become=false", "ansible_remote_tmp=" + filepath.Join(w.dir, "place-of-"+name), "k3s_data_dir=" + filepath.Join(w.dir, name),
			"k3s_version=v1.35.6+k3s1", "k3s_token=hunter2",
		}
		if off {
			w.ansible.Remote(name, host.Options{Host: "127.0.0.1", User: "nobody", KeyFile: "/none", KnownHosts: []string{"/dev/null"}}, append(variables, "ansible_port=1")...)
		} else {
			w.ansible.Local(name, variables...)
		}
		groups[strings.HasPrefix(name, "s")] = append(groups[strings.HasPrefix(name, "s")], name)
	}
	w.ansible.Group("k3s_servers", groups[true]...)
	w.ansible.Group("k3s_agents", groups[false]...)
	return w
}

// collection is the checkout's, with other modules.
func (w *world) collection(top string) {
	w.Helper()
	folder := filepath.Join(w.ansible.Collections, "ansible_collections/metalstack/initial_cluster")
	require.NoError(w, os.MkdirAll(filepath.Join(folder, "plugins/modules"), 0o700))
	module, err := os.ReadFile("testdata/module.py")
	require.NoError(w, err)
	for _, name := range []string{"k3s_node", "k3s_cluster", "k3s_preflight", "etcd_backup"} {
		require.NoError(w, os.WriteFile(filepath.Join(folder, "plugins/modules", name+".py"), module, 0o600))
	}
	for _, name := range []string{"roles", "playbooks"} {
		require.NoError(w, os.Symlink(filepath.Join(top, name), filepath.Join(folder, name)))
	}
}

// file makes one that the modules look for: NAME.down is a server that does not answer until it is started, NAME.OPERATION one that does not do that.
func (w *world) file(name string) {
	w.Helper()
	require.NoError(w, os.WriteFile(filepath.Join(w.dir, name), nil, 0o600))
}

// play gives what Ansible shows, and what the modules were asked for, in any order of hosts within a play.
func (w *world) play(playbook string, arguments ...string) (output string, asked []string, failed bool) {
	w.Helper()
	run, err := w.ansible.Playbook(w.Context(), "- ansible.builtin.import_playbook: metalstack.initial_cluster."+playbook+"\n", arguments...)
	require.NoError(w, err)
	said, err := run.CombinedOutput()
	text, problem := os.ReadFile(filepath.Join(w.dir, "asked"))
	if !os.IsNotExist(problem) {
		require.NoError(w, problem)
		require.NoError(w, os.Remove(filepath.Join(w.dir, "asked")))
	}
	return string(said), strings.Split(strings.TrimSpace(string(text)), "\n"), err != nil
}

func TestTheOnlyServerIsNeitherRemovedNorReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "s1", "a1")
	for playbook, name := range map[string]string{"remove_node": "remove_node=s1", "replace_node": "replace_node=s1"} {
		output, asked, failed := w.play(playbook, "--extra-vars", name)
		assert.True(t, failed, output)
		assert.Contains(t, output, "s1: refusing to remove the only server: the cluster would be gone with all that is in it; to move it to another machine or disk, "+
			"take a backup (playbook backup) and restore it there (playbook restore)")
		assert.Equal(t, []string{""}, asked, "nothing is done to any machine")
	}
	output, asked, failed := w.play("remove_node", "--extra-vars", "remove_node=a1")
	assert.False(t, failed, output)
	assert.Equal(t, []string{"s1 info", "s1 drain a1", "a1 absent", "s1 info", "s1 forget a1"}, asked)
}

func TestANodeIsRemovedWhileTheFirstServerIsOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "s1!", "s2", "s3", "a1")
	w.file("s2.down")
	output, asked, failed := w.play("remove_node", "--extra-vars", "remove_node=a1")
	assert.False(t, failed, output)
	assert.Subset(t, asked, []string{"s3 drain a1", "a1 absent", "s3 forget a1"})
	assert.Len(t, asked, 7, "the two that are on are asked twice")

	w.file("s3.down")
	output, asked, failed = w.play("remove_node", "--extra-vars", "remove_node=a1")
	assert.True(t, failed, output)
	assert.Regexp(t, `no server answers \(s1: .*; s2: connection refused; s3: connection refused\); start one of them first`, output)
	assert.ElementsMatch(t, []string{"s2 info", "s3 info"}, asked, "nothing is done to the node")
}

func TestANodeThatIsNotRemovedTakesPodsAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "s1!", "s2", "s3", "a1")
	for file, want := range map[string][]string{
		"a1.absent": {"s2 info", "s3 info", "s2 drain a1", "a1 absent", "s2 uncordon a1"},
		"s2.forget": {"s2 info", "s3 info", "s2 drain a1", "a1 absent", "s2 info", "s3 info", "s2 forget a1", "s2 uncordon a1"},
	} {
		w.file(file)
		output, asked, failed := w.play("remove_node", "--extra-vars", "remove_node=a1")
		assert.True(t, failed, output)
		assert.Equal(t, 2, strings.Count(output, "refusing to do that"), output)
		assert.ElementsMatch(t, want, asked)
		assert.Equal(t, want[len(want)-1], asked[len(asked)-1])
		require.NoError(t, os.Remove(filepath.Join(w.dir, file)))
	}

	// Why it stays is told, and that it takes none.
	for _, file := range []string{"a1.absent", "s2.uncordon"} {
		w.file(file)
	}
	output, _, failed := w.play("remove_node", "--extra-vars", "remove_node=a1")
	assert.True(t, failed, output)
	assert.Contains(t, output, "refusing to do that (absent); it is still cordoned, run k3s_cluster with operation uncordon: refusing to do that (uncordon)")
}

func TestARunningK3sGetsAnotherReleaseOnlyByThePlaybooksThatJudgeItBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "s1", "a1")
	output, asked, failed := w.play("upgrade")
	assert.False(t, failed, output)
	agent := []string{"s1 info", "s1 drain a1", "a1 present upgrade", "s1 await a1", "s1 uncordon a1"}
	assert.Equal(t, append([]string{"s1 check", "s1 snapshot", "s1 present upgrade"}, agent...), asked)
	output, asked, failed = w.play("rollback")
	assert.False(t, failed, output)
	assert.Equal(t, append([]string{"s1 info", "s1 check_rollback", "s1 present upgrade"}, agent...), asked)
	output, asked, failed = w.play("rotate", "--tags", "token")
	assert.False(t, failed, output)
	assert.Equal(t, []string{"s1 info", "s1 rotate_token", "s1 restarted", "a1 restarted"}, asked)
}

// The others wait for a server that is down, as after an upgrade that broke it or a token that it has not been given.
func TestServersThatAreDownComeFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "s1", "s2", "s3")
	info := []string{"s1 info", "s2 info", "s3 info"}
	for _, one := range []struct {
		down, playbook string
		tags           []string
		want           []string
	}{
		{down: "s1", playbook: "rollback", want: []string{"s2 check_rollback", "s1 present upgrade", "s1 present upgrade", "s2 present upgrade", "s3 present upgrade"}},
		{down: "s2", playbook: "rollback", want: []string{"s1 check_rollback", "s2 present upgrade", "s1 present upgrade", "s2 present upgrade", "s3 present upgrade"}},
		{down: "s3", playbook: "rotate", tags: []string{"--tags", "token"}, want: []string{"s3 present", "s1 rotate_token", "s1 restarted", "s2 restarted", "s3 restarted"}},
		{down: "s1", playbook: "rotate", tags: []string{"--tags", "keys"}, want: []string{"s1 present", "s1 rotate_keys", "s1 restarted", "s2 restarted", "s3 restarted"}},
		{down: "s2", playbook: "rotate", tags: []string{"--tags", "certificates"},
			want: []string{"s2 present", "s1 rotate_certificates s1", "s2 rotate_certificates s2", "s3 rotate_certificates s3"}},
	} {
		w.file(one.down + ".down")
		output, asked, failed := w.play(one.playbook, one.tags...)
		assert.False(t, failed, output)
		require.Greater(t, len(asked), len(info), output)
		assert.ElementsMatch(t, info, asked[:len(info)])
		assert.Equal(t, one.want, asked[len(info):], "%s with %s down", one.playbook, one.down)
	}
}

func TestTheFirstServerThatDoesNotComeBackIsTheLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "s1", "s2", "s3", "a1")
	w.file("s1.present")
	output, asked, failed := w.play("rollback")
	assert.True(t, failed, output)
	assert.Contains(t, output, "refusing to do that")
	assert.Equal(t, []string{"s1 check_rollback", "s1 present upgrade"}, asked[3:], "no other server is touched")
	w.file("s1.down")
	output, asked, failed = w.play("rollback")
	assert.True(t, failed, output)
	assert.Equal(t, []string{"s2 check_rollback", "s1 present upgrade"}, asked[3:], "no server that serves is touched while another does not start")
	for _, name := range []string{"s2.down", "s3.down"} {
		w.file(name)
	}
	output, asked, failed = w.play("rollback")
	assert.True(t, failed, output)
	assert.Contains(t, output, "no server answers (s1: connection refused; s2: connection refused; s3: connection refused); start one of them first")
	assert.Len(t, asked, 3, "nothing is done")
}

func TestAnAgentIsUpgradedWhileTheFirstServerIsOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "s1!", "s2", "s3", "a1")
	w.file("s2.down")
	output, asked, failed := w.play("upgrade", "--limit", "k3s_agents")
	assert.False(t, failed, output)
	assert.Equal(t, []string{"s2 info", "s3 info", "a1 present upgrade", "s3 await a1", "s3 uncordon a1"}, asked)
	w.file("s3.down")
	output, asked, failed = w.play("upgrade", "--limit", "k3s_agents")
	assert.True(t, failed, output)
	assert.Regexp(t, `no server answers \(s1: .*; s2: connection refused; s3: connection refused\); start one of them first`, output)
	assert.Equal(t, []string{"s2 info", "s3 info"}, asked, "nothing is done to the agent")
}
