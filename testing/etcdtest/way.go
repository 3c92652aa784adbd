package etcdtest

import (
	"context"
	"io"
	"math"
	"net"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// Way is a way to a member for its clients on which it can freeze, as a process does that is stopped by a signal or waits for its disk: connections
// are taken and stay open, and no answer comes.
type Way struct {
	Endpoint string
	to       string
	left     atomic.Int64
}

// Way opens one to a member; the test closes it at its end.
func (c *Cluster) Way(t testing.TB, i int) *Way {
	t.Helper()
	u, err := url.Parse(c.Endpoint(i))
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { cancel(); require.NoError(t, listener.Close()) })
	w := &Way{Endpoint: u.Scheme + "://" + listener.Addr().String(), to: u.Host}
	w.left.Store(math.MaxInt64)
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			go w.connect(ctx, in)
		}
	}()
	return w
}

// FreezeAfter lets that many more bytes of answers through, and then none.
func (w *Way) FreezeAfter(bytes int64) { w.left.Store(bytes) }

// Thaw lets everything through on the connections that are opened from now on.
func (w *Way) Thaw() { w.left.Store(math.MaxInt64) }

func (w *Way) connect(ctx context.Context, in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer context.AfterFunc(ctx, func() { _, _ = in.Close(), out.Close() })()
	defer out.Close()
	go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
	buffer := make([]byte, 4096)
	for {
		n, err := out.Read(buffer)
		if err != nil {
			return
		}
		if w.left.Add(-int64(n)) < 0 {
			<-ctx.Done()
			return
		}
		if _, err := in.Write(buffer[:n]); err != nil {
			return
		}
	}
}
