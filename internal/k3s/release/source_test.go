package release

import (
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

func TestAnswersThatLeadElsewhereAreFollowed(t *testing.T) {
	t.Parallel()
	mirror := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		switch r.URL.EscapedPath() {
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/v1.35.6%2Bk3s1/k3s":
			http.Redirect(w, r, "http://"+r.Host+"/asset", http.StatusFound)
		case "/asset":
			fmt.Fprintf(w, "binary for %s:%s", user, password)
		case "/channels/stable":
			http.Redirect(w, r, "/tag/v1.35.6+k3s1", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(mirror.Close)
	v, err := cluster.ParseVersion("v1.35.6+k3s1")
	require.NoError(t, err)

	answer, err := Source{Downloads: strings.Replace(mirror.URL, "http://", "http://u:p@", 1)}.get(t.Context(), v, "k3s")
	require.NoError(t, err)
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, "binary for :", string(text), "the password is for the address that has it")

	found, err := Source{Channels: mirror.URL + "/channels"}.Resolve(t.Context(), "stable")
	require.NoError(t, err)
	assert.Equal(t, v, found)

	_, err = follow(t.Context(), mirror.URL+"/round")
	assert.EqualError(t, err, "it leads elsewhere again and again, at last to "+mirror.URL+"/round")
	_, err = Source{Downloads: mirror.URL}.get(t.Context(), v, "nothing")
	assert.EqualError(t, err, "download "+mirror.URL+"/v1.35.6%2Bk3s1/nothing: there is none (404 Not Found); is there a release v1.35.6+k3s1, and does the mirror have it?")
}
