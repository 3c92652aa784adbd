package k3stest

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func fetch(t *testing.T, url string) (int, string, http.Header) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	answer, err := client.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(content), answer.Header
}

func TestTheMirrorHasReleasesSumsAndChannels(t *testing.T) {
	t.Parallel()
	mirror := NewMirror(t, Versions...)
	server := httptest.NewServer(mirror)
	t.Cleanup(server.Close)
	code, _, header := fetch(t, server.URL+"/v1-release/channels/v1.35")
	assert.Equal(t, http.StatusFound, code)
	assert.Equal(t, "/k3s-io/k3s/releases/tag/v1.35.6+k3s1", header.Get("Location"))
	_, list, _ := fetch(t, server.URL+"/v1-release/channels")
	assert.Contains(t, list, `{"id":"stable","latest":"v1.36.3+k3s1","name":"stable","type":"channel"}`)

	release := server.URL + "/k3s-io/k3s/releases/download/v1.35.4%2Bk3s1/"
	code, binary, _ := fetch(t, release+binaryAsset())
	require.Equal(t, http.StatusOK, code)
	_, images, _ := fetch(t, release+imagesAsset())
	lines := fmt.Sprintf("%x  %s\n%x  %s\n", sha256.Sum256([]byte(binary)), binaryAsset(), sha256.Sum256([]byte(images)), imagesAsset())
	sums := release + "sha256sum-" + runtime.GOARCH + ".txt"
	_, listed, _ := fetch(t, sums)
	assert.Equal(t, lines, listed)
	mirror.WrongSum("v1.35.4+k3s1")
	_, listed, _ = fetch(t, sums)
	assert.NotEqual(t, lines, listed)
	code, _, _ = fetch(t, server.URL+"/k3s-io/k3s/releases/download/v1.34.1+k3s1/k3s")
	assert.Equal(t, http.StatusNotFound, code)
}
