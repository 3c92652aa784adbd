package etcdbackup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/retention"
	"github.com/metal-stack/initial-cluster/internal/store"
)

// runsOf is how many seeded runs a cell of the fault matrix has. FAULT_RUNS=200 is the full matrix.
func runsOf(t *testing.T, usual int) uint64 {
	t.Helper()
	if text := os.Getenv("FAULT_RUNS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err)
		return uint64(n)
	}
	return uint64(usual)
}

// cell is one line of the matrix.
type cell struct {
	name                                 string
	runs, acknowledged, restorable, lost int
}

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
	"list fails":      func(f *faulty, _ *rand.Rand) { f.listFails = true },
	"delete fails":    func(f *faulty, _ *rand.Rand) { f.deleteFails = true },
}

// TestFaultMatrix breaks the store at a random operation of a random action, and wants every backup that was acknowledged before or in the run
// to be listed and to have the content that was taken. Lost must be 0.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd.Fill(t, "key", 50, 50)
	base := w.take(t).Manifest.Name
	var cells []cell
	for name, breakIt := range faults {
		c := cell{name: name, runs: int(runsOf(t, 3))}
		for seed := range uint64(c.runs) {
			w.faultyRun(t, &c, base, breakIt, rand.New(rand.NewPCG(seed, 5)))
		}
		cells = append(cells, c)
	}
	show(t, cells)
}

// faultyRun takes or prunes with a fault, and looks what is there.
func (w *world) faultyRun(t *testing.T, c *cell, base string, breakIt func(*faulty, *rand.Rand), random *rand.Rand) {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS(w.folder)))
	run := *w
	run.folder, run.work = folder, t.TempDir()
	run.etcd.Fill(t, fmt.Sprintf("more%d", random.IntN(1000)), 1+random.IntN(5), 10)
	f := &faulty{Store: run.vault(t).Store, at: random.IntN(5)}
	breakIt(f, random)
	taker := run.taker(t)
	taker.Vaults[0].Store = f
	acknowledged := []string{base}
	outcome, err := taker.Take(t.Context(), false)
	if len(outcome.Acknowledged) > 0 {
		acknowledged = append(acknowledged, outcome.Manifest.Name)
	} else {
		require.Error(t, err)
	}
	_, _ = taker.Vaults[0].Prune(t.Context(), retention.Policy{Last: 1 + random.IntN(2)}, now, false)
	c.acknowledged += len(acknowledged) - 1
	c.judge(t, &run, acknowledged)
}

// judge reads all there is. An acknowledged backup is lost if it does not verify and no newer one does, for which prune might have taken it away.
func (c *cell) judge(t *testing.T, w *world, acknowledged []string) {
	t.Helper()
	verdicts, err := w.reader(t).Verify(t.Context(), "", true)
	good := map[string]bool{}
	newer := false
	for _, v := range verdicts { // the newest first
		good[v.Name] = v.Opened
		newer = newer || v.Opened
	}
	for _, name := range acknowledged[1:] {
		if good[name] {
			c.restorable++
		} else {
			c.lost++
			t.Errorf("%s: acknowledged %s: %v", c.name, name, err)
		}
	}
	if !good[acknowledged[0]] && !newer {
		c.lost++
		t.Errorf("%s: %s is gone, and there is no newer one: %v", c.name, acknowledged[0], err)
	}
}

func show(t *testing.T, cells []cell) {
	t.Helper()
	var table bytes.Buffer
	columns := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(columns, "fault\truns\tacknowledged\trestorable\tlost")
	for _, c := range cells {
		_, _ = fmt.Fprintf(columns, "%s\t%d\t%d\t%d\t%d\n", c.name, c.runs, c.acknowledged, c.restorable, c.lost)
	}
	require.NoError(t, columns.Flush())
	t.Log("\n" + table.String())
	if file := os.Getenv("FAULT_TABLE"); file != "" {
		require.NoError(t, os.WriteFile(filepath.Clean(file), table.Bytes(), 0o644))
	}
}

// faulty is a store in which one operation of those that its fault is about goes wrong.
type faulty struct {
	store.Store
	at, calls                                int
	put                                      func(store.Content) store.Content
	get                                      func([]byte) []byte
	before, after                            error
	swallow, partial, listFails, deleteFails bool
}

// now tells whether this is the call that goes wrong.
func (f *faulty) now() bool {
	f.calls++
	return f.calls-1 == f.at%3
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
