package host_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/wait"
	"github.com/metal-stack/initial-cluster/testing/hosttest"
)

func TestAnUploadGoesOnAfterItsConnectionWasCut(t *testing.T) {
	t.Parallel()
	s := hosttest.Start(t)
	path := t.TempDir() + "/images.tar"
	content := bytes.Repeat([]byte("0123456789abcdef"), 40<<16) // 40 MiB
	s.Cut(30 << 20)
	h := hosttest.Open(t, s.Options(t))
	var mutex sync.Mutex
	var reports []string
	ctx := wait.WithReporter(t.Context(), func(state string) {
		mutex.Lock()
		defer mutex.Unlock()
		reports = append(reports, state)
	})
	changed, err := h.Write(ctx, host.File{Path: path, Mode: 0o600, Content: bytes.NewReader(content)})
	require.NoError(t, err)
	assert.True(t, changed)
	assert.Equal(t, 2, s.Connections())
	var want []string
	for _, reached := range []string{"8", "16", "24", "32", "40"} {
		want = append(want, "write "+path+": "+reached+" of 40 MiB")
	}
	// The last whole part may be sent again: whether all of it arrived, nobody said.
	assert.Subset(t, reports, want)
	assert.LessOrEqual(t, len(reports), len(want)+1)
	changed, err = h.Write(ctx, host.File{Path: path, Mode: 0o600, Content: bytes.NewReader(content)})
	require.NoError(t, err)
	assert.False(t, changed)
}

func TestAnUploadThatGetsNowhereIsGivenUp(t *testing.T) {
	t.Parallel()
	s := hosttest.Start(t)
	s.Cut(4<<20, 4<<20)
	h := hosttest.Open(t, s.Options(t))
	path := t.TempDir() + "/images.tar"
	_, err := h.Write(t.Context(), host.File{Path: path, Mode: 0o600, Content: bytes.NewReader(make([]byte, 40<<20))})
	require.EqualError(t, err, "write "+path+": the connection is lost: "+s.User()+"@"+s.Address()+": the other side closed it")
	assert.Equal(t, 1, s.Connections(), "it is tried again only if something arrived")
}

func TestAHostThatFallsSilentIsNoticed(t *testing.T) {
	t.Parallel()
	s := hosttest.Start(t)
	o := s.Options(t)
	o.SilenceTimeout, o.ConnectTimeout = 2*time.Second, 2*time.Second
	h := hosttest.Open(t, o)
	_, err := h.Stat(t.Context(), "/")
	require.NoError(t, err)
	lost := "the connection is lost: " + s.User() + "@" + s.Address() + ": no sign of life for 2s"
	failed := make(chan error, 2)
	go func() {
		_, err := h.Run(t.Context(), host.Words("sleep", "1000"))
		failed <- err
	}()
	// What is asked for now is not answered any more.
	s.Stall(true)
	_, err = h.Stat(t.Context(), "/")
	require.EqualError(t, err, "stat /: "+lost)
	require.ErrorIs(t, err, host.ErrLost)
	require.EqualError(t, <-failed, "run sleep 1000: "+lost)
	_, err = h.Run(t.Context(), host.Words("true"))
	require.EqualError(t, err, "connect to "+s.User()+"@"+s.Address()+": no answer within 2s; is the host up, and may this one reach its port?")
	s.Stall(false)
	_, err = h.Run(t.Context(), host.Words("true"))
	require.NoError(t, err, "it is back")
}

func TestASlowConnectionIsNoSilentOne(t *testing.T) {
	t.Parallel()
	s := hosttest.Start(t)
	o := s.Options(t)
	o.SilenceTimeout = 2 * time.Second
	h := hosttest.Open(t, o)
	s.Slow(512 << 10)
	_, err := h.Write(t.Context(), host.File{Path: t.TempDir() + "/file", Mode: 0o600, Content: bytes.NewReader(make([]byte, 2<<20))})
	require.NoError(t, err)
	assert.Equal(t, 1, s.Connections())
}

func TestAClosedHostIsOfNoUse(t *testing.T) {
	t.Parallel()
	h := hosttest.Open(t, hosttest.Start(t).Options(t))
	require.NoError(t, h.Close())
	_, err := h.Run(t.Context(), host.Words("true"))
	require.EqualError(t, err, "the host is closed")
	_, err = h.Stat(t.Context(), "/")
	require.EqualError(t, err, "the host is closed")
}
