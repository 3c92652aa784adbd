package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/metal-stack/initial-cluster/internal/wait"
	"github.com/metal-stack/initial-cluster/testing/kubetest"
	"github.com/metal-stack/initial-cluster/testing/machines"
)

// stopTimeout is how long the serving process may take to end its clusters.
const stopTimeout = 30 * time.Second

// down removes the lab, also one whose serving process was killed.
func (l lab) down(ctx context.Context) error {
	if _, err := os.Stat(l.dir); errors.Is(err, fs.ErrNotExist) {
		fmt.Println("There is no lab.")
		return nil
	}
	if _, err := os.Stat(l.path("up.lock")); err != nil {
		return fmt.Errorf("%s holds no lab (%w); remove it by hand if it is to go", l.shown(l.dir), err)
	}
	pid, err := l.holder("up.lock")
	if err != nil {
		return err
	}
	if pid != 0 {
		return fmt.Errorf("make up runs as process %d; end it first", pid)
	}
	if err := l.stop(ctx); err != nil {
		return err
	}
	if err := kubetest.Sweep(l.dir); err != nil {
		return err
	}
	if _, found, err := l.lastAutonomous(); found || err != nil {
		if err := errors.Join(err, machines.Sweep(ctx)); err != nil { // what a killed process has left
			return err
		}
	}
	if err := os.RemoveAll(l.dir); err != nil {
		return err
	}
	fmt.Printf("The lab is stopped, and %s removed.\n", l.shown(l.dir))
	return nil
}

// stop ends the serving process, by force if it does not end by itself.
func (l lab) stop(ctx context.Context) error {
	pid, err := l.holder("daemon.lock")
	if err != nil || pid == 0 {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop the lab, process %d: %w", pid, err)
	}
	err = l.ended(ctx, pid)
	var late *wait.GaveUp
	if !errors.As(err, &late) || ctx.Err() != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill the lab, process %d: %w", pid, err)
	}
	return l.ended(ctx, pid)
}

func (l lab) ended(ctx context.Context, pid int) error {
	o := wait.Options{For: fmt.Sprintf("the end of the lab, process %d", pid), Timeout: stopTimeout, Interval: 50 * time.Millisecond}
	return wait.Until(ctx, o, func(context.Context) (bool, string, error) {
		holder, err := l.holder("daemon.lock")
		return holder != pid, "running", err
	})
}
