package source

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/metal-stack/initial-cluster/testing/etcdtest"
)

// Once, members were listed and not asked, so nobody was told that one was gone.
func TestMembersThatAreNotWellAreTold(t *testing.T) {
	t.Parallel()
	etcd := etcdtest.Run(t, etcdtest.Options{Members: 3})
	leader := max(0, etcd.Leader())
	of := Etcd{Endpoints: []string{etcd.Endpoint(leader)}, Limits: Limits{Answer: 20 * time.Second, Snapshot: time.Minute, Stall: time.Minute}}
	health := func() []string {
		member, err := of.Choose(t.Context())
		require.NoError(t, err)
		defer member.Close()
		return of.Health(t.Context(), member)
	}
	assert.Empty(t, health())
	gone := (leader + 1) % 3
	etcd.Stop(gone)
	warnings := health()
	require.Len(t, warnings, 1)
	assert.Contains(t, warnings[0], fmt.Sprintf("member m%d does not answer: %s: ", gone, etcd.Endpoint(gone)))
	assert.Contains(t, warnings[0], "connection refused; does etcd run there")
}

func TestWhatIsWrongWithAMember(t *testing.T) {
	t.Parallel()
	status := func(leader, applied uint64) *clientv3.StatusResponse {
		return (*clientv3.StatusResponse)(&etcdserverpb.StatusResponse{Leader: leader, RaftAppliedIndex: applied})
	}
	for want, c := range map[string]struct {
		told    *clientv3.StatusResponse
		failure error
	}{
		"": {status(1, 10000-lag), nil},
		"is 5001 entries behind; its disk or its network may be too slow":                     {status(1, 10000-lag-1), nil},
		"knows no leader, so it is cut off from the others; look at the network between them": {status(0, 10000), nil},
		"does not answer: away": {nil, errors.New("away")},
	} {
		assert.Equal(t, want, trouble(c.told, c.failure, 10000))
	}
}
