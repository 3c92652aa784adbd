package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/manifest"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/scratch"
	"github.com/metal-stack/initial-cluster/internal/store"
	"github.com/metal-stack/initial-cluster/testing/k3stest"
)

// onK3s runs the module on a machine with k3s, with its default folders.
func onK3s(t *testing.T, m *k3stest.Machine, w *world, more map[string]any) map[string]any {
	t.Helper()
	recipient, err := os.ReadFile(filepath.Join(w.dir, "recipient"))
	require.NoError(t, err)
	args := map[string]any{
		"cluster": "initial", "stores": []any{map[string]any{"folder": w.dir + "/store"}}, "work_dir": w.dir + "/work",
		"signing_key_file": w.dir + "/signing.pem", "recipients": []string{string(recipient)}, "answer_timeout": 30,
	}
	for name, value := range more {
		args[name] = value
	}
	text, err := json.Marshal(args)
	require.NoError(t, err)
	w.write(t, "args.json", string(text))
	said := m.Run(t, "env", asModule+"=1", "PATH="+w.dir+"/bin", os.Args[0], w.dir+"/args.json")
	assert.NotContains(t, said.Output, "very-secret")
	var result map[string]any
	require.NoError(t, json.Unmarshal([]byte(said.Output), &result), "%s%s", said.Output, said.Errors)
	return result
}

// A server that lost its disk comes back from a backup: its keys, its certificates by way of the token in it, and ahead of all revisions.
func TestK3sComesBackFromABackup(t *testing.T) {
	release := k3stest.Find(t, k3stest.Versions[0])
	m := k3stest.NewNetwork(t).Machine(t, "s1")
	w := &world{dir: t.TempDir()}
	w.writeKeys(t)
	require.NoError(t, os.Mkdir(filepath.Join(w.dir, "store"), 0o700))
	require.NoError(t, os.Mkdir(filepath.Join(w.dir, "bin"), 0o700))
	require.NoError(t, os.Symlink(release, filepath.Join(w.dir, "bin/k3s")))
	m.Write(t, "/etc/rancher/k3s/config.yaml", "token: very-secret\ncluster-init: true\n")
	unit := m.Start(t, release, "server")
	unit.Ready(t)
	kubectl := func(words ...string) k3stest.Answer {
		return m.Run(t, append([]string{release, "kubectl"}, words...)...)
	}
	require.Equal(t, 0, kubectl("create", "namespace", "kept").Code)

	adopted := m.Run(t, release, "etcd-snapshot", "save", "--name", "before", "--snapshot-compress")
	require.Equal(t, 0, adopted.Code, adopted.Errors)
	file := onK3s(t, m, w, map[string]any{"source": "file", "cluster": "adopted"})
	require.Equal(t, true, file["changed"], file["msg"])
	result := onK3s(t, m, w, nil)
	require.Equal(t, true, result["changed"], result["msg"])
	backup := result["backup"].(map[string]any)
	assert.Equal(t, true, backup["compared"])
	assert.Equal(t, true, backup["token"])
	assert.Regexp(t, "^[0-9a-f-]{36}$", backup["lineage"], "it is kube-system's UID")
	assert.Regexp(t, `^v1\.\d+\.\d+\+k3s1$`, backup["k3s_version"])

	require.Equal(t, 0, kubectl("create", "namespace", "lost").Code)
	unit.Stop(t)
	require.Equal(t, 0, m.Run(t, "mv", "/var/lib/rancher/k3s", "/var/lib/rancher/lost").Code)
	m.Write(t, "/etc/rancher/k3s/config.yaml", "cluster-init: true\n")
	to := filepath.Join(w.dir, "restore.db")
	prepared := w.prepare(t, to)
	assert.Equal(t, backup["name"], prepared.Name)
	reset := m.Run(t, release, "server", "--cluster-reset", "--cluster-reset-restore-path="+to, "--token="+prepared.Token)
	require.Equal(t, 0, reset.Code, reset.Errors)
	m.Start(t, release, "server", "--token="+prepared.Token).Ready(t)
	assert.Equal(t, 0, kubectl("get", "namespace", "kept").Code)
	assert.Contains(t, kubectl("get", "namespace", "lost").Errors, "not found")

	result = onK3s(t, m, w, nil)
	require.Equal(t, true, result["changed"], result["msg"])
	after := result["backup"].(map[string]any)
	assert.Equal(t, backup["lineage"], after["lineage"])
	assert.Greater(t, after["revision"], backup["revision"].(float64)+scratch.Bump)
}

// prepare makes the snapshot to restore from, as on another machine with the people's keys.
func (w *world) prepare(t *testing.T, to string) etcdbackup.Drilled {
	t.Helper()
	s, err := store.OpenFolder(filepath.Join(w.dir, "store"), store.Limits{})
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(w.dir, "signing.pem"))
	require.NoError(t, err)
	signing, err := manifest.ParsePrivate(text)
	require.NoError(t, err)
	identity, err := os.ReadFile(filepath.Join(w.dir, "identity"))
	require.NoError(t, err)
	identities, err := age.ParseIdentities(strings.NewReader(string(identity)))
	require.NoError(t, err)
	v := etcdbackup.Vault{Store: s, Cluster: "initial", Keys: etcdbackup.Keys{Signing: signing, Identities: identities}}
	prepared, err := v.Prepare(t.Context(), "", to, etcdbackup.Work{Dir: t.TempDir()}, examiner)
	require.NoError(t, err)
	return prepared
}
