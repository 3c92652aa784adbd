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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/golden"
)

// asModule makes the test binary the module: each run is a process of its own, as under Ansible.
const asModule = "RUN_AS_K3S_PREFLIGHT"

func TestMain(m *testing.M) {
	if os.Getenv(asModule) != "" {
		main()
	}
	os.Exit(m.Run())
}

// The module changes nothing: its ways are check, apply, apply where a command it needs is missing, and apply again.
func TestCases(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"little is wanted", "much is wanted", "wrong options"} {
		got := map[string]any{
			"1 check": look(t, name, true, os.Getenv("PATH")), "2 apply": look(t, name, false, os.Getenv("PATH")),
			"3 apply without commands": look(t, name, false, "/nowhere"), "4 apply again": look(t, name, false, os.Getenv("PATH")),
		}
		assert.Equal(t, got["1 check"], got["4 apply again"])
		golden.Result(t, name, got)
	}
}

func look(t *testing.T, name string, check bool, path string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", strings.ReplaceAll(name, " ", "_")+".args.json"))
	require.NoError(t, err)
	var args map[string]any
	require.NoError(t, json.Unmarshal(text, &args))
	args["_ansible_check_mode"] = check
	text, err = json.Marshal(args)
	require.NoError(t, err)
	module := exec.Command(os.Args[0], "-")
	module.Env = []string{asModule + "=1", "PATH=" + path, "HOME=/root"} // in which known hosts are by default
	module.Stdin = bytes.NewReader(text)
	var complaints bytes.Buffer
	module.Stderr = &complaints
	out, err := module.Output()
	var exit *exec.ExitError
	require.True(t, err == nil || assert.ErrorAs(t, err, &exit), "%v", err)
	assert.Empty(t, complaints.String())
	var result map[string]any
	require.NoError(t, json.Unmarshal(out, &result), string(out))
	if machine, told := result["machine"].(map[string]any); told && machine["cores"] != 0.0 {
		assert.NotZero(t, machine["memory_gb"])
		result["machine"] = "of whoever runs the test"
	}
	result["msg"] = regexp.MustCompile(`it has [0-9.]+ (cores|GB|disks)`).ReplaceAllString(result["msg"].(string), "it has @N@ $1")
	return result
}
