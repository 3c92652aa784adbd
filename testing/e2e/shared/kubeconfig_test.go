package shared

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tokenLife is shorter than at Google. Within it a playbook ends and kubectl asks; an API server takes a token for five seconds more, which it remembers.
const tokenLife = 20 * time.Second

func TestTheKubeconfigOutlivesTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.google.ShortenTokens(tokenLife)
	played := w.play(existing, w.deployment())
	require.False(t, played.failed, played.output)
	w.asked("get", "namespaces")
	proxy := w.proxy()
	assert.Equal(t, http.StatusOK, w.status(proxy))

	token := w.with(w.with(w.deployment(), "gcp_kubeconfig_user", "token"), "gcp_kubeconfig", filepath.Join(w.home, "token"))
	played = w.play(existing, token)
	require.False(t, played.failed, played.output)
	w.asked("--kubeconfig", filepath.Join(w.home, "token"), "get", "namespaces")
	require.Eventually(t, func() bool {
		output, err := w.ask("--kubeconfig", filepath.Join(w.home, "token"), "get", "namespaces")
		return err != nil && strings.Contains(output, "Unauthorized")
	}, 2*time.Minute, 200*time.Millisecond, "the token ends")

	assert.Contains(t, w.asked("get", "namespaces"), "kube-system", "each call has a token of its own")
	assert.Equal(t, http.StatusOK, w.status(proxy), "a client that goes on running gets another one")
}

// proxy is a client that goes on running.
func (w *world) proxy() (address string) {
	w.Helper()
	proxy := exec.CommandContext(w.Context(), w.kubectl, "proxy", "--port=0")
	proxy.Env = []string{"HOME=" + w.home, "PATH=/usr/bin:/bin"}
	output, err := proxy.StdoutPipe()
	require.NoError(w, err)
	require.NoError(w, proxy.Start())
	w.Cleanup(func() { _, _ = proxy.Process.Kill(), proxy.Wait() })
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(w, err)
	return strings.TrimSpace(strings.TrimPrefix(line, "Starting to serve on "))
}

func (w *world) status(proxy string) int {
	w.Helper()
	answer, err := http.Get("http://" + proxy + "/api/v1/namespaces")
	require.NoError(w, err)
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	require.NoError(w, err)
	return answer.StatusCode
}

func TestKubectlAndTheRolesEditOneFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.asked("config", "set-cluster", "home", "--server=https://home.example.com")
	w.asked("config", "set-credentials", "me", "--token=secret-of-mine")
	w.asked("config", "set-context", "home", "--cluster=home", "--user=me")
	w.asked("config", "use-context", "home")
	require.NoError(t, os.Chmod(filepath.Join(w.home, ".kube/config"), 0o644))

	played := w.play(existing, w.deployment(), "--diff")
	require.False(t, played.failed, played.output)
	assert.NotContains(t, played.output, "secret-of-mine")
	info, err := os.Stat(filepath.Join(w.home, ".kube/config"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	assert.Equal(t, "secret-of-mine", w.asked("config", "view", "--raw", "-o", `jsonpath={.users[?(@.name=="me")].user.token}`))

	// kubectl writes the file anew in words of its own.
	w.asked("config", "set-context", "--current", "--namespace=metal-control-plane")
	w.asked("config", "set-credentials", "me", "--token=another")
	again := w.play(existing, w.deployment())
	assert.Equal(t, "changed=0 failed=0", again.recap, again.output)
	assert.Equal(t, "metal-control-plane", w.asked("config", "view", "--minify", "-o", "jsonpath={..namespace}"))
	w.asked("get", "namespaces")
}
