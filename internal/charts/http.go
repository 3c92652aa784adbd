package charts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	repo "helm.sh/helm/v4/pkg/repo/v1"
	"sigs.k8s.io/yaml"

	"github.com/metal-stack/initial-cluster/internal/registry"
)

// maxSize bounds what is taken into memory. Helm's own limit for a chart is 100 MB; indexes of large repositories have 30.
const maxSize = 100 << 20

// fetchHTTP looks the chart up in the repository's index.
func (s Source) fetchHTTP(ctx context.Context) (*Chart, error) {
	base := s.repository()
	where := fmt.Sprintf("chart %s %s of %s", s.Ref, s.Version, base)
	client, err := registry.NewClient(s.CAFile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	content, err := s.get(ctx, client, strings.TrimSuffix(base, "/")+"/index.yaml")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	var index repo.IndexFile
	if err := yaml.Unmarshal(content, &index); err != nil || len(index.Entries) == 0 {
		return nil, fmt.Errorf("%s: its index.yaml is none of a chart repository; correct repository", where)
	}
	entry, err := find(&index, s.Ref, s.Version)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	address, err := repo.ResolveReferenceURL(base, entry.URLs[0])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	archive, err := s.get(ctx, client, address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	if listed := strings.TrimPrefix(entry.Digest, "sha256:"); listed != "" && "sha256:"+listed != sum(archive) {
		return nil, fmt.Errorf("%s: %s is not what the index lists (sha256:%s); the repository is damaged or was tampered with", where, address, listed)
	}
	return archived(address, archive, sum(archive)), s.hold(sum(archive), s.Digest)
}

func (s Source) repository() string {
	scheme, rest, _ := strings.Cut(s.Repository, "://")
	return scheme + "://" + s.Mirrors.Of(rest)
}

// find takes the version as it is written: no ranges, no newest.
func find(index *repo.IndexFile, name, version string) (*repo.ChartVersion, error) {
	entries, ok := index.Entries[name]
	if !ok {
		return nil, fmt.Errorf("it has no chart of that name; correct ref: %w", ErrGone)
	}
	for _, entry := range entries {
		if entry.Metadata != nil && sameVersion(entry.Version, version) && len(entry.URLs) > 0 {
			return entry, nil
		}
	}
	return nil, fmt.Errorf("it has no such version; correct version: %w", ErrGone)
}

// get sends the credentials to the repository's own host only: an index may point anywhere.
func (s Source) get(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if own, err := url.Parse(s.repository()); s.Username != "" && err == nil && own.Host == request.URL.Host && own.Scheme == request.URL.Scheme {
		request.SetBasicAuth(s.Username, s.Password)
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w; look at the repository, or give a mirror", ErrGone, err)
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, errors.New("the repository " + registry.Denied("chart", s.Username))
	default:
		return nil, fmt.Errorf("%w: GET %s: %s; look at the repository, or give a mirror", ErrGone, address, answer.Status)
	}
	content, err := io.ReadAll(io.LimitReader(answer.Body, maxSize+1))
	if err == nil && len(content) > maxSize {
		err = fmt.Errorf("is larger than %d MB", maxSize>>20)
	}
	return content, err
}

func sum(content []byte) string {
	hash := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(hash[:])
}
