package k3stest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Mirror answers as the downloads of k3s' releases and its channel server do: GET /v1-release/channels and /v1-release/channels/NAME,
// and /k3s-io/k3s/releases/download/VERSION/ASSET with the binary, the images (Images) and their sums for the architecture it runs on.
type Mirror struct {
	releases map[string]string // paths by version
	channels map[string]string // versions by name

	mutex sync.Mutex
	wrong map[string]bool
	asked []string
}

// NewMirror serves the versions.
func NewMirror(t testing.TB, versions ...string) *Mirror {
	t.Helper()
	releases := map[string]string{}
	for _, version := range versions {
		releases[version] = Find(t, version)
	}
	return MirrorOf(releases)
}

// MirrorOf serves releases, whose paths are given by version. Its channels are stable, latest and testing with the last of them, and one
// for each minor.
func MirrorOf(releases map[string]string) *Mirror {
	m := &Mirror{releases: releases, channels: map[string]string{}, wrong: map[string]bool{}}
	for _, version := range slices.Sorted(maps.Keys(releases)) {
		minor := strings.Join(strings.SplitN(version, ".", 3)[:2], ".")
		for _, channel := range []string{"stable", "latest", "testing", minor} {
			m.channels[channel] = version
		}
	}
	return m
}

// WrongSum makes the sums of the version those of something else.
func (m *Mirror) WrongSum(version string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.wrong[version] = true
}

// Asked are the paths that were asked for, in their order.
func (m *Mirror) Asked() []string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return slices.Clone(m.asked)
}

const (
	channelsPath = "/v1-release/channels"
	downloads    = "/k3s-io/k3s/releases/download/"
)

// ServeHTTP answers one request.
func (m *Mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mutex.Lock()
	m.asked = append(m.asked, r.URL.Path)
	m.mutex.Unlock()
	if channel, ok := strings.CutPrefix(r.URL.Path, channelsPath); ok {
		m.channel(w, r, strings.Trim(channel, "/"))
		return
	}
	version, asset := path.Split(strings.TrimPrefix(r.URL.Path, downloads))
	release, ok := m.releases[strings.Trim(version, "/")]
	switch {
	case !ok || !strings.HasPrefix(r.URL.Path, downloads):
		http.NotFound(w, r)
	case asset == binaryAsset():
		http.ServeFile(w, r, release)
	case asset == imagesAsset():
		fmt.Fprint(w, Images)
	case asset == "sha256sum-"+runtime.GOARCH+".txt":
		m.sums(w, strings.Trim(version, "/"), release)
	default:
		http.NotFound(w, r)
	}
}

// Images are what a release has in place of its archive of images: k3s loads what it can, and this it cannot.
const Images = "an archive of images"

func imagesAsset() string { return "k3s-airgap-images-" + runtime.GOARCH + ".tar.zst" }

// binaryAsset is the name of the binary for the architecture.
func binaryAsset() string {
	if runtime.GOARCH == "amd64" {
		return "k3s"
	}
	return "k3s-" + runtime.GOARCH
}

// channel lists all, or leads to the page of the release that one has.
func (m *Mirror) channel(w http.ResponseWriter, r *http.Request, name string) {
	if name != "" {
		version, ok := m.channels[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.Redirect(w, r, "/k3s-io/k3s/releases/tag/"+version, http.StatusFound)
		return
	}
	data := []map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(m.channels)) {
		data = append(data, map[string]string{"id": name, "name": name, "latest": m.channels[name], "type": "channel"})
	}
	content, err := json.Marshal(map[string]any{"type": "collection", "resourceType": "channels", "data": data})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(content)
}

func (m *Mirror) sums(w http.ResponseWriter, version, release string) {
	file, err := os.Open(release)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	m.mutex.Lock()
	if m.wrong[version] {
		sum.Reset()
	}
	m.mutex.Unlock()
	fmt.Fprintf(w, "%x  %s\n%x  %s\n", sum.Sum(nil), binaryAsset(), sha256.Sum256([]byte(Images)), imagesAsset())
}
