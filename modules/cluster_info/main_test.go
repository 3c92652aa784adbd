package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/golden"
	"github.com/metal-stack/initial-cluster/testing/kubetest"
)

// asModule makes the test binary the module: each run is a process of its own, as under Ansible.
const asModule = "RUN_AS_CLUSTER_INFO"

func TestMain(m *testing.M) {
	if os.Getenv(asModule) != "" {
		interval = 10 * time.Millisecond
		main()
	}
	os.Exit(m.Run())
}

// The module changes nothing, so its four ways are: check, apply, apply without the cluster, apply when it is there again.
func TestCases(t *testing.T) {
	dir := t.TempDir()
	cluster := kubetest.Run(t, kubetest.Options{Dir: dir, Version: "v1.35.4"})
	for _, name := range []string{"kubeconfig", "default kubeconfig", "no such context", "missing ok", "wrong options"} {
		got := map[string]any{"1 check": look(t, cluster, name, true), "2 apply": look(t, cluster, name, false)}
		assert.Equal(t, got["1 check"], got["2 apply"])
		require.NoError(t, os.Rename(cluster.Kubeconfig(), cluster.Kubeconfig()+".away"))
		got["3 apply without the kubeconfig"] = look(t, cluster, name, false)
		require.NoError(t, os.Rename(cluster.Kubeconfig()+".away", cluster.Kubeconfig()))
		got["4 apply again"] = look(t, cluster, name, false)
		golden.Result(t, name, got)
	}
	require.NoError(t, cluster.Stop())
	got := map[string]any{"1 at once": look(t, cluster, "kubeconfig", false), "2 with patience": look(t, cluster, "patience", false)}
	golden.Result(t, "a cluster that is not there", got)

	started := make(chan *kubetest.Cluster)
	go func() {
		again, err := kubetest.Start(t.Context(), kubetest.Options{Dir: dir, Binary: kubetest.Find(t), Version: "v1.35.4"})
		assert.NoError(t, err)
		started <- again
	}()
	assert.Equal(t, false, look(t, cluster, "much patience", false)["failed"], "a cluster that comes is waited for")
	require.NoError(t, (<-started).Stop())
}

func look(t *testing.T, cluster *kubetest.Cluster, name string, check bool) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", strings.ReplaceAll(name, " ", "_")+".args.json"))
	require.NoError(t, err)
	var args map[string]any
	require.NoError(t, json.Unmarshal([]byte(strings.ReplaceAll(string(text), "@KUBECONFIG@", cluster.Kubeconfig())), &args))
	args["_ansible_check_mode"] = check
	text, err = json.Marshal(args)
	require.NoError(t, err)
	module := exec.Command(os.Args[0], "-")
	module.Env = []string{asModule + "=1", "HOME=/nowhere", "KUBECONFIG=" + cluster.Kubeconfig()}
	module.Stdin = bytes.NewReader(text)
	var complaints bytes.Buffer
	module.Stderr = &complaints
	out, err := module.Output()
	var exit *exec.ExitError
	require.True(t, err == nil || assert.ErrorAs(t, err, &exit), "%v", err)
	assert.Empty(t, complaints.String())
	masked := strings.NewReplacer(cluster.Kubeconfig(), "@KUBECONFIG@", cluster.Endpoint(), "@SERVER@").Replace(string(out))
	masked = regexp.MustCompile(`20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ`).ReplaceAllString(masked, "@TIME@")
	var result map[string]any
	require.NoError(t, json.Unmarshal([]byte(masked), &result), masked)
	return result
}
