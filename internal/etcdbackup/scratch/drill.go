package scratch

import (
	"context"
	"fmt"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/pkg/v3/traceutil"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/storage/mvcc"
)

// Result is what a booted restore told.
type Result struct {
	Revision        int64  `json:"revision"`
	CompactRevision int64  `json:"compact_revision"` // the one that Hash is for
	Keys            int64  `json:"keys"`
	Leases          int64  `json:"leases"`
	Hash            uint32 `json:"hash"` // HashKV at Revision
}

// Drill restores the snapshot into the folder, boots it, reads what is in it, and at last disarms its alarms and writes a key. With a
// compact revision beyond its own it is compacted first: HashKV of two clusters can be compared only where they agree on it.
func Drill(ctx context.Context, file, folder string, compact int64) (Result, error) {
	ctx, cancel := within(ctx)
	defer cancel()
	etcd, err := boot(ctx, file, folder)
	if err != nil {
		return Result{}, fmt.Errorf("drill: %w", err)
	}
	defer etcd.HardStop()
	result, err := ask(ctx, etcd, compact)
	if err == nil {
		err = writable(ctx, etcd)
	}
	if err != nil {
		return Result{}, fmt.Errorf("drill: %w", err)
	}
	return result, nil
}

func ask(ctx context.Context, etcd *etcdserver.EtcdServer, compact int64) (r Result, err error) {
	etcd.AuthStore().AuthDisable() // the scratch etcd has no door
	leases, err := etcd.LeaseLeases(ctx, &etcdserverpb.LeaseLeasesRequest{})
	if err != nil {
		return r, fmt.Errorf("list its leases: %w", err)
	}
	kv := etcd.KV()
	r.Revision, r.Leases = kv.Rev(), int64(len(leases.GetLeases()))
	if r.Keys, err = keys(ctx, kv); err != nil {
		return r, err
	}
	if compact > kv.FirstRev() {
		if err := compactTo(ctx, kv, compact); err != nil {
			return r, err
		}
	}
	hash, _, err := kv.HashStorage().HashByRev(r.Revision)
	if err != nil {
		return r, fmt.Errorf("hash its keys: %w", err)
	}
	r.Hash, r.CompactRevision = hash.Hash, hash.CompactRevision
	return r, nil
}

func keys(ctx context.Context, kv mvcc.KV) (int64, error) {
	all, err := kv.Range(ctx, []byte{0}, []byte{}, mvcc.RangeOptions{CountOnly: true})
	if err != nil {
		return 0, fmt.Errorf("count its keys: %w", err)
	}
	return int64(all.Count), nil
}

func compactTo(ctx context.Context, kv mvcc.KV, revision int64) error {
	done, err := kv.Compact(traceutil.TODO(), revision)
	if err != nil {
		return fmt.Errorf("compact to revision %d: %w", revision, err)
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("compact to revision %d: %w", revision, context.Cause(ctx))
	}
}

// writable wants that it takes writes once its alarms are disarmed.
func writable(ctx context.Context, etcd *etcdserver.EtcdServer) error {
	if err := disarm(ctx, etcd); err != nil {
		return err
	}
	if _, err := etcd.Put(ctx, &etcdserverpb.PutRequest{Key: []byte("drill")}); err != nil {
		return fmt.Errorf("write a key: %w", err)
	}
	return nil
}

// disarm takes away the alarms that came with the snapshot, which are of members that are no more.
func disarm(ctx context.Context, etcd *etcdserver.EtcdServer) error {
	for _, alarm := range etcd.Alarms() {
		request := &etcdserverpb.AlarmRequest{Action: etcdserverpb.AlarmRequest_DEACTIVATE, MemberID: alarm.GetMemberID(), Alarm: alarm.GetAlarm()}
		if _, err := etcd.Alarm(ctx, request); err != nil {
			return fmt.Errorf("disarm its alarm %s: %w", alarm.GetAlarm(), err)
		}
	}
	return nil
}
