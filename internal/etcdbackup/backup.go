// Package etcdbackup backs up an etcd so that no acknowledged backup is ever unrestorable: a backup is acknowledged by a store only after
// its snapshot was read to the last key, restored and booted, and after what the store holds was read back and opened. Manifests are signed
// and written last. Which backups may go says retention; a backup that does not verify is marked, and left for people.
package etcdbackup

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/manifest"
)

// Keys are whose a backup is and who may read it.
type Keys struct {
	Signing    ed25519.PrivateKey  // needed to take one
	Trusted    []ed25519.PublicKey // whose manifests count; that of Signing does, too
	Recipients []age.Recipient     // who can read a new one; without any it is not encrypted
	Identities []age.Identity      // needed to look into an encrypted one
}

// trusted are all keys whose manifests count.
func (k Keys) trusted() []ed25519.PublicKey {
	if k.Signing == nil {
		return k.Trusted
	}
	return append([]ed25519.PublicKey{k.Signing.Public().(ed25519.PublicKey)}, k.Trusted...)
}

// readers is the SHA-256 of the recipients, in whatever order.
func (k Keys) readers() string {
	if len(k.Recipients) == 0 {
		return ""
	}
	var all []string
	for _, r := range k.Recipients {
		all = append(all, fmt.Sprint(r))
	}
	slices.Sort(all)
	sum := sha256.Sum256([]byte(strings.Join(all, "\n")))
	return hex.EncodeToString(sum[:])
}

// The names in a store, below <cluster>/<backup>/.
const (
	manifestFile   = "manifest.json"
	quarantineFile = "quarantine.json"
	plainFile      = "content.tar.zst"
	encryptedFile  = "content.tar.zst.age"
)

// ours are the names that count in the folder of a backup. What else lies there is somebody else's, and is left alone.
var ours = []string{manifestFile, quarantineFile, plainFile, encryptedFile}

// The names in a content. All besides the database is small.
const (
	databaseFile = "snapshot.db"
	membersFile  = "members.txt"
	tokenFile    = "k3s/server/token"
)

// nameTime is how a name begins.
const nameTime = "20060102T150405Z"

// newName is one that sorts by time and never comes twice.
func newName(taken time.Time, revision int64) string {
	random := make([]byte, 4)
	_, _ = rand.Read(random) // never fails
	return fmt.Sprintf("%s-r%d-%s", taken.UTC().Format(nameTime), revision, hex.EncodeToString(random))
}

// lineage is within which revisions can be compared: each time people accept that a cluster is another one, a new one begins.
func lineage(m manifest.Manifest) string { return fmt.Sprintf("%s/%d", m.Lineage, m.Generation) }
