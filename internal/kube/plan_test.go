package kube_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/metal-stack/initial-cluster/internal/kube"
	"github.com/metal-stack/initial-cluster/testing/golden"
)

// foreign is a kubeconfig as people have it: by hand, with comments, keys nobody here knows, and other clusters.
const foreign = `# of the team, see the wiki
apiVersion: v1
kind: Config
preferences: {colors: true}
clusters:
- name: home
  cluster:
    server: https://home.example.com # behind the VPN
    proxy-url: socks5://localhost:1080
users:
- name: home
  user: {username: op, password: "0123"}
contexts:
- context: {cluster: home, user: home, namespace: default}
  name: home
current-context: home
extensions:
- name: theirs
  extension: {since: 2024-01-01}
`

func TestMerge(t *testing.T) {
	for _, c := range []struct {
		name, before string
		want         kube.Access
		current      bool
		steps        []string
	}{
		{"into a new file", "", access(), true, []string{"add cluster, user and context " + name + " to @", "make " + name + " the current context in @"}},
		{"beside others", foreign, access(), false, []string{"add cluster, user and context " + name + " to @"}},
		{"beside others with a token", foreign, withToken("ya29.secret"), true,
			[]string{"add cluster, user and context " + name + " to @", "make " + name + " the current context in @"}},
		{"in place of gcloud's", gcloudWrote, access(), true, []string{"change cluster and user " + name + " in @"}},
		{"a public certificate", gcloudWrote, kube.Access{Name: name, Server: "https://x.gke.goog", User: kube.User{Token: "t"}}, true,
			[]string{"change cluster and user " + name + " in @"}},
		{"null lists as kubectl writes them", "apiVersion: v1\nclusters: null\ncontexts: []\ncurrent-context: \"\"\nkind: Config\nusers: null\n",
			withToken("t"), true, []string{"add cluster, user and context " + name + " to @", "make " + name + " the current context in @"}},
		{"two of a name", "users:\n- name: " + name + "\n  user: {token: t}\n- name: " + name + "\n  user: {token: old}\n", withToken("t"), false,
			[]string{"add cluster and context " + name + " to @", "change user " + name + " in @"}},
		{"as JSON", `{"kind": "Config", "apiVersion": "v1", "users": [{"name": "a", "user": {"token": "b"}}]}`, withToken("t"), false,
			[]string{"add cluster, user and context " + name + " to @"}},
		{"an entry without a body", "users:\n- name: " + name + "\n", withToken("t"), false,
			[]string{"add cluster and context " + name + " to @", "change user " + name + " in @"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := write(t, c.before)
			if c.before == "" {
				require.NoError(t, os.Remove(path))
			}
			plan := merge(t, path, c.want, c.current)
			assert.Equal(t, c.steps, shown(plan.Steps(), path))
			before, after := plan.Diff()
			require.NoError(t, plan.Apply(t.Context()))
			assert.Equal(t, c.steps, shown(plan.Steps(), path))
			golden.Text(t, "merge "+c.name+".golden", read(t, path)+"\n# the diff\n"+document(t, before)+document(t, after))
			assert.NotContains(t, document(t, before, after), "secret")
			assert.Empty(t, merge(t, path, c.want, c.current).Steps(), "the second run changes nothing")
			info, err := os.Stat(path)
			require.NoError(t, err)
			assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
			files, err := os.ReadDir(filepath.Dir(path))
			require.NoError(t, err)
			assert.Len(t, files, 1, "nothing is left beside it")
		})
	}
}

// gcloudWrote is what gcloud container clusters create leaves, with what an operator did to it after.
const gcloudWrote = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: b2xk
    proxy-url: http://proxy:3128
    server: https://198.51.100.1
  name: ` + name + `
contexts:
- context:
    cluster: ` + name + `
    namespace: metal-control-plane
    user: ` + name + `
  name: ` + name + `
current-context: ` + name + `
kind: Config
preferences: {}
users:
- name: ` + name + `
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: gke-gcloud-auth-plugin
      installHint: Install gke-gcloud-auth-plugin
      provideClusterInfo: true
    token: ya29.secret
`

func shown(steps []string, path string) []string {
	var all []string
	for _, step := range steps {
		all = append(all, strings.ReplaceAll(step, path, "@"))
	}
	return all
}

func document(t *testing.T, values ...any) string {
	t.Helper()
	var all strings.Builder
	for _, value := range values {
		text, err := yaml.Marshal(value)
		require.NoError(t, err)
		all.WriteString("---\n" + string(text))
	}
	return all.String()
}

func TestPurgeLeavesTheOthers(t *testing.T) {
	path := write(t, foreign)
	require.NoError(t, merge(t, path, access(), true).Apply(t.Context()))
	plan := purge(t, path)
	steps := []string{"remove cluster, user and context " + name + " from @", "unset the current context in @"}
	assert.Equal(t, steps, shown(plan.Steps(), path))
	require.NoError(t, plan.Apply(t.Context()))
	assert.Equal(t, strings.Replace(foreign, "current-context: home", `current-context: ""`, 1), read(t, path))
	assert.Empty(t, purge(t, path).Steps())
}

func TestPurgeOfWhatIsNotThereWritesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder", "config")
	plan := purge(t, path)
	assert.Empty(t, plan.Steps())
	require.NoError(t, plan.Apply(t.Context()))
	assert.NoDirExists(t, filepath.Dir(path))
}

func TestATokenOnlyShowsThatItIsAnother(t *testing.T) {
	path := write(t, "")
	require.NoError(t, merge(t, path, withToken("first-secret"), false).Apply(t.Context()))
	plan := merge(t, path, withToken("second-secret"), false)
	assert.Equal(t, []string{"change user " + name + " in @"}, shown(plan.Steps(), path))
	before, after := plan.Diff()
	assert.Equal(t, map[string]any{"token": "(hidden)"}, before.(map[string]any)["user"])
	assert.Equal(t, map[string]any{"token": "(hidden, another one)"}, after.(map[string]any)["user"])
}

func TestAFileThatOthersMayReadIsClosed(t *testing.T) {
	path := write(t, "")
	require.NoError(t, merge(t, path, withToken("t"), false).Apply(t.Context()))
	require.NoError(t, os.Chmod(path, 0o644))
	plan := merge(t, path, withToken("t"), false)
	assert.Equal(t, []string{"make @ readable for its owner only, it has mode 0644"}, shown(plan.Steps(), path))
	require.NoError(t, plan.Apply(t.Context()))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestALinkIsFollowed(t *testing.T) {
	for _, there := range []bool{true, false} {
		t.Run(fmt.Sprintf("there %v", there), func(t *testing.T) {
			real := filepath.Join(t.TempDir(), "real")
			if there {
				require.NoError(t, os.WriteFile(real, []byte(foreign), 0o600))
			}
			link := filepath.Join(t.TempDir(), "config")
			require.NoError(t, os.Symlink(real, link))
			require.NoError(t, merge(t, link, access(), true).Apply(t.Context()))
			next, err := os.Readlink(link)
			require.NoError(t, err)
			assert.Equal(t, real, next)
			assert.Contains(t, read(t, real), name)
		})
	}
}

func TestTheOwnerIsKept(t *testing.T) {
	if os.Getuid() != 0 {
		require.NotEqual(t, "true", os.Getenv("CI"), "CI needs root, to make another's file")
		t.Skip("needs root, to make another's file")
	}
	path := write(t, foreign)
	require.NoError(t, os.Chown(path, 12345, 23456))
	require.NoError(t, merge(t, path, access(), true).Apply(t.Context()))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Contains(t, fmt.Sprintf("%+v", info.Sys()), "Uid:12345 Gid:23456")
}

func TestManyAtOnceLoseNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	var all sync.WaitGroup
	for i := range 12 {
		want := withToken("t")
		want.Name = fmt.Sprintf("cluster-%d", i)
		plan := merge(t, path, want, false)
		all.Go(func() { assert.NoError(t, plan.Apply(t.Context())) })
	}
	all.Wait()
	for i := range 12 {
		want := withToken("t")
		want.Name = fmt.Sprintf("cluster-%d", i)
		assert.Empty(t, merge(t, path, want, false).Steps())
	}
}

func TestAnotherRunThatWasFasterLeavesNothingToDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	slow, fast := merge(t, path, access(), true), merge(t, path, access(), true)
	require.NoError(t, fast.Apply(t.Context()))
	require.NoError(t, slow.Apply(t.Context()))
	assert.Empty(t, slow.Steps(), "what another did is not told as done")
}

func TestALockOfKubectlIsWaitedFor(t *testing.T) {
	path := write(t, foreign)
	held, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_EXCL, 0)
	require.NoError(t, err)
	require.NoError(t, held.Close())
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	plan := merge(t, path, access(), true)
	assert.EqualError(t, plan.Apply(ctx), "wait for the lock "+path+".lock: gave up after 0s, last seen held by another process; "+
		"remove the file if no kubectl is at work")
	assert.Empty(t, plan.Steps(), "nothing was done")
	assert.Equal(t, foreign, read(t, path))
	require.NoError(t, os.Remove(path+".lock"))
	require.NoError(t, merge(t, path, access(), true).Apply(t.Context()))
}

func TestALockOfARunThatDiedIsTakenOver(t *testing.T) {
	path := write(t, foreign)
	require.NoError(t, os.WriteFile(path+".lock", []byte("metalstack.initial_cluster\n"), 0o600))
	require.NoError(t, merge(t, path, access(), true).Apply(t.Context()))
	assert.NoFileExists(t, path+".lock")
}

func TestWritingThatFailsIsSaidAndCanBeRepeated(t *testing.T) {
	dir := t.TempDir()
	long := filepath.Join(dir, strings.Repeat("x", 253)) // leaves no room for the lock's name
	plan := merge(t, long, access(), true)
	assert.EqualError(t, plan.Apply(t.Context()), "lock the kubeconfig "+long+": file name too long; correct that and run it again")
	link := filepath.Join(dir, "config")
	require.NoError(t, os.Symlink(long, link)) // nor for a temporary one
	plan = merge(t, link, access(), true)
	assert.EqualError(t, plan.Apply(t.Context()), "write "+link+": file name too long; correct that and run it again")
	assert.Empty(t, plan.Steps())
	assert.NoFileExists(t, link+".lock")
	require.NoError(t, os.Remove(link))
	require.NoError(t, merge(t, link, access(), true).Apply(t.Context()))
}

func TestAClusterWithoutAServerYet(t *testing.T) {
	found, err := kube.ObserveConfig(filepath.Join(t.TempDir(), "config"))
	require.NoError(t, err)
	_, err = found.Merge(kube.Access{Name: name}, true)
	assert.EqualError(t, err, "write the kubeconfig: the cluster has no name or no server yet; run it again when it has")
}
