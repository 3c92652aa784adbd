package machines

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// number is that of a network on this machine, 1 to 250. It stands in its addresses and, after the prefix, in the names of all that
// belongs to it.
type number int

func (n number) String() string { return fmt.Sprintf("lab%d", int(n)) }

// machine is the name of a machine's namespace and cgroups.
func (n number) machine(name string) string { return n.String() + "-" + name }

// cable is the name of a machine's cable, by the last part of its address.
func (n number) cable(last string) string { return n.String() + "." + last }

// owners are files that the process which has a network keeps locked, and the folder of that network in them. The lock ends with the
// process, however it ends.
const owners = "/run/initial-cluster-machines"

// claim takes the first number that is free.
func claim(dir string) (number, *os.File, error) {
	if err := os.MkdirAll(owners, 0o755); err != nil {
		return 0, nil, err
	}
	for n := number(1); n <= 250; n++ {
		lock, content, err := n.take()
		if err != nil {
			return 0, nil, err
		}
		if lock == nil {
			continue
		}
		if content != "" { // left behind since the sweep, for the next one
			if err := lock.Close(); err != nil {
				return 0, nil, err
			}
			continue
		}
		_, err = lock.WriteString(dir)
		return n, lock, err
	}
	return 0, nil, errors.New("all 250 networks of test hosts are taken")
}

// take locks a number and reads what is left of it; nil is taken already.
func (n number) take() (lock *os.File, content string, err error) {
	lock, err = os.OpenFile(filepath.Join(owners, n.String()), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, "", err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, "", errors.Join(lock.Close(), ignore(err, syscall.EWOULDBLOCK))
	}
	dir, err := io.ReadAll(lock)
	return lock, string(dir), err
}

// release gives a number back.
func release(lock *os.File) error { return errors.Join(lock.Truncate(0), lock.Close()) }

// Sweep removes the networks whose processes were killed before they could.
func Sweep(ctx context.Context) error {
	entries, err := filepath.Glob(filepath.Join(owners, "lab*"))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		n, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(entry), "lab"))
		if err != nil {
			continue // not ours
		}
		if err := number(n).sweep(ctx); err != nil {
			return fmt.Errorf("remove network %s, which was left behind: %w", number(n), err)
		}
	}
	return nil
}

func (n number) sweep(ctx context.Context) error {
	lock, dir, err := n.take()
	if err != nil || lock == nil {
		return err
	}
	if dir == "" {
		return lock.Close()
	}
	if err := n.remove(ctx, dir); err != nil {
		return errors.Join(err, lock.Close())
	}
	return release(lock)
}
