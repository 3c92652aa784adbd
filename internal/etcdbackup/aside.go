package etcdbackup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

// database is the folder of k3s' etcd in its folder of data.
const database = "server/db/etcd"

// replaced are the things in k3s' folder of data that a restore replaces: the database, and what is bound to it. Snapshots, manifests and
// volumes stay.
var replaced = []string{
	database, "server/db/state.db", "server/db/state.db-wal", "server/db/state.db-shm", "server/tls", "server/cred", "server/token", "server/agent-token", "server/node-token",
}

// asideFolder is where the data of before lies, in k3s' folder of data, so that moving it there takes no time and no room.
func asideFolder(begun time.Time) string {
	return "before-restore-" + begun.UTC().Format("20060102T150405Z")
}

// replace moves the data of before aside and has k3s take the snapshot. If k3s does not, all is as it was before.
func (r Restorer) replace(ctx context.Context, note *Note, snapshot, token string) error {
	dir := r.Installation.DataDir
	if note.Phase == phaseBegun { // of an interrupted run: what is in the place is not the data of before
		if err := r.awaitEnd(ctx); err != nil {
			return err
		}
		if err := moveAll(dir, filepath.Join(dir, note.Aside, "interrupted-"+note.ID)); err != nil {
			return err
		}
	}
	if err := note.write(dir); err != nil {
		return err
	}
	if note.Phase == phaseAside {
		if err := moveAll(dir, filepath.Join(dir, note.Aside)); err != nil {
			return errors.Join(err, r.back(note))
		}
	}
	note.Phase = phaseBegun
	if err := note.write(dir); err != nil {
		return errors.Join(err, r.back(note))
	}
	wait.Report(ctx, "k3s takes %s", note.Backup)
	if err := r.Server.Reset(ctx, snapshot, token, r.lock()); err != nil {
		if problem := r.back(note); problem != nil {
			return fmt.Errorf("%w; the data of before could not be moved back from %s: %w", err, note.Aside, problem)
		}
		return fmt.Errorf("%w; the data of before is in its place again", err)
	}
	note.Phase = phaseReset
	return note.write(dir)
}

// lock is held by a k3s that takes a snapshot, also when the run that began it was killed.
func (r Restorer) lock() string { return filepath.Join(r.Work.Dir, "reset.lock") }

// awaitEnd waits until no k3s takes a snapshot any more.
func (r Restorer) awaitEnd(ctx context.Context) error {
	o := wait.Options{For: "a k3s that an earlier run has begun to restore", Timeout: 5 * time.Minute, Interval: time.Second}
	return wait.Until(ctx, o, func(context.Context) (bool, string, error) {
		lock, err := os.OpenFile(r.lock(), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return false, "", err
		}
		err = unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if errors.Is(err, unix.EWOULDBLOCK) {
			return false, "it runs", lock.Close()
		}
		return err == nil, "", errors.Join(err, lock.Close())
	})
}

// back undoes what replace has begun.
func (r Restorer) back(note *Note) error {
	dir := r.Installation.DataDir
	if note.Phase == phaseBegun {
		if err := clear(dir); err != nil {
			return err
		}
	}
	aside := filepath.Join(dir, note.Aside)
	for _, name := range replaced {
		if err := move(filepath.Join(aside, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	for _, folder := range []string{"server/db", "server", "."} { // that are empty now, unless an earlier run has left something there
		_ = os.Remove(filepath.Join(aside, folder))
	}
	return os.Remove(NoteFile(dir))
}

// clear removes what a restore that came to nothing has put in the place of the data.
func clear(dir string) error {
	var problems []error
	for _, name := range replaced {
		problems = append(problems, os.RemoveAll(filepath.Join(dir, name)))
	}
	return errors.Join(problems...)
}

// moveAll moves what is there, and what an interrupted run has not moved yet.
func moveAll(from, to string) error {
	for _, name := range replaced {
		if err := move(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return fmt.Errorf("move the data that is here aside: %w", err)
		}
	}
	return flush(from)
}

// move renames within a file system. What is not there, or moved already, is left.
func move(from, to string) error {
	if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// walSpace is what etcd takes for its log at once: two segments of 64 MB.
const walSpace = 128 << 20

// roomFor wants room for a database beside the one that is moved aside.
func roomFor(dataDir string, size int64) error {
	return Work{Dir: dataDir}.room(size + walSpace + slack)
}
