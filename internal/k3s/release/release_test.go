package release

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
)

func TestTheVersionOfABinaryIsRead(t *testing.T) {
	t.Parallel()
	v, err := ReadVersion("k3s version v1.35.6+k3s1 (0a1b2c3d)\ngo version go1.26.1\n")
	require.NoError(t, err)
	assert.Equal(t, "v1.35.6+k3s1", v.String())
	_, err = ReadVersion("rke2 version\nx")
	assert.EqualError(t, err, `k3s --version says "rke2 version", which is no version of k3s`)
}

func TestArchitectures(t *testing.T) {
	t.Parallel()
	for machine, names := range map[string][]string{
		"x86_64":  {"k3s", "k3s-airgap-images-amd64.tar.zst", "sha256sum-amd64.txt"},
		"aarch64": {"k3s-arm64", "k3s-airgap-images-arm64.tar.zst", "sha256sum-arm64.txt"},
	} {
		a, err := ParseArch(machine)
		require.NoError(t, err)
		assert.Equal(t, names, []string{a.Binary(), a.Images(), a.sums()})
	}
	_, err := ParseArch("riscv64")
	assert.EqualError(t, err, "its processor is a riscv64; amd64 and arm64 are supported")
}

const content = "the binary"

func sumOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// releases is a server with one release and one channel.
func releases(t *testing.T) (Source, Version) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.EscapedPath() {
		case "/download/v1.35.6%2Bk3s1/k3s":
			_, _ = io.WriteString(w, content)
		case "/download/v1.35.6%2Bk3s1/sha256sum-amd64.txt":
			fmt.Fprintf(w, "%s  other\n%s  k3s\n", sumOf("other"), strings.ToUpper(sumOf(content)))
		case "/channels/stable":
			http.Redirect(w, r, "/k3s-io/k3s/releases/tag/v1.35.6+k3s1", http.StatusFound)
		case "/channels/odd":
			http.Redirect(w, r, "/login", http.StatusFound)
		case "/channels/list":
			_, _ = io.WriteString(w, "{}")
		case "/cut/v1.35.6%2Bk3s1/k3s":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, content)
		case "/broken/v1.35.6%2Bk3s1/k3s":
			w.WriteHeader(http.StatusBadGateway)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	v, err := cluster.ParseVersion("v1.35.6+k3s1")
	require.NoError(t, err)
	return Source{Downloads: server.URL + "/download/", Channels: server.URL + "/channels"}, v
}

func TestAFileIsFetchedIfItHasItsSum(t *testing.T) {
	t.Parallel()
	s, v := releases(t)
	sum, err := s.Sum(t.Context(), v, AMD64, "k3s")
	require.NoError(t, err)
	assert.Equal(t, sumOf(content), sum)
	file, err := s.Fetch(t.Context(), v, "k3s", sum)
	require.NoError(t, err)
	got, err := io.ReadAll(file)
	require.NoError(t, err)
	assert.Equal(t, content, string(got))
	require.NoError(t, file.Close())

	s.Pinned = map[string]string{"k3s": strings.ToUpper(sumOf("another"))}
	sum, err = s.Sum(t.Context(), v, AMD64, "k3s")
	require.NoError(t, err)
	_, err = s.Fetch(t.Context(), v, "k3s", sum)
	assert.EqualError(t, err, "download "+s.Downloads+"v1.35.6%2Bk3s1/k3s: it has the SHA-256 "+sumOf(content)+", and "+sumOf("another")+" is pinned; do not run it before you know why")
}

func TestWhatIsNotThereIsTold(t *testing.T) {
	t.Parallel()
	s, v := releases(t)
	base := strings.TrimSuffix(s.Downloads, "/download/")
	_, err := s.Sum(t.Context(), v, AMD64, "k3s-airgap-images-amd64.tar.zst")
	assert.EqualError(t, err, s.Downloads+"v1.35.6%2Bk3s1/sha256sum-amd64.txt has no sum of k3s-airgap-images-amd64.tar.zst; is that a file of the release?")
	_, err = s.Sum(t.Context(), v, ARM64, "k3s-arm64")
	assert.EqualError(t, err, "download "+s.Downloads+"v1.35.6%2Bk3s1/sha256sum-arm64.txt: there is none (404 Not Found); is there a release v1.35.6+k3s1, and does the mirror have it?")
	for folder, problem := range map[string]string{"cut": "unexpected EOF", "broken": "the server answers 502 Bad Gateway"} {
		_, err = Source{Downloads: base + "/" + folder}.Fetch(t.Context(), v, "k3s", sumOf(content))
		assert.EqualError(t, err, "download "+base+"/"+folder+"/v1.35.6%2Bk3s1/k3s: "+problem)
	}
	_, err = Source{Downloads: "http://127.0.0.1:1"}.Fetch(t.Context(), v, "k3s", "")
	assert.EqualError(t, err, "download http://127.0.0.1:1/v1.35.6%2Bk3s1/k3s: dial tcp 127.0.0.1:1: connect: connection refused")
}

func TestAChannelLeadsToARelease(t *testing.T) {
	t.Parallel()
	s, v := releases(t)
	found, err := s.Resolve(t.Context(), "stable")
	require.NoError(t, err)
	assert.Equal(t, v, found)
	for channel, problem := range map[string]string{
		"none": s.Channels + " knows no such channel; name stable, latest, or a minor as v1.35",
		"odd":  "it leads to " + strings.TrimSuffix(s.Channels, "/channels") + `/login: "login" is no version of k3s, as v1.36.3+k3s1 is; name a version instead`,
		"list": s.Channels + "/list answers 200 OK, and not with the page of a release; name a version instead",
	} {
		_, err := s.Resolve(t.Context(), channel)
		assert.EqualError(t, err, "resolve channel "+channel+": "+problem)
	}
}
