package shared

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// adHoc runs the ansible command and gives what it says; of a failed task, its msg.
func (w *world) adHoc(module, arguments string, more ...string) string {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
	defer cancel()
	all := append([]string{"-m", "ansible", "adhoc", "localhost", "-c", "local", "-m", "metalstack.initial_cluster." + module, "-a", w.fill(arguments)}, more...)
	ansible := exec.CommandContext(ctx, w.ansible.Python, all...)
	ansible.Dir = w.home
	ansible.Env = append([]string{
		"PATH=" + filepath.Dir(w.ansible.Python) + ":/usr/bin:/bin", "HOME=" + w.home, "LC_ALL=C.UTF-8", "ANSIBLE_NOCOLOR=1", "ANSIBLE_LOCALHOST_WARNING=0",
		"ANSIBLE_COLLECTIONS_PATH=" + w.ansible.Collections, "ANSIBLE_INVENTORY_UNPARSED_WARNING=0", "ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3",
	}, w.variables...)
	output, err := ansible.CombinedOutput()
	told := strings.ReplaceAll(string(output), w.home, "~")
	assert.Equal(w, strings.Contains(told, "FAILED!"), err != nil, told)
	if found := message.FindStringSubmatch(told); found != nil {
		return strings.ReplaceAll(found[1], `\"`, `"`)
	}
	return told
}

var message = regexp.MustCompile(`(?m)^    "msg": "(.*)"`)

func (w *world) fill(text string) string {
	return strings.NewReplacer("~", w.home, "@GKE@", w.gke.Address()).Replace(text)
}

// one are the options by which a cluster is named.
const one = "service_account_file=~/key.json api_endpoint=@GKE@ kubeconfig=~/kubeconfig project=lab-project location=europe-west3-a name="

// byHand runs a module's program as one does by hand, with options in place of a file of arguments, and gives its msg.
func (w *world) byHand(module, arguments string) string {
	w.Helper()
	program := exec.CommandContext(w.Context(), absolute(w.T, "plugins/module_utils/bin/linux_"+runtime.GOARCH+"/"+module), "-")
	options := map[string]string{}
	for _, word := range strings.Fields(w.fill(arguments)) {
		name, value, _ := strings.Cut(word, "=")
		options[name] = value
	}
	text, err := json.Marshal(options)
	require.NoError(w, err)
	program.Stdin, program.Env = bytes.NewReader(text), append([]string{"HOME=" + w.home, "PATH=/usr/bin:/bin"}, w.variables...)
	output, _ := program.Output() // the result says more
	var result struct{ Msg string }
	require.NoError(w, json.Unmarshal(output, &result), string(output))
	return strings.ReplaceAll(result.Msg, w.home, "~")
}

func TestWhatIsWrongIsSaidInOneLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("notes.txt", "no JSON at all")
	revoked, err := w.google.ServiceAccount(project, "leaver")
	require.NoError(t, err)
	require.NoError(t, w.google.RevokeKey(revoked.KeyID))
	w.write("revoked.json", string(revoked.KeyJSON))
	require.NoError(t, os.Symlink("circle.json", filepath.Join(w.home, "circle.json")))
	for _, c := range []struct{ name, module, arguments, told string }{
		{"good", "gcp_auth", "project=lab-project service_account_file=~/key.json", "authenticated as " + w.account.Email + " (~/key.json)"},
		{"missing options", "gcp_create", "project=lab-project", "missing required arguments: location, name"},
		{"no JSON", "gcp_auth", "service_account_file=~/notes.txt", "read credentials ~/notes.txt: not JSON, wrong at byte 2 of 14; download the key again"},
		{"no such file", "gcp_auth", "service_account_file=~/none.json", "read credentials ~/none.json: no such file; check the path, on the host where the task runs"},
		{"a folder", "gcp_auth", "service_account_file=~", "read credentials ~: it is a folder; name the file in it"},
		{"links in a circle", "gcp_auth", "service_account_file=~/circle.json", "read credentials ~/circle.json: too many levels of symbolic links"},
		{"revoked key", "gcp_auth", "service_account_file=~/revoked.json", "mint a token for leaver@lab-project.iam.gserviceaccount.com (~/revoked.json): key " +
			revoked.KeyID + " is revoked or not the account's; make a new key and give that one"},
		{"a name of 60 characters", "gcp_create", one + strings.Repeat("abcde", 12), `name: "` + strings.Repeat("abcde", 12) + `" (60 characters) is no name of a cluster; ` +
			"it has 1 to 40 of a-z, 0-9 and -, begins with a letter and does not end with -"},
		{"min above max", "gcp_create", one + "initial autoscaling_min_nodes=3 autoscaling_max_nodes=2", "autoscaling_min_nodes: 3 is more than autoscaling_max_nodes, which is 2"},
		{"kubeconfig that is none", "gcp_create", one + "initial kubeconfig=~/notes.txt state=absent",
			"initial/europe-west3-a: read the kubeconfig ~/notes.txt: it is no kubeconfig, which has clusters, users and contexts; repair it, or name another file"},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.told, w.byHand(c.module, c.arguments)) })
	}

	assert.Equal(t, "Unsupported parameters for (metalstack.initial_cluster.gcp_auth) module: projekt. Supported parameters include: access_token, account, auth_kind, "+
		"auth_timeout, gcloud, gcloud_configuration, iam_endpoint, impersonate_delegates, impersonate_service_account, permissions, project, "+
		"resource_manager_endpoint, return_token, scopes, service_account_contents, service_account_file, state.", w.adHoc("gcp_auth", "projekt=lab-project"))
	told := w.adHoc("gcp_auth", "project=lab-project service_account_file=~/key.json gcloud=true", "--check", "--diff")
	assert.Contains(t, told, "authenticated as "+w.account.Email)
	assert.NoDirExists(t, w.home+"/.config")
}
