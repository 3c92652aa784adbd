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

func TestNoKeyAndNoTokenIsSeenAnywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.variables = append(w.variables, "ANSIBLE_LOG_PATH="+w.home+"/ansible.log")
	variables := w.with(w.deployment(), "gcp_service_account_contents", string(w.account.KeyJSON))
	delete(variables, "gcp_service_account_file")
	stored := ".kube/config." + contextName + ".json"
	secrets := regexp.MustCompile(strings.Join(append(quoted(w.lines()), `ya29\.c\.[0-9a-f]{20}`), "|"))

	for _, user := range []string{"exec", "token", "exec"} {
		played := w.play(existing, w.with(variables, "gcp_kubeconfig_user", user), "-vvvv", "--diff")
		require.False(t, played.failed)
		assert.NotRegexp(t, secrets, played.output)
		wrong := w.play(existing, w.with(variables, "gcp_initial_node_count", "many"), "-vvvv", "--diff")
		require.True(t, wrong.failed)
		assert.NotRegexp(t, secrets, wrong.output, "Ansible's own check of the arguments")
		holders := w.holders(secrets)
		wanted := []string{".config/gcloud/legacy_credentials/" + w.account.Email + "/adc.json", stored, "key.json"}
		if user == "token" {
			wanted[1] = ".kube/config"
		}
		assert.Equal(t, wanted, holders)
	}
	played := w.play(destroy, w.with(variables, "destroy_cluster_name", "initial"), "-vvvv", "--diff")
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
