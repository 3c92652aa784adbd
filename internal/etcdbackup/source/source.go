// Package source takes snapshots: of a running etcd by its API, and of files that hold one. A snapshot is of one member and may be behind the
// cluster, so the member is asked first whether it is part of a working one. Whether what it gave is whole is snapshot's business.
package source

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Etcd is where an etcd is. With etcd's own authentication on, only a user of the role root may take snapshots.
type Etcd struct {
	Endpoints          []string // URLs, tried in this order
	TLS                *tls.Config
	Username, Password string
	Limits             Limits
}

// Limits bound what an etcd may take.
type Limits struct {
	Answer   time.Duration // for one answer
	Snapshot time.Duration // for a whole snapshot, and for a hash over all keys
	Stall    time.Duration // without a byte of a snapshot
}

// Member is the one that gives the snapshot; its user closes it.
type Member struct {
	Endpoint string
	ID       uint64
	Cluster  uint64
	Version  string // of etcd
	Size     int64  // of its database, in bytes
	Revision int64  // of the cluster when it was asked; a snapshot must have it
	Members  []string
	Warnings []string // what is not well and no reason to refuse
	others   []*etcdserverpb.Member
	applied  uint64 // of its log, when it was asked
	client   *clientv3.Client
	limits   Limits
}

// Choose gives the first member that is part of a working cluster. The error tells of each why it is not.
func (e Etcd) Choose(ctx context.Context) (*Member, error) {
	var refused []string
	for _, endpoint := range e.Endpoints {
		member, err := e.open(ctx, endpoint)
		if err == nil {
			member.Warnings = append(member.Warnings, refused...)
			return member, nil
		}
		if ctx.Err() != nil {
			return nil, err
		}
		refused = append(refused, err.Error())
	}
	return nil, fmt.Errorf("no member can be backed up: %s", strings.Join(refused, "; "))
}

// connect gives a client of one endpoint, which the caller closes.
func (e Etcd) connect(ctx context.Context, endpoint string) (*clientv3.Client, error) {
	if err := e.reach(ctx, endpoint); err != nil {
		return nil, err
	}
	client, err := clientv3.New(clientv3.Config{
		Endpoints: []string{endpoint}, TLS: e.TLS, Username: e.Username, Password: e.Password, Logger: zap.NewNop(), DialTimeout: e.Limits.Answer,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", endpoint, e.explain(err))
	}
	return client, nil
}

func (e Etcd) open(ctx context.Context, endpoint string) (*Member, error) {
	client, err := e.connect(ctx, endpoint)
	if err != nil {
		return nil, err
	}
	m := &Member{Endpoint: endpoint, client: client, limits: e.Limits}
	if err := m.examine(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", endpoint, e.explain(err)), client.Close())
	}
	return m, nil
}

// explain says why there is no answer.
func (e Etcd) explain(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || status.Code(err) == codes.DeadlineExceeded {
		return fmt.Errorf("no answer within %s", e.Limits.Answer)
	}
	if s, ok := status.FromError(err); ok {
		return errors.New(s.Message())
	}
	return err
}

// examine asks in the order in which an isolated member can still answer, and refuses one whose snapshot could not be trusted.
func (m *Member) examine(ctx context.Context) error {
	told, err := within(ctx, m.limits.Answer, func(ctx context.Context) (*clientv3.StatusResponse, error) { return m.client.Status(ctx, m.Endpoint) })
	if err != nil {
		return err
	}
	m.ID, m.Cluster, m.Version, m.Size, m.applied = told.Header.MemberId, told.Header.ClusterId, told.Version, told.DbSize, told.RaftAppliedIndex
	if told.IsLearner {
		return errors.New("it is a learner, which may lack what the cluster has")
	}
	if told.Leader == 0 {
		return errors.New("it knows no leader, so it is alone or has lost the quorum, and its data may be old")
	}
	read, err := within(ctx, m.limits.Answer, func(ctx context.Context) (*clientv3.GetResponse, error) { return m.client.Get(ctx, "\x00") })
	if err != nil {
		return fmt.Errorf("a linearizable read is not answered, so the quorum is lost or just being found: %w", err)
	}
	m.Revision = read.Header.Revision
	if err := m.alarms(ctx); err != nil {
		return err
	}
	return m.list(ctx)
}

func (m *Member) alarms(ctx context.Context) error {
	list, err := within(ctx, m.limits.Answer, m.client.AlarmList)
	if err != nil {
		return fmt.Errorf("list alarms: %w", err)
	}
	for _, alarm := range list.Alarms {
		if alarm.Alarm == etcdserverpb.AlarmType_CORRUPT {
			return fmt.Errorf("there is an alarm CORRUPT of member %x: the members' data differ; find the good one and replace the others before a backup is taken", alarm.MemberID)
		}
		m.Warnings = append(m.Warnings, fmt.Sprintf("etcd has an alarm %s of member %x and refuses writes until it is lifted", alarm.Alarm, alarm.MemberID))
	}
	return nil
}

// list notes the cluster's members.
func (m *Member) list(ctx context.Context) error {
	list, err := within(ctx, m.limits.Answer, func(ctx context.Context) (*clientv3.MemberListResponse, error) { return m.client.MemberList(ctx) })
	if err != nil {
		return fmt.Errorf("list members: %w", err)
	}
	for _, one := range list.Members {
		m.Members = append(m.Members, fmt.Sprintf("%x %s %s", one.ID, one.Name, strings.Join(one.PeerURLs, ",")))
		if one.ID != m.ID {
			m.others = append(m.others, one)
		}
	}
	return nil
}

// Close ends the connection.
func (m *Member) Close() error { return m.client.Close() }

func within[T any](ctx context.Context, limit time.Duration, ask func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return ask(ctx)
}
