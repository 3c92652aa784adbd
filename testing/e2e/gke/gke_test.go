// Package gke makes a cluster with the real module against the emulated GKE, in which clusters are real Kubernetes, and uses what the module
// hands out.
package gke

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/gketest"
	"github.com/metal-stack/initial-cluster/testing/googletest"
	"github.com/metal-stack/initial-cluster/testing/kubetest"
)

type world struct {
	testing.TB
	gke                     *gketest.Server
	home, module, kube, key string
	ca                      string
}

func newWorld(t testing.TB, o gketest.Options) *world {
	t.Helper()
	w := &world{TB: t, home: t.TempDir(), kube: o.Kubernetes}
	w.module = filepath.Join(t.TempDir(), "gcp_create")
	built, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "grpcnotrace", "-o", w.module, "../../../modules/gcp_create").CombinedOutput()
	require.NoError(t, err, string(built))
	authority, err := certtest.NewAuthority(t.TempDir())
	require.NoError(t, err)
	w.ca = authority.File()
	certificate, err := authority.ServerCertificate()
	require.NoError(t, err)
	google, err := googletest.Start(googletest.Options{Certificate: certificate})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, google.Close()) })
	account, err := google.ServiceAccount("lab-project", "ci", "roles/container.admin", "roles/iam.serviceAccountUser")
	require.NoError(t, err)
	w.key = filepath.Join(w.home, "key.json")
	require.NoError(t, os.WriteFile(w.key, account.KeyJSON, 0o600))
	o.Dir, o.Google, o.Certificate, o.CAFile = t.TempDir(), google, certificate, w.ca
	w.gke, err = gketest.Start(o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.gke.Close()) })
	return w
}

func (w *world) environment() []string {
	return []string{"HOME=" + w.home, "PATH=" + os.Getenv("PATH"), "SSL_CERT_FILE=" + w.ca}
}

func (w *world) run(options map[string]any) map[string]any {
	w.Helper()
	args := map[string]any{
		"service_account_file": w.key, "api_endpoint": "https://" + w.gke.Address(), "project": "lab-project", "location": "europe-west3-a", "name": "initial",
	}
	for name, value := range options {
		args[name] = value
	}
	text, err := json.Marshal(args)
	require.NoError(w, err)
	ctx, cancel := context.WithTimeout(w.Context(), 2*time.Minute)
	defer cancel()
	module := exec.CommandContext(ctx, w.module, "-")
	module.Env, module.Stdin = w.environment(), bytes.NewReader(text)
	out, _ := module.Output() // the result says more
	var result map[string]any
	require.NoError(w, json.Unmarshal(out, &result), string(out))
	require.NotEqual(w, true, result["failed"], result["msg"])
	return result
}

// kubectl uses the default kubeconfig, in an environment that knows nothing of Google.
func (w *world) kubectl(args ...string) (string, error) {
	w.Helper()
	kubectl := filepath.Join(w.home, "kubectl")
	if _, err := os.Lstat(kubectl); err != nil {
		require.NoError(w, os.Symlink(w.kube, kubectl))
	}
	command := exec.CommandContext(w.Context(), kubectl, args...)
	command.Env = []string{"HOME=" + w.home, "PATH=" + os.Getenv("PATH")}
	out, err := command.CombinedOutput()
	return string(out), err
}

func TestWhatIsHandedOutIsUsedByKubectl(t *testing.T) {
	w := newWorld(t, gketest.Options{Kubernetes: kubetest.Find(t)})
	for _, user := range []string{"exec", "token"} {
		result := w.run(map[string]any{"kubernetes_version": "1.35", "kubeconfig_user": user})
		assert.Equal(t, true, result["changed"])
		out, err := w.kubectl("get", "namespace", "kube-system", "-o", "name")
		require.NoError(t, err, out)
		assert.Equal(t, "namespace/kube-system\n", out)
		out, err = w.kubectl("version", "-o", "json")
		require.NoError(t, err, out)
		assert.Contains(t, out, `"gitVersion": "v1.35.7-gke.1450000"`)
		assert.Equal(t, false, w.run(map[string]any{"kubernetes_version": "1.35", "kubeconfig_user": user})["changed"])
	}

	result := w.run(map[string]any{"kubernetes_version": "1.36", "release_channel": "rapid"})
	assert.Contains(t, result["steps"], "upgrade the control plane from 1.35.7-gke.1450000 to 1.36.3-gke.1234000")
	out, err := w.kubectl("version", "-o", "json")
	require.NoError(t, err, out)
	assert.Contains(t, out, `"gitVersion": "v1.36.3-gke.1234000"`)

	w.run(map[string]any{"state": "absent"})
	out, err = w.kubectl("config", "get-contexts", "-o", "name")
	require.NoError(t, err, out)
	assert.Empty(t, out)
	assert.Empty(t, w.gke.Clusters())
}

// BenchmarkTheEndOfAnOperation tells how long, at the worst, after Google has ended an operation the module ends. At most 2 s are wanted, with what it
// has to do then: look again, and write the kubeconfig.
func BenchmarkTheEndOfAnOperation(b *testing.B) {
	w := newWorld(b, gketest.Options{OperationTime: 5 * time.Second})
	worst := 0.0
	for b.Loop() {
		w.run(nil)
		ended := time.Now()
		operations := w.gke.Operations("projects/lab-project/locations/europe-west3-a/clusters/initial")
		done, err := time.Parse(time.RFC3339Nano, operations[len(operations)-1].EndTime)
		require.NoError(b, err)
		worst = max(worst, ended.Sub(done).Seconds())
		w.run(map[string]any{"state": "absent"})
	}
	b.ReportMetric(worst, "s-after-DONE")
}
