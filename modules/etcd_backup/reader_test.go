package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/metal-stack/initial-cluster/testing/storetest"
)

// heard is all that a store is told: names, contents and what goes with them.
type heard struct{ bytes.Buffer }

// onDisk are the files below a folder, with their extended attributes.
func (h *heard) onDisk(t *testing.T, folder string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		h.WriteString(strings.TrimPrefix(path, folder) + "\n")
		_, _ = h.Write(content)
		attributes, value := make([]byte, 1<<16), make([]byte, 1<<16)
		n, _ := unix.Listxattr(path, attributes) // not every file system has any
		for name := range strings.SplitSeq(string(attributes[:n]), "\x00") {
			size, _ := unix.Getxattr(path, name, value)
			h.WriteString(name + "=" + string(value[:max(0, size)]) + "\n")
		}
		return err
	}))
}

// listen hears what is sent to a server, but for the credentials.
func (h *heard) listen(p *storetest.Proxy) {
	p.Choose(func(r *http.Request) storetest.Fault {
		h.WriteString(r.Method + " " + r.URL.String() + "\n")
		for _, name := range slices.Sorted(maps.Keys(r.Header)) {
			if name != "Authorization" && name != "X-Forwarded-For" {
				h.WriteString(name + ": " + strings.Join(r.Header[name], ",") + "\n")
			}
		}
		body, _ := io.ReadAll(r.Body) // one that is cut is sent again
		_, _ = h.Write(body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		return nil
	})
}

// Whoever reads all of a store learns nothing of what is in the cluster, nor where it is.
func TestWhoReadsTheStoreLearnsNothing(t *testing.T) {
	t.Parallel()
	for _, kind := range storetest.Kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.secrets = append(w.secrets, storetest.Secrets...)
			w.write(t, "k3s/server/manifests/hidden-manifest.yaml", "hidden: content\n")
			server := storetest.Start(t, kind)
			spot := server.Spot(t)
			var h heard
			if server.Proxy() != nil {
				h.listen(server.Proxy())
			}
			require.Equal(t, true, w.process(t, w.takes(spot.Option))["changed"])
			w.etcd.Fill(t, "/registry/secrets/more", 5, 50)
			require.Equal(t, true, w.process(t, w.takes(spot.Option))["changed"])
			if server.Proxy() != nil {
				server.Proxy().Choose(nil)
			} else {
				h.onDisk(t, spot.Folder)
			}
			w.learnsNothing(t, h.Bytes())
		})
	}
}

// learnsNothing looks for what must stay hidden: as it is, encoded, hashed, and in whatever can be unpacked.
func (w *world) learnsNothing(t *testing.T, all []byte) {
	t.Helper()
	require.Greater(t, len(all), 5000)
	require.Contains(t, string(all), "manifest.json", "it is all there")
	password := sha256.Sum256([]byte("very-secret"))
	hidden := []string{
		token, "very-secret", hex.EncodeToString(password[:])[:12], "/registry", "registry/secrets", "bootstrap", "ServerCA", "cluster-init", "hidden-manifest",
		strings.TrimPrefix(w.etcd.Endpoint(0), "https://"), "PRIVATE KEY", "AGE-SECRET", w.dir, "members.txt", "snapshot.db", "etcd-client",
	}
	for _, text := range append(slices.Clone(hidden), w.secrets...) {
		for _, form := range []string{text, base64.StdEncoding.EncodeToString([]byte(text))[:len(text)], hex.EncodeToString([]byte(text))} {
			assert.False(t, bytes.Contains(all, []byte(form)), "it tells %q", form)
		}
	}
	for _, magic := range []string{"\x28\xb5\x2f\xfd", "\x1f\x8b\x08\x00", "PK\x03\x04"} { // of zstd, gzip and zip
		assert.False(t, bytes.Contains(all, []byte(magic)), "something is only compressed")
	}
}

// The search would find what it looks for: the same content, opened, has it.
func TestTheSearchFindsWhatIsNotHidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	taken(t, w)
	found, err := filepath.Glob(filepath.Join(w.dir, "store/initial/*/content.tar.zst.age"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	sealed, err := os.Open(found[0])
	require.NoError(t, err)
	defer sealed.Close()
	text, err := os.ReadFile(filepath.Join(w.dir, "identity"))
	require.NoError(t, err)
	identities, err := age.ParseIdentities(bytes.NewReader(text))
	require.NoError(t, err)
	compressed, err := age.Decrypt(sealed, identities...)
	require.NoError(t, err)
	plain, err := zstd.NewReader(compressed)
	require.NoError(t, err)
	defer plain.Close()
	all, err := io.ReadAll(plain)
	require.NoError(t, err)
	for _, text := range []string{token, "/registry/secrets/", "bootstrap", "cluster-init", "snapshot.db", "members.txt"} {
		assert.Contains(t, string(all), text)
	}
}
