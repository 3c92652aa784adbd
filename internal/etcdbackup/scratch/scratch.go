// Package scratch restores a snapshot into a folder of its own and boots etcd's server from it, without its listeners: to prove that it can be
// done, and to make a snapshot with later revisions. A damaged snapshot can end the process, so it belongs into a process of its own.
package scratch

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.etcd.io/etcd/server/v3/config"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/features"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.uber.org/zap"
)

// Bump is by how many revisions a restored cluster is ahead of all that are known, so that no revision comes twice: what 11 days of 1000 writes a
// second make, as etcd's documentation of disaster recovery advises.
const Bump = 1_000_000_000

// Space is how many bytes a scratch restore takes beside the database itself.
const Space = 16 << 20

const (
	name    = "scratch"
	data    = "data"
	peerURL = "http://127.0.0.1:1" // of a member that is alone; nothing listens there, and nobody asks
	quota   = 64 << 30             // in bytes: the scratch etcd has no use for an alarm
)

// restore restores the snapshot below the folder, for an etcd of one member.
func restore(file, folder string, bump uint64) error {
	wal.SegmentSizeBytes = 1 << 20 // each is written in full at once, and this one takes few entries
	err := snapshot.NewV3(zap.NewNop()).Restore(snapshot.RestoreConfig{
		SnapshotPath: file, Name: name, OutputDataDir: filepath.Join(folder, data), PeerURLs: []string{peerURL}, InitialCluster: name + "=" + peerURL,
		InitialClusterToken: name, RevisionBump: bump, MarkCompacted: bump > 0,
	})
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

// boot restores the snapshot into the folder, which must be empty, and starts an etcd from it. Its caller stops it.
func boot(ctx context.Context, file, folder string) (*etcdserver.EtcdServer, error) {
	if err := restore(file, folder, 0); err != nil {
		return nil, err
	}
	settings, err := configuration(folder)
	if err != nil {
		return nil, err
	}
	etcd, err := etcdserver.NewServer(settings)
	if err != nil {
		return nil, fmt.Errorf("boot: %w", err)
	}
	etcd.Start()
	select {
	case <-etcd.ReadyNotify():
		return etcd, nil
	case <-etcd.StopNotify():
		return nil, errors.New("boot: the scratch etcd stopped")
	case <-ctx.Done():
		etcd.HardStop()
		return nil, fmt.Errorf("boot: %w", context.Cause(ctx))
	}
}

// configuration is what etcd's own main program gives its server (embed.StartEtcd), without all that is for a network.
func configuration(folder string) (config.ServerConfig, error) {
	peers, err := types.NewURLs([]string{peerURL})
	if err != nil {
		return config.ServerConfig{}, err
	}
	quiet := zap.NewNop()
	return config.ServerConfig{
		Name: name, DataDir: filepath.Join(folder, data), PeerURLs: peers, ClientURLs: peers, InitialPeerURLsMap: types.URLsMap{name: peers}, InitialClusterToken: name,
		TickMs: 10, ElectionTicks: 10, InitialElectionTickAdvance: true, // alone it waits for nobody
		SnapshotCount: etcdserver.DefaultSnapshotCount, SnapshotCatchUpEntries: etcdserver.DefaultSnapshotCatchUpEntries,
		QuotaBackendBytes: quota, MaxTxnOps: 128, MaxRequestBytes: 1536 << 10, AuthToken: "simple", TokenTTL: 300, UnsafeNoFsync: true,
		CompactionBatchLimit: 1000, WarningApplyDuration: time.Minute, WarningUnaryRequestDuration: time.Minute, MaxLearners: 1,
		Logger: quiet, ServerFeatureGate: features.NewDefaultServerFeatureGate(name, quiet),
	}, nil
}

// within bounds the wait for one step of the scratch etcd, whatever its process is given.
func within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 10*time.Minute)
}
