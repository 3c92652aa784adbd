package host

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

// dial connects to each machine on the way, the next over the last.
func (h *remote) dial(ctx context.Context) (*link, error) {
	limited, cancel := context.WithTimeoutCause(ctx, h.options.ConnectTimeout, fmt.Errorf("no answer within %s", h.options.ConnectTimeout))
	defer cancel()
	l := &link{
		to: h.way[len(h.way)-1], sudo: h.options.Sudo, secret: h.options.SudoPassword, token: rand.Text(), slots: make(chan struct{}, maxCommands), broken: make(chan struct{}),
		subsystem: h.subsystem,
	}
	for i, to := range h.way {
		if err := h.step(limited, l, to); err != nil {
			l.fail(err)
			return nil, &connectError{fmt.Sprintf("connect to %s%s", to, over(h.way[:i])), err}
		}
	}
	return l, nil
}

// ErrConnect is of everything that failed because there was no connection to be had.
var ErrConnect = errors.New("no connection")

type connectError struct {
	doing string
	why   error
}

func (e *connectError) Error() string   { return e.doing + ": " + e.why.Error() }
func (e *connectError) Unwrap() []error { return []error{e.why, ErrConnect} }

func over(way []hop) string {
	if len(way) == 0 {
		return ""
	}
	return " over " + way[len(way)-1].address()
}

// step goes one machine further.
func (h *remote) step(ctx context.Context, l *link, to hop) error {
	conn, err := l.tcp(ctx, to.address())
	if err != nil {
		return timedOut(ctx, unreached(err))
	}
	heard := &heard{Conn: conn}
	l.closers = append([]io.Closer{heard}, l.closers...)
	stop := context.AfterFunc(ctx, func() { _ = heard.Close() }) // which ends the handshake
	defer stop()
	check := h.trust.check(to)
	conversation, channels, requests, err := ssh.NewClientConn(heard, to.address(), &ssh.ClientConfig{
		User: to.user, Auth: h.keys.methods(), HostKeyCallback: check.callback, HostKeyAlgorithms: check.algorithms(),
	})
	if err != nil {
		return timedOut(ctx, h.refused(to, check, err))
	}
	l.client = ssh.NewClient(conversation, channels, requests)
	if to == h.way[len(h.way)-1] {
		go l.stayAlive(heard, h.options.SilenceTimeout)
	}
	return nil
}

// refused tells what a handshake failed for. Behind a host key that is trusted only the login is left.
func (h *remote) refused(to hop, check *check, err error) error {
	var network net.Error
	switch {
	case check.problem != nil:
		return check.problem
	case !check.passed:
		return check.withoutKey(err)
	case errors.As(err, &network), errors.Is(err, io.EOF):
		return err
	}
	return h.keys.refused(to, err)
}

func (l *link) tcp(ctx context.Context, address string) (net.Conn, error) {
	if l.client != nil {
		return l.client.DialContext(ctx, "tcp", address)
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, "tcp", address)
}

// unreached says what to do about an address that takes no connection.
func unreached(err error) error {
	var (
		name *net.DNSError
		jump *ssh.OpenChannelError
	)
	switch {
	case errors.As(err, &name):
		return fmt.Errorf("its name does not resolve (%w); correct it, or DNS on this machine", err)
	case errors.As(err, &jump):
		return fmt.Errorf("%w; does sshd run there, and may the machine before it reach its port?", err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w; does sshd run there, on that port?", err)
	}
	return fmt.Errorf("%w; check the network between", err)
}

// timedOut prefers why the time was up to what it made fail.
func timedOut(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w; is the host up, and may this one reach its port?", context.Cause(ctx))
	}
	return err
}

// heard is a connection that knows when something came last.
type heard struct {
	net.Conn
	last atomic.Int64 // nanoseconds since 1970
}

func (h *heard) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	if n > 0 {
		h.last.Store(time.Now().UnixNano())
	}
	return n, err
}

// stayAlive asks for a sign of life when nothing came for a third of the allowed silence, and gives the connection up at its end. So a
// host that died is noticed within four thirds of it. It returns when the connection is over.
func (l *link) stayAlive(heard *heard, silence time.Duration) {
	ended := make(chan error, 1)
	go func() { ended <- l.client.Wait() }()
	ticker := time.NewTicker(silence / 3)
	defer ticker.Stop()
	for {
		select {
		case err := <-ended:
			l.fail(peerGone(err))
			return
		case <-ticker.C:
		}
		quiet := time.Since(time.Unix(0, heard.last.Load()))
		if quiet > silence {
			l.fail(fmt.Errorf("no sign of life for %s", silence))
			return
		}
		if quiet > silence/3 {
			go func() { _, _, _ = l.client.SendRequest("keepalive@openssh.com", true, nil) }() // any answer is a sign of life
		}
	}
}

func peerGone(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		return errors.New("the other side closed it")
	}
	return err
}
