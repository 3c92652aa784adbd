// Package etcdbackup plays the playbook backup from this checkout, with what make build has built, against a real etcd.
package etcdbackup

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/etcdtest"
	"github.com/metal-stack/initial-cluster/testing/play"
)

// Once, no backup was taken when the first server was the one that was gone.
func TestTheFirstServerThatAnswersTakesTheBackup(t *testing.T) {
	t.Parallel()
	h, store := newServers(t)
	for taken, arguments := range [][]string{{"--check"}, {"--diff"}} {
		out, failed := h.Play(t, arguments...)
		assert.True(t, failed, "the one that is gone is told")
		assert.Regexp(t, `s1 .*changed=0 +unreachable=1`, out)
		assert.Regexp(t, `s2 .*changed=1 +unreachable=0 +failed=0`, out)
		assert.Regexp(t, `s3 .*changed=0 +unreachable=0 +failed=0`, out)
		assert.Len(t, backups(t, store), taken, out)
	}
}

// newServers is an inventory of three servers, of which the first does not answer, and the folder for their backups.
func newServers(t *testing.T) (h *play.Here, store string) {
	t.Helper()
	h, store = play.NewHere(t, "../../..", "- ansible.builtin.import_playbook: metalstack.initial_cluster.backup\n"), t.TempDir()
	h.Arguments = []string{"-i", "inventory", "-e", "@variables.json"}
	python := ` ansible_connection=local ansible_python_interpreter="{{ ansible_playbook_python }}"` + "\n"
	inventory := "[k3s_servers]\ns1 ansible_host=127.0.0.1 ansible_port=1\ns2" + python + "s3" + python
	require.NoError(t, os.WriteFile(filepath.Join(h.Dir, "inventory"), []byte(inventory), 0o600))
	etcd := etcdtest.Run(t, etcdtest.Options{})
	etcd.Fill(t, "/registry/", 20, 20)
	variables, err := json.Marshal(map[string]any{
		"ansible_become": false, "etcd_backup_source": "etcd", "etcd_backup_endpoints": etcd.Endpoints(), "etcd_backup_answer_timeout": 60,
		"etcd_backup_stores": []any{map[string]any{"folder": store}}, "etcd_backup_work_dir": t.TempDir(), "etcd_backup_signing_key": signing(t),
	})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(h.Dir, "variables.json"), variables, 0o600))
	return h, store
}

func backups(t *testing.T, store string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(store, "initial/*/manifest.json"))
	require.NoError(t, err)
	return found
}

func signing(t *testing.T) string {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
}
