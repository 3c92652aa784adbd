package target_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/modules/internal/target"
	"github.com/metal-stack/initial-cluster/testing/hosttest"
)

// params and spec are of a module that says what a host calls itself.
type params struct{ target.Params }

var spec = ansible.Spec{
	Name: "whoami", ShortDescription: "Say who one is", Description: []string{"Says who one is."}, Options: []ansible.Option{target.Option()},
	Examples: "- metalstack.initial_cluster.whoami:\n    ssh: {host: k3s-1}\n",
	Returns:  []ansible.Return{{Name: "name", Type: ansible.Str, Returned: "always", Description: "Who one is.", Sample: "k3s-1"}},
}

func run(ctx context.Context, in params, _ ansible.Mode) (ansible.Result, error) {
	if problems := in.Problems(); len(problems) > 0 {
		return ansible.Result{}, errors.New(strings.Join(problems, "; "))
	}
	h, err := in.Open(ctx)
	if err != nil {
		return ansible.Result{}, err
	}
	defer h.Close()
	out, err := h.Run(ctx, host.Words("printenv", "SSH_CONNECTION"))
	return ansible.Result{Msg: "over " + out.Stdout}, err
}

const asModule = "RUN_AS_MODULE"

func TestMain(m *testing.M) {
	if os.Getenv(asModule) != "" {
		ansible.Main(spec, run)
	}
	os.Exit(m.Run())
}

func TestTheSpecificationFitsTheParams(t *testing.T) {
	assert.Empty(t, ansible.Check[params](spec))
}

// module runs the module as Ansible does, and gives its msg.
func module(t *testing.T, home string, ssh map[string]any) string {
	t.Helper()
	args := map[string]any{}
	if ssh != nil {
		args["ssh"] = ssh
	}
	text, err := json.Marshal(args)
	require.NoError(t, err)
	command := exec.Command(os.Args[0], "-")
	command.Env = []string{asModule + "=1", "HOME=" + home, "PATH=" + os.Getenv("PATH"), "SSH_AUTH_SOCK=" + filepath.Join(home, "no-agent")}
	command.Stdin = bytes.NewReader(text)
	var out bytes.Buffer
	command.Stdout = &out
	err = command.Run()
	var exit *exec.ExitError
	require.True(t, err == nil || errors.As(err, &exit), "%v", err)
	var result struct{ Msg string }
	require.NoError(t, json.Unmarshal(out.Bytes(), &result), out.String())
	assert.NotContains(t, out.String(), "hunter")
	return result.Msg
}

func TestTheOptionLeadsToTheHost(t *testing.T) {
	s := hosttest.Start(t)
	o := s.Options(t)
	home := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(home, ".ssh"), 0o700))
	for from, to := range map[string]string{o.KeyFile: "id_ed25519", o.KnownHosts[0]: "known_hosts"} {
		content, err := os.ReadFile(from)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(home, ".ssh", to), content, 0o600))
	}
	assert.Contains(t, module(t, home, nil), "run printenv SSH_CONNECTION: exit code 1", "without, it is this one")
	ssh := map[string]any{"host": o.Host, "port": o.Port, "user": o.User, "agent": false}
	assert.Contains(t, module(t, home, ssh), "over UNKNOWN ", "with the keys and known_hosts of the one who runs it")
	ssh["agent"] = true
	assert.Equal(t, "ask the SSH agent: dial unix "+home+"/no-agent: connect: no such file or directory; start one, or do without (agent)", module(t, home, ssh))
	ssh["agent"], ssh["known_hosts"] = false, []string{"~/none"}
	assert.Contains(t, module(t, home, ssh), " is unknown; compare it with what ssh-keygen -l says on the host, then add it to "+home+"/none")
}

func TestWrongOptionsAreToldAtOnce(t *testing.T) {
	said := module(t, t.TempDir(), map[string]any{
		"host": "root@k3s-1", "port": 0, "user": "a b", "connect_timeout": 0, "silence_timeout": -1, "jump": []string{"bastion", "root@bastion:70000", ""},
		"sudo_password": "hunter2\n", "passphrase": "hunter3", "certificate_file": "/c",
	})
	assert.Equal(t, `ssh.host: "root@k3s-1" is no name or address of a host; user and port have options of their own; `+
		`ssh.port: 0 is no port, which is 1 to 65535; ssh.user: "a b" is no name of a user; ssh.connect_timeout: at least 1 second is wanted; `+
		`ssh.silence_timeout: at least 1 second is wanted; `+
		`ssh.passphrase: not without ssh.key_file; name the key that it opens; `+
		`ssh.certificate_file: not without ssh.key_file; name the key that it is of; ssh.sudo_password: not without ssh.sudo; set that, or leave the password out; `+
		`ssh.sudo_password: it has an end of line in it, which sudo cannot be given; is it of a file read as a whole?; `+
		`ssh.jump: "root@bastion:70000" is no jump host, as root@bastion:22 is; ssh.jump: "" is no jump host, as root@bastion:22 is`, said)
}
