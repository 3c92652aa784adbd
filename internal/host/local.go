package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Local is this machine.
type Local struct{}

// grace is how long what was asked to end may take to, and how long a command's output may go on after its end: something it left
// behind may hold it open for ever.
const grace = 5 * time.Second

// Run is of Host.
func (Local) Run(ctx context.Context, c Command) (Output, error) {
	if err := c.problem(); err != nil {
		return Output{}, err
	}
	var kept head
	var said tail
	command := exec.CommandContext(ctx, c.Words[0], c.Words[1:]...)
	command.Dir, command.Env = "/", append(os.Environ(), "LC_ALL=C")
	for name, value := range c.Env {
		command.Env = append(command.Env, name+"="+value)
	}
	command.Stdout, command.Stderr = c.Stdout, &said
	in := &input{Reader: c.Stdin}
	if c.Stdin != nil {
		command.Stdin = in
	}
	if c.Stdout == nil {
		command.Stdout = &kept
	}
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) }
	command.WaitDelay = grace
	err := command.Run()
	out := Output{Stdout: string(kept.kept), Stderr: said.String()}
	if ctx.Err() != nil && command.Process != nil {
		return out, interrupted(ctx, c.Words, kill(command.Process.Pid))
	}
	if in.err != nil {
		return out, verdict(c.Words, &kept, in.problem())
	}
	return out, verdict(c.Words, &kept, outcome(c.Words, command, err, said.String()))
}

// kill ends what is left of a process group.
func kill(group int) error {
	if err := syscall.Kill(-group, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill its process group %d: %w", group, err)
	}
	return nil
}

// outcome makes of how a command ended here what it would be elsewhere.
func outcome(words []string, command *exec.Cmd, err error, said string) error {
	failed := &RunError{Host: "localhost", Words: words, Stderr: said}
	var exit *exec.ExitError
	switch {
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		return nil
	case errors.As(err, &exit):
		failed.Code = exit.ExitCode()
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			failed.Code = 128 + int(status.Signal())
		}
	case command.Process != nil:
		return err
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		failed.Code, failed.Stderr = 127, words[0]+": not found"
	default:
		failed.Code, failed.Stderr = 126, words[0]+": "+cause(err).Error()
	}
	return failed
}

// cause is an error without what was tried, which is told anyway.
func cause(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

// verdict is the error of a run that was not interrupted, of either kind.
func verdict(words []string, kept *head, err error) error {
	var failed *RunError
	switch {
	case errors.As(err, &failed):
		return failed
	case err != nil:
		return fmt.Errorf("run %s: %w", Quote(words), err)
	}
	return kept.problem(words)
}

// interrupted is the error of a run whose context ended.
func interrupted(ctx context.Context, words []string, kill error) error {
	if kill == nil {
		return fmt.Errorf("run %s: interrupted: %w", Quote(words), context.Cause(ctx))
	}
	return fmt.Errorf("run %s: interrupted: %w; it may still run (%w)", Quote(words), context.Cause(ctx), kill)
}

// Read is of Host.
func (Local) Read(ctx context.Context, path string) (io.ReadCloser, error) {
	return read(ctx, localDisk{}, path)
}

// Write is of Host.
func (h Local) Write(ctx context.Context, f File) (bool, error) { return write(ctx, h, localDisk{}, f) }

// Stat is of Host.
func (Local) Stat(ctx context.Context, path string) (Info, error) {
	return stat(ctx, localDisk{}, path)
}

// Remove is of Host.
func (Local) Remove(ctx context.Context, path string) (bool, error) {
	return remove(ctx, localDisk{}, path)
}

// Dial is of Host.
func (Local) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, address)
}

// Close is of Host; there is nothing to close.
func (Local) Close() error { return nil }
