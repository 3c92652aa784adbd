// Package bootstrap is what a server needs of the others before it can be one of them: the authorities and secrets of the cluster. A
// running server gives them to one that joins; the datastore keeps them, encrypted with the token.
package bootstrap

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/pbkdf2"
)

// File is one of them.
type File struct {
	Timestamp time.Time
	Content   []byte
}

// paths are where they lie below server/.
var paths = map[string]string{
	"ETCDServerCA": "tls/etcd/server-ca.crt", "ETCDServerCAKey": "tls/etcd/server-ca.key",
	"ETCDPeerCA": "tls/etcd/peer-ca.crt", "ETCDPeerCAKey": "tls/etcd/peer-ca.key",
	"ServerCA": "tls/server-ca.crt", "ServerCAKey": "tls/server-ca.key",
	"ClientCA": "tls/client-ca.crt", "ClientCAKey": "tls/client-ca.key",
	"RequestHeaderCA": "tls/request-header-ca.crt", "RequestHeaderCAKey": "tls/request-header-ca.key",
	"ServiceKey": "tls/service.key", "PasswdFile": "cred/passwd", "IPSECKey": "cred/ipsec.psk",
	"EncryptionConfig": "cred/encryption-config.json", "EncryptionHash": "cred/encryption-state.json",
}

// Read collects the files of the server.
func Read(server string) ([]byte, error) {
	files := map[string]File{}
	for name, path := range paths {
		full := filepath.Join(server, path)
		content, err := os.ReadFile(full)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(full)
		if err != nil {
			return nil, err
		}
		files[name] = File{info.ModTime(), content}
	}
	return json.Marshal(files)
}

// Write writes the files into the server's folder. Those that are newer on disk stay, unless all are wanted.
func Write(server string, data []byte, all bool) error {
	files := map[string]File{}
	if err := json.Unmarshal(data, &files); err != nil {
		return err
	}
	for name, file := range files {
		path, known := paths[name]
		if !known {
			continue
		}
		full := filepath.Join(server, path)
		if info, err := os.Stat(full); err == nil && !all && info.ModTime().After(file.Timestamp) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(full, file.Content, 0o600); err != nil {
			return err
		}
		if err := os.Chtimes(full, time.Now(), file.Timestamp); err != nil {
			return err
		}
	}
	return nil
}

// Prefix is below which the datastore keeps it.
const Prefix = "/bootstrap"

// Key is where the datastore keeps what the password encrypts.
func Key(password string) string {
	sum := sha256.Sum256([]byte(password))
	return Prefix + "/" + hex.EncodeToString(sum[:])[:12]
}

// ErrOtherToken is that what the datastore holds was encrypted with another token.
var ErrOtherToken = errors.New("bootstrap data already found and encrypted with different token")

// Find takes the data of the password out of what the datastore holds. Nothing at all is nothing; nothing for this password is an error.
func Find(held map[string]string, password string) ([]byte, error) {
	if len(held) == 0 {
		return nil, nil
	}
	sealed, ok := held[Key(password)]
	if !ok {
		return nil, ErrOtherToken
	}
	return Open(password, sealed)
}

// Seal encrypts: hexadecimal salt, a colon, nonce and AES-GCM in base64.
func Seal(password string, data []byte) (string, error) {
	random := make([]byte, 8)
	_, _ = rand.Read(random) // never fails
	salt := hex.EncodeToString(random)
	gcm, err := sealer(password, salt)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, gcm.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return salt + ":" + base64.StdEncoding.EncodeToString(gcm.Seal(nonce, nonce, data, nil)), nil
}

// Open decrypts what Seal gave.
func Open(password, sealed string) ([]byte, error) {
	salt, encoded, ok := strings.Cut(sealed, ":")
	if !ok {
		return nil, errors.New("invalid cipher text, not : delimited")
	}
	content, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, err
	}
	gcm, err := sealer(password, salt)
	if err != nil {
		return nil, err
	}
	if len(content) < gcm.NonceSize() {
		return nil, errors.New("invalid cipher text, too short")
	}
	data, err := gcm.Open(nil, content[:gcm.NonceSize()], content[gcm.NonceSize():], nil)
	if err != nil {
		return nil, fmt.Errorf("decrypt bootstrap data: %w", err)
	}
	return data, nil
}

func sealer(password, salt string) (cipher.AEAD, error) {
	block, err := aes.NewCipher(pbkdf2.Key([]byte(password), []byte(salt), 4096, 32, sha1.New))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
