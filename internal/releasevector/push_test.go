package releasevector

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"

	"github.com/metal-stack/initial-cluster/internal/registry"
	"github.com/metal-stack/initial-cluster/testing/charttest"
)

// world is a registry, and a repository in it to push to.
type world struct {
	testing.TB
	registry   *charttest.Registry
	repository *remote.Repository
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{TB: t, registry: charttest.NewRegistry(t)}
	var err error
	w.repository, err = remote.NewRepository(w.registry.Host() + "/metal-stack/releases")
	require.NoError(t, err)
	client, err := registry.NewClient(w.registry.CAFile())
	require.NoError(t, err)
	credential := auth.StaticCredential(w.registry.Host(), auth.Credential{Username: charttest.User, Password: charttest.Password})
	w.repository.Client = &auth.Client{Client: client, Cache: auth.NewCache(), Credential: credential}
	return w
}

// source is where a vector is that was pushed.
func (w *world) source(tag string) Source {
	return Source{Ref: "oci://" + w.registry.Host() + "/metal-stack/releases:" + tag, Username: charttest.User, Password: charttest.Password, CAFile: w.registry.CAFile()}
}

// push makes an artifact as metal-stack's releases are.
func (w *world) push(tag, mediaType string, layer []byte) ocispec.Descriptor {
	w.Helper()
	return w.pack(tag, "application/vnd.metal-stack.release-vector.v1", oras.PackManifestOptions{Layers: []ocispec.Descriptor{w.blob(mediaType, layer, nil)}})
}

func (w *world) blob(mediaType string, content []byte, annotations map[string]string) ocispec.Descriptor {
	w.Helper()
	layer, err := oras.PushBytes(w.Context(), w.repository, mediaType, content)
	require.NoError(w, err)
	layer.Annotations = annotations
	return layer
}

func (w *world) pack(tag, artifactType string, o oras.PackManifestOptions) ocispec.Descriptor {
	w.Helper()
	manifest, err := oras.PackManifest(w.Context(), w.repository, oras.PackManifestVersion1_1, artifactType, o)
	require.NoError(w, err)
	if tag != "" {
		require.NoError(w, w.repository.Tag(w.Context(), manifest, tag))
	}
	return manifest
}

func archive(t testing.TB, name, text string) []byte {
	t.Helper()
	var packed bytes.Buffer
	zipper := gzip.NewWriter(&packed)
	files := tar.NewWriter(zipper)
	require.NoError(t, files.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}))
	_, err := files.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, files.Close())
	require.NoError(t, zipper.Close())
	return packed.Bytes()
}

// signer signs as cosign does.
type signer struct{ key *ecdsa.PrivateKey }

func newSigner(t testing.TB) signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return signer{key}
}

func (s signer) public(t testing.TB) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func (s signer) sign(t testing.TB, message string) []byte {
	t.Helper()
	sum := sha256.Sum256([]byte(message))
	signature, err := ecdsa.SignASN1(rand.Reader, s.key, sum[:])
	require.NoError(t, err)
	return signature
}

// cosign2 signs an artifact as cosign 2 does; the digest is that which the signature names.
func (w *world) cosign2(s signer, artifact ocispec.Descriptor, digest string) {
	w.Helper()
	message := fmt.Sprintf(`{"critical":{"identity":{"docker-reference":"releases"},"image":{"docker-manifest-digest":%q},"type":"cosign container image signature"},"optional":null}`, digest)
	layer := w.blob("application/vnd.dev.cosign.simplesigning.v1+json", []byte(message),
		map[string]string{"dev.cosignproject.cosign/signature": base64.StdEncoding.EncodeToString(s.sign(w, message))})
	w.pack(strings.Replace(artifact.Digest.String(), ":", "-", 1)+".sig", ocispec.MediaTypeImageConfig, oras.PackManifestOptions{Layers: []ocispec.Descriptor{layer}})
}

// cosign3 signs an artifact as cosign 3 does.
func (w *world) cosign3(s signer, artifact ocispec.Descriptor) {
	w.Helper()
	const bundleType, payloadType = "application/vnd.dev.sigstore.bundle.v0.3+json", "application/vnd.in-toto+json"
	payload := fmt.Sprintf(`{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":%q}}],"predicateType":"https://sigstore.dev/cosign/sign/v1"}`, artifact.Digest.Encoded())
	signature := s.sign(w, fmt.Sprintf("DSSEv1 %d %s %d %s", len(payloadType), payloadType, len(payload), payload))
	bundle, err := json.Marshal(map[string]any{"mediaType": bundleType, "dsseEnvelope": map[string]any{
		"payload": []byte(payload), "payloadType": payloadType, "signatures": []any{map[string]any{"sig": signature}},
	}})
	require.NoError(w, err)
	w.pack("", bundleType, oras.PackManifestOptions{Subject: &artifact, Layers: []ocispec.Descriptor{w.blob(bundleType, bundle, nil)}})
}
