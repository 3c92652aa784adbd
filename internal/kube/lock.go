package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/metal-stack/initial-cluster/internal/file"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// lockTimeout is how long another's edit, which takes milliseconds, may last.
const lockTimeout = 20 * time.Second

// mark tells our locks from kubectl's. A process of ours also holds its lock file by flock(2), which the kernel takes from it however it ends:
// so a lock with the mark that can be had is one whose owner died, and it is taken over. Of kubectl's nobody can tell.
const mark = "metalstack.initial_cluster\n"

// lock takes the lock of kubectl for a kubeconfig: the file PATH.lock, which must not exist before.
// https://github.com/kubernetes/client-go/blob/v0.36.3/tools/clientcmd/loader.go (lockFile)
func lock(ctx context.Context, path string) (unlock func() error, err error) {
	name := path + ".lock"
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("lock the kubeconfig %s: %w; correct that and run it again", path, file.Cause(err))
	}
	var held *os.File
	o := wait.Options{For: "the lock " + name, Timeout: lockTimeout, Interval: 20 * time.Millisecond}
	err = wait.Until(ctx, o, func(context.Context) (bool, string, error) {
		var err error
		held, err = tryLock(name)
		return held != nil, "held by another process", err
	})
	var late *wait.GaveUp
	if errors.As(err, &late) {
		return nil, fmt.Errorf("%w; remove the file if no kubectl is at work", err)
	}
	if err != nil {
		return nil, fmt.Errorf("lock the kubeconfig %s: %w; correct that and run it again", path, file.Cause(err))
	}
	return func() error { return errors.Join(os.Remove(name), held.Close()) }, nil
}

// tryLock gives the lock's file, or nil if another process has it.
func tryLock(name string) (*os.File, error) {
	held, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, ownerOnly)
	if errors.Is(err, fs.ErrExist) {
		return takeOver(name)
	}
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(held.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		_, err = held.WriteString(mark)
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(name), held.Close())
	}
	return held, nil
}

// takeOver takes a lock of ours whose owner has died.
func takeOver(name string) (*os.File, error) {
	held, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if abandoned(held, name) {
		return held, nil
	}
	return nil, held.Close()
}

func abandoned(held *os.File, name string) bool {
	content, err := io.ReadAll(held)
	if err != nil || string(content) != mark || syscall.Flock(int(held.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return false
	}
	mine, err := held.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(name) // its owner may just have removed it
	return err == nil && os.SameFile(mine, there)
}
