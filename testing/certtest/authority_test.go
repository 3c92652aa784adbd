package certtest

import (
	"crypto/x509"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAuthorityIsKeptAndCertifiesNames(t *testing.T) {
	dir := t.TempDir()
	first, err := NewAuthority(dir)
	require.NoError(t, err)
	again, err := NewAuthority(dir)
	require.NoError(t, err)
	assert.Equal(t, first.PEM(), again.PEM())

	pair, err := again.ServerCertificate("gke.lab", "10.0.0.1")
	require.NoError(t, err)
	for _, name := range []string{"127.0.0.1", "localhost", "gke.lab", "10.0.0.1"} {
		_, err = pair.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: first.Pool()})
		assert.NoError(t, err, name)
	}
	_, err = pair.Leaf.Verify(x509.VerifyOptions{DNSName: "elsewhere.lab", Roots: first.Pool()})
	assert.Error(t, err)

	info, err := os.Stat(dir + "/ca.key")
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestAuthorityWithoutItsKeyIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	made, err := NewAuthority(dir)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(made.File(), []byte("no certificate"), 0o600))
	_, err = NewAuthority(dir)
	assert.ErrorContains(t, err, "open the certificate authority in "+dir)
}
