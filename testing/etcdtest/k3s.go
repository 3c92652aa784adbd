package etcdtest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

// Bootstrap is the key and the value with which k3s keeps its bootstrap data in etcd, encrypted with a password: pkg/cluster/encrypt.go.
func Bootstrap(t testing.TB, password, content string) (key, value string) {
	t.Helper()
	const salt = "0123456789abcdef"
	derived, err := pbkdf2.Key(sha1.New, password, []byte(salt), 4096, 32)
	require.NoError(t, err)
	block, err := aes.NewCipher(derived)
	require.NoError(t, err)
	gcm, err := cipher.NewGCM(block)
	require.NoError(t, err)
	nonce := make([]byte, gcm.NonceSize())
	sum := sha256.Sum256([]byte(password))
	return "/bootstrap/" + hex.EncodeToString(sum[:])[:12], salt + ":" + base64.StdEncoding.EncodeToString(gcm.Seal(nonce, nonce, []byte(content), nil))
}
