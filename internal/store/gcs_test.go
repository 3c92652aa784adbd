package store_test

import (
	"bytes"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/store"
	"github.com/metal-stack/initial-cluster/testing/storetest"
)

func TestGCSKeepsTheContract(t *testing.T) {
	t.Parallel()
	storetest.Contract(t, storetest.StartGCS(t).Place())
}

// jsonError is what Google answers.
func jsonError(reason, message string) string {
	return `{"error":{"message":"` + message + `","errors":[{"reason":"` + reason + `"}]}}`
}

func TestGCSIsTriedAgain(t *testing.T) {
	t.Parallel()
	server := storetest.StartGCS(t)
	again := store.Limits{Attempts: 3, Stall: time.Second}
	small, big := storetest.Bytes(1, 100_000), storetest.Bytes(2, 2*store.AtomicSize+5)
	unwell := storetest.Answer(503, "backend error")
	for name, c := range map[string]struct {
		data   []byte
		fits   func(*http.Request) bool
		faults []storetest.Fault
	}{
		"503 on the begin":           {small, storetest.Method("POST"), []storetest.Fault{unwell, unwell}},
		"the answer to begin lost":   {small, storetest.Method("POST"), []storetest.Fault{storetest.LoseAnswer}},
		"cut within put":             {small, storetest.Method("PUT"), []storetest.Fault{storetest.Cut(50_000), unwell}},
		"the answer to the end lost": {small, storetest.Method("PUT"), []storetest.Fault{storetest.LoseAnswer}},
		"a byte changes on its way":  {small, storetest.Method("PUT"), []storetest.Fault{storetest.FlipRequest(500)}},
		"black hole on put":          {small, storetest.Method("PUT"), []storetest.Fault{server.BlackHole}},
		"cut within parts":           {big, storetest.Method("PUT"), []storetest.Fault{nil, storetest.Cut(5_000_000), storetest.LoseAnswer}},
		"the session is dropped":     {big, storetest.Method("PUT"), []storetest.Fault{nil, storetest.Answer(410, "gone")}},
		"cut within get":             {big, storetest.Method("GET"), []storetest.Fault{storetest.CutAnswer(20_000_000), storetest.CutAnswer(10_000_000), unwell}},
	} {
		t.Run(name, func(t *testing.T) {
			s := server.Open(t, server.Options(t), again)
			server.First(c.fits, c.faults...)
			content := storetest.Content("a", c.data)
			content.IfAbsent = true
			require.NoError(t, s.Put(t.Context(), content))
			var got bytes.Buffer
			_, err := s.Get(t.Context(), "a", &got)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(c.data, got.Bytes()))
		})
	}
}

func TestGCSAnswersAreTold(t *testing.T) {
	t.Parallel()
	server := storetest.StartGCS(t)
	s := server.Open(t, server.Options(t), hurried)
	for _, c := range []struct {
		status       int
		reason, text string
		kind         error
	}{
		{503, "backendError", "the server answers 503 Service Unavailable: of the test (tried 2 times); look at Google's status page, try later", nil},
		{403, "rateLimitExceeded", "the server answers 403 Forbidden: of the test (tried 2 times); look at Google's status page, try later", nil},
		{403, "forbidden", "access denied (403 Forbidden: of the test); grant the account roles/storage.objectAdmin on the bucket", store.ErrDenied},
		{403, "retentionPolicyNotMet", "the store keeps it (403 Forbidden: of the test); delete it after its retention", store.ErrRetained},
		{403, "quotaExceeded", "the store is full (403 Forbidden: of the test); free some of it, or raise the quota", store.ErrFull},
		{401, "authError", "the server does not accept the token (tried 2 times); check the credentials, and the clock of this host", store.ErrDenied},
		{404, "notFound", "there is no bucket backups; make it, or check bucket and endpoint", nil},
		{412, "conditionNotMet", "there is one already; choose another name, or delete that one", fs.ErrExist},
		{400, "invalid", "the server answers 400 Bad Request: of the test; check whether a proxy answers in its place", nil},
	} {
		server.Choose(func(*http.Request) storetest.Fault {
			return storetest.Answer(c.status, jsonError(c.reason, "of the test"))
		})
		err := s.Put(t.Context(), storetest.Content("a", []byte("1")))
		told(t, s, err, "put a: "+c.text)
		if c.kind != nil {
			assert.ErrorIs(t, err, c.kind)
		}
	}
	server.Choose(func(*http.Request) storetest.Fault { return server.BlackHole })
	_, err := server.Open(t, server.Options(t), stalling).Get(t.Context(), "a", io.Discard)
	assert.ErrorContains(t, err, ": get a: nothing moved for 400ms (tried 2 times); check the network and the store's health")
	server.Choose(nil)
	o := server.Options(t)
	o.Bucket = "none"
	_, err = server.Open(t, o, hurried).Stat(t.Context(), "a")
	assert.EqualError(t, err, "gs://none/"+o.Prefix+" at "+server.URL+": look at a: there is no bucket none; make it, or check bucket and endpoint")
	assert.NotErrorIs(t, err, fs.ErrNotExist)
	o.Endpoint = "http://storage"
	_, err = store.OpenGCS(o, hurried)
	assert.EqualError(t, err, `endpoint "http://storage": a URL as https://storage.googleapis.com is wanted`)
}

func TestHalfListsOfGCSAreTold(t *testing.T) {
	t.Parallel()
	server := storetest.StartGCS(t)
	s := server.Open(t, server.Options(t), hurried)
	for _, name := range []string{"a", "b", "c"} {
		require.NoError(t, s.Put(t.Context(), storetest.Content(name, []byte(name))))
	}
	pages := func(fault storetest.Fault) {
		server.Choose(func(r *http.Request) storetest.Fault {
			if strings.HasSuffix(r.URL.Path, "/o") && r.Method == http.MethodGet {
				return fault
			}
			return nil
		})
	}
	const end = " (tried 2 times); look at the store's health; delete nothing"
	for text, fault := range map[string]storetest.Fault{
		"the server's answer makes no sense (unexpected EOF)" + end:                                       storetest.Rewrite(func(body []byte) []byte { return body[:len(body)/2] }),
		"only part of it is known (3 names): the server gives the same page again and again" + end:        storetest.Rewrite(func(body []byte) []byte { return append([]byte(`{"nextPageToken":"x",`), body[1:]...) }),
		"the server's answer makes no sense (invalid character '<' looking for beginning of value)" + end: storetest.Answer(200, "<html>"),
		"a was put and is not listed" + end:                                                               storetest.Answer(200, "{}"),
	} {
		pages(fault)
		err := list(t, s)
		if strings.HasPrefix(text, "a was") {
			assert.ErrorContains(t, err, " was put and is not listed"+end)
		} else {
			told(t, s, err, "list *: "+text)
		}
		assert.ErrorIs(t, err, store.ErrPartial)
	}
}

func TestWhatGCSMustKeepStays(t *testing.T) {
	t.Parallel()
	server := storetest.StartGCS(t)
	s := server.Open(t, server.Options(t), hurried)
	require.NoError(t, s.Put(t.Context(), storetest.Content("a", []byte("1"))))
	for field, text := range map[string]string{
		`"retentionExpirationTime":"2100-01-02T03:04:05Z"`:                       "the store keeps it until 2100-01-02T03:04:05Z (retention); delete it after that",
		`"retention":{"mode":"Locked","retainUntilTime":"2100-01-02T03:04:05Z"}`: "the store keeps it until 2100-01-02T03:04:05Z (retention); delete it after that",
		`"temporaryHold":true`: "the store keeps it (legal hold); end the hold, or keep it",
	} {
		server.Choose(func(r *http.Request) storetest.Fault {
			if r.Method == http.MethodGet {
				return storetest.Rewrite(func(body []byte) []byte { return append([]byte("{"+field+","), body[1:]...) })
			}
			return nil
		})
		err := s.Delete(t.Context(), "a")
		assert.ErrorIs(t, err, store.ErrRetained)
		told(t, s, err, "delete a: "+text)
		assert.Zero(t, server.Seen("DELETE"))
	}
}
