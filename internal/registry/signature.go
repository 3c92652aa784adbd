package registry

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"
)

// Media types and annotations of cosign's signatures: the bundles of cosign 3 are referrers of the artifact (sigstore/protobuf-specs, Bundle;
// secure-systems-lab/dsse), those of cosign 2 stand under a tag of their own (sigstore/cosign, specs/SIGNATURE_SPEC.md).
const (
	bundleType          = "application/vnd.dev.sigstore.bundle.v0.3+json"
	simpleSigning       = "application/vnd.dev.cosign.simplesigning.v1+json"
	signatureAnnotation = "dev.cosignproject.cosign/signature"
	statementType       = "application/vnd.in-toto+json"
)

// maxSignatures is how many are looked at, and maxSignature how large one is, in bytes.
const maxSignatures, maxSignature = 50, 1 << 20

// verify looks for a signature of the artifact that was made with the key. That it stands in a public log is not asked: whoever gives a key
// trusts that.
func (s Source) verify(ctx context.Context, repository *remote.Repository, artifact ocispec.Descriptor) error {
	key, err := parseKey(s.Key)
	if err != nil {
		return fmt.Errorf("%s %s: %w", s.What, s.Ref, err)
	}
	signatures, err := signaturesOf(ctx, repository, artifact)
	if err != nil {
		return fmt.Errorf("%s %s: read its signatures: %w; look at the registry", s.What, s.Ref, err)
	}
	for _, signature := range signatures {
		if key.fits(signature) && signature.digest == artifact.Digest.String() {
			return nil
		}
	}
	return fmt.Errorf("%s %s: none of its %d signatures was made with the key; do not use it before you know why, or correct the key", s.What, s.Ref, len(signatures))
}

// signature is one of a message that names an artifact by its digest.
type signature struct {
	message, bytes []byte
	digest         string
}

type publicKey struct{ key any }

func parseKey(text string) (publicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" {
		return publicKey{}, errors.New("the key for its signature is no public key in PEM; give the content of cosign.pub")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return publicKey{}, fmt.Errorf("the key for its signature: %w; give the content of cosign.pub", err)
	}
	return publicKey{key}, nil
}

func (k publicKey) fits(s signature) bool {
	sum := sha256.Sum256(s.message)
	switch key := k.key.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, sum[:], s.bytes)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], s.bytes) == nil
	case ed25519.PublicKey:
		return ed25519.Verify(key, s.message, s.bytes)
	}
	return false
}

func signaturesOf(ctx context.Context, repository *remote.Repository, artifact ocispec.Descriptor) ([]signature, error) {
	found, err := tagged(ctx, repository, artifact)
	if err != nil {
		return nil, err
	}
	err = repository.Referrers(ctx, artifact, bundleType, func(referrers []ocispec.Descriptor) error {
		for _, r := range referrers {
			layers, err := layersOf(ctx, repository, r)
			if err != nil {
				return err
			}
			for _, l := range layers {
				if one, ok := bundled(l.content); ok && len(found) < maxSignatures {
					found = append(found, one)
				}
			}
		}
		return nil
	})
	return found, err
}

// tagged are the signatures of cosign 2.
func tagged(ctx context.Context, repository *remote.Repository, artifact ocispec.Descriptor) ([]signature, error) {
	manifest, err := repository.Resolve(ctx, strings.Replace(artifact.Digest.String(), ":", "-", 1)+".sig")
	if errors.Is(err, errdef.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	layers, err := layersOf(ctx, repository, manifest)
	var found []signature
	for _, l := range layers {
		var message struct {
			Critical struct {
				Image struct {
					Digest string `json:"docker-manifest-digest"`
				}
			}
		}
		bytes, decode := base64.StdEncoding.DecodeString(l.descriptor.Annotations[signatureAnnotation])
		if l.descriptor.MediaType == simpleSigning && decode == nil && json.Unmarshal(l.content, &message) == nil && len(found) < maxSignatures {
			found = append(found, signature{l.content, bytes, message.Critical.Image.Digest})
		}
	}
	return found, err
}

// bundled reads a bundle of cosign 3.
func bundled(text []byte) (signature, bool) {
	var bundle struct {
		Envelope struct {
			Payload    []byte
			Type       string `json:"payloadType"`
			Signatures []struct{ Sig []byte }
		} `json:"dsseEnvelope"`
	}
	if err := json.Unmarshal(text, &bundle); err != nil || len(bundle.Envelope.Signatures) != 1 || bundle.Envelope.Type != statementType {
		return signature{}, false
	}
	var statement struct {
		Subject []struct{ Digest map[string]string }
	}
	payload := bundle.Envelope.Payload
	if err := json.Unmarshal(payload, &statement); err != nil || len(statement.Subject) != 1 {
		return signature{}, false
	}
	message := fmt.Sprintf("DSSEv1 %d %s %d %s", len(statementType), statementType, len(payload), payload)
	return signature{[]byte(message), bundle.Envelope.Signatures[0].Sig, "sha256:" + statement.Subject[0].Digest["sha256"]}, true
}

type read struct {
	descriptor ocispec.Descriptor
	content    []byte
}

func layersOf(ctx context.Context, repository *remote.Repository, manifest ocispec.Descriptor) ([]read, error) {
	text, err := content.FetchAll(ctx, repository, manifest)
	if err != nil {
		return nil, err
	}
	var m ocispec.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, err
	}
	var all []read
	for _, l := range m.Layers {
		if l.Size > maxSignature {
			continue
		}
		layer, err := content.FetchAll(ctx, repository, l)
		if err != nil {
			return nil, err
		}
		all = append(all, read{l, layer})
	}
	return all, nil
}
