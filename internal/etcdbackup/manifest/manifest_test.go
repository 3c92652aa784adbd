package manifest_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/manifest"
)

var ours = manifest.Manifest{
	Format: 1, Cluster: "initial", Name: "20261125T120000Z-5-aabbccdd", Taken: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), Revision: 5,
	Content: manifest.Sum{Size: 7, SHA256: strings.Repeat("a", 64)},
}

func key(t *testing.T) (ed25519.PublicKey, ed25519.PrivateKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	return public, private
}

func TestWhatWasSignedIsReadBack(t *testing.T) {
	t.Parallel()
	public, private := key(t)
	other, _ := key(t)
	stored, err := ours.Sign(private)
	require.NoError(t, err)
	got, err := manifest.Open(stored, []ed25519.PublicKey{other, public})
	require.NoError(t, err)
	assert.Equal(t, ours, got)
}

func TestWhatIsNotOursIsRefused(t *testing.T) {
	t.Parallel()
	public, private := key(t)
	_, stranger := key(t)
	forged, err := ours.Sign(stranger)
	require.NoError(t, err)
	stored, err := ours.Sign(private)
	require.NoError(t, err)
	newer := ours
	newer.Format = 2
	future, err := newer.Sign(private)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		stored []byte
		want   string
	}{
		"signed by a stranger": {forged, "its manifest is not signed by a trusted key, so it is not ours or was changed"},
		"changed":              {bytes.Replace(stored, []byte(`"revision":5`), []byte(`"revision":6`), 1), "its manifest is not signed by a trusted key, so it is not ours or was changed"},
		"without signature":    {[]byte(`{"manifest": {}, "signature": "?"}`), "its manifest has no signature"},
		"empty":                {nil, "its manifest cannot be read: EOF"},
		"two":                  {append(bytes.Clone(stored), stored...), "its manifest cannot be read: there is something behind it"},
		"of a later format":    {future, "its manifest is of format 2, and this program knows 1; take a newer version of the collection"},
	} {
		_, err := manifest.Open(c.stored, []ed25519.PublicKey{public})
		assert.EqualError(t, err, c.want, name)
	}
	_, err = manifest.Open(stored, nil)
	assert.EqualError(t, err, "its manifest is not signed by a trusted key, so it is not ours or was changed")
}

// A flip changes nothing of what is read, or it is refused: blanks of base64 and the key's name mean nothing.
func TestNoFlipChangesAManifest(t *testing.T) {
	t.Parallel()
	public, private := key(t)
	stored, err := ours.Sign(private)
	require.NoError(t, err)
	for seed := range uint64(1000) {
		random := rand.New(rand.NewPCG(seed, 4))
		flipped := bytes.Clone(stored)
		flipped[random.IntN(len(flipped))] ^= 1 << random.IntN(8)
		if got, err := manifest.Open(flipped, []ed25519.PublicKey{public}); err == nil {
			assert.Equal(t, ours, got, "seed %d", seed)
		}
		_, err = manifest.Open(stored[:random.IntN(len(stored))], []ed25519.PublicKey{public})
		assert.Error(t, err, "cut of seed %d", seed)
	}
}

func TestKeysAreOpensslsOwn(t *testing.T) {
	t.Parallel()
	public, private := key(t)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	pkix, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	readPrivate, err := manifest.ParsePrivate(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	require.NoError(t, err)
	assert.Equal(t, private, readPrivate)
	readPublic, err := manifest.ParsePublic(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix}))
	require.NoError(t, err)
	assert.Equal(t, public, readPublic)
	_, err = manifest.ParsePrivate([]byte("secret"))
	assert.EqualError(t, err, "it is no private key in PEM; make one: openssl genpkey -algorithm ed25519")
	_, err = manifest.ParsePublic(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	assert.EqualError(t, err, "it is no public key in PEM; make it of the signing key: openssl pkey -pubout")
}
