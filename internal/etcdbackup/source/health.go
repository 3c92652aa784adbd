package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// lag is how many entries of its log a member may have to apply still; etcd itself refuses requests then
// (maxGapBetweenApplyAndCommitIndex in its server/etcdserver/v3_server.go).
const lag = 5000

// Health asks all other members, at the same time, and warns of those that do not answer, are cut off or are behind: a backup needs only one that
// is well, and the next loss may be that of the quorum.
func (e Etcd) Health(ctx context.Context, m *Member) (warnings []string) {
	answers, failures := make([]*clientv3.StatusResponse, len(m.others)), make([]error, len(m.others))
	var asked sync.WaitGroup
	for i, other := range m.others {
		asked.Go(func() { answers[i], failures[i] = e.status(ctx, m, other) })
	}
	asked.Wait()
	newest := m.applied
	for _, answer := range answers {
		if answer != nil {
			newest = max(newest, answer.RaftAppliedIndex)
		}
	}
	for i, other := range m.others {
		if trouble := trouble(answers[i], failures[i], newest); trouble != "" {
			warnings = append(warnings, fmt.Sprintf("member %s %s", cmp.Or(other.Name, fmt.Sprintf("%x", other.ID)), trouble))
		}
	}
	return warnings
}

func trouble(told *clientv3.StatusResponse, failure error, newest uint64) string {
	switch {
	case failure != nil:
		return fmt.Sprintf("does not answer: %v", failure)
	case told.Leader == 0:
		return "knows no leader, so it is cut off from the others; look at the network between them"
	case newest-told.RaftAppliedIndex > lag:
		return fmt.Sprintf("is %d entries behind; its disk or its network may be too slow", newest-told.RaftAppliedIndex)
	}
	return ""
}

// status is what a member says of itself at one of its URLs.
func (e Etcd) status(ctx context.Context, m *Member, other *etcdserverpb.Member) (*clientv3.StatusResponse, error) {
	failure := errors.New("it was added and never started")
	for _, url := range other.ClientURLs {
		if failure = e.reach(ctx, url); failure != nil {
			continue
		}
		told, err := within(ctx, e.Limits.Answer, func(ctx context.Context) (*clientv3.StatusResponse, error) { return m.client.Status(ctx, url) })
		switch {
		case err != nil:
			failure = fmt.Errorf("%s: %w", url, e.explain(err))
		case told.Header.MemberId != other.ID:
			failure = fmt.Errorf("%s: another member answers there (%x); is that URL its own?", url, told.Header.MemberId)
		default:
			return told, nil
		}
	}
	return nil, failure
}
