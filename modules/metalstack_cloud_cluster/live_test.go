package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/kube"
	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/kubetest"
	"github.com/metal-stack/initial-cluster/testing/metalstackcloudtest"
)

// contact asks the cluster as kubectl would.
func (w *world) contact(t *testing.T) kube.Contact {
	t.Helper()
	config, err := kube.ObserveConfig(w.kubeconfig())
	require.NoError(t, err)
	found, err := config.Context("")
	require.NoError(t, err)
	contact, err := found.Contact(t.Context())
	require.NoError(t, err)
	return contact
}

// A cluster is a real Kubernetes here: its credential is taken or not, whatever the kubeconfig looks like.
func TestALiveClusterFromItsCredentialToItsUpgrade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, metalstackcloudtest.Options{Kubernetes: kubetest.Find(t)})
	args := map[string]any{"name": "initial", "kubernetes_version": "1.35", "kubeconfig": w.kubeconfig()}
	run := func() (steps []any) {
		t.Helper()
		result := w.mustRun(t, args)
		assert.NotContains(t, result, "warnings")
		return result["steps"].([]any)
	}
	renewed := func(why string) []any {
		return []any{"write a new credential of cluster initial to @DIR@/kubeconfig: " + why}
	}
	require.Len(t, run(), 3)
	assert.Equal(t, kube.Contact{Version: "v1.35.7", User: "lab@metalstack.cloud"}, w.contact(t))
	assert.Empty(t, run(), "a credential that is taken stays")

	args["kubernetes_version"] = "1.36"
	assert.Equal(t, []any{"change cluster initial: kubernetes_version from 1.35.7 to 1.36.3", "wait until cluster initial is ready"}, run())
	assert.Equal(t, "v1.36.3", w.contact(t).Version)

	authority, err := certtest.NewAuthority(t.TempDir())
	require.NoError(t, err)
	w.exchange(t, authority, time.Hour)
	assert.Equal(t, renewed("the cluster does not take the one there"), run())
	assert.Equal(t, "lab@metalstack.cloud", w.contact(t).User)

	w.exchange(t, w.clusterAuthority(t), 20*time.Second) // it began a minute ago
	assert.Equal(t, renewed("of the life of the one there less than half is left"), run())
	assert.Empty(t, run())

	content, err := os.ReadFile(w.kubeconfig())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(w.kubeconfig(), []byte(strings.ReplaceAll(string(content), "client-key-data: ", "client-key-data: AAAA")), 0o600))
	assert.Equal(t, renewed("the one there is not whole"), run())
	assert.Equal(t, "v1.36.3", w.contact(t).Version)
}

// exchange puts a certificate of some authority in the place of the one in the kubeconfig.
func (w *world) exchange(t *testing.T, authority *certtest.Authority, life time.Duration) {
	t.Helper()
	config, err := kube.ObserveConfig(w.kubeconfig())
	require.NoError(t, err)
	found, err := config.Context("")
	require.NoError(t, err)
	certificate, key := pair(t, authority, life)
	plan, err := config.Merge(kube.Access{Name: found.Name, Server: found.Server, CA: w.clusterAuthority(t).PEM(), User: kube.User{Certificate: certificate, Key: key}}, true)
	require.NoError(t, err)
	require.NoError(t, plan.Apply(t.Context()))
}

func pair(t *testing.T, authority *certtest.Authority, life time.Duration) (certificate, key []byte) {
	t.Helper()
	made, err := authority.ShortClientCertificate(life, "somebody")
	require.NoError(t, err)
	path := t.TempDir() + "/client"
	require.NoError(t, certtest.Write(path, made))
	certificate, err = os.ReadFile(path + ".crt")
	require.NoError(t, err)
	key, err = os.ReadFile(path + ".key")
	require.NoError(t, err)
	return certificate, key
}

func (w *world) clusterAuthority(t *testing.T) *certtest.Authority {
	t.Helper()
	authority, err := certtest.NewAuthority(filepath.Join(w.cloudDir, "clusters", w.cloud.Clusters()[0].UUID))
	require.NoError(t, err)
	return authority
}
