package charts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"helm.sh/helm/v4/pkg/registry"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"
)

// ociRef is an address taken apart.
type ociRef struct{ repository, tag, digest string }

func parseOCI(s Source) ociRef {
	var r ociRef
	rest := strings.TrimPrefix(s.Ref, "oci://")
	rest, r.digest, _ = strings.Cut(rest, "@")
	if i := strings.LastIndex(rest, ":"); i > strings.LastIndex(rest, "/") {
		rest, r.tag = rest[:i], rest[i+1:]
	}
	if r.tag == "" {
		r.tag = s.Version
	}
	if s.Digest != "" {
		r.digest = s.Digest
	}
	r.repository = s.mirrored(rest)
	return r
}

// mirrored puts a mirror in the place of the longest prefix that has one.
func (s Source) mirrored(address string) string {
	best := ""
	for prefix := range s.Mirrors {
		if len(prefix) > len(best) && (address == prefix || strings.HasPrefix(address, strings.TrimSuffix(prefix, "/")+"/")) {
			best = prefix
		}
	}
	if best == "" {
		return address
	}
	return strings.TrimSuffix(s.Mirrors[best], "/") + strings.TrimPrefix(address, strings.TrimSuffix(best, "/"))
}

func (r ociRef) String() string {
	text := "oci://" + r.repository
	if r.tag != "" {
		text += ":" + r.tag
	}
	return text
}

// wanted is what the registry is asked for. A tag has no plus: Helm writes an underscore.
func (r ociRef) wanted() string {
	if r.tag != "" {
		return strings.ReplaceAll(r.tag, "+", "_")
	}
	return r.digest
}

// fetchOCI resolves the tag once, holds it to the digest, and takes everything after that by digest.
func (s Source) fetchOCI(ctx context.Context) (*Chart, error) {
	r := parseOCI(s)
	repository, err := s.remote(r)
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", s.Ref, err)
	}
	found, err := repository.Resolve(ctx, r.wanted())
	if err != nil {
		return nil, s.explain(r, err)
	}
	if err := s.hold(found.Digest.String(), r.digest); err != nil {
		return nil, err
	}
	manifest, err := content.FetchAll(ctx, repository, found)
	if err != nil {
		return nil, s.explain(r, err)
	}
	layer, err := chartLayer(manifest)
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w; push it with helm push", r, err)
	}
	archive, err := content.FetchAll(ctx, repository, layer)
	if err != nil {
		return nil, s.explain(r, err)
	}
	return archived(r.String(), archive, found.Digest.String()), nil
}

func (s Source) remote(r ociRef) (*remote.Repository, error) {
	repository, err := remote.NewRepository(r.repository)
	if err != nil {
		return nil, err
	}
	client, err := s.httpClient()
	if err != nil {
		return nil, err
	}
	credential := auth.Credential{Username: s.Username, Password: s.Password}
	repository.PlainHTTP = s.PlainHTTP
	repository.Client = &auth.Client{Client: client, Cache: auth.NewCache(), Credential: auth.StaticCredential(repository.Reference.Registry, credential)}
	return repository, nil
}

func chartLayer(manifest []byte) (ocispec.Descriptor, error) {
	var m ocispec.Manifest
	if err := json.Unmarshal(manifest, &m); err != nil {
		return ocispec.Descriptor{}, err
	}
	i := slices.IndexFunc(m.Layers, func(l ocispec.Descriptor) bool {
		return l.MediaType == registry.ChartLayerMediaType || l.MediaType == registry.LegacyChartLayerMediaType
	})
	if i < 0 {
		return ocispec.Descriptor{}, errors.New("is no Helm chart")
	}
	return m.Layers[i], nil
}

// explain tells what a registry's refusal means.
func (s Source) explain(r ociRef, err error) error {
	var response *errcode.ErrorResponse
	switch {
	case errors.Is(err, errdef.ErrNotFound):
		return fmt.Errorf("chart %s: the registry has no such version; correct ref or version: %w", r, ErrGone)
	case errors.Is(err, auth.ErrBasicCredentialNotFound) || errors.As(err, &response) && (response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden):
		return fmt.Errorf("chart %s: the registry %s", r, denied(s.Username))
	}
	return fmt.Errorf("chart %s: %w: %w; look at the registry, or give a mirror", r, ErrGone, err)
}

func denied(username string) string {
	if username == "" {
		return "wants a login, or has no such chart for anonymous users; give username and password"
	}
	return fmt.Sprintf("does not accept user %s and the password; correct them, or let the user read this chart", username)
}
