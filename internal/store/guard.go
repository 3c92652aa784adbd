package store

import (
	"cmp"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// backend is one kind of store. It tries everything once; the guard sees to deadlines and attempts. Its errors are what explain
// understands.
type backend interface {
	// put sends a content; on its next attempt it goes on with what it left in the upload.
	put(ctx context.Context, u *upload) error
	// abandon removes what put left behind.
	abandon(ctx context.Context, u *upload) error
	// get opens a content from an offset on, and tells which version it is: any text that changes with the content.
	get(ctx context.Context, name string, from int64) (content io.ReadCloser, version string, err error)
	stat(ctx context.Context, name string) (Info, error)
	// list gives what it found to the function, also when it fails afterwards.
	list(ctx context.Context, prefix string, found func(Info)) error
	delete(ctx context.Context, name string) error
	sweep(ctx context.Context, age time.Duration) (int, error)
	// explain makes an error of the others a problem. It is not asked about contexts that ended, nor about problems.
	explain(err error) *problem
	Close() error
	String() string
}

// guard makes a Store of a backend.
type guard struct {
	backend
	limits Limits

	mutex   sync.Mutex
	written map[string]bool // by this guard, and not deleted by it
}

func guarded(b backend, l Limits) *guard {
	return &guard{backend: b, written: map[string]bool{}, limits: Limits{
		Deadline: cmp.Or(l.Deadline, DefaultLimits.Deadline), Stall: cmp.Or(l.Stall, DefaultLimits.Stall), Attempts: cmp.Or(l.Attempts, DefaultLimits.Attempts),
	}}
}

// The pauses between attempts; each is up to twice as long as the one before.
const (
	firstPause = 200 * time.Millisecond
	mostPause  = 5 * time.Second
)

// attempt is one try of an operation. What it reached counts: as long as that grows, the attempts do not run out.
type attempt func(ctx context.Context) (reached int64, err error)

// again tries an operation until it succeeds, or there is no use in it.
func (g *guard) again(ctx context.Context, doing string, try attempt) error {
	ctx, cancel := context.WithTimeout(ctx, g.limits.Deadline)
	defer cancel()
	var most int64
	pause := firstPause
	for vain, tries := 1, 1; ; vain, tries = vain+1, tries+1 {
		reached, failed := g.once(ctx, try)
		if failed == nil {
			return nil
		}
		if reached > most {
			most, vain, pause = reached, 1, firstPause
		}
		if !failed.temporary || vain >= g.limits.Attempts || !rest(ctx, pause) {
			return &Error{Store: g.String(), Doing: doing, Why: line(failed.why), Next: failed.next, Tries: tries, kind: failed.kind}
		}
		pause = min(2*pause, mostPause)
	}
}

func (g *guard) once(ctx context.Context, try attempt) (int64, *problem) {
	watching, stop := watch(ctx, g.limits.Stall)
	defer stop()
	reached, err := bounded(watching, try)
	if err == nil {
		return reached, nil
	}
	if over := ended(watching); over != nil && !decided(err) {
		return reached, over
	}
	return reached, explained(g, err)
}

// patience is how long after the end of its context an attempt may still take. SFTP may take five seconds.
const patience = 8 * time.Second

// bounded leaves behind an attempt that does not end with its context: what hangs in a disk cannot be ended.
func bounded(ctx context.Context, try attempt) (int64, error) {
	type outcome struct {
		reached int64
		err     error
	}
	done := make(chan outcome, 1)
	go func() {
		reached, err := try(ctx)
		done <- outcome{reached, err}
	}()
	select {
	case o := <-done:
		return o.reached, o.err
	case <-ctx.Done():
	}
	select {
	case o := <-done:
		return o.reached, o.err
	case <-time.After(patience):
		return 0, &problem{why: "a disk does not answer", next: "look at the mounts of this host (an NFS server that is gone?), then run it again", kind: context.Cause(ctx)}
	}
}

// decided tells whether an error was sure before the time was up.
func decided(err error) bool {
	var known *problem
	return errors.As(err, &known) && !known.temporary
}

// explained is the problem behind an error of a backend.
func explained(b backend, err error) *problem {
	var known *problem
	if errors.As(err, &known) {
		return known
	}
	return b.explain(err)
}

// rest waits between attempts, some of the pause at random, and tells whether there is time for another one.
func rest(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause/2 + rand.N(pause/2))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// simply is an operation that either succeeds or reaches nothing.
func simply(try func(ctx context.Context) error) attempt {
	return func(ctx context.Context) (int64, error) { return 0, try(ctx) }
}

// Stat is of Store.
func (g *guard) Stat(ctx context.Context, name string) (Info, error) {
	if err := g.check(name); err != nil {
		return Info{}, err
	}
	var info Info
	err := g.again(ctx, "look at "+name, simply(func(ctx context.Context) (err error) {
		info, err = g.stat(ctx, name)
		return err
	}))
	if err != nil {
		return Info{}, err
	}
	return info, nil
}

// Delete is of Store.
func (g *guard) Delete(ctx context.Context, name string) error {
	if err := g.check(name); err != nil {
		return err
	}
	err := g.again(ctx, "delete "+name, simply(func(ctx context.Context) error { return g.delete(ctx, name) }))
	if err == nil {
		g.remember(name, false)
	}
	return err
}

// Sweep is of Store.
func (g *guard) Sweep(ctx context.Context, age time.Duration) (int, error) {
	var swept atomic.Int64
	err := g.again(ctx, "remove what interrupted uploads left", simply(func(ctx context.Context) error {
		n, err := g.sweep(ctx, age)
		swept.Add(int64(n))
		return err
	}))
	return int(swept.Load()), err
}

func (g *guard) remember(name string, there bool) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if there {
		g.written[name] = true
	} else {
		delete(g.written, name)
	}
}

// check refuses names that not every kind of store has, or keeps for itself.
func (g *guard) check(name string) error {
	if len(name) > 512 || !wellFormed(name) {
		return &Error{Store: g.String(), Doing: "name " + quoted(name), Why: "no store has such a name", Next: "use words of letters, digits, '.', '_' and '-' between slashes"}
	}
	return nil
}

func wellFormed(name string) bool {
	for word := range strings.SplitSeq(name, "/") {
		if word == "" || word[0] == '.' || len(word) > 200 || strings.Trim(word, letters) != "" {
			return false
		}
	}
	return true
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
