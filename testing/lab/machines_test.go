package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReleasesAreFetchedOverRedirects(t *testing.T) {
	t.Parallel()
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.EscapedPath() == "/download/v1.35.4%2Bk3s1/k3s" {
			http.Redirect(w, r, "/asset", http.StatusFound)
			return
		}
		if r.URL.Path == "/asset" {
			_, _ = io.WriteString(w, "binary")
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(there.Close)
	here := httptest.NewServer(fetcher(there.URL))
	t.Cleanup(here.Close)
	for path, want := range map[string]int{"/download/v1.35.4%2Bk3s1/k3s": http.StatusOK, "/none": http.StatusNotFound} {
		answer, err := http.Get(here.URL + path)
		require.NoError(t, err)
		content, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		assert.Equal(t, want, answer.StatusCode)
		if want == http.StatusOK {
			assert.Equal(t, "binary", string(content))
		}
	}
}

func TestTwoMachinesAreRefused(t *testing.T) {
	t.Parallel()
	assert.EqualError(t, autonomous{nodes: 2}.check(), "2 nodes: one or three are wanted, or more")
}
