package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/store"
)

// Secrets are in the options of the tests' stores, and may stand in no error.
var Secrets = []string{"hunter2-the-secret-key"}

// bigSize is more than is sent at once to any store.
const bigSize = 2*store.AtomicSize + 12345

func (c contract) readBack(t *testing.T) {
	begin := time.Now().Truncate(time.Second)
	for name, data := range map[string][]byte{"empty": {}, "one/two/three.json": []byte("{}\n"), "a-b_c.D9": Bytes(1, 100_000)} {
		require.NoError(t, c.Put(t.Context(), Content(name, data)))
		c.holds(t, name, data)
		info, err := c.Stat(t.Context(), name)
		require.NoError(t, err)
		assert.Equal(t, name, info.Name)
		assert.Equal(t, int64(len(data)), info.Size)
		assert.WithinRange(t, info.Modified, begin, time.Now().Add(time.Second))
		assert.Contains(t, []string{"", sum(data)}, info.SHA256)
		assert.Zero(t, info.Retained)
		assert.False(t, info.Held)
	}
}

func (c contract) big(t *testing.T) {
	data := Bytes(2, bigSize)
	require.NoError(t, c.Put(t.Context(), absent(Content("snapshots/big", data))))
	c.holds(t, "snapshots/big", data)
	c.listed(t, "", "snapshots/big")
}

func (c contract) replace(t *testing.T) {
	c.put(t, "latest", "the old, which is longer")
	c.put(t, "latest", "the new")
	c.holds(t, "latest", []byte("the new"))
	c.listed(t, "", "latest")
}

func (c contract) absent(t *testing.T) {
	require.NoError(t, c.Put(t.Context(), absent(Content("lock", []byte("mine")))))
	err := c.Put(t.Context(), absent(Content("lock", []byte("yours"))))
	assert.ErrorIs(t, err, fs.ErrExist)
	c.told(t, err, "put lock: there is one already; choose another name, or delete that one")
	c.holds(t, "lock", []byte("mine"))
	require.NoError(t, c.Delete(t.Context(), "lock"))
	require.NoError(t, c.Put(t.Context(), absent(Content("lock", []byte("yours")))))
}

func (c contract) race(t *testing.T) {
	var won, lost atomic.Int32
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			err := c.Put(t.Context(), absent(Content("lock", fmt.Append(nil, "run ", i))))
			if err == nil {
				won.Add(1)
			} else if assert.ErrorIs(t, err, fs.ErrExist) {
				lost.Add(1)
			}
		})
	}
	all.Wait()
	assert.Equal(t, []int32{1, 7}, []int32{won.Load(), lost.Load()})
}

func (c contract) corrupt(t *testing.T) {
	for size, data := range map[string][]byte{"small": []byte("the content"), "big": Bytes(3, bigSize)} {
		wrong := Content(size, data)
		wrong.SHA256 = sum([]byte("another"))
		err := c.Put(t.Context(), wrong)
		assert.ErrorIs(t, err, store.ErrCorrupt)
		c.told(t, err, "put "+size+": what is to be put has the SHA-256 "+sum(data)+" instead of "+wrong.SHA256+"; look at the disk it is read from, and make it anew")
	}
	c.listed(t, "")
	left, err := c.Sweep(t.Context(), 0)
	require.NoError(t, err)
	assert.Zero(t, left, "nothing is left behind")
}

func (c contract) unreadable(t *testing.T) {
	data := Bytes(4, bigSize)
	for name, reader := range map[string]io.ReaderAt{"short": bytes.NewReader(data[:bigSize-1]), "broken": broken{bytes.NewReader(data), store.AtomicSize}} {
		content := Content(name, data)
		content.Data = reader
		err := c.Put(t.Context(), content)
		assert.ErrorIs(t, err, store.ErrCorrupt)
		why := map[string]string{"short": "unexpected EOF", "broken": "input/output error"}[name]
		c.told(t, err, "put "+name+": what is to be put cannot be read ("+why+"); look at the disk it is read from, and make it anew")
	}
	c.listed(t, "")
}

// broken is a content that cannot be read from somewhere on.
type broken struct {
	io.ReaderAt
	from int64
}

func (b broken) ReadAt(p []byte, at int64) (int, error) {
	if at >= b.from {
		return 0, errors.New("input/output error")
	}
	return b.ReaderAt.ReadAt(p, at)
}

func (c contract) list(t *testing.T) {
	c.listed(t, "")
	c.listed(t, "none/")
	for _, name := range []string{"a/2", "a/1", "a-b", "b/c/d", "ab/1", "z"} {
		c.put(t, name, name)
	}
	c.listed(t, "", "a-b", "a/1", "a/2", "ab/1", "b/c/d", "z")
	c.listed(t, "a/", "a/1", "a/2")
	c.listed(t, "a", "a-b", "a/1", "a/2", "ab/1")
	c.listed(t, "b/c/d", "b/c/d")
	c.listed(t, "b/c/d/")
	found, err := c.List(t.Context(), "b/")
	require.NoError(t, err)
	assert.Equal(t, int64(5), found[0].Size)
	assert.WithinDuration(t, time.Now(), found[0].Modified, time.Minute)
}

func (c contract) delete(t *testing.T) {
	c.put(t, "a/b", "1")
	c.put(t, "a/c", "2")
	require.NoError(t, c.Delete(t.Context(), "a/b"))
	require.NoError(t, c.Delete(t.Context(), "a/b"))
	require.NoError(t, c.Delete(t.Context(), "none/of/it"))
	c.listed(t, "", "a/c")
	_, err := c.Stat(t.Context(), "a/b")
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func (c contract) notThere(t *testing.T) {
	_, err := c.Stat(t.Context(), "a/b")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	c.told(t, err, "look at a/b: there is none")
	_, err = c.Get(t.Context(), "a/b", io.Discard)
	assert.ErrorIs(t, err, fs.ErrNotExist)
	c.told(t, err, "get a/b: there is none")
	c.put(t, "a/b/c", "below")
	_, err = c.Stat(t.Context(), "a/b")
	assert.ErrorIs(t, err, fs.ErrNotExist, "a folder is nothing that was put")
	_, err = c.Get(t.Context(), "a/b", io.Discard)
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func (c contract) names(t *testing.T) {
	for _, name := range []string{"", "/a", "a/", "a//b", "../a", "a/../b", ".a", "a/.b", "a b", "a\n", "ä", "a\\b", "a?b"} {
		text := fmt.Sprintf("name %q: no store has such a name; use words of letters, digits, '.', '_' and '-' between slashes", name)
		c.told(t, c.Put(t.Context(), Content(name, nil)), text)
		c.told(t, c.Delete(t.Context(), name), text)
		_, err := c.Stat(t.Context(), name)
		c.told(t, err, text)
		_, err = c.Get(t.Context(), name, io.Discard)
		c.told(t, err, text)
	}
}

func (c contract) refusedWrite(t *testing.T) {
	c.put(t, "a", "content")
	_, err := c.Get(t.Context(), "a", full{})
	assert.ErrorIs(t, err, errFull)
	c.told(t, err, "get a: what is read cannot be written: the disk is full; look at the disk it is written to")
}

type full struct{}

var errFull = errors.New("the disk is full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func (c contract) interrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	content := Content("a", Bytes(5, bigSize))
	content.Data = cancels{content.Data, cancel}
	err := c.Put(ctx, content)
	assert.ErrorIs(t, err, context.Canceled)
	c.told(t, err, "put a: interrupted; run it again")
	c.listed(t, "")
	left, err := c.Sweep(t.Context(), 0)
	require.NoError(t, err)
	assert.Zero(t, left)
}

// cancels is a content at whose end the context is cancelled.
type cancels struct {
	io.ReaderAt
	cancel func()
}

func (c cancels) ReadAt(p []byte, at int64) (int, error) {
	if at >= store.AtomicSize {
		c.cancel()
	}
	return c.ReaderAt.ReadAt(p, at)
}

func (c contract) sweep(t *testing.T) {
	c.put(t, "a/b", "1")
	if c.place.Leave == nil {
		left, err := c.Sweep(t.Context(), 0)
		require.NoError(t, err)
		assert.Zero(t, left)
		return
	}
	c.place.Leave(t, c.Store)
	c.listed(t, "", "a/b")
	left, err := c.Sweep(t.Context(), 24*time.Hour)
	require.NoError(t, err)
	assert.Zero(t, left, "it may still be under way")
	left, err = c.Sweep(t.Context(), 0)
	require.NoError(t, err)
	assert.Equal(t, 1, left)
	left, err = c.Sweep(t.Context(), 0)
	require.NoError(t, err)
	assert.Zero(t, left)
	c.holds(t, "a/b", []byte("1"))
}

func (c contract) together(t *testing.T) {
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			name := fmt.Sprint("run/", i)
			assert.NoError(t, c.Put(t.Context(), Content(name, Bytes(uint64(i), 50_000))))
			_, err := c.List(t.Context(), "run/")
			assert.NoError(t, err)
			c.holds(t, name, Bytes(uint64(i), 50_000))
		})
	}
	all.Wait()
	found, err := c.List(t.Context(), "run/")
	require.NoError(t, err)
	assert.Len(t, found, 6)
}

func (c contract) noTime(t *testing.T) {
	hurried := c.place.Open(t, store.Limits{Deadline: time.Nanosecond})
	_, err := hurried.List(t.Context(), "")
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.EqualError(t, err, hurried.String()+": list *: not done within the time limit; check the network, or give it more time")
}

func (c contract) ended(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := c.Put(ctx, Content("a", []byte("1")))
	assert.ErrorIs(t, err, context.Canceled)
	c.told(t, err, "put a: interrupted; run it again")
	c.told(t, c.Delete(ctx, "a"), "delete a: interrupted; run it again")
	c.listed(t, "")
}
