package cluster

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/kubetest"
)

func TestOneRunAtATime(t *testing.T) {
	k := kubetest.Run(t, kubetest.Options{})
	c, err := Open(Kubeconfig{File: k.Kubeconfig()})
	require.NoError(t, err)

	first, lock, err := c.Lock(t.Context(), "default", "release", "run 1 elsewhere", time.Minute)
	require.NoError(t, err)
	assert.Empty(t, lock.Orphaned)
	_, _, err = c.Lock(t.Context(), "default", "release", Self(), 5*time.Second)
	require.Error(t, err)
	require.Regexp(t, `^wait for another run to end: gave up after \d+s, last seen run 1 elsewhere at work \(lease release\)$`, err.Error())

	lock.Release()
	require.ErrorIs(t, first.Err(), context.Canceled, "work without the lock is over")
	_, lock, err = c.Lock(t.Context(), "default", "release", Self(), time.Minute)
	require.NoError(t, err)
	assert.Empty(t, lock.Orphaned, "who gives it back leaves nothing behind")
	lock.Release()
}

func TestTheLeaseOfAKilledRunOfThisMachineIsTakenAtOnce(t *testing.T) {
	k := kubetest.Run(t, kubetest.Options{})
	c, err := Open(Kubeconfig{File: k.Kubeconfig()})
	require.NoError(t, err)
	killed := strings.Replace(Self(), started(os.Getpid()), "1", 1)
	_, lock, err := c.Lock(t.Context(), "default", "release", killed, time.Minute)
	require.NoError(t, err)
	lock.stop()
	<-lock.stopped

	_, again, err := c.Lock(t.Context(), "default", "release", Self(), leaseLife)
	require.NoError(t, err, "who waits for the end of the lease needs longer")
	assert.Equal(t, killed, again.Orphaned)
	again.Release()
}

func TestAHolderIsDeadOnlyIfThisMachineKnows(t *testing.T) {
	t.Parallel()
	assert.False(t, dead(Self()))
	assert.True(t, dead(strings.Replace(Self(), started(os.Getpid()), "1", 1)), "its number is another process' now")
	assert.False(t, dead("elsewhere process 1 1 another-boot"))
	assert.False(t, dead("a person"))
}

func TestKubeconfigsThatWillNotDo(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(file, []byte("apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\n"), 0o600))
	for name, c := range map[string]struct {
		config Kubeconfig
		text   string
	}{
		"no file":         {Kubeconfig{File: "/nowhere/kubeconfig"}, "kubeconfig /nowhere/kubeconfig: there is no such file; the role that makes the cluster writes it"},
		"no kubeconfig":   {Kubeconfig{Content: "\tpassword: hunter2"}, "kubeconfig: its content is no kubeconfig; give YAML with clusters, users and contexts"},
		"no such context": {Kubeconfig{File: file, Context: "prod"}, "kubeconfig " + file + `: context "prod" does not exist; name one of its contexts`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Open(c.config)
			require.EqualError(t, err, c.text)
		})
	}
}
