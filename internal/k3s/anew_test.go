package k3s

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/reset"
)

// resetting is a host on which a k3s resets its data: the lock is free once it was asked for some times.
type resetting struct {
	host.Local
	asked *int
	data  string // a file of that k3s
}

func (r resetting) Run(ctx context.Context, c host.Command) (host.Output, error) {
	if !slices.Contains(c.Words, resetLock) {
		return r.Local.Run(ctx, c)
	}
	if *r.asked++; *r.asked < 3 {
		return host.Output{}, &host.RunError{Words: c.Words, Code: 1}
	}
	return host.Output{}, os.WriteFile(r.data, []byte("whole"), 0o600)
}

// The run that began it was killed, and k3s was not.
func TestDataIsSetAsideWhenNoResetWritesItAnyMore(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	etcd := filepath.Join(folder, "server/db/etcd")
	require.NoError(t, os.MkdirAll(etcd, 0o700))
	asked := 0
	p := &Plan{Node: &Node{host: resetting{asked: &asked, data: filepath.Join(etcd, "data")}, dataDir: folder}, want: Want{StartTimeout: time.Minute}}
	require.NoError(t, p.aside(t.Context(), reset.Begins))
	assert.Equal(t, 3, asked)
	moved, err := filepath.Glob(etcd + "-aside-*/data")
	require.NoError(t, err)
	assert.Len(t, moved, 1)
}

// commands is a host that has every file, and says which commands run on it.
type commands struct {
	host.Host
	said *[]string
}

func (c commands) Run(_ context.Context, command host.Command) (host.Output, error) {
	*c.said = append(*c.said, strings.Join(command.Words, " "))
	return host.Output{}, nil
}

func (commands) Write(context.Context, host.File) (bool, error)        { return true, nil }
func (commands) Remove(context.Context, string) (bool, error)          { return true, nil }
func (commands) Stat(context.Context, string) (i host.Info, err error) { return i, nil }

func TestAResetHoldsItsLock(t *testing.T) {
	t.Parallel()
	said := []string{}
	p := &Plan{
		Node: &Node{host: commands{said: &said}}, target: binary{path: "/usr/local/bin/k3s"},
		want: Want{DataDir: "/data", StartTimeout: time.Minute, Reset: &Reset{Snapshot: "/snapshots/before-1", Begin: true}},
	}
	require.NoError(t, p.begin(t.Context(), nil))
	assert.Equal(t, []string{"flock /run/k3s_node-reset.lock /usr/local/bin/k3s server --config=/etc/rancher/k3s/reset.yaml --cluster-reset " +
		"--cluster-reset-restore-path=/snapshots/before-1"}, said)
}
