package snapshot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"
)

// The names that etcd gives its buckets: server/storage/schema/bucket.go.
const (
	keys   = "key"
	leases = "lease"
	alarms = "alarm"
	meta   = "meta"
)

// read checks the database and reads it.
func (f *Facts) read(path string) error {
	db, err := bbolt.Open(path, 0o400, &bbolt.Options{ReadOnly: true, Timeout: lockTimeout})
	if err != nil {
		return fmt.Errorf("open its database: %w", err)
	}
	err = db.View(func(tx *bbolt.Tx) error {
		if err := check(tx); err != nil {
			return err
		}
		if err := f.readMeta(tx); err != nil {
			return err
		}
		return f.readKeys(tx)
	})
	return errors.Join(err, db.Close())
}

// lockTimeout is how long a database may be another's: an etcd that runs never lets go of its own.
const lockTimeout = time.Second

// check wants every page in its place. All problems are read, or the check's goroutine would never end.
func check(tx *bbolt.Tx) error {
	var first error
	count := 0
	for problem := range tx.Check() {
		if count++; first == nil {
			first = problem
		}
	}
	if count > 0 {
		return fmt.Errorf("its database is damaged in %d places, the first: %w", count, first)
	}
	return nil
}

func (f *Facts) readMeta(tx *bbolt.Tx) error {
	bucket := tx.Bucket([]byte(meta))
	if bucket == nil {
		return errors.New("its database has no bucket meta, so it is not etcd's")
	}
	f.StorageVersion = string(bucket.Get([]byte("storageVersion")))
	f.CompactRevision = max(revision(bucket.Get([]byte("finishedCompactRev"))), revision(bucket.Get([]byte("scheduledCompactRev"))))
	f.Leases, f.Alarms = count(tx.Bucket([]byte(leases))), count(tx.Bucket([]byte(alarms)))
	return nil
}

func count(bucket *bbolt.Bucket) (n int64) {
	if bucket == nil {
		return 0
	}
	_ = bucket.ForEach(func(_, _ []byte) error { n++; return nil }) // has the function's errors alone
	return n
}

// A key of the database is a main revision, "_" and a sub revision, big-endian; that of a deletion has a "t" behind it:
// server/storage/mvcc/revision.go.
const (
	revisionSize  = 8 + 1 + 8
	tombstoneSize = revisionSize + 1
)

func revision(key []byte) int64 {
	if len(key) < 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(key))
}

// readKeys goes through the whole history, in its order.
func (f *Facts) readKeys(tx *bbolt.Tx) error {
	bucket := tx.Bucket([]byte(keys))
	if bucket == nil {
		return errors.New("its database has no bucket key, so it is not etcd's")
	}
	f.Bootstrap = map[string]string{}
	err := bucket.ForEach(func(key, value []byte) error {
		if len(key) != revisionSize && len(key) != tombstoneSize || key[8] != '_' {
			return fmt.Errorf("its database has %x where a revision must be", key)
		}
		f.Revision = revision(key)
		var kv mvccpb.KeyValue
		if err := proto.Unmarshal(value, &kv); err != nil {
			return fmt.Errorf("its revision %d cannot be read: %w", f.Revision, err)
		}
		return f.note(&kv, len(key) == tombstoneSize)
	})
	f.Revision = max(f.Revision, f.CompactRevision) // the key of the last revision may be compacted away
	return err
}

// bootstrapPrefix and NamespaceKey are where k3s keeps its bootstrap data, and Kubernetes the namespace whose UID is known as the cluster's.
const (
	bootstrapPrefix = "/bootstrap/"
	NamespaceKey    = "/registry/namespaces/kube-system"
)

func (f *Facts) note(kv *mvccpb.KeyValue, deleted bool) (err error) {
	key := kv.GetKey()
	switch {
	case bytes.HasPrefix(key, []byte(bootstrapPrefix)) && deleted:
		delete(f.Bootstrap, string(key))
	case bytes.HasPrefix(key, []byte(bootstrapPrefix)):
		f.Bootstrap[string(key)] = string(kv.GetValue())
	case string(key) == NamespaceKey && !deleted:
		f.KubernetesUID, err = NamespaceUID(kv.GetValue())
	}
	return err
}
