package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// ErrLost is of everything that failed because the connection to the host broke. The next call connects anew.
var ErrLost = errors.New("the connection is lost")

// remote is another machine. It connects again when it is used after its connection broke, as after a reboot.
type remote struct {
	options Options
	way     []hop
	trust   *trust
	keys    *keys
	// subsystem is whether files are reached by the SFTP that the server offers, not by one that is started as a command.
	subsystem bool

	mutex  sync.Mutex
	link   *link
	closed bool
}

func openSSH(ctx context.Context, o Options) (*remote, error) {
	h, err := prepareSSH(o)
	if err != nil {
		return nil, err
	}
	if err := h.try(ctx); err != nil {
		return nil, first(err, h.Close())
	}
	return h, nil
}

// prepareSSH reads what a connection needs, and makes none.
func prepareSSH(o Options) (*remote, error) {
	o.ConnectTimeout = cmp.Or(o.ConnectTimeout, DefaultConnectTimeout)
	o.SilenceTimeout = cmp.Or(o.SilenceTimeout, DefaultSilenceTimeout)
	h := &remote{options: o}
	var err error
	if h.way, err = o.way(); err != nil {
		return nil, err
	}
	if h.trust, err = readTrust(o.KnownHosts); err != nil {
		return nil, err
	}
	if h.keys, err = readKeys(o); err != nil {
		return nil, err
	}
	return h, nil
}

// try connects, and becomes root if that is wanted: who cannot shall know at once.
func (h *remote) try(ctx context.Context) error {
	link, err := h.connected(ctx)
	if err != nil || !h.options.Sudo {
		return err
	}
	if _, err := link.disk(ctx); err != nil {
		return fmt.Errorf("connect to %s: %w", link.to, err)
	}
	return nil
}

// connected gives the connection; one that broke is replaced.
func (h *remote) connected(ctx context.Context) (*link, error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.closed {
		return nil, errors.New("the host is closed")
	}
	if h.link != nil && h.link.lost() == nil {
		return h.link, nil
	}
	link, err := h.dial(ctx)
	if err != nil {
		return nil, err
	}
	h.link = link
	return link, nil
}

// Run is of Host.
func (h *remote) Run(ctx context.Context, c Command) (Output, error) {
	if err := c.problem(); err != nil {
		return Output{}, err
	}
	var kept head
	link, err := h.connected(ctx)
	if err != nil {
		return Output{}, err
	}
	select {
	case link.slots <- struct{}{}:
		defer func() { <-link.slots }()
	case <-ctx.Done():
		return Output{}, interrupted(ctx, c.Words, nil)
	}
	p, err := link.start(ctx, script(c), c.Stdin)
	if err != nil {
		return Output{}, verdict(c.Words, &kept, err)
	}
	if c.Stdout == nil {
		c.Stdout = &kept
	}
	copied := p.copyTo(c.Stdout)
	select {
	case <-p.ended:
		err = p.finish(copied)
	case <-ctx.Done():
		killed := link.kill(p)
		_ = p.finish(copied)
		return Output{string(kept.kept), p.said()}, interrupted(ctx, c.Words, killed)
	}
	out := Output{string(kept.kept), p.said()}
	var exit *exitCode
	if errors.As(err, &exit) {
		err = &RunError{Host: h.options.Host, Words: c.Words, Code: exit.code, Stderr: out.Stderr}
	}
	return out, verdict(c.Words, &kept, err)
}

// Read is of Host.
func (h *remote) Read(ctx context.Context, path string) (io.ReadCloser, error) {
	link, d, err := h.disk(ctx)
	if err != nil {
		return nil, err
	}
	stop := link.endWith(ctx)
	file, err := read(ctx, d, path)
	if err != nil {
		stop()
		return nil, err
	}
	return &bounded{file, stop}, nil
}

// bounded is a file that ends with a context until it is closed.
type bounded struct {
	io.ReadCloser
	stop func()
}

func (b *bounded) Close() error {
	b.stop()
	return b.ReadCloser.Close()
}

// Write is of Host. If the connection breaks it goes on over a new one, as long as it gets further.
func (h *remote) Write(ctx context.Context, f File) (bool, error) {
	for reached := int64(0); ; {
		changed, err := h.writeOnce(ctx, f)
		if !errors.Is(err, ErrLost) || ctx.Err() != nil || f.Content == nil {
			return changed, err
		}
		at, failed := f.Content.Seek(0, io.SeekCurrent)
		if failed != nil || at-reached < chunk {
			return changed, err
		}
		reached = at
	}
}

func (h *remote) writeOnce(ctx context.Context, f File) (bool, error) {
	link, d, err := h.disk(ctx)
	if err != nil {
		return false, err
	}
	defer link.endWith(ctx)()
	return write(ctx, h, d, f)
}

// Stat is of Host.
func (h *remote) Stat(ctx context.Context, path string) (Info, error) {
	link, d, err := h.disk(ctx)
	if err != nil {
		return Info{}, err
	}
	defer link.endWith(ctx)()
	return stat(ctx, d, path)
}

// Remove is of Host.
func (h *remote) Remove(ctx context.Context, path string) (bool, error) {
	link, d, err := h.disk(ctx)
	if err != nil {
		return false, err
	}
	defer link.endWith(ctx)()
	return remove(ctx, d, path)
}

// Dial is of Host.
func (h *remote) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	link, err := h.connected(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := link.client.DialContext(ctx, network, address)
	var refused *ssh.OpenChannelError
	if errors.As(err, &refused) && refused.Reason == ssh.Prohibited {
		return nil, fmt.Errorf("connect to %s from %s: its SSH server lets nobody connect onwards; set AllowTcpForwarding yes there", address, link.to)
	}
	if err != nil {
		return nil, fmt.Errorf("connect to %s from %s: %w", address, link.to, link.explain(err))
	}
	return conn, nil
}

// Close is of Host.
func (h *remote) Close() error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.closed = true
	if h.link != nil {
		h.link.fail(errors.New("it was closed"))
	}
	return h.keys.close()
}

func (h *remote) disk(ctx context.Context) (*link, disk, error) {
	link, err := h.connected(ctx)
	if err != nil {
		return nil, nil, err
	}
	d, err := link.disk(ctx)
	return link, d, err
}

// link is one connection: over each machine on the way to the last.
type link struct {
	to      hop
	client  *ssh.Client
	closers []io.Closer // the last first
	sudo    bool
	secret  string // sudo's password
	token   string // that no other program prints
	slots   chan struct{}

	subsystem bool // as in remote

	failing sync.Once
	broken  chan struct{}
	why     error // once broken is closed

	files sync.Mutex
	sftp  *remoteDisk
}

// lost is why the connection is of no use any more, or nil.
func (l *link) lost() error {
	select {
	case <-l.broken:
		return fmt.Errorf("%w: %s: %w", ErrLost, l.to, l.why)
	default:
		return nil
	}
}

// fail ends the connection; only the first reason counts.
func (l *link) fail(why error) {
	l.failing.Do(func() {
		l.why = why
		close(l.broken)
		for _, c := range l.closers {
			_ = c.Close() // it is given up whatever it says
		}
	})
}

// endWith ends the connection a moment after the context, unless it is stopped before: nothing else ends SFTP's waiting for an answer
// that does not come.
func (l *link) endWith(ctx context.Context) (stop func()) {
	done := make(chan struct{})
	unwatch := context.AfterFunc(ctx, func() {
		select {
		case <-done:
		case <-time.After(grace):
			l.fail(context.Cause(ctx))
		}
	})
	return sync.OnceFunc(func() {
		unwatch()
		close(done)
	})
}

// explain prefers the loss of the connection to what it made fail.
func (l *link) explain(err error) error {
	if err == nil {
		return nil
	}
	if lost := l.lost(); lost != nil {
		return lost
	}
	return err
}
