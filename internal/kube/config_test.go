package kube_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/kube"
)

const name = "gke_my-project_europe-west3-a_initial"

func access() kube.Access {
	return kube.Access{Name: name, Server: "https://198.51.100.7", CA: []byte("certificate"), User: kube.User{Exec: &kube.Exec{
		Command: "/home/op/bin/gcp_create", Args: []string{"--exec-credential", "service_account_file=/home/op/key.json"},
		Env: map[string]string{"SSL_CERT_FILE": "/etc/ca.crt"}, APIVersion: kube.ExecV1, InstallHint: "run the playbook again",
	}}}
}

func withToken(token string) kube.Access {
	a := access()
	a.User = kube.User{Token: token}
	return a
}

// write makes a kubeconfig of this content for a test.
func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func merge(t *testing.T, path string, want kube.Access, current bool) *kube.ConfigPlan {
	t.Helper()
	found, err := kube.ObserveConfig(path)
	require.NoError(t, err)
	plan, err := found.Merge(want, current)
	require.NoError(t, err)
	return plan
}

func purge(t *testing.T, path string) *kube.ConfigPlan {
	t.Helper()
	found, err := kube.ObserveConfig(path)
	require.NoError(t, err)
	plan, err := found.Purge(name)
	require.NoError(t, err)
	return plan
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(content)
}

func TestWhatIsNoKubeconfigIsRefusedInOneLine(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"cut off", "clusters:\n- cluster: {server: 'https://x\n", "it is no YAML (yaml: line 2: found unexpected end of stream); repair it, or name another file"},
		{"two documents", "apiVersion: v1\n---\napiVersion: v1\n", "it holds more than one YAML document, of which kubectl sees the first alone; repair it, or name another file"},
		{"a text", "hello", "it is no kubeconfig, which has clusters, users and contexts; repair it, or name another file"},
		{"a list", "- a", "it is no kubeconfig, which has clusters, users and contexts; repair it, or name another file"},
		{"a secret", "kind: Secret\ndata: {token: c2VjcmV0}", "its kind is not Config, so it is no kubeconfig; repair it, or name another file"},
		{"clusters by name", "clusters: {a: {server: x}}", "its clusters are no list; repair it, or name another file"},
		{"a text as user", "users: [me]", "its users hold something that is no user; repair it, or name another file"},
		{"a key twice", "users: []\nkind: Config\nusers: []\n",
			`it is no YAML that kubectl accepts (yaml: unmarshal errors: line 3: mapping key "users" already defined at line 1); repair it, or name another file`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := write(t, c.content)
			_, err := kube.ObserveConfig(path)
			assert.EqualError(t, err, "read the kubeconfig "+path+": "+c.want)
		})
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	_, err := kube.ObserveConfig(dir)
	assert.EqualError(t, err, "read the kubeconfig "+dir+": it is a folder; name the file in it")
	circle := filepath.Join(dir, "circle")
	require.NoError(t, os.Symlink("circle", circle))
	_, err = kube.ObserveConfig(circle)
	assert.EqualError(t, err, "read the kubeconfig "+circle+": its links lead in a circle; remove them")
	below := filepath.Join(write(t, ""), "config")
	_, err = kube.ObserveConfig(below)
	assert.EqualError(t, err, "read the kubeconfig "+below+": not a directory; correct that, or name another file")
	if os.Getuid() == 0 {
		return // root reads every file
	}
	closed := write(t, "")
	require.NoError(t, os.Chmod(closed, 0))
	_, err = kube.ObserveConfig(closed)
	assert.EqualError(t, err, "read the kubeconfig "+closed+": permission denied; make it readable for the user who runs the task, or name another")
}

func TestTheDefaultIsTheFirstPathOfKUBECONFIG(t *testing.T) {
	t.Setenv("HOME", "/home/op")
	for variable, want := range map[string]string{"": "/home/op/.kube/config", "/a": "/a", ":/a:/b": "/a"} {
		t.Setenv("KUBECONFIG", variable)
		path, err := kube.DefaultConfigPath()
		require.NoError(t, err)
		assert.Equal(t, want, path, variable)
	}
	t.Setenv("KUBECONFIG", "")
	t.Setenv("HOME", "")
	_, err := kube.DefaultConfigPath()
	assert.EqualError(t, err, "find the kubeconfig: $HOME is not defined; name it, or set KUBECONFIG")
}
