package releasevector

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/registry"
)

const text = `
docker-images:
  metal-stack:
    control-plane:
      metal-api: {name: ghcr.io/metal-stack/metal-api, tag: v0.45.0}
      number: {name: ghcr.io/metal-stack/metal-api, tag: 16}
vectors: {nested: "@NESTED@"}
`

const image = "docker-images.metal-stack.control-plane.metal-api"

func TestVectorsComeFromWhereTheyAre(t *testing.T) {
	w := newWorld(t)
	artifact := w.push("v1", MediaType, archive(t, "./release.yaml", text))
	folder := t.TempDir()
	file := filepath.Join(folder, "release.yaml")
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(text, "@NESTED@", w.source("v1").Ref)), 0o600))
	server := httptest.NewServer(http.FileServer(http.Dir(folder)))
	t.Cleanup(server.Close)
	digest := artifact.Digest.String()
	for name, c := range map[string]struct {
		source  Source
		change  func(*Source)
		origins []string
		image   string
	}{
		"a registry":           {source: w.source("v1"), origins: []string{w.source("v1").Ref + "@" + digest}},
		"a registry by digest": {source: w.source("v1"), change: func(s *Source) { s.Digest = digest }, origins: []string{w.source("v1").Ref + "@" + digest}},
		"a mirror of a registry": {source: w.source("v1"), change: func(s *Source) {
			s.Ref, s.Mirrors = "oci://ghcr.io/metal-stack/releases:v1", registry.Mirrors{"ghcr.io": w.registry.Host()}
		}, origins: []string{w.source("v1").Ref + "@" + digest}},
		"a file":   {source: Source{Ref: file}, origins: []string{file}},
		"a folder": {source: Source{Ref: folder}, origins: []string{folder}},
		"a URL":    {source: Source{Ref: server.URL + "/release.yaml"}, origins: []string{server.URL + "/release.yaml"}},
		"texts replaced": {source: Source{Ref: file, Replace: []Replacement{{"name", "ghcr.io/", "mirror.example.com/"}, {"tag", "ghcr", "x"}}},
			origins: []string{file}, image: "mirror.example.com/metal-stack/metal-api"},
		"one that names another": {source: Source{Ref: file, Nested: []Source{nested(w.source("v1"))}}, origins: []string{file, w.source("v1").Ref + "@" + digest}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.change != nil {
				c.change(&c.source)
			}
			require.Empty(t, c.source.Problems())
			v, err := c.source.Fetch(t.Context())
			require.NoError(t, err)
			assert.Equal(t, c.origins, v.Origins())
			if c.image == "" {
				c.image = "ghcr.io/metal-stack/metal-api"
			}
			assert.Equal(t, c.image, v.Find(image+".name"))
			assert.Equal(t, "16", v.Find("docker-images.metal-stack.control-plane.number.tag"))
			assert.Empty(t, v.Find(image))
			assert.Empty(t, v.Find(image+".name.deeper"))
		})
	}
}

func nested(s Source) Source {
	s.Ref = "vectors.nested"
	return s
}

func TestSignaturesAreVerified(t *testing.T) {
	w := newWorld(t)
	right, wrong := newSigner(t), newSigner(t)
	signed := map[string]func(tag string){
		"cosign2": func(tag string) {
			a := w.push(tag, MediaType, archive(t, "release.yaml", text+tag+": 1\n"))
			w.cosign2(right, a, a.Digest.String())
		},
		"cosign3": func(tag string) {
			w.cosign3(right, w.push(tag, MediaType, archive(t, "release.yaml", text+tag+": 1\n")))
		},
		"unsigned": func(tag string) { w.push(tag, MediaType, archive(t, "release.yaml", text+tag+": 1\n")) },
		"others": func(tag string) {
			w.cosign3(wrong, w.push(tag, MediaType, archive(t, "release.yaml", text+tag+": 1\n")))
		},
		"another": func(tag string) { // a good signature, of another artifact
			other := w.push("other", MediaType, archive(t, "release.yaml", text))
			w.cosign2(right, w.push(tag, MediaType, archive(t, "release.yaml", text+tag+": 1\n")), other.Digest.String())
		},
	}
	for tag, push := range signed {
		push(tag)
	}
	for tag, count := range map[string]int{"cosign2": -1, "cosign3": -1, "unsigned": 0, "others": 1, "another": 1} {
		s := w.source(tag)
		s.Key = right.public(t)
		_, err := s.Fetch(t.Context())
		if count < 0 {
			assert.NoError(t, err, tag)
			continue
		}
		assert.EqualError(t, err, fmt.Sprintf("release vector %s: none of its %d signatures was made with the key; do not use it before you know why, or correct the key", s.Ref, count))
	}
	s := w.source("cosign2")
	s.Key = "metal-stack"
	_, err := s.Fetch(t.Context())
	assert.EqualError(t, err, "release vector "+s.Ref+": the key for its signature is no public key in PEM; give the content of cosign.pub")
}

func TestARefusedVectorIsToldInOneLine(t *testing.T) {
	w := newWorld(t)
	digest := w.push("v1", MediaType, archive(t, "release.yaml", text)).Digest.String()
	w.push("empty", MediaType, archive(t, "other.yaml", text))
	w.push("damaged", MediaType, []byte("no archive"))
	w.push("chart", "application/vnd.cncf.helm.chart.content.v1.tar+gzip", []byte("x"))
	w.push("inventory", MediaType, archive(t, "release.yaml", "all: {hosts: []}"))
	wrong := "sha256:" + strings.Repeat("0", 64)
	ref := w.source("v1").Ref
	missing := filepath.Join(t.TempDir(), "nowhere.yaml")
	change := func(s Source, change func(*Source)) Source { change(&s); return s }
	for name, c := range map[string]struct {
		source Source
		text   string
	}{
		"a version that is not there": {w.source("v9"), "release vector " + w.source("v9").Ref + ": the registry has no such version; correct ref or version: cannot be had"},
		"a wrong password": {change(w.source("v1"), func(s *Source) { s.Password = "wrong" }),
			"release vector " + ref + ": the registry does not accept user puller and the password; correct them, or let the user read this release vector"},
		"another digest": {change(w.source("v1"), func(s *Source) { s.Digest = wrong }),
			"release vector " + ref + ": its digest is " + digest + ", not " + wrong + " as asked for; it was changed under its name, do not use it before you know why"},
		"no vector in it":  {w.source("empty"), "release vector " + w.source("empty").Ref + ": its archive has no release.yaml; it is something else"},
		"a damaged one":    {w.source("damaged"), "release vector " + w.source("damaged").Ref + ": its archive is damaged: gzip: invalid header"},
		"a chart":          {w.source("chart"), "release vector " + w.source("chart").Ref + ": has no layer of the type " + MediaType + "; it is something else"},
		"an inventory":     {w.source("inventory"), "release vector " + w.source("inventory").Ref + ": has neither docker-images nor helm-charts nor binaries; it is something else"},
		"no such file":     {Source{Ref: missing}, "release vector " + missing + ": there is no such file or folder; correct ref"},
		"no nested vector": {change(w.source("v1"), func(s *Source) { s.Nested = []Source{{Ref: "vectors.other"}} }), "release vector " + ref + "@" + digest + ": has nothing at vectors.other, where the address of another is wanted; correct url_path"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.source.Fetch(t.Context())
			assert.EqualError(t, err, c.text)
		})
	}
}

func TestProblemsOfSourcesAreFoundBeforeAnybodyIsAsked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		source   Source
		problems []string
	}{
		"no tag":                {Source{Ref: "oci://ghcr.io/a/b"}, []string{"release vector oci://ghcr.io/a/b has no version; give a tag or digest, so that the same release comes tomorrow"}},
		"another scheme":        {Source{Ref: "ftp://a/b"}, []string{"release vector ftp://a/b is no oci:// address, no URL and no path; give one of these"}},
		"a digest of a file":    {Source{Ref: "a.yaml", Digest: "sha256:0"}, []string{"release vector a.yaml: digest is sha256:... of an artifact in a registry; correct it, or leave it out"}},
		"a key for a file":      {Source{Ref: "a.yaml", Key: "k"}, []string{"release vector a.yaml: only artifacts in registries have signatures; leave the key out"}},
		"half a login":          {Source{Ref: "a.yaml", Username: "u"}, []string{"release vector a.yaml: username and password go together"}},
		"nothing wrong with it": {Source{Ref: "a.yaml"}, nil},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.problems, c.source.Problems()) })
	}
}

func TestTheFirstVectorThatHasSomethingTellsIt(t *testing.T) {
	t.Parallel()
	a, err := Parse("a", "", []byte("docker-images: {x: {tag: one}, z: }"))
	require.NoError(t, err)
	b, err := Parse("b", "", []byte("docker-images: {x: {tag: two}, z: {tag: three}}"))
	require.NoError(t, err)
	joined := Join(a, b)
	assert.Equal(t, "one", joined.Find("docker-images.x.tag"))
	assert.Equal(t, "three", joined.Find("docker-images.z.tag"))
	assert.Equal(t, "a, b", joined.String())
	var none *Vector
	assert.Empty(t, none.Find("docker-images.x.tag"))
	assert.Nil(t, none.Origins())
}
