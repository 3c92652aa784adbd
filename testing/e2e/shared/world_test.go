// Package shared plays the deployment option shared: the real ansible-playbook with the collection's roles, playbooks and binaries, against
// the lab's Google, whose clusters are a real Kubernetes each.
package shared

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/gketest"
	"github.com/metal-stack/initial-cluster/testing/googletest"
	"github.com/metal-stack/initial-cluster/testing/kubetest"
	"github.com/metal-stack/initial-cluster/testing/play"
)

const (
	project     = "lab-project"
	location    = "europe-west3-a"
	cluster     = "projects/" + project + "/locations/" + location + "/clusters/initial"
	contextName = "gke_" + project + "_" + location + "_initial"
)

// world is a Google, and a home to run Ansible from. The collection is that of the checkout, as make build leaves it.
type world struct {
	*testing.T
	google    *googletest.Server
	gke       *gketest.Server
	account   googletest.Account
	home      string
	kubectl   string
	variables []string // of the environment
	ansible   *play.Controller
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, home: t.TempDir()}
	authority, err := certtest.NewAuthority(t.TempDir())
	require.NoError(t, err)
	certificate, err := authority.ServerCertificate()
	require.NoError(t, err)
	w.google, err = googletest.Start(googletest.Options{Certificate: certificate})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.google.Close()) })
	w.account, err = w.google.ServiceAccount(project, "deployer", "roles/container.admin", "roles/iam.serviceAccountUser")
	require.NoError(t, err)
	kube := kubetest.Find(t)
	w.gke, err = gketest.Start(gketest.Options{
		Dir: t.TempDir(), Google: w.google, Certificate: certificate, CAFile: authority.File(), Kubernetes: kube, OperationTime: time.Second,
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.gke.Close()) })
	w.kubectl = filepath.Join(t.TempDir(), "kubectl")
	require.NoError(t, os.Symlink(kube, w.kubectl))
	w.write("key.json", string(w.account.KeyJSON))
	w.variables = []string{"SSL_CERT_FILE=" + authority.File()}
	w.ansible = &play.Controller{
		Folder: w.home, Collections: absolute(t, ".cache/collections"), Python: absolute(t, ".cache/venv/bin/python"), Tree: os.Getenv("E2E_ANSIBLE"),
	}
	w.ansible.Local("localhost")
	return w
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	absolute, err := filepath.Abs(filepath.Join("../../..", path))
	require.NoError(t, err)
	return absolute
}

func (w *world) write(name, content string) (path string) {
	w.Helper()
	path = filepath.Join(w.home, name)
	require.NoError(w, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(w, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// deployment is what a deployment's group_vars say, in the names that metal-stack's roles have, and where Google is.
func (w *world) deployment() map[string]any {
	return map[string]any{
		"gcp_project": project, "gcp_location": location, "gcp_cluster_name": "initial", "gcp_service_account": w.account.Email,
		"gcp_service_account_file": filepath.Join(w.home, "key.json"), "gcp_machine_type": "e2-standard-8", "gcp_disk_size_gb": "100",
		"gcp_initial_node_count": "1", "gcp_api_endpoint": w.gke.Address(),
	}
}

// run is what came of a run of ansible-playbook.
type run struct {
	output string
	failed bool
	recap  string // changed=0 failed=0
	tasks  []play.Result
}

// play runs a playbook with variables as --extra-vars.
func (w *world) play(playbook string, variables map[string]any, arguments ...string) run {
	w.Helper()
	text, err := json.Marshal(variables)
	require.NoError(w, err)
	ctx, cancel := context.WithTimeout(w.Context(), 3*time.Minute)
	defer cancel()
	p, err := w.ansible.Playbook(ctx, playbook, append([]string{"--extra-vars", "@" + w.write("variables.json", string(text))}, arguments...)...)
	require.NoError(w, err)
	p.Env = append(p.Env, w.variables...)
	output, err := p.CombinedOutput()
	r := run{output: string(output), failed: err != nil, recap: recap(string(output))}
	r.tasks, err = p.Results()
	require.NoError(w, err, r.output)
	return r
}

// recap is what the last line says of changes and failures.
func recap(output string) string {
	_, line, _ := strings.Cut(output, "PLAY RECAP")
	var counts []string
	for _, word := range strings.Fields(line) {
		if strings.HasPrefix(word, "changed=") || strings.HasPrefix(word, "failed=") {
			counts = append(counts, word)
		}
	}
	return strings.Join(counts, " ")
}

// last is the result of the last task.
func (r run) last(t *testing.T) map[string]any {
	t.Helper()
	require.NotEmpty(t, r.tasks, r.output)
	return r.tasks[len(r.tasks)-1].Values
}

// told is the message of the task that failed.
func (r run) told(t *testing.T) string {
	t.Helper()
	require.True(t, r.failed, r.output)
	return fmt.Sprint(r.last(t)["msg"])
}

// ask runs kubectl in an environment of its own, as another shell than that of the playbook.
func (w *world) ask(arguments ...string) (string, error) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 30*time.Second)
	defer cancel()
	kubectl := exec.CommandContext(ctx, w.kubectl, arguments...)
	kubectl.Env = []string{"HOME=" + w.home, "PATH=/usr/bin:/bin"}
	output, err := kubectl.CombinedOutput()
	return strings.TrimSpace(string(output)), err
}

// asked wants an answer.
func (w *world) asked(arguments ...string) string {
	w.Helper()
	output, err := w.ask(arguments...)
	require.NoError(w, err, output)
	return output
}
