package source_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/source"
	"github.com/metal-stack/initial-cluster/testing/etcdtest"
)

// A restore is asked for where the quorum is lost, and must learn all the same whose data a member has.
func TestAMemberWithoutQuorumTellsWhatItHas(t *testing.T) {
	t.Parallel()
	etcd := etcdtest.Run(t, etcdtest.Options{Members: 3})
	_, err := etcd.Client(t, 0).Put(t.Context(), "key", "value")
	require.NoError(t, err)
	etcd.Stop(1)
	etcd.Stop(2)
	etcd.LostLeader(t, 0)
	from := source.Etcd{Endpoints: etcd.Endpoints()[:1], Limits: limits}
	value, err := from.Value(t.Context(), "key")
	require.NoError(t, err)
	assert.Equal(t, "value", string(value))
	value, err = from.Value(t.Context(), "none")
	require.NoError(t, err)
	assert.Nil(t, value)
	etcd.Stop(0)
	_, err = from.Value(t.Context(), "key")
	assert.ErrorContains(t, err, "does etcd run there")
}
