package releasevector

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/registry"
)

// MediaType is that of the layer with the vector in an artifact (metal-stack/releases, .github/workflows/oci-artifact.yaml).
const MediaType = "application/vnd.metal-stack.release-vector.v1.tar+gzip"

// file is the vector's name in its artifact, and in a folder.
const file = "release.yaml"

// maxSize of a vector's YAML; metal-stack's has 20 kB.
const maxSize = 4 << 20

// Source says where a vector is and what it must be.
type Source struct {
	Ref       string // oci://host/path:tag[@digest], or the path of a file or of a folder with a release.yaml
	Digest    string // sha256:... of the artifact's manifest
	Username  string
	Password  string
	CAFile    string // PEM; empty means the system's authorities
	PlainHTTP bool
	Mirrors   registry.Mirrors
	Replace   []Replacement
	Key       string   // public, in PEM: the artifact must be signed with it
	Nested    []Source // whose Ref is the path, in this vector, of the vector's address
}

func (s Source) artifact() registry.Source {
	return registry.Source{What: "release vector", Ref: s.Ref, Digest: s.Digest, Username: s.Username, Password: s.Password, PlainHTTP: s.PlainHTTP, Mirrors: s.Mirrors, Key: s.Key}
}

func (s Source) http() bool {
	return strings.HasPrefix(s.Ref, "https://") || strings.HasPrefix(s.Ref, "http://")
}

func (s Source) oci() bool { return strings.HasPrefix(s.Ref, registry.Scheme) }

// Problems are what is wrong with a source itself, before anybody is asked.
func (s Source) Problems() []string {
	var problems []string
	a := s.artifact().Address()
	if s.oci() && a.Tag == "" && a.Digest == "" {
		problems = append(problems, fmt.Sprintf("release vector %s has no version; give a tag or digest, so that the same release comes tomorrow", s.Ref))
	}
	if strings.Contains(s.Ref, "://") && !s.oci() && !s.http() {
		problems = append(problems, fmt.Sprintf("release vector %s is no oci:// address, no URL and no path; give one of these", s.Ref))
	}
	if s.Digest != "" && (!s.oci() || !strings.HasPrefix(s.Digest, "sha256:")) {
		problems = append(problems, fmt.Sprintf("release vector %s: digest is sha256:... of an artifact in a registry; correct it, or leave it out", s.Ref))
	}
	if s.Key != "" && !s.oci() {
		problems = append(problems, fmt.Sprintf("release vector %s: only artifacts in registries have signatures; leave the key out", s.Ref))
	}
	if (s.Username == "") != (s.Password == "") {
		problems = append(problems, fmt.Sprintf("release vector %s: username and password go together", s.Ref))
	}
	return problems
}

// Fetch brings the vector and does its replacements.
func (s Source) Fetch(ctx context.Context) (*Vector, error) {
	text, origin, digest, err := s.text(ctx)
	if err != nil {
		return nil, err
	}
	v, err := Parse(origin, digest, text)
	if err != nil {
		return nil, err
	}
	for _, r := range s.Replace {
		r.replace(v.layers[0].content)
	}
	return s.nest(ctx, v)
}

// nest brings the vectors that this one names.
func (s Source) nest(ctx context.Context, v *Vector) (*Vector, error) {
	all := []*Vector{v}
	for _, below := range s.Nested {
		address := v.Find(below.Ref)
		if address == "" {
			return nil, fmt.Errorf("release vector %s: has nothing at %s, where the address of another is wanted; correct url_path", v, below.Ref)
		}
		below.Ref = address
		nested, err := below.Fetch(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, nested)
	}
	return Join(all...), nil
}

func (s Source) text(ctx context.Context) (text []byte, origin, digest string, err error) {
	if !s.oci() && !s.http() {
		text, err = s.read()
		return text, s.Ref, "", err
	}
	client, err := registry.NewClient(s.CAFile)
	if err != nil {
		return nil, "", "", fmt.Errorf("release vector %s: %w", s.Ref, err)
	}
	if s.http() {
		text, err = s.get(ctx, client)
		return text, s.Ref, "", err
	}
	artifact := s.artifact()
	artifact.Client = client
	archive, digest, err := artifact.Pull(ctx, MediaType)
	if err != nil {
		return nil, "", "", err
	}
	origin = artifact.Address().String()
	if text, err = unpack(archive); err != nil {
		err = fmt.Errorf("release vector %s: %w", origin, err)
	}
	return text, origin, digest, err
}

func (s Source) read() ([]byte, error) {
	path := s.Ref
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, file)
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("release vector %s: there is no such file or folder; correct ref", path)
	}
	return text, err
}

func (s Source) get(ctx context.Context, client *http.Client) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Ref, nil)
	if err != nil {
		return nil, fmt.Errorf("release vector %s: %w", s.Ref, err)
	}
	if s.Username != "" {
		request.SetBasicAuth(s.Username, s.Password)
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("release vector %s: %w; look at the server, or give a file", s.Ref, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("release vector %s: the server says %s; correct the URL or the login", s.Ref, answer.Status)
	}
	return io.ReadAll(io.LimitReader(answer.Body, maxSize))
}

// unpack finds the vector in the artifact's archive.
func unpack(archive []byte) ([]byte, error) {
	plain, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, fmt.Errorf("its archive is damaged: %w", err)
	}
	for entries := tar.NewReader(plain); ; {
		header, err := entries.Next()
		switch {
		case err == io.EOF:
			return nil, fmt.Errorf("its archive has no %s; it is something else", file)
		case err != nil:
			return nil, fmt.Errorf("its archive is damaged: %w", err)
		case filepath.Base(header.Name) == file:
			return io.ReadAll(io.LimitReader(entries, maxSize))
		}
	}
}
