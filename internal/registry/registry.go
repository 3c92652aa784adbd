// Package registry brings artifacts from OCI registries: it resolves a tag once, holds it to a digest, and takes everything by digest from
// there. What is in an artifact, its callers know.
package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"
)

// Source says where an artifact is and what it must be.
type Source struct {
	What      string // "chart": how errors name it
	Ref       string // oci://host/path[:tag][@digest]
	Version   string // the tag, if Ref has none
	Digest    string // sha256:... of the manifest
	Username  string
	Password  string
	Client    *http.Client // trusts the registry's authority
	PlainHTTP bool         // no TLS
	Mirrors   Mirrors
	Key       string // public, in PEM: the artifact must have been signed with it by cosign
}

// Scheme is what the address of an artifact in a registry begins with.
const Scheme = "oci://"

// ErrGone tells that a registry has no such artifact (any more), or cannot be reached: whoever has it already may go on.
var ErrGone = errors.New("cannot be had")

// Address is an address taken apart, with the mirror in the place of what it mirrors.
type Address struct{ Repository, Tag, Digest string }

// Address gives the address of the source.
func (s Source) Address() Address {
	var a Address
	rest := strings.TrimPrefix(s.Ref, Scheme)
	rest, a.Digest, _ = strings.Cut(rest, "@")
	if i := strings.LastIndex(rest, ":"); i > strings.LastIndex(rest, "/") {
		rest, a.Tag = rest[:i], rest[i+1:]
	}
	if a.Tag == "" {
		a.Tag = s.Version
	}
	if s.Digest != "" {
		a.Digest = s.Digest
	}
	a.Repository = s.Mirrors.Of(rest)
	return a
}

func (a Address) String() string {
	text := Scheme + a.Repository
	if a.Tag != "" {
		text += ":" + a.Tag
	}
	return text
}

// wanted is what the registry is asked for. A tag has no plus: Helm writes an underscore.
func (a Address) wanted() string {
	if a.Tag != "" {
		return strings.ReplaceAll(a.Tag, "+", "_")
	}
	return a.Digest
}

// Pull gives the artifact's first layer of one of the media types, and the digest of its manifest. The error tells whether it is ErrGone.
func (s Source) Pull(ctx context.Context, mediaTypes ...string) (layer []byte, digest string, err error) {
	a := s.Address()
	repository, err := s.remote(a)
	if err != nil {
		return nil, "", fmt.Errorf("%s %s: %w", s.What, s.Ref, err)
	}
	found, err := repository.Resolve(ctx, a.wanted())
	if err != nil {
		return nil, "", s.explain(a, err)
	}
	digest = found.Digest.String()
	if a.Digest != "" && a.Digest != digest {
		return nil, "", &Changed{What: s.What, Ref: s.Ref, Found: digest, Wanted: a.Digest}
	}
	if s.Key != "" {
		if err := s.verify(ctx, repository, found); err != nil {
			return nil, "", err
		}
	}
	manifest, err := content.FetchAll(ctx, repository, found)
	if err != nil {
		return nil, "", s.explain(a, err)
	}
	descriptor, ok := layerOf(manifest, mediaTypes)
	if !ok {
		return nil, "", fmt.Errorf("%s %s: has no layer of the type %s; it is something else", s.What, a, mediaTypes[0])
	}
	if layer, err = content.FetchAll(ctx, repository, descriptor); err != nil {
		return nil, "", s.explain(a, err)
	}
	return layer, digest, nil
}

// Changed is another artifact under the name of the one that was asked for.
type Changed struct{ What, Ref, Found, Wanted string }

func (e *Changed) Error() string {
	return fmt.Sprintf("%s %s: its digest is %s, not %s as asked for; it was changed under its name, do not use it before you know why", e.What, e.Ref, e.Found, e.Wanted)
}

func layerOf(manifest []byte, mediaTypes []string) (ocispec.Descriptor, bool) {
	var m ocispec.Manifest
	if err := json.Unmarshal(manifest, &m); err != nil {
		return ocispec.Descriptor{}, false
	}
	i := slices.IndexFunc(m.Layers, func(l ocispec.Descriptor) bool { return slices.Contains(mediaTypes, l.MediaType) })
	if i < 0 {
		return ocispec.Descriptor{}, false
	}
	return m.Layers[i], true
}

func (s Source) remote(a Address) (*remote.Repository, error) {
	repository, err := remote.NewRepository(a.Repository)
	if err != nil {
		return nil, err
	}
	credential := auth.Credential{Username: s.Username, Password: s.Password}
	repository.PlainHTTP = s.PlainHTTP
	repository.Client = &auth.Client{Client: s.Client, Cache: auth.NewCache(), Credential: auth.StaticCredential(repository.Reference.Registry, credential)}
	return repository, nil
}

// explain tells what a registry's refusal means.
func (s Source) explain(a Address, err error) error {
	var response *errcode.ErrorResponse
	switch {
	case errors.Is(err, errdef.ErrNotFound):
		return fmt.Errorf("%s %s: the registry has no such version; correct ref or version: %w", s.What, a, ErrGone)
	case errors.Is(err, auth.ErrBasicCredentialNotFound) || errors.As(err, &response) && (response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden):
		return fmt.Errorf("%s %s: the registry %s", s.What, a, Denied(s.What, s.Username))
	}
	return fmt.Errorf("%s %s: %w: %w; look at the registry, or give a mirror", s.What, a, ErrGone, err)
}

// Denied says what to do about a registry or repository that does not let the user have something.
func Denied(what, username string) string {
	if username == "" {
		return "wants a login, or has no such " + what + " for anonymous users; give username and password"
	}
	return fmt.Sprintf("does not accept user %s and the password; correct them, or let the user read this %s", username, what)
}
