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
	require.NoError(t, Push(context.WithoutCancel(t.Context()), r.server.Listener.Addr().String(), name, tag, image))
}

// Push pushes an image to a registry without TLS.
func Push(ctx context.Context, host, name, tag string, image Image) error {
	repository, err := remote.NewRepository(host + "/" + name)
	if err != nil {
		return err
	}
	repository.PlainHTTP, repository.Client = true, http.DefaultClient
	layer, err := pushLayer(ctx, repository, image.Layer)
	if err != nil {
		return err
	}
	config, err := push(ctx, repository, ocispec.MediaTypeImageConfig, ocispec.Image{
		Platform: ocispec.Platform{OS: "linux", Architecture: runtime.GOARCH}, RootFS: ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{layer.Digest}},
		Config: ocispec.ImageConfig{Entrypoint: image.Entrypoint, Cmd: image.Command, Env: []string{"PATH=" + image.Path}},
	})
	if err != nil {
		return err
	}
	manifest, err := json.Marshal(ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest, Config: config, Layers: []ocispec.Descriptor{layer}})
	if err != nil {
		return err
	}
	return repository.PushReference(ctx, describe(ocispec.MediaTypeImageManifest, manifest), bytes.NewReader(manifest), tag)
}

func pushLayer(ctx context.Context, repository *remote.Repository, path string) (layer ocispec.Descriptor, err error) {
	file, err := os.Open(path)
	if err != nil {
		return layer, err
	}
	defer file.Close()
	layer.MediaType = ocispec.MediaTypeImageLayer
	if layer.Digest, err = digest.FromReader(file); err != nil {
		return layer, err
	}
	if layer.Size, err = file.Seek(0, io.SeekCurrent); err != nil {
		return layer, err
	}
	if _, err = file.Seek(0, io.SeekStart); err != nil {
		return layer, err
	}
	return layer, repository.Push(ctx, layer, file)
}

func push(ctx context.Context, repository *remote.Repository, mediaType string, object any) (ocispec.Descriptor, error) {
	content, err := json.Marshal(object)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	d := describe(mediaType, content)
	return d, repository.Push(ctx, d, bytes.NewReader(content))
}

func describe(mediaType string, content []byte) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(content), Size: int64(len(content))}
}
