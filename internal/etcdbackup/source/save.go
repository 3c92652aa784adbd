package source

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

// Save writes a snapshot as etcd streams it, with etcd's sum behind it. It reads as fast as it can: as long as a snapshot is read, etcd keeps
// its old pages, and its database grows.
func (m *Member) Save(ctx context.Context, to io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, m.limits.Snapshot)
	defer cancel()
	ctx, moved := watch(ctx, m.limits.Stall)
	defer moved.stop()
	response, err := m.client.SnapshotWithVersion(ctx)
	if err == nil {
		buffer := bufio.NewWriterSize(to, 1<<20)
		if _, err = io.Copy(buffer, &counting{response.Snapshot, m, moved, ctx}); err == nil {
			err = buffer.Flush()
		}
		err = errors.Join(err, response.Snapshot.Close())
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("not done within %s", m.limits.Snapshot)
	}
	if err != nil {
		return fmt.Errorf("%s: take a snapshot: %w", m.Endpoint, err)
	}
	return nil
}

// counting tells the watchdog and people how far it is.
type counting struct {
	io.Reader
	member *Member
	moved  *watchdog
	ctx    context.Context
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if total := c.moved.bytes.Add(int64(n)); n > 0 {
		wait.Report(c.ctx, "%s: snapshot, %d of %d MiB", c.member.Endpoint, total>>20, c.member.Size>>20)
	}
	return n, err
}

// watchdog ends a context when no byte has come for a while. An etcd that is frozen, or that cannot read its own file, never ends by itself.
type watchdog struct {
	bytes atomic.Int64
	stop  func()
}

func watch(ctx context.Context, stall time.Duration) (context.Context, *watchdog) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watchdog{stop: func() { cancel(context.Canceled) }}
	go func() {
		ticker := time.NewTicker(stall)
		defer ticker.Stop()
		for last := int64(-1); ; {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			now := w.bytes.Load()
			if now == last {
				cancel(fmt.Errorf("nothing came for %s, after %d bytes; its etcd hangs, look at its log", stall, now))
			}
			last = now
		}
	}()
	return ctx, w
}

// State is what a member has at a revision.
type State struct {
	Keys            int64
	Hash            uint32 // HashKV up to the revision
	CompactRevision int64  // the one that Hash is for
}

// ErrCompacted is that the revision asked for is compacted meanwhile.
var ErrCompacted = errors.New("the revision is compacted meanwhile")

// At asks the member what it has at a revision, to compare a snapshot with.
func (m *Member) At(ctx context.Context, revision int64) (State, error) {
	state, err := within(ctx, m.limits.Snapshot, func(ctx context.Context) (State, error) { return m.at(ctx, revision) })
	switch {
	case errors.Is(err, rpctypes.ErrCompacted):
		return State{}, ErrCompacted
	case err != nil:
		return State{}, fmt.Errorf("%s: hash of revision %d: %w", m.Endpoint, revision, err)
	}
	return state, nil
}

func (m *Member) at(ctx context.Context, revision int64) (State, error) {
	// The member has the revision, for it was in its snapshot; whether it still has the others does not matter.
	count, err := m.client.Get(ctx, "\x00", clientv3.WithFromKey(), clientv3.WithCountOnly(), clientv3.WithRev(revision), clientv3.WithSerializable())
	if err != nil {
		return State{}, err
	}
	hash, err := m.client.HashKV(ctx, m.Endpoint, revision)
	if err != nil {
		return State{}, err
	}
	if hash.CompactRevision > revision {
		return State{}, rpctypes.ErrCompacted
	}
	return State{Keys: count.Count, Hash: hash.Hash, CompactRevision: hash.CompactRevision}, nil
}
