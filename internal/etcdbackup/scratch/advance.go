package scratch

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// Advance makes of a snapshot one that is so many revisions ahead (Bump, or more), all before marked compacted and its alarms lifted, and writes it to a new file
// (0600) in etcd's form. A watch of before the restore then ends with "compacted" and its client lists anew, where it would otherwise
// miss changes without a word. The folder must be empty. Nothing is booted: an etcd later than the cluster's would leave marks of its version
// in the database, and the cluster's own would not take it any more. The etcd that gets it does the compaction when it boots.
func Advance(file, folder, to string, bump int64) error {
	if err := advance(file, folder, to, bump); err != nil {
		return fmt.Errorf("advance the revision: %w", err)
	}
	return nil
}

func advance(file, folder, to string, bump int64) error {
	if err := restore(file, folder, uint64(bump)); err != nil {
		return err
	}
	database := filepath.Join(folder, data, "member/snap/db")
	if err := liftAlarms(database); err != nil {
		return err
	}
	in, err := os.Open(database)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	hash, buffer := sha256.New(), bufio.NewWriterSize(out, 1<<20)
	_, err = io.Copy(io.MultiWriter(hash, buffer), in)
	if err == nil {
		_, err = buffer.Write(hash.Sum(nil))
	}
	return errors.Join(err, buffer.Flush(), out.Sync(), out.Close())
}

// liftAlarms takes away alarms, which are of members that are no more and would keep the restored cluster from taking writes.
func liftAlarms(database string) error {
	db, err := bbolt.Open(database, 0o600, nil)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		alarms := []byte("alarm") // server/storage/schema/bucket.go
		if tx.Bucket(alarms) == nil {
			return nil
		}
		if err := tx.DeleteBucket(alarms); err != nil {
			return err
		}
		_, err := tx.CreateBucket(alarms)
		return err
	})
	return errors.Join(err, db.Close())
}
