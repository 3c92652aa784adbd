// Package manifest is what lies in a store beside each backup: what the backup is, signed by whoever took it. Whoever can write to a store but
// has no signing key can neither make nor change one; so what a manifest says of its content's SHA-256 is worth comparing with.
package manifest

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Format is the newest that this program writes and reads.
const Format = 1

// Manifest tells of one backup what may be known by whoever reads the store: no address, no token's hash, no content.
type Manifest struct {
	Format          int       `json:"format"`
	Cluster         string    `json:"cluster"`
	Name            string    `json:"name"`
	Taken           time.Time `json:"taken"`
	Lineage         string    `json:"lineage"` // the UID of kube-system, or else etcd's cluster
	Generation      int       `json:"generation"`
	Quarantine      string    `json:"quarantine,omitempty"` // why it is not good, though it is whole
	Source          string    `json:"source"`               // k3s, etcd or file
	EtcdVersion     string    `json:"etcd_version,omitempty"`
	StorageVersion  string    `json:"storage_version,omitempty"`
	K3sVersion      string    `json:"k3s_version,omitempty"`
	Revision        int64     `json:"revision"`
	CompactRevision int64     `json:"compact_revision"` // the one that Hash is for
	Hash            uint32    `json:"hash"`             // HashKV at Revision
	Keys            int64     `json:"keys"`
	Leases          int64     `json:"leases"`
	Compared        bool      `json:"compared"` // whether the source itself had this hash and these keys, too
	Snapshot        Sum       `json:"snapshot"` // what etcd gave
	Content         Sum       `json:"content"`  // what is stored
	Object          string    `json:"object"`   // its name in the store
	Encrypted       bool      `json:"encrypted"`
	Recipients      string    `json:"recipients,omitempty"` // the SHA-256 of who can read it
	Token           bool      `json:"token"`                // whether k3s' server token is in it
}

// Sum is what a content is compared with.
type Sum struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// String is for people, who need no more of a sum than its beginning.
func (s Sum) String() string { return fmt.Sprintf("%d bytes with SHA-256 %.16s", s.Size, s.SHA256) }

// signed is the stored form. The signature is over the manifest's very bytes.
type signed struct {
	Manifest  json.RawMessage `json:"manifest"`
	Key       string          `json:"key"` // whose signature it is
	Signature string          `json:"signature"`
}

// domain keeps a signature from being taken for one over something else.
const domain = "metalstack.initial_cluster etcd backup manifest\n"

// Sign gives the stored form.
func (m Manifest) Sign(key ed25519.PrivateKey) ([]byte, error) {
	content, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	signature := ed25519.Sign(key, append([]byte(domain), content...))
	return json.Marshal(signed{content, ID(key.Public().(ed25519.PublicKey)), base64.StdEncoding.EncodeToString(signature)})
}

// Open reads the stored form, if one of the trusted keys signed it.
func Open(stored []byte, trusted []ed25519.PublicKey) (Manifest, error) {
	var s signed
	if err := strict(stored, &s); err != nil {
		return Manifest{}, fmt.Errorf("its manifest cannot be read: %w", err)
	}
	if err := s.check(trusted); err != nil {
		return Manifest{}, err
	}
	var head struct{ Format int }
	if err := json.Unmarshal(s.Manifest, &head); err != nil || head.Format > Format {
		return Manifest{}, fmt.Errorf("its manifest is of format %d, and this program knows %d; take a newer version of the collection", head.Format, Format)
	}
	var m Manifest
	if err := strict(s.Manifest, &m); err != nil {
		return Manifest{}, fmt.Errorf("its manifest cannot be read: %w", err)
	}
	return m, nil
}

func strict(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if strings.TrimSpace(string(text[decoder.InputOffset():])) != "" {
		return errors.New("there is something behind it")
	}
	return nil
}

func (s signed) check(trusted []ed25519.PublicKey) error {
	signature, err := base64.StdEncoding.DecodeString(s.Signature)
	if err != nil {
		return errors.New("its manifest has no signature")
	}
	for _, key := range trusted {
		if ed25519.Verify(key, append([]byte(domain), s.Manifest...), signature) {
			return nil
		}
	}
	return errors.New("its manifest is not signed by a trusted key, so it is not ours or was changed")
}
