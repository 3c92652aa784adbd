package imagetest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"testing"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem" // where the registry keeps layers
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"oras.land/oras-go/v2/registry/remote"
)

// Registry is a real one, without TLS and logins.
type Registry struct{ server *httptest.Server }

// NewRegistry starts one at an address of this machine; the test stops it.
func NewRegistry(t testing.TB, address string) *Registry {
	t.Helper()
	logrus.SetOutput(io.Discard) // the handlers ask no configuration where to log
	config := &configuration.Configuration{Storage: configuration.Storage{"filesystem": {"rootdirectory": t.TempDir()}}}
	config.HTTP.Secret = "lab"
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(handlers.NewApp(t.Context(), config))
	require.NoError(t, server.Listener.Close())
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return &Registry{server}
}

// URL is its address.
func (r *Registry) URL() string { return r.server.URL }

// Push pushes an image under a name and a tag.
func (r *Registry) Push(t testing.TB, name, tag string, image Image) {
	t.Helper()
	repository, err := remote.NewRepository(r.server.Listener.Addr().String() + "/" + name)
	require.NoError(t, err)
	repository.PlainHTTP, repository.Client = true, http.DefaultClient
	layer := pushLayer(t, repository, image.Layer)
	config := push(t, repository, ocispec.MediaTypeImageConfig, ocispec.Image{
		Platform: ocispec.Platform{OS: "linux", Architecture: runtime.GOARCH}, RootFS: ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{layer.Digest}},
		Config: ocispec.ImageConfig{Entrypoint: image.Entrypoint, Env: []string{"PATH=" + image.Path}},
	})
	manifest, err := json.Marshal(ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest, Config: config, Layers: []ocispec.Descriptor{layer}})
	require.NoError(t, err)
	require.NoError(t, repository.PushReference(t.Context(), describe(ocispec.MediaTypeImageManifest, manifest), bytes.NewReader(manifest), tag))
}

func pushLayer(t testing.TB, repository *remote.Repository, path string) ocispec.Descriptor {
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	sum, err := digest.FromReader(file)
	require.NoError(t, err)
	size, err := file.Seek(0, io.SeekCurrent)
	require.NoError(t, err)
	_, err = file.Seek(0, io.SeekStart)
	require.NoError(t, err)
	layer := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayer, Digest: sum, Size: size}
	require.NoError(t, repository.Push(context.WithoutCancel(t.Context()), layer, file))
	return layer
}

func push(t testing.TB, repository *remote.Repository, mediaType string, object any) ocispec.Descriptor {
	content, err := json.Marshal(object)
	require.NoError(t, err)
	d := describe(mediaType, content)
	require.NoError(t, repository.Push(t.Context(), d, bytes.NewReader(content)))
	return d
}

func describe(mediaType string, content []byte) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(content), Size: int64(len(content))}
}
