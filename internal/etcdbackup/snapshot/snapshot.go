// Package snapshot reads a file that etcd gave as its snapshot, and says whether it is whole and what is in it. A damaged database can end the
// whole process (a fault in mapped memory, a panic in another goroutine), so Inspect belongs into a process of its own.
package snapshot

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// Facts are what a snapshot tells of itself.
type Facts struct {
	Size            int64             `json:"size"`   // of the file in bytes, with etcd's sum at its end
	SHA256          string            `json:"sha256"` // of the file, in hexadecimal
	Revision        int64             `json:"revision"`
	CompactRevision int64             `json:"compact_revision"`
	Leases          int64             `json:"leases"`
	Alarms          int64             `json:"alarms"`
	StorageVersion  string            `json:"storage_version"` // empty before etcd 3.6
	KubernetesUID   string            `json:"kubernetes_uid"`  // of the namespace kube-system; empty if there is none
	Bootstrap       map[string]string `json:"bootstrap"`       // what k3s keeps below /bootstrap, encrypted with its token
}

// etcd's snapshot is its database, in pages, with the SHA-256 of that behind it: server/etcdserver/api/v3rpc/maintenance.go.
const (
	sector  = 512
	sumSize = sha256.Size
)

// Inspect checks in this order the length, etcd's sum, the database's pages, and every key.
func Inspect(path string) (Facts, error) {
	facts, err := sum(path)
	if err == nil {
		err = facts.read(path)
	}
	if err != nil {
		return Facts{}, fmt.Errorf("snapshot: %w", err)
	}
	return facts, nil
}

// Identify reads the database of an etcd that is stopped, which is as a snapshot without the sum at its end.
func Identify(path string) (Facts, error) {
	var facts Facts
	if err := facts.read(path); err != nil {
		return Facts{}, fmt.Errorf("database: %w", err)
	}
	return facts, nil
}

// sum checks the length and the sum.
func sum(path string) (Facts, error) {
	file, err := os.Open(path)
	if err != nil {
		return Facts{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return Facts{}, err
	}
	if info.Size() <= sumSize || info.Size()%sector != sumSize {
		return Facts{}, fmt.Errorf("its length of %d bytes is not that of a whole snapshot with etcd's SHA-256 at its end", info.Size())
	}
	hash := sha256.New()
	if _, err := io.CopyN(hash, file, info.Size()-sumSize); err != nil {
		return Facts{}, err
	}
	content := hash.Sum(nil)
	tail, err := io.ReadAll(io.LimitReader(file, sumSize))
	if err != nil {
		return Facts{}, err
	}
	if string(tail) != string(content) {
		return Facts{}, errors.New("its content does not have the SHA-256 that etcd wrote at its end")
	}
	hash.Write(tail)
	return Facts{Size: info.Size(), SHA256: hex.EncodeToString(hash.Sum(nil))}, nil
}
