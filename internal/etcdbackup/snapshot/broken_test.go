package snapshot_test

import (
	"bytes"
	"crypto/sha256"
)

// sealed gives a database the sum that a whole one has.
func sealed(database []byte) []byte {
	sum := sha256.Sum256(database)
	return append(bytes.Clone(database), sum[:]...)
}

// broken is a snapshot's database with its pages behind the fourth turned over, as of a disk that lost them before etcd read them.
func broken(content []byte) []byte {
	database := bytes.Clone(content[:len(content)-sha256.Size])
	for i := 4 * 4096; i < len(database); i++ {
		database[i] ^= 0xff
	}
	return database
}
