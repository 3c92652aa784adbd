package source

import (
	"context"
	"errors"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

// aloneKey is there while a server takes a backup. No Kubernetes looks there: its keys are below /registry.
const aloneKey = "/initial-cluster/etcd-backup/alone"

// Alone waits until no other server is taking a backup of this etcd, and has the others wait until the end is called, or for so long after
// this server is gone: etcd's own clock counts.
func (e Etcd) Alone(ctx context.Context, who string, life time.Duration) (end func() error, err error) {
	m, err := e.Choose(ctx)
	if err != nil {
		return nil, err
	}
	lease, err := within(ctx, m.limits.Answer, func(ctx context.Context) (*clientv3.LeaseGrantResponse, error) {
		return m.client.Grant(ctx, int64(life.Seconds()))
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: ask for a lease: %w", m.Endpoint, e.explain(err)), m.Close())
	}
	end = func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.limits.Answer)
		defer cancel()
		_, err := m.client.Revoke(ctx, lease.ID)
		return errors.Join(err, m.Close())
	}
	renewed, err := m.client.KeepAlive(context.WithoutCancel(ctx), lease.ID) // until the connection is closed
	if err == nil {
		go func() {
			for range renewed { // its answers are of no use, and must be taken
			}
		}()
		err = m.turn(ctx, who, lease.ID)
	}
	if err != nil {
		return nil, errors.Join(err, end())
	}
	return end, nil
}

// turnInterval is from one look whether the other has ended to the next.
const turnInterval = 2 * time.Second

func (m *Member) turn(ctx context.Context, who string, lease clientv3.LeaseID) error {
	absent := clientv3.Compare(clientv3.CreateRevision(aloneKey), "=", 0)
	o := wait.Options{For: "the end of another server's backup", Interval: turnInterval, Begin: turnInterval / 10}
	return wait.Until(ctx, o, func(ctx context.Context) (bool, string, error) {
		answer, err := within(ctx, m.limits.Answer, func(ctx context.Context) (*clientv3.TxnResponse, error) {
			return m.client.Txn(ctx).If(absent).Then(clientv3.OpPut(aloneKey, who, clientv3.WithLease(lease))).Else(clientv3.OpGet(aloneKey)).Commit()
		})
		if err != nil {
			return false, "", fmt.Errorf("%s: keep other servers from a backup meanwhile: %w", m.Endpoint, err)
		}
		if answer.Succeeded {
			return true, "", nil
		}
		state := "somebody takes one"
		for _, kv := range answer.Responses[0].GetResponseRange().Kvs {
			state = string(kv.Value) + " takes one"
		}
		return false, state, nil
	})
}
