package ansible

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// errReaderGone cancels the run when nobody reads standard output any more.
var errReaderGone = errors.New("the connection to Ansible was lost")

// watchProcess cancels the run at a signal, and when the reader of standard output goes away: over SSH without a terminal no
// signal tells that the connection broke. SIGPIPE is ignored, the write tells.
func watchProcess(cancel context.CancelCauseFunc) (stop func()) {
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		select {
		case s := <-signals:
			cancel(errors.New("signal " + s.String()))
		case <-done:
		}
	}()
	go watchReader(cancel, done)
	return func() {
		signal.Stop(signals)
		close(done)
	}
}

// pollTimeout is in milliseconds.
const pollTimeout = 1000

// watchReader waits for POLLERR or POLLHUP on standard output, which poll(2) reports without being asked.
func watchReader(cancel context.CancelCauseFunc, done chan struct{}) {
	for {
		select {
		case <-done:
			return
		default:
		}
		fds := []unix.PollFd{{Fd: int32(os.Stdout.Fd())}}
		n, err := unix.Poll(fds, pollTimeout)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return
		}
		if n > 0 && fds[0].Revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) != 0 {
			cancel(errReaderGone)
			return
		}
	}
}
