package charttest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"helm.sh/helm/v4/pkg/registry"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content/memory"
	"oras.land/oras-go/v2/registry/remote"
)

// Target is where something is pushed to.
type Target struct {
	Host           string // host:port, with a path if there is one
	Roots          *x509.CertPool
	User, Password string // empty without a login
}

func (to Target) client() (client *http.Client, done func()) {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: to.Roots}}
	return &http.Client{Transport: transport}, transport.CloseIdleConnections
}

// Push pushes a chart, tagged with its version, and gives its digest. What is made on the way is left in the folder.
func (to Target) Push(scratch, name string, changes ...Change) (digest string, err error) {
	archive, packed, err := pack(scratch, name, changes)
	if err != nil {
		return "", err
	}
	content, err := os.ReadFile(archive)
	if err != nil {
		return "", err
	}
	client, done := to.client()
	defer done()
	options := []registry.ClientOption{registry.ClientOptHTTPClient(client), registry.ClientOptCredentialsFile(filepath.Join(scratch, "config.json"))}
	if to.User != "" {
		options = append(options, registry.ClientOptBasicAuth(to.User, to.Password))
	}
	pusher, err := registry.NewClient(options...)
	if err != nil {
		return "", err
	}
	pushed, err := pusher.Push(content, to.Host+"/"+name+":"+packed.Metadata.Version)
	if err != nil {
		return "", err
	}
	return pushed.Manifest.Digest, nil
}

// vectorType is how metal-stack/releases publishes release vectors.
const vectorType = "application/vnd.metal-stack.release-vector.v1"

// PushVector pushes a release vector in the form of metal-stack's: an artifact with release.yaml in it.
func (to Target) PushVector(ctx context.Context, version, vector string) error {
	archive, err := tarball("release.yaml", vector)
	if err != nil {
		return err
	}
	store := memory.New()
	layer, err := oras.PushBytes(ctx, store, vectorType+".tar+gzip", archive)
	if err != nil {
		return err
	}
	manifest, err := oras.PackManifest(ctx, store, oras.PackManifestVersion1_1, vectorType, oras.PackManifestOptions{Layers: []ocispec.Descriptor{layer}})
	if err == nil {
		err = store.Tag(ctx, manifest, version)
	}
	if err != nil {
		return err
	}
	repository, err := remote.NewRepository(to.Host + "/releases")
	if err != nil {
		return err
	}
	client, done := to.client()
	defer done()
	repository.Client = client
	_, err = oras.Copy(ctx, store, version, repository, version, oras.DefaultCopyOptions)
	return err
}

func tarball(name, text string) ([]byte, error) {
	var packed bytes.Buffer
	zipper := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipper)
	err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))})
	if err == nil {
		_, err = archive.Write([]byte(text))
	}
	if err == nil {
		err = archive.Close()
	}
	if err == nil {
		err = zipper.Close()
	}
	return packed.Bytes(), err
}
