package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/store"
	"github.com/metal-stack/initial-cluster/testing/hosttest"
	"github.com/metal-stack/initial-cluster/testing/storetest"
)

// filesOnly is the configuration of a server that gives no more than files.
var filesOnly = []string{"Subsystem sftp internal-sftp", "ForceCommand internal-sftp"}

func sftp(t *testing.T, server *hosttest.Server, folder string, l store.Limits) store.Store {
	t.Helper()
	o := server.Options(t)
	o.SilenceTimeout = 2 * time.Second
	s, err := store.OpenSFTP(o, folder, l)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestSFTPKeepsTheContract(t *testing.T) {
	t.Parallel()
	server := hosttest.Start(t, filesOnly...)
	storetest.Contract(t, storetest.Place{
		Open: func(t *testing.T, l store.Limits) store.Store { return sftp(t, server, t.TempDir(), l) },
		Leave: func(t *testing.T, s store.Store) {
			_, path, _ := strings.Cut(strings.TrimPrefix(s.String(), "sftp://"), "/")
			require.NoError(t, os.WriteFile(filepath.Join("/", path, "a", ".b.0123456789.part"), []byte("half"), 0o600))
		},
	})
}

func TestSFTPGoesOnWhereItWasCut(t *testing.T) {
	t.Parallel()
	server := hosttest.Start(t, filesOnly...)
	folder := t.TempDir()
	s := sftp(t, server, folder, store.Limits{Attempts: 2})
	data := storetest.Bytes(1, 40<<20)
	server.Cut(20<<20, 15<<20, 10<<20)
	content := storetest.Content("a/b", data)
	content.IfAbsent = true
	require.NoError(t, s.Put(t.Context(), content))
	assert.Equal(t, 4, server.Connections())
	var got bytes.Buffer
	_, err := s.Get(t.Context(), "a/b", &got)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, got.Bytes()))
	info, err := os.Stat(filepath.Join(folder, "a/b"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
	left, err := s.Sweep(t.Context(), 0)
	require.NoError(t, err)
	assert.Zero(t, left)
}

func TestWrongOptionsOfSFTPAreTold(t *testing.T) {
	t.Parallel()
	server := hosttest.Start(t, filesOnly...)
	none := filepath.Join(t.TempDir(), "none")
	s := sftp(t, server, none, hurried)
	told(t, s, list(t, s), "list *: there is no folder "+none+"; mount its disk, or make it")
	_, err := store.OpenSFTP(server.Options(t), "/", store.Limits{})
	assert.EqualError(t, err, `folder "/": a path below / is wanted`)

	other := hosttest.Start(t, filesOnly...)
	o := server.Options(t)
	o.KeyFile = other.KeyFile()
	s, err = store.OpenSFTP(o, t.TempDir(), hurried)
	require.NoError(t, err)
	err = list(t, s)
	assert.ErrorIs(t, err, store.ErrDenied)
	assert.ErrorContains(t, err, s.String()+": list *: connect to ")
	assert.NotContains(t, err.Error(), "tried")
	o.Port, o.KeyFile = 1, server.KeyFile()
	s, err = store.OpenSFTP(o, "/backups", hurried)
	require.NoError(t, err)
	told(t, s, list(t, s), "list *: connect to "+o.User+"@127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused; does sshd run there, on that port? (tried 2 times)")
}

func TestSFTPGivesUpWhenNothingMoves(t *testing.T) {
	t.Parallel()
	server := hosttest.Start(t, filesOnly...)
	s := sftp(t, server, t.TempDir(), store.Limits{Attempts: 1, Stall: time.Second})
	require.NoError(t, list(t, s))
	server.Stall(true)
	defer server.Stall(false)
	told(t, s, list(t, s), "list *: nothing moved for 1s; check the network and the store's health")
}
