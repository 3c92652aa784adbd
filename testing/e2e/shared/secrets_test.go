package shared

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lines are those of the account's private key, without the first and the last, which are of every key.
func (w *world) lines() []string {
	w.Helper()
	var key struct {
		Private string `json:"private_key"`
	}
	require.NoError(w, json.Unmarshal(w.account.KeyJSON, &key))
	lines := strings.Split(strings.TrimSpace(key.Private), "\n")
	return lines[1 : len(lines)-1]
}

func quoted(texts []string) (all []string) {
	for _, text := range texts {
		all = append(all, regexp.QuoteMeta(text))
	}
	return all
}

const destroy = `
- name: Destroy the initial cluster
  hosts: localhost
  gather_facts: false
  roles:
    - role: metalstack.initial_cluster.initial_cluster
      vars: {initial_cluster_state: absent}
`

func TestNoKeyAndNoTokenIsSeenAnywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.variables = append(w.variables, "ANSIBLE_LOG_PATH="+w.home+"/ansible.log")
	variables := w.with(w.deployment(), "gcp_service_account_contents", string(w.account.KeyJSON))
	delete(variables, "gcp_service_account_file")
	stored := ".kube/config." + contextName + ".json"
	secrets := regexp.MustCompile(strings.Join(append(quoted(w.lines()), `ya29\.c\.[0-9a-f]{20}`), "|"))

	wrong := w.play(existing, w.with(variables, "gcp_initial_node_count", "many"), "-vvvv", "--diff")
	require.True(t, wrong.failed)
	assert.NotRegexp(t, secrets, wrong.output, "Ansible's own check of the arguments")
	wanted := []string{".config/gcloud/legacy_credentials/" + w.account.Email + "/adc.json", stored, "key.json"}
	for _, user := range []string{"exec", "token"} {
		played := w.play(existing, w.with(variables, "gcp_kubeconfig_user", user), "-vvvv", "--diff")
		require.False(t, played.failed)
		assert.NotRegexp(t, secrets, played.output)
		if user == "token" {
			wanted[1] = ".kube/config"
		}
		assert.Equal(t, wanted, w.holders(secrets))
	}
	played := w.play(destroy, variables, "-vvvv", "--diff")
	require.False(t, played.failed)
	assert.NotContains(t, w.holders(secrets), stored)
}

// holders are the files below the home that hold a secret, without those from which Ansible reads the variables. None may be readable for others.
func (w *world) holders(secrets *regexp.Regexp) []string {
	w.Helper()
	var found []string
	require.NoError(w, filepath.WalkDir(w.home, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(w, err)
		if !entry.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(path)
		require.NoError(w, err)
		name, err := filepath.Rel(w.home, path)
		require.NoError(w, err)
		if name == "variables.json" || !secrets.Match(content) {
			return nil
		}
		info, err := entry.Info()
		require.NoError(w, err)
		assert.Zero(w, info.Mode().Perm()&0o077, name)
		found = append(found, name)
		return nil
	}))
	return found
}
