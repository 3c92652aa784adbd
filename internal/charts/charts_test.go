package charts

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/charttest"
)

func TestChartsComeFromWhereTheyAre(t *testing.T) {
	registry, repository := charttest.NewRegistry(t), charttest.NewRepository(t)
	digest := registry.Push(t, "mirror/metal-stack", "database")
	registry.Push(t, "mirror/metal-stack", "database", charttest.Change{Old: "\nversion: 1.0.0", New: "\nversion: v1.1.0+lab"})
	repository.Add(t, "database")
	login := Source{Username: charttest.User, Password: charttest.Password}
	with := func(change func(*Source)) Source {
		s := login
		change(&s)
		return s
	}
	inRegistry := func(s *Source) {
		s.Ref, s.CAFile = "oci://"+registry.Host()+"/mirror/metal-stack/database", registry.CAFile()
	}
	archive := charttest.Archive(t, "database")
	for name, c := range map[string]struct {
		source  Source
		version string
		digest  string
	}{
		"a registry by version":         {source: with(func(s *Source) { inRegistry(s); s.Version = "1.0.0" }), version: "1.0.0", digest: digest},
		"a registry by tag":             {source: with(func(s *Source) { inRegistry(s); s.Ref += ":1.0.0" }), version: "1.0.0", digest: digest},
		"a registry by digest":          {source: with(func(s *Source) { inRegistry(s); s.Ref += "@" + digest }), version: "1.0.0", digest: digest},
		"a registry by both":            {source: with(func(s *Source) { inRegistry(s); s.Version, s.Digest = "1.0.0", digest }), version: "1.0.0", digest: digest},
		"a registry, version with plus": {source: with(func(s *Source) { inRegistry(s); s.Version = "v1.1.0+lab" }), version: "v1.1.0+lab"},
		"a mirror of a registry": {source: with(func(s *Source) {
			inRegistry(s)
			s.Ref, s.Version, s.Mirrors = "oci://ghcr.io/metal-stack/database", "1.0.0", map[string]string{"ghcr.io": "nowhere.invalid", "ghcr.io/metal-stack": registry.Host() + "/mirror/metal-stack"}
		}), version: "1.0.0", digest: digest},
		"a repository": {source: with(func(s *Source) {
			s.Ref, s.Repository, s.CAFile, s.Version = "database", repository.URL(), repository.CAFile(), "1.0.0"
		}), version: "1.0.0"},
		"a mirror of a repository": {source: with(func(s *Source) {
			s.Ref, s.Repository, s.CAFile, s.Version, s.Mirrors = "database", "https://charts.example.com/x", repository.CAFile(), "v1.0.0", map[string]string{"charts.example.com/x": strings.TrimPrefix(repository.URL(), "https://")}
		}), version: "1.0.0"},
		"a folder":   {source: Source{Ref: charttest.Folder(t, "database"), Version: "1.0.0"}, version: "1.0.0"},
		"an archive": {source: Source{Ref: archive}, version: "1.0.0"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Empty(t, c.source.Problems())
			fetched, err := c.source.Fetch(t.Context())
			require.NoError(t, err)
			loaded, err := fetched.Load()
			require.NoError(t, err)
			assert.Equal(t, "database "+c.version, loaded.Metadata.Name+" "+loaded.Metadata.Version)
			if c.digest != "" {
				assert.Equal(t, c.digest, fetched.Digest)
			}
		})
	}
}

func TestARefusedChartIsToldInOneLine(t *testing.T) {
	registry, repository := charttest.NewRegistry(t), charttest.NewRepository(t)
	digest := registry.Push(t, "metal-stack", "database")
	repository.Add(t, "database")
	wrong := "sha256:" + strings.Repeat("0", 64)
	address := "oci://" + registry.Host() + "/metal-stack/database"
	archive := charttest.Archive(t, "database")
	oci := Source{Ref: address, Version: "1.0.0", Username: charttest.User, Password: charttest.Password, CAFile: registry.CAFile()}
	http := Source{Ref: "database", Repository: repository.URL(), Version: "1.0.0", Username: charttest.User, Password: charttest.Password, CAFile: repository.CAFile()}
	change := func(s Source, change func(*Source)) Source { change(&s); return s }
	for name, c := range map[string]struct {
		source Source
		text   string
		gone   bool
	}{
		"another digest than asked for": {source: change(oci, func(s *Source) { s.Digest = wrong }),
			text: "chart " + address + ": its digest is " + digest + ", not " + wrong + " as asked for; it was changed under its name, do not use it before you know why"},
		"a version that is not there": {source: change(oci, func(s *Source) { s.Version = "9.9.9" }), gone: true,
			text: "chart " + address + ":9.9.9: the registry has no such version; correct ref or version: cannot be had"},
		"a wrong password": {source: change(oci, func(s *Source) { s.Password = "wrong" }),
			text: "chart " + address + ":1.0.0: the registry does not accept user puller and the password; correct them, or let the user read this chart"},
		"no login": {source: change(oci, func(s *Source) { s.Username, s.Password = "", "" }),
			text: "chart " + address + ":1.0.0: the registry wants a login, or has no such chart for anonymous users; give username and password"},
		"a repository's wrong password": {source: change(http, func(s *Source) { s.Password = "wrong" }),
			text: "chart database 1.0.0 of " + repository.URL() + ": the repository does not accept user puller and the password; correct them, or let the user read this chart"},
		"a chart that the repository lacks": {source: change(http, func(s *Source) { s.Ref = "base" }), gone: true,
			text: "chart base 1.0.0 of " + repository.URL() + ": it has no chart of that name; correct ref: cannot be had"},
		"a version that the repository lacks": {source: change(http, func(s *Source) { s.Version = "2.0.0" }), gone: true,
			text: "chart database 2.0.0 of " + repository.URL() + ": it has no such version; correct version: cannot be had"},
		"an archive of another version": {source: Source{Ref: archive, Version: "2.0.0"}, text: "chart " + archive + ": is version 1.0.0, not 2.0.0 as asked for"},
		"no such folder":                {source: Source{Ref: "/nowhere/chart"}, text: "chart /nowhere/chart: there is no such folder or archive; correct ref"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.source.Fetch(t.Context())
			require.EqualError(t, err, c.text)
			assert.Equal(t, c.gone, errors.Is(err, ErrGone))
		})
	}
}

func TestProblemsOfSourcesAreFoundBeforeAnybodyIsAsked(t *testing.T) {
	for name, c := range map[string]struct {
		source   Source
		problems []string
	}{
		"no version in a registry":     {Source{Ref: "oci://ghcr.io/a/b"}, []string{"chart oci://ghcr.io/a/b has no version; give version or digest, so that the same chart comes tomorrow"}},
		"no version in a repository":   {Source{Ref: "b", Repository: "https://a"}, []string{"chart b of https://a has no version; give version, so that the same chart comes tomorrow"}},
		"a range":                      {Source{Ref: "oci://a/b", Version: "^1.0"}, []string{`chart oci://a/b: version "^1.0" is a range; give one version`}},
		"a tag and another version":    {Source{Ref: "oci://a/b:1.0.0", Version: "2.0.0"}, []string{"chart oci://a/b:1.0.0: the tag is not version 2.0.0; give one of the two"}},
		"a registry as a repository":   {Source{Ref: "b", Repository: "oci://a", Version: "1.0.0"}, []string{"chart b: repository oci://a is no http or https URL; a chart in a registry has ref oci://..."}},
		"half a login, a short digest": {Source{Ref: "oci://a/b:1.0.0", Digest: "abc", Username: "u"}, []string{`chart oci://a/b:1.0.0: digest "abc" does not begin with sha256:`, "chart oci://a/b:1.0.0: username and password go together"}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.problems, c.source.Problems()) })
	}
}
