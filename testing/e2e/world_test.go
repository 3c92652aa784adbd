// Package e2e plays the collection with the real ansible-playbook.
package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/wait"
	"github.com/metal-stack/initial-cluster/testing/moduledoc"
	"github.com/metal-stack/initial-cluster/testing/play"
	"github.com/metal-stack/initial-cluster/testing/sshd"
)

// The world of the tests: a collection with the real action plugin and modules of the tests, and a server for the targets.
var (
	collection string // the folder of the collection
	python     string
	server     *sshd.Server
)

// scripts are modules that no Go program could be.
var scripts = map[string]string{
	"babbler": `echo "some words"; echo "debug1: ssh speaks" >&2; echo "a complaint" >&2; echo "debug1: ssh speaks" >&2; exit 5`,
	"victim":  `kill -9 $$`,
}

type machine struct{ uname, name string } // what uname says there, and the name of the platform

// here is the machine that the tests run on, other is one of the other kind.
var here, other = machine{"Linux x86_64", "linux_amd64"}, machine{"Linux aarch64", "linux_arm64"}

func init() {
	if runtime.GOARCH == "arm64" {
		here, other = other, here
	}
}

func TestMain(m *testing.M) { os.Exit(inWorld(m)) }

func inWorld(m *testing.M) int {
	folder, err := os.MkdirTemp("", "e2e")
	if err == nil {
		err = build(folder)
	}
	if err == nil && sshd.Installed() {
		hosts = append(hosts, "ssh")
		server, err = sshd.Start(folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	if server != nil {
		defer server.Stop()
	}
	return m.Run()
}

// build makes the collection. Its binaries are there for this machine alone.
func build(folder string) error {
	if err := os.Chmod(folder, 0o755); err != nil { // other users run binaries out of it
		return err
	}
	var err error
	if python, err = filepath.Abs("../../.cache/venv/bin/python"); err != nil {
		return err
	}
	collection = filepath.Join(folder, "ansible_collections/metalstack/initial_cluster")
	if err := os.CopyFS(filepath.Join(collection, "plugins/plugin_utils"), os.DirFS("../../plugins/plugin_utils")); err != nil {
		return err
	}
	platform := here.name
	binaries := filepath.Join(collection, "plugins/module_utils/bin", platform)
	output, err := exec.Command("go", "build", "-trimpath", "-o", binaries+"/", "./probe").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build the probe: %w: %s", err, output)
	}
	for name, script := range scripts {
		text := "#!/bin/sh\n[ \"$1\" != --version ] || exit 0; cat >/dev/null; " + script + "\n"
		if err := os.WriteFile(filepath.Join(binaries, name), []byte(text), 0o755); err != nil {
			return err
		}
	}
	return describe(binaries, platform)
}

// describe writes what goes with the binaries: manifest, action plugins, documentation, links.
func describe(binaries, platform string) error {
	manifest := map[string]map[string]string{"foreign": {other.name: "-"}}
	files := map[string]string{}
	for _, name := range []string{"probe", "babbler", "victim", "foreign", "unbuilt"} {
		files["plugins/action/"+name+".py"] = moduledoc.Action
		files["plugins/modules/"+name+".py"] = "DOCUMENTATION = ''\n"
	}
	for _, name := range []string{"probe", "babbler", "victim"} {
		content, err := os.ReadFile(filepath.Join(binaries, name))
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		manifest[name] = map[string]string{platform: hex.EncodeToString(sum[:])}
		files[filepath.Join("plugins/modules", platform, name)] = string(content)
	}
	for name, value := range map[string]any{
		"plugins/module_utils/bin/manifest.json": manifest,
		"meta/runtime.yml": map[string]any{ // JSON is YAML
			"requires_ansible": ">=2.14.0", "action_groups": map[string]any{"initial_cluster": []string{"probe"}},
		},
	} {
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		files[name] = string(text)
	}
	for name, content := range files {
		path := filepath.Join(collection, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// controller is a place to play from, with the hosts "local" and "ssh". Their binaries are kept below the folder "target" of it, which
// any user may write to.
type controller struct {
	play.Controller
	t *testing.T
}

func newController(t *testing.T, variables ...string) *controller {
	t.Helper()
	interpreter := or(os.Getenv("E2E_PYTHON"), python)
	if !exists(interpreter) {
		lacking(t, "virtual environment; make venv")
	}
	folder, err := os.MkdirTemp("", "e2e")
	require.NoError(t, err)
	c := &controller{t: t, Controller: play.Controller{
		Folder: folder, Collections: filepath.Join(collection, "../../.."), Python: interpreter, Tree: os.Getenv("E2E_ANSIBLE"),
	}}
	t.Cleanup(func() {
		require.NoError(t, c.Disconnect())
		require.NoError(t, os.RemoveAll(folder))
	})
	require.NoError(t, os.Chmod(folder, 0o711))
	require.NoError(t, os.Mkdir(c.target(), 0o777))
	require.NoError(t, os.Chmod(c.target(), 0o777|os.ModeSticky))
	variables = append([]string{"ansible_remote_tmp=" + c.target(), "ansible_async_dir=" + filepath.Join(folder, "target/async")}, variables...)
	c.Local("local", variables...)
	if server == nil {
		lackingInCI(t, noServer)
		return c
	}
	c.SSH("ssh", server, server.Port, variables...)
	return c
}

const noServer = "openssh-server; make system-packages"

func needsServer(t *testing.T) {
	t.Helper()
	if server == nil {
		lacking(t, noServer)
	}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// lacking skips a test, but not in CI.
func lacking(t *testing.T, what string) {
	t.Helper()
	lackingInCI(t, what)
	t.Skip("there is no " + what)
}

func lackingInCI(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		require.Fail(t, "there is no "+what)
	}
}

func (c *controller) target() string { return filepath.Join(c.Folder, "target") }

// kept lists the binaries that a user has on the target, and whatever else lies beside them.
func (c *controller) kept(uid int) []string {
	entries, err := os.ReadDir(filepath.Join(c.target(), fmt.Sprintf("initial_cluster.%d", uid)))
	if !os.IsNotExist(err) {
		require.NoError(c.t, err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// prepare makes a playbook of tasks for the hosts.
func (c *controller) prepare(hosts, tasks string, arguments ...string) *play.Run {
	c.t.Helper()
	run, err := c.Playbook(c.t.Context(), "- hosts: "+hosts+"\n  gather_facts: false\n"+tasks, arguments...)
	require.NoError(c.t, err)
	return run
}

// results plays tasks and gives their results in order. It does not ask whether they are failures.
func (c *controller) results(hosts, tasks string, arguments ...string) []map[string]any {
	c.t.Helper()
	run := c.prepare(hosts, tasks, arguments...)
	output, _ := run.CombinedOutput() // the results tell how it ended
	results, err := run.Results()
	require.NoError(c.t, err, string(output))
	var values []map[string]any
	for _, result := range results {
		values = append(values, result.Values)
	}
	return values
}

// seen is what the probe saw.
func seen(t *testing.T, result map[string]any) map[string]any {
	t.Helper()
	require.Contains(t, result, "seen", "%v", result)
	return result["seen"].(map[string]any)
}

// await waits until the condition holds.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	err := wait.Until(t.Context(), wait.Options{For: what, Timeout: time.Minute, Interval: 10 * time.Millisecond}, func(context.Context) (bool, string, error) {
		return condition(), "", nil
	})
	require.NoError(t, err)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
