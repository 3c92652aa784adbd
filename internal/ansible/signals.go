package ansible

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"golang.org/x/sys/unix"
)

// settle prepares the process for a run: it takes standard output for the result alone, and cancels the run at a signal or when
// nobody reads the result any more. It stays so until the process ends: a late signal must not cut the result in two.
func settle(stdout io.Writer, cancel context.CancelCauseFunc) io.Writer {
	watchSignals(cancel)
	file, err := takeStreams()
	if err != nil {
		return stdout // without /dev/null, say: then libraries are trusted to be silent
	}
	go watchReader(file, cancel)
	return file
}

// takeStreams leads the standard output and standard error that libraries know into nothing. It gives the real standard output;
// the real standard error is left to the runtime, for a crash that no recover can catch.
func takeStreams() (*os.File, error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	stdout, err := duplicate(os.Stdout)
	if err != nil {
		return nil, err
	}
	stderr, err := duplicate(os.Stderr)
	if err != nil {
		return nil, err
	}
	defer stderr.Close() // the runtime keeps a duplicate of its own
	return stdout, errors.Join(
		debug.SetCrashOutput(stderr, debug.CrashOptions{}),
		unix.Dup3(int(null.Fd()), int(os.Stdout.Fd()), 0),
		unix.Dup3(int(null.Fd()), int(os.Stderr.Fd()), 0),
	)
}

// duplicate gives a file of its own, which programs that a module starts do not inherit.
func duplicate(f *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// watchSignals cancels the run at the signals that ask a process to end, except for those it was started to ignore (nohup).
func watchSignals(cancel context.CancelCauseFunc) {
	signals := make(chan os.Signal, 1)
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	go func() {
		s := <-signals
		cancel(errors.New("signal " + unix.SignalName(s.(syscall.Signal))))
	}()
}

// errReaderGone cancels the run when nobody reads standard output any more.
var errReaderGone = errors.New("the loss of the connection to Ansible")

// watchReader waits for POLLERR or POLLHUP, which poll(2) reports of the writing end of a pipe, socket or terminal without being
// asked. Over SSH without a terminal nothing else tells that the connection broke.
func watchReader(stdout *os.File, cancel context.CancelCauseFunc) {
	const forever = -1
	for {
		fds := []unix.PollFd{{Fd: int32(stdout.Fd())}}
		switch _, err := unix.Poll(fds, forever); {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return
		default:
			cancel(errReaderGone)
			return
		}
	}
}
