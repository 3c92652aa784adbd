// Package k3s knows where k3s keeps what a restore needs beside the database, and whether a token opens the bootstrap data of a snapshot.
package k3s

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// The parameters of k3s: pkg/cluster/encrypt.go and storage.go.
const (
	bootstrapPrefix = "/bootstrap/"
	rounds          = 4096
	keySize         = 32
)

// password is what a token is encrypted with: the part behind the user of the full form K10<hash>::<user>:<password>, or all of the short one.
func password(token string) string {
	token = strings.TrimSpace(token)
	full, ok := strings.CutPrefix(token, "K10")
	if !ok {
		return token
	}
	_, credentials, ok := strings.Cut(full, "::")
	if !ok {
		return token
	}
	if _, password, ok := strings.Cut(credentials, ":"); ok {
		return password
	}
	return credentials // a bootstrap token
}

// Opens proves that a snapshot with this bootstrap data (all keys below /bootstrap) can be restored with the token. An error says why not;
// it holds nothing of the token.
func Opens(token string, bootstrap map[string]string) error {
	if len(bootstrap) == 0 {
		return errors.New("the snapshot holds no bootstrap data of k3s, so it is of another kind of etcd or of a k3s that was never up")
	}
	secret := password(token)
	sum := sha256.Sum256([]byte(secret))
	sealed, ok := bootstrap[bootstrapPrefix+hex.EncodeToString(sum[:])[:12]]
	if !ok {
		return errors.New("the bootstrap data in the snapshot is of another token; give the one that the cluster had when the snapshot was taken")
	}
	data, err := unseal(secret, sealed)
	if err != nil {
		return fmt.Errorf("the token does not open the bootstrap data in the snapshot: %w", err)
	}
	var files map[string]json.RawMessage
	if err := json.Unmarshal(data, &files); err != nil || len(files) == 0 {
		return errors.New("the token opens the bootstrap data in the snapshot, but there are no files in it")
	}
	return nil
}

// unseal decrypts a salt, a colon, and the base64 of nonce and AES-256-GCM.
func unseal(password, sealed string) ([]byte, error) {
	salt, encoded, ok := strings.Cut(sealed, ":")
	content, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil {
		return nil, errors.New("it has not the form of k3s")
	}
	key, err := pbkdf2.Key(sha1.New, password, []byte(salt), rounds, keySize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	if len(content) < gcm.NonceSize() {
		return nil, errors.New("it is too short")
	}
	return gcm.Open(nil, content[:gcm.NonceSize()], content[gcm.NonceSize():], nil)
}
