package etcdbackup_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"

	"github.com/metal-stack/initial-cluster/internal/store"
)

// faults break one operation of a store each, at a random call.
var faults = map[string]func(f *faulty, random *rand.Rand){
	"content flipped on its way to the disk": func(f *faulty, r *rand.Rand) {
		f.put = func(c store.Content) store.Content {
			return changed(c, func(b []byte) []byte { b[r.IntN(len(b))] ^= 1 << r.IntN(8); return b })
		}
	},
	"content cut on its way to the disk": func(f *faulty, r *rand.Rand) {
		f.put = func(c store.Content) store.Content {
			return changed(c, func(b []byte) []byte { return b[:r.IntN(len(b))] })
		}
	},
	"put answers well and stores nothing": func(f *faulty, _ *rand.Rand) { f.swallow = true },
	"put fails after it stored":           func(f *faulty, _ *rand.Rand) { f.after = errors.New("500 after the write") },
	"put fails, disk full":                func(f *faulty, _ *rand.Rand) { f.before = store.ErrFull },
	"get gives another byte": func(f *faulty, r *rand.Rand) {
		f.get = func(b []byte) []byte { b[r.IntN(len(b))] ^= 1 << r.IntN(8); return b }
	},
	"get ends early":  func(f *faulty, r *rand.Rand) { f.get = func(b []byte) []byte { return b[:r.IntN(len(b))] } },
	"list is partial": func(f *faulty, _ *rand.Rand) { f.partial = true },
	"list lacks something and does not say so": func(f *faulty, r *rand.Rand) {
		f.lacks = func(all []store.Info) []store.Info {
			return slices.DeleteFunc(slices.Clone(all), func(store.Info) bool { return r.IntN(4) == 0 })
		}
	},
	"list fails":        func(f *faulty, _ *rand.Rand) { f.listFails = true },
	"delete fails":      func(f *faulty, _ *rand.Rand) { f.deleteFails = true },
	"time is up in put": func(f *faulty, _ *rand.Rand) { f.before = context.DeadlineExceeded },
}

// faulty is a store in which one operation of those that its fault is about goes wrong.
type faulty struct {
	store.Store
	at, calls                                int
	put                                      func(store.Content) store.Content
	get                                      func([]byte) []byte
	before, after                            error
	swallow, partial, listFails, deleteFails bool
	lacks                                    func([]store.Info) []store.Info
}

// now tells whether this is the call that goes wrong.
func (f *faulty) now() bool {
	f.calls++
	return f.calls-1 == f.at
}

func (f *faulty) Put(ctx context.Context, c store.Content) error {
	broken := (f.put != nil || f.swallow || f.before != nil || f.after != nil) && f.now()
	switch {
	case !broken:
		return f.Store.Put(ctx, c)
	case f.put != nil:
		return f.Store.Put(ctx, f.put(c))
	case f.swallow:
		return nil
	case f.before != nil:
		return f.before
	}
	return errors.Join(f.Store.Put(ctx, c), f.after)
}

func (f *faulty) Get(ctx context.Context, name string, to io.Writer) (store.Sum, error) {
	if f.get == nil || !f.now() {
		return f.Store.Get(ctx, name, to)
	}
	var content bytes.Buffer
	sum, err := f.Store.Get(ctx, name, &content)
	if err != nil || content.Len() == 0 {
		return sum, err
	}
	changed := f.get(content.Bytes())
	if _, err := to.Write(changed); err != nil {
		return sum, err
	}
	return sumOf(changed), nil
}

func (f *faulty) List(ctx context.Context, prefix string) ([]store.Info, error) {
	infos, err := f.Store.List(ctx, prefix)
	switch {
	case f.listFails && f.now():
		return nil, errors.New("503")
	case f.partial && f.now():
		return infos[:len(infos)/2], store.ErrPartial
	case f.lacks != nil && f.now():
		return f.lacks(infos), err
	}
	return infos, err
}

func (f *faulty) Delete(ctx context.Context, name string) error {
	if f.deleteFails && f.now() {
		return errors.New("500")
	}
	return f.Store.Delete(ctx, name)
}

// changed is a content that was changed before the store could look, with a sum that fits.
func changed(c store.Content, how func([]byte) []byte) store.Content {
	content := make([]byte, c.Size)
	_, err := c.Data.ReadAt(content, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return c
	}
	content = how(content)
	sum := sumOf(content)
	c.Data, c.Size, c.SHA256 = bytes.NewReader(content), sum.Size, sum.SHA256
	return c
}
