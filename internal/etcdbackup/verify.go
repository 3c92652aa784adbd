package etcdbackup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/metal-stack/initial-cluster/internal/store"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// Verdict is what became of the verification of one backup.
type Verdict struct {
	Backup
	Opened bool // it was decrypted and compared with what etcd gave; else only what is stored was
	Marked bool // it was found damaged now, and is quarantined, or would be
}

// Verify reads good backups (all, or the named one) from the store and compares them; one that does not verify is marked, if it is not only
// looked. An error is of the store, or tells that some did not verify.
func (v Vault) Verify(ctx context.Context, name string, look bool) ([]Verdict, error) {
	backups, err := v.List(ctx)
	if err != nil {
		return nil, err
	}
	var verdicts []Verdict
	var failures error
	for _, b := range backups {
		if b.Interrupted || name != "" && name != b.Name {
			continue
		}
		verdict := Verdict{Backup: b}
		if b.Bad == "" {
			if verdict.Opened, verdict.Bad, err = v.check(ctx, b, look); err != nil {
				return verdicts, err
			}
			verdict.Marked = verdict.Bad != ""
		}
		if verdict.Bad != "" {
			failures = errors.Join(failures, fmt.Errorf("%s: backup %s of %s is not good: %s", v.Store, b.Name, v.Cluster, verdict.Bad))
		}
		verdicts = append(verdicts, verdict)
	}
	if name != "" && len(verdicts) == 0 {
		return nil, fmt.Errorf("%s: there is no backup %s of %s", v.Store, name, v.Cluster)
	}
	return verdicts, failures
}

// check reads one backup, and marks it if it is damaged. With a key that does not open it, it is compared as it is stored.
func (v Vault) check(ctx context.Context, b Backup, look bool) (opened bool, bad string, err error) {
	wait.Report(ctx, "%s: verify %s", v.Store, b.Name)
	if opened, err = v.lookInto(ctx, b); err == nil || !damaged(ctx, err) {
		return opened, "", err
	}
	// What changes on its way here is another one each time; damage is the same.
	again, err2 := v.lookInto(ctx, b)
	switch {
	case err2 == nil:
		return again, "", nil
	case !damaged(ctx, err2):
		return false, "", err2
	case err.Error() != err2.Error():
		return false, "", fmt.Errorf("%s: verify %s: it is another one each time it is read, so the network or the store changes it: %w", v.Store, b.Name, err2)
	}
	if look {
		return false, err.Error(), nil
	}
	return false, err.Error(), v.Quarantine(ctx, b, err.Error())
}

// elsewhere is an error that says nothing about the backup: it is of this machine, or of who asks.
type elsewhere struct{ error }

func (e elsewhere) Unwrap() error { return e.error }

// damaged tells whether an error is of the backup; others are of the store, of this machine, or of who wants no more.
func damaged(ctx context.Context, err error) bool {
	if ctx.Err() != nil || errors.Is(err, errOtherSize) || errors.As(err, new(elsewhere)) {
		return false
	}
	return errors.Is(err, store.ErrCorrupt) || !errors.As(err, new(*store.Error)) && !errors.As(err, new(syscall.Errno))
}

// lookInto reads one backup to its end, and into it if there is a key.
func (v Vault) lookInto(ctx context.Context, b Backup) (opened bool, err error) {
	err = v.readBack(ctx, b.Manifest, v.Keys.Identities)
	if errors.Is(err, errNoKey) {
		return false, v.download(ctx, b.Manifest, io.Discard)
	}
	return len(v.Keys.Identities) > 0 || !b.Encrypted, err
}
