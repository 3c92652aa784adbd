package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

// errLocked tells that another process holds a lock.
type errLocked struct{ pid int }

func (e errLocked) Error() string { return fmt.Sprintf("process %d is at it already", e.pid) }

// lock takes a lock that ends with the process, and writes the process into it.
func (l lab) lock(name string) (*os.File, error) {
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(l.path(name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer file.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
		}
		content, err := io.ReadAll(file)
		if err != nil {
			return nil, err
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
		if err != nil {
			return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
		}
		return nil, errLocked{pid}
	}
	err = file.Truncate(0)
	if err == nil {
		_, err = fmt.Fprintln(file, os.Getpid())
	}
	return file, err
}

// holder is the process that holds a lock, or 0.
func (l lab) holder(name string) (int, error) {
	if _, err := os.Stat(l.path(name)); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	file, err := l.lock(name)
	var locked errLocked
	if errors.As(err, &locked) {
		return locked.pid, nil
	}
	if err != nil {
		return 0, err
	}
	return 0, file.Close()
}

// startTimeout bounds the start of the lab: clusters of an earlier run come back meanwhile.
const startTimeout = 2 * time.Minute

// start starts the serving process, unless it runs, and returns when it is ready. One of another build of this program is replaced.
func (l lab) start(ctx context.Context) error {
	pid, err := l.holder("daemon.lock")
	if err != nil {
		return err
	}
	if pid != 0 {
		current, err := l.current()
		if err != nil || current {
			return err
		}
		if err := l.stop(ctx); err != nil {
			return err
		}
	}
	if err := os.Remove(l.path("daemon.json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	command, log, err := l.daemonCommand()
	if err != nil {
		return err
	}
	defer log.Close()
	if err := command.Start(); err != nil {
		return fmt.Errorf("start the lab: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	o := wait.Options{For: "the lab", Timeout: startTimeout, Interval: 50 * time.Millisecond}
	return wait.Until(ctx, o, func(context.Context) (bool, string, error) {
		select {
		case err := <-ended:
			return false, "", fmt.Errorf("start the lab: it ended (%w): %s; its log is %s", err, lastLine(log.Name()), l.shown(log.Name()))
		default:
		}
		d, err := l.daemon()
		return d.PID == command.Process.Pid, "starting; its log is " + l.shown(log.Name()), err
	})
}

// current tells whether the serving process is of this program's build, and ready.
func (l lab) current() (bool, error) {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return false, err
	}
	running, err := os.ReadFile(l.path("bin", "lab"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	d, err := l.daemon()
	return d.PID != 0 && bytes.Equal(self, running), err
}

// daemonCommand runs a copy of this program: go run removes its own. It belongs to no terminal.
func (l lab) daemonCommand() (*exec.Cmd, *os.File, error) {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(l.path("bin"), 0o700); err != nil {
		return nil, nil, err
	}
	if err := os.WriteFile(l.path("bin", "lab.new"), self, 0o700); err != nil {
		return nil, nil, err
	}
	if err := os.Rename(l.path("bin", "lab.new"), l.path("bin", "lab")); err != nil {
		return nil, nil, err
	}
	log, err := os.OpenFile(l.path("daemon.log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, err
	}
	command := exec.Command(l.path("bin", "lab"), "serve", "--dir", l.dir, "--operation-time", l.operationTime.String())
	command.Dir = l.top
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return command, log, nil
}

// daemon is what the serving process has told of itself; empty before it is ready.
func (l lab) daemon() (daemon, error) {
	var d daemon
	content, err := os.ReadFile(l.path("daemon.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err != nil {
		return d, err
	}
	return d, json.Unmarshal(content, &d)
}

func lastLine(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	return strings.TrimPrefix(lines[len(lines)-1], "lab: ")
}
