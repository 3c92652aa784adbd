package seal_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/seal"
)

func sealed(t *testing.T, recipients ...age.Recipient) ([]byte, seal.Key) {
	t.Helper()
	var out bytes.Buffer
	database := strings.Repeat("page", 5000)
	key, err := seal.Seal(t.Context(), &out, recipients,
		seal.File{Name: "snapshot.db", Size: int64(len(database)), Content: strings.NewReader(database)},
		seal.File{Name: "k3s/token", Size: 5, Content: strings.NewReader("token")})
	require.NoError(t, err)
	return out.Bytes(), key
}

func open(t *testing.T, content []byte, identities ...age.Identity) (map[string]int, error) {
	t.Helper()
	files := map[string]int{}
	err := seal.Open(t.Context(), bytes.NewReader(content), identities, func(name string, _ int64, r io.Reader) error {
		read, err := io.ReadAll(r)
		files[name] = len(read)
		return err
	})
	return files, err
}

var whole = map[string]int{"snapshot.db": 20000, "k3s/token": 5}

func TestEachRecipientOpensIt(t *testing.T) {
	t.Parallel()
	first, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	second, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	content, key := sealed(t, first.Recipient(), second.Recipient())
	for _, identities := range [][]age.Identity{{first}, {second}, key.Identity()} {
		files, err := open(t, content, identities...)
		require.NoError(t, err)
		assert.Equal(t, whole, files)
	}
	stranger, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	_, err = open(t, content, stranger)
	assert.EqualError(t, err, "decrypt: identity did not match any of the recipients: incorrect identity for recipient block")
	assert.NotContains(t, string(content), "token")
}

func TestAKeyAgainstQuantumComputersIsRememberedToo(t *testing.T) {
	t.Parallel()
	identity, err := age.GenerateHybridIdentity()
	require.NoError(t, err)
	content, key := sealed(t, identity.Recipient())
	files, err := open(t, content, key.Identity()...)
	require.NoError(t, err)
	assert.Equal(t, whole, files)
}

func TestWithoutRecipientsItIsPlain(t *testing.T) {
	t.Parallel()
	content, key := sealed(t)
	assert.Nil(t, key)
	files, err := open(t, content, key.Identity()...)
	require.NoError(t, err)
	assert.Equal(t, whole, files)
}

func TestNoFlipAndNoCutOfASealedOneGoesUnnoticed(t *testing.T) {
	t.Parallel()
	identity, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	content, key := sealed(t, identity.Recipient())
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 3))
		flipped := bytes.Clone(content)
		flipped[random.IntN(len(flipped))] ^= 1 << random.IntN(8)
		_, err := open(t, flipped, key.Identity()...)
		require.Error(t, err, "flip of seed %d", seed)
		_, err = open(t, content[:random.IntN(len(content))], key.Identity()...)
		require.Error(t, err, "cut of seed %d", seed)
		_, err = open(t, append(bytes.Clone(content), byte(seed)), key.Identity()...)
		require.Error(t, err, "one byte more, seed %d", seed)
	}
}
