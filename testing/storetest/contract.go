// Package storetest is the contract that every kind of store.Store keeps, and real servers on loopback to hold them to it, over
// connections that can be made to break.
package storetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/store"
)

// Place is where a kind of store keeps things, for tests.
type Place struct {
	// Open opens a store in an empty place.
	Open func(t *testing.T, l store.Limits) store.Store
	// Leave leaves behind in a store what a Put that was killed leaves. Without, it leaves nothing that a store could sweep.
	Leave func(t *testing.T, s store.Store)
}

// Contract is what every store.Store keeps.
func Contract(t *testing.T, p Place) {
	t.Helper()
	for name, holds := range map[string]func(contract, *testing.T){
		"what is put is read back":                           contract.readBack,
		"a big content is put and read back":                 contract.big,
		"a content is replaced as a whole":                   contract.replace,
		"only if absent":                                     contract.absent,
		"of several who put if absent one succeeds":          contract.race,
		"a content that is not what it is said to be":        contract.corrupt,
		"a content that cannot be read":                      contract.unreadable,
		"what is under a prefix is listed":                   contract.list,
		"deleting may be repeated":                           contract.delete,
		"what is not there":                                  contract.notThere,
		"names that not all stores have are refused":         contract.names,
		"a writer that refuses ends a download":              contract.refusedWrite,
		"an interrupted put leaves nothing":                  contract.interrupted,
		"what killed puts left is not listed, and swept":     contract.sweep,
		"a store may be used by several at the same time":    contract.together,
		"an operation that is not allowed any time says so":  contract.noTime,
		"a context that ended before is told as interrupted": contract.ended,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holds(contract{p.Open(t, store.Limits{}), p}, t)
		})
	}
}

type contract struct {
	store.Store
	place Place
}

// Bytes are as random as the seed.
func Bytes(seed uint64, size int) []byte {
	data := make([]byte, size)
	source := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)})
	_, _ = source.Read(data) // it never fails
	return data
}

// Content is data to be put.
func Content(name string, data []byte) store.Content {
	return store.Content{Name: name, Data: bytes.NewReader(data), Size: int64(len(data)), SHA256: sum(data)}
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

func absent(c store.Content) store.Content {
	c.IfAbsent = true
	return c
}

func (c contract) put(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, c.Put(t.Context(), Content(name, []byte(text))))
}

// holds asserts what is under a name.
func (c contract) holds(t *testing.T, name string, data []byte) {
	t.Helper()
	var got bytes.Buffer
	read, err := c.Get(t.Context(), name, &got)
	require.NoError(t, err)
	assert.Equal(t, store.Sum{Size: int64(len(data)), SHA256: sum(data)}, read)
	assert.True(t, bytes.Equal(data, got.Bytes()), "the content is another one")
}

// names asserts which names there are.
func (c contract) listed(t *testing.T, prefix string, names ...string) {
	t.Helper()
	found, err := c.List(t.Context(), prefix)
	require.NoError(t, err)
	got := []string{}
	for _, info := range found {
		got = append(got, info.Name)
	}
	if names == nil {
		names = []string{}
	}
	assert.Equal(t, names, got)
}

func (c contract) told(t *testing.T, err error, text string) {
	t.Helper()
	assert.EqualError(t, err, c.String()+": "+text)
	if err != nil {
		assert.NotContains(t, err.Error(), "\n")
		for _, secret := range Secrets {
			assert.False(t, strings.Contains(err.Error(), secret), "a secret is told")
		}
	}
}
