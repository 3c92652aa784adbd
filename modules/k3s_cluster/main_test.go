package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/testing/golden"
	"github.com/metal-stack/initial-cluster/testing/k3stest"
)

// asModule makes the test binary the module: each run is a process of its own, as under Ansible.
const asModule = "RUN_AS_K3S_CLUSTER"

func TestMain(m *testing.M) {
	if os.Getenv(asModule) != "" {
		main()
	}
	os.Exit(m.Run())
}

const binDir = "/var/lib/bin"

// world is a cluster of three servers.
type world struct {
	servers []*k3stest.Machine
	release string
}

func newWorld(t *testing.T) *world {
	w := &world{release: k3stest.Find(t, k3stest.Versions[0])}
	network := k3stest.NewNetwork(t)
	for i, name := range []string{"s1", "s2", "s3"} {
		m := network.Machine(t, name)
		config := "token: hunter2\nsecrets-encryption: true\ncluster-init: true\n"
		if i > 0 {
			config = "token: hunter2\nsecrets-encryption: true\nserver: https://" + w.servers[0].Address + ":6443\n"
		}
		m.Write(t, "/etc/rancher/k3s/config.yaml", config)
		m.Run(t, "mkdir", "-p", binDir)
		m.Run(t, "ln", "-s", w.release, binDir+"/k3s")
		w.servers = append(w.servers, m)
		unit := m.Start(t, w.release, "server")
		if i == 0 {
			unit.Ready(t)
		}
	}
	for _, node := range []string{"s1", "s2", "s3"} {
		require.NotEqual(t, true, w.run(t, "await "+node, false)["failed"])
	}
	return w
}

// run runs the module on the first server.
func (w *world) run(t *testing.T, name string, check bool) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", strings.ReplaceAll(name, " ", "_")+".args.json"))
	require.NoError(t, err)
	args := map[string]any{"bin_dir": binDir}
	require.NoError(t, json.Unmarshal(text, &args))
	args["_ansible_check_mode"], args["_ansible_diff"] = check, true
	input, err := json.Marshal(args)
	require.NoError(t, err)
	out, err := w.servers[0].Host().Run(t.Context(), host.Command{
		Words: []string{"env", asModule + "=1", os.Args[0], "-"}, Stdin: strings.NewReader(string(input)),
	})
	var failed *host.RunError
	require.True(t, err == nil || assert.ErrorAs(t, err, &failed), "%v", err)
	assert.Empty(t, out.Stderr)
	assert.NotContains(t, out.Stdout, "hunter")
	masked := regexp.MustCompile(`-s1-\d{10}`).ReplaceAllString(out.Stdout, "-s1-@TIME@")
	masked = regexp.MustCompile(`aescbckey-[0-9T:Z-]*\d{2}Z`).ReplaceAllString(masked, "@KEY@")
	masked = regexp.MustCompile(`\b\d{6,7}\b`).ReplaceAllString(masked, "123456")
	masked = regexp.MustCompile(`nsenter .*?-- /\S*`).ReplaceAllString(masked, "k3s")
	var result map[string]any
	require.NoError(t, json.Unmarshal([]byte(masked), &result), out.Stdout)
	return result
}

// The cases share a cluster, each going on where the one before ended. What repeats itself (a snapshot) is run in check mode and once.
func TestCases(t *testing.T) {
	w := newWorld(t)
	again := func(name string) {
		got := map[string]any{"1 check": w.run(t, name, true), "2 apply": w.run(t, name, false), "3 apply again": w.run(t, name, false)}
		assert.NotEqual(t, true, got["3 apply again"].(map[string]any)["changed"], name)
		golden.Result(t, name, got)
	}
	again("check")
	again("a minor is skipped")
	again("wrong options")
	again("drain")
	again("uncordon")
	once := func(name string) {
		golden.Result(t, name, map[string]any{"1 check": w.run(t, name, true), "2 apply": w.run(t, name, false)})
	}
	once("snapshot")
	again("going back")
	again("going back over a minor")
	again("rotate keys") // whose second run is one after the first has been interrupted: no server has been restarted since
	again("rotate token")
	again("forget this server")
	again("forget a server that runs")

	// A server is dead, and a run that removed it ended half way: its node is gone, and its member is not.
	w.servers[2].Kill(t)
	failed := w.run(t, "check in vain", false)
	assert.Regexp(t, `^wait for all nodes to be well: gave up after \d+s, last seen s3 \(https://10\.77\.0\.13:6443: connection refused\); `+
		`mend or remove them before$`, failed["msg"])
	w.kubectl(t, "patch", "node", "s3", "--type=merge", `--patch={"metadata":{"finalizers":[]}}`)
	w.kubectl(t, "delete", "node", "s3")
	again("info")
	again("forget")
}

func (w *world) kubectl(t *testing.T, words ...string) {
	t.Helper()
	said := w.servers[0].Run(t, append([]string{w.release, "kubectl"}, words...)...)
	require.Equal(t, 0, said.Code, said.Errors)
}
