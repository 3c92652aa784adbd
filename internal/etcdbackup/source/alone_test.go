package source_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/source"
	"github.com/metal-stack/initial-cluster/internal/wait"
	"github.com/metal-stack/initial-cluster/testing/etcdtest"
)

// One server at a time takes a backup; the next one comes when it has ended, or is gone.
func TestServersTakeTurns(t *testing.T) {
	t.Parallel()
	cluster := etcdtest.Run(t, etcdtest.Options{Members: 3})
	server := func(i int) source.Etcd {
		return source.Etcd{Endpoints: []string{cluster.Endpoint(i)}, Limits: limits}
	}
	end, err := server(0).Alone(t.Context(), "s1", time.Minute)
	require.NoError(t, err)

	soon, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err = server(1).Alone(soon, "s2", time.Minute)
	var gaveUp *wait.GaveUp
	require.ErrorAs(t, err, &gaveUp)
	assert.Equal(t, "s1 takes one", gaveUp.LastSeen)

	waited := make(chan error, 1)
	go func() {
		end, err := server(1).Alone(t.Context(), "s2", time.Minute)
		if err == nil {
			err = end()
		}
		waited <- err
	}()
	require.NoError(t, end())
	require.NoError(t, <-waited)
	client := cluster.Client(t, 0)
	_, err = client.Get(t.Context(), "x") // which this member answers when it has all that was done at others, as the following is its own view
	require.NoError(t, err)
	left, err := client.Leases(t.Context())
	require.NoError(t, err)
	assert.Empty(t, left.Leases, "what was needed for it is gone")
}

// A server that is gone holds nobody up for longer than its lease, which it does not renew any more.
func TestWhoIsGoneHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	cluster := etcdtest.Run(t, etcdtest.Options{})
	client := cluster.Client(t, 0)
	const seconds = 3 // etcd makes no shorter lease
	lease, err := client.Grant(t.Context(), seconds)
	require.NoError(t, err)
	_, err = client.Put(t.Context(), "/initial-cluster/etcd-backup/alone", "s1", clientv3.WithLease(lease.ID))
	require.NoError(t, err)
	etcd := source.Etcd{Endpoints: cluster.Endpoints(), Limits: limits}
	end, err := etcd.Alone(t.Context(), "s2", time.Minute)
	require.NoError(t, err)
	require.NoError(t, end())
}
