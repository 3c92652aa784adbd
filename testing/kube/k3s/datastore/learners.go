package datastore

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
)

// State of a member as its node's condition EtcdIsVoter tells it.
type State struct {
	Voter           bool
	Reason, Message string
}

// progress is how far a learner had come, and since when it has not come further.
type progress struct {
	index uint64
	since time.Time
}

// Lead does what the leader does each tick: it promotes learners that have caught up, evicts those that stand still, and tells the
// state of all members. On members that do not lead it does nothing.
func (s *Store) Lead(ctx context.Context, tell func(members []*etcdserverpb.Member, states map[string]State)) {
	learners := map[uint64]progress{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(tick):
		}
		if err := s.lead(ctx, learners, tell); err != nil {
			logrus.Errorf("Failed to get etcd MemberList for learner management: %v", err)
		}
	}
}

func (s *Store) lead(ctx context.Context, learners map[uint64]progress, tell func([]*etcdserverpb.Member, map[string]State)) error {
	ctx, cancel := context.WithTimeout(ctx, tick)
	defer cancel()
	own, err := s.client.Status(ctx, Endpoint)
	if err != nil {
		return err
	}
	if own.Leader != own.Header.MemberId {
		clear(learners)
		return nil
	}
	list, err := s.client.MemberList(ctx)
	if err != nil {
		return err
	}
	states := map[string]State{}
	for _, member := range list.Members {
		states[member.Name] = s.state(ctx, member)
		if member.IsLearner {
			if err := s.track(ctx, member, own.RaftAppliedIndex, learners); err != nil {
				logrus.Errorf("Failed to track learner progress towards promotion: %v", err)
			} else if _, still := learners[member.ID]; !still {
				states[member.Name] = s.state(ctx, &etcdserverpb.Member{ClientURLs: member.ClientURLs})
			}
		}
	}
	tell(list.Members, states)
	return nil
}

func (s *Store) state(ctx context.Context, member *etcdserverpb.Member) State {
	if _, err := s.applied(ctx, member); err != nil {
		return State{Reason: "Unhealthy", Message: "Node is unhealthy"}
	}
	if member.IsLearner {
		return State{Reason: "MemberIsLearner", Message: "Node has not been promoted to voting member of the etcd cluster"}
	}
	return State{Voter: true, Reason: "MemberNotLearner", Message: "Node is a voting member of the etcd cluster"}
}

// applied is how far the member itself says that it has come.
func (s *Store) applied(ctx context.Context, member *etcdserverpb.Member) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	urls := member.ClientURLs
	if len(urls) == 0 {
		return 0, context.DeadlineExceeded
	}
	client, err := s.dial(urls...)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	status, err := client.Status(ctx, urls[0])
	if err != nil {
		return 0, err
	}
	return status.RaftAppliedIndex, nil
}

// track promotes a learner that has all that the leader has applied.
func (s *Store) track(ctx context.Context, member *etcdserverpb.Member, leader uint64, learners map[uint64]progress) error {
	index, err := s.applied(ctx, member)
	if err == nil && index+catchUp >= leader {
		logrus.Infof("Promoting learner %s", member.Name)
		delete(learners, member.ID)
		_, err := s.client.MemberPromote(ctx, member.ID)
		return err
	}
	before, known := learners[member.ID]
	if !known || index > before.index {
		learners[member.ID] = progress{index, time.Now()}
		return nil
	}
	if time.Since(before.since) > stallLimit {
		logrus.Warnf("Removing stalled learner: id=%d name=%s", member.ID, member.Name)
		delete(learners, member.ID)
		_, err := s.client.MemberRemove(ctx, member.ID)
		return err
	}
	return nil
}

// catchUp is how many entries a learner may lack; etcd itself refuses one that lacks more than a tenth.
const catchUp = 500
