package kubetest

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func call(t *testing.T, c *Cluster, method, path, body string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: c.authority.Pool(), Certificates: []tls.Certificate{c.admin}},
	}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), method, "https://"+c.Endpoint()+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(said)
}

func TestClusterKeepsAddressAndDataAcrossARestartToAnotherVersion(t *testing.T) {
	t.Parallel()
	dir, binary := t.TempDir(), Find(t)
	first, err := Start(t.Context(), Options{Dir: dir, Binary: binary, Version: "v1.35.7-gke.1100000"})
	require.NoError(t, err)
	code, _ := call(t, first, http.MethodPost, "/api/v1/namespaces", `{"metadata":{"name":"kept"}}`)
	assert.Equal(t, http.StatusCreated, code)
	assert.Equal(t, "v1.35.7-gke.1100000 1.35", version(t, first))
	require.NoError(t, first.Stop())

	second := Run(t, Options{Dir: dir, Version: "v1.36.3-gke.1234000", Controllers: true})
	assert.Equal(t, first.Endpoint(), second.Endpoint())
	assert.Equal(t, string(first.CA()), string(second.CA()))
	assert.Equal(t, "v1.36.3-gke.1234000 1.36", version(t, second))
	code, _ = call(t, second, http.MethodGet, "/api/v1/namespaces/kept", "")
	assert.Equal(t, http.StatusOK, code)
	require.Eventually(t, func() bool {
		code, _ := call(t, second, http.MethodGet, "/api/v1/namespaces/kept/serviceaccounts/default", "")
		return code == http.StatusOK
	}, time.Minute, 100*time.Millisecond, "the controllers make no service account")
}

func version(t *testing.T, c *Cluster) string {
	t.Helper()
	_, said := call(t, c, http.MethodGet, "/version", "")
	var v struct{ Major, Minor, GitVersion string }
	require.NoError(t, json.Unmarshal([]byte(said), &v))
	return v.GitVersion + " " + v.Major + "." + v.Minor
}

func TestStopAndSweepLeaveNoProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cluster := Run(t, Options{Dir: filepath.Join(dir, "cluster")})
	running, err := Leftovers(dir)
	require.NoError(t, err)
	require.Len(t, running, 2)
	require.NoError(t, Sweep(dir))
	require.NoError(t, cluster.Stop())
	left, err := Leftovers(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestAProcessThatEndsAtTheStartIsToldWithItsLastWords(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := Start(t.Context(), Options{Dir: dir, Binary: Find(t), Version: "one"})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "start the cluster in "+dir+": ")
	assert.Contains(t, err.Error(), "KUBE_VERSION: be Kubernetes one: ")
	left, err := Leftovers(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestProcessesEndWithTheirOwner(t *testing.T) {
	t.Parallel()
	cluster := Run(t, Options{})
	for _, p := range cluster.processes {
		assert.Equal(t, syscall.SIGKILL, p.command.SysProcAttr.Pdeathsig, p.name)
	}
	key, err := os.Stat(filepath.Join(cluster.dir(), "admin.key"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), key.Mode())
}

func TestPodsOfKWOKAreReadyOrSickAsTheirImagesSay(t *testing.T) {
	t.Parallel()
	c := Run(t, Options{Pods: true, Storage: true})
	require.Eventually(t, func() bool {
		code, _ := call(t, c, http.MethodGet, "/api/v1/namespaces/default/serviceaccounts/default", "")
		return code == http.StatusOK
	}, time.Minute, 100*time.Millisecond, "the controllers make no service account")
	for image, sign := range map[string]string{
		"lab/db:1": `"phase":"Running"`, "lab/missing:1": "ImagePullBackOff", "lab/crash:1": "CrashLoopBackOff", "lab/hungry:1": "OOMKilled", "lab/unready:1": `"started":true`,
	} {
		name := strings.NewReplacer("/", "-", ":", "-").Replace(image)
		code, said := call(t, c, http.MethodPost, "/api/v1/namespaces/default/pods", `{"metadata":{"name":"`+name+`"},"spec":{"containers":[{"name":"main","image":"`+image+`"}]}}`)
		require.Equal(t, http.StatusCreated, code, said)
		require.Eventually(t, func() bool {
			_, said = call(t, c, http.MethodGet, "/api/v1/namespaces/default/pods/"+name, "")
			return strings.Contains(said, sign)
		}, time.Minute, 50*time.Millisecond, "%s", said)
	}
	code, said := call(t, c, http.MethodGet, "/api/v1/namespaces/default/pods/lab-db-1/log", "")
	assert.Equal(t, http.StatusOK, code, said)
	assert.Equal(t, PodLog, said)
	code, said = call(t, c, http.MethodPost, "/api/v1/namespaces/default/persistentvolumeclaims",
		`{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}`)
	require.Equal(t, http.StatusCreated, code, said)
	require.Eventually(t, func() bool {
		_, said := call(t, c, http.MethodGet, "/api/v1/namespaces/default/persistentvolumeclaims/data", "")
		return strings.Contains(said, `"phase":"Bound"`)
	}, time.Minute, 50*time.Millisecond)
}
