package store_test

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/store"
	"github.com/metal-stack/initial-cluster/testing/storetest"
)

// hurried gives up soon, stalling when nothing moves.
var (
	hurried  = store.Limits{Deadline: time.Minute, Attempts: 2}
	stalling = store.Limits{Deadline: time.Minute, Stall: 400 * time.Millisecond, Attempts: 2}
)

// told asserts what is told of a store, without its name.
func told(t *testing.T, s store.Store, err error, text string) {
	t.Helper()
	assert.EqualError(t, err, s.String()+": "+text)
	for _, secret := range storetest.Secrets {
		assert.NotContains(t, err.Error(), secret)
	}
}

func list(t *testing.T, s store.Store) error {
	t.Helper()
	_, err := s.List(t.Context(), "")
	return err
}

func TestWrongOptionsOfS3AreTold(t *testing.T) {
	t.Parallel()
	server := storetest.StartS3(t)
	right := server.Bucket(t, minio.MakeBucketOptions{})
	other, err := os.ReadFile(storetest.StartS3(t).CAFile)
	require.NoError(t, err)
	otherCA := filepath.Join(t.TempDir(), "ca.crt")
	require.NoError(t, os.WriteFile(otherCA, other, 0o600))
	for name, c := range map[string]struct {
		change func(o *store.S3)
		text   string
		kind   error
	}{
		"wrong access key":  {func(o *store.S3) { o.AccessKey = "nobody" }, "the server does not know the access key; check access_key and the endpoint", store.ErrDenied},
		"wrong secret key":  {func(o *store.S3) { o.SecretKey = "hunter2-the-secret-key?" }, "the secret key is not the access key's; check secret_key", store.ErrDenied},
		"wrong bucket":      {func(o *store.S3) { o.Bucket = "none" }, "there is no bucket none; make it, or check bucket, endpoint and lookup", nil},
		"wrong region":      {func(o *store.S3) { o.Region = "eu-west-1" }, "the bucket is in region us-east-1; set that (region)", nil},
		"unknown authority": {func(o *store.S3) { o.CAFile = "" }, "its certificate is of an unknown authority; give that authority's certificate (ca_file)", nil},
		"another authority": {func(o *store.S3) { o.CAFile = otherCA }, "its certificate is of an unknown authority; check whether " + otherCA + " is of the server's authority", nil},
		"without TLS":       {func(o *store.S3) { o.Endpoint = "http" + strings.TrimPrefix(o.Endpoint, "https") }, "the server answers 400 Bad Request: Client sent an HTTP request to an HTTPS server.; look at the server's log", nil},
		"bucket as subdomain": {func(o *store.S3) {
			o.Endpoint, o.Lookup = strings.Replace(o.Endpoint, "127.0.0.1", "store.invalid", 1), "dns"
		}, "the name " + right.Bucket + ".store.invalid does not resolve; let the bucket be named in the path (lookup: path)", nil},
		"nobody listens": {func(o *store.S3) { o.Endpoint = "https://127.0.0.1:1" }, "connection refused (tried 2 times); check the network and https_proxy", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := right
			c.change(&o)
			s := server.Open(t, o, hurried)
			err := list(t, s)
			told(t, s, err, "list *: "+c.text)
			if c.kind != nil {
				assert.ErrorIs(t, err, c.kind)
			}
			_, err = s.Stat(t.Context(), "a")
			require.Error(t, err)
			assert.NotErrorIs(t, err, fs.ErrNotExist, "whether it is there is not known")
			if name != "without TLS" { // there, who comes first: the answer, or the end of the connection
				told(t, s, s.Put(t.Context(), storetest.Content("a", []byte("1"))), "put a: "+c.text)
			}
		})
	}
}

func TestS3OptionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	none := filepath.Join(t.TempDir(), "none")
	require.NoError(t, os.WriteFile(none+".empty", nil, 0o600))
	for text, o := range map[string]store.S3{
		`endpoint "minio:9000": a URL as https://minio.example:9000 is wanted`:            {Endpoint: "minio:9000"},
		`endpoint "https://minio/backups": a URL as https://minio.example:9000 is wanted`: {Endpoint: "https://minio/backups"},
		`lookup "virtual": auto, path or dns is wanted`:                                   {Lookup: "virtual"},
		"read ca_file: open " + none + ": no such file or directory":                      {CAFile: none},
		"ca_file " + none + ".empty: there is no certificate in it; give one in PEM form": {CAFile: none + ".empty"},
		"ca_cert: there is no certificate in it; give one in PEM form":                    {CACert: "none"},
	} {
		_, err := store.OpenS3(o, store.Limits{})
		assert.EqualError(t, err, text)
	}
}

func TestAnAuthorityMayBeGivenAsText(t *testing.T) {
	t.Parallel()
	server := storetest.StartS3(t)
	o := server.Bucket(t, minio.MakeBucketOptions{})
	text, err := os.ReadFile(o.CAFile)
	require.NoError(t, err)
	o.CAFile, o.CACert = "", string(text)
	assert.NoError(t, list(t, server.Open(t, o, store.Limits{})))
}

// xmlError is what S3 answers.
func xmlError(code, more string) string {
	return `<?xml version="1.0"?><Error><Code>` + code + `</Code><Message>of the test</Message>` + more + `</Error>`
}

func TestS3AnswersAreTold(t *testing.T) {
	t.Parallel()
	server := storetest.StartS3(t)
	s := server.Open(t, server.Bucket(t, minio.MakeBucketOptions{}), hurried)
	for _, c := range []struct {
		status     int
		code, text string
		kind       error
	}{
		{503, "SlowDown", "the server answers 503 Service Unavailable SlowDown: of the test (tried 2 times); look at the store's health, try later", nil},
		{500, "InternalError", "the server answers 500 Internal Server Error InternalError: of the test (tried 2 times); look at the store's health, try later", nil},
		{403, "AccessDenied", "access denied; allow the key to list, read, write and delete in the bucket, below the prefix", store.ErrDenied},
		{403, "QuotaExceeded", "the store is full (403 Forbidden QuotaExceeded: of the test); free some of it, or raise the quota", store.ErrFull},
		{507, "XMinioStorageFull", "the store is full (507 Insufficient Storage XMinioStorageFull: of the test); free some of it, or raise the quota", store.ErrFull},
		{400, "ExpiredToken", "the session token is not valid, or no longer; get a new one (session_token)", store.ErrDenied},
		{301, "PermanentRedirect", "the bucket is in another region; check region and endpoint", nil},
		{418, "Teapot", "the server answers 418 I'm a teapot Teapot: of the test; look at the server's log", nil},
		{409, "ConditionalRequestConflict", "somebody else writes it at this moment (tried 2 times); run it again", nil},
	} {
		server.Choose(func(*http.Request) storetest.Fault { return storetest.Answer(c.status, xmlError(c.code, "")) })
		err := s.Put(t.Context(), storetest.Content("a", []byte("1")))
		told(t, s, err, "put a: "+c.text)
		if c.kind != nil {
			assert.ErrorIs(t, err, c.kind)
		}
	}
	for by, text := range map[time.Duration]string{
		2 * time.Hour:  "the clock of this host is 2h0m0s behind the server's; set it right (timedatectl)",
		-2 * time.Hour: "the clock of this host is 2h0m0s ahead of the server's; set it right (timedatectl)",
	} {
		server.Choose(func(*http.Request) storetest.Fault {
			return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				w.Header().Set("Date", time.Now().Add(by).UTC().Format(http.TimeFormat))
				storetest.Answer(403, xmlError("RequestTimeTooSkewed", ""))(w, r, next)
			}
		})
		told(t, s, list(t, s), "list *: "+text)
	}
	server.Choose(func(*http.Request) storetest.Fault { return storetest.Answer(200, "") })
	told(t, s, s.Put(t.Context(), storetest.Content("a", []byte("1"))), "put a: the answer is none of an S3 server (no ETag) (tried 2 times); check whether a proxy answers in its place")
	server.Choose(func(*http.Request) storetest.Fault { return storetest.Answer(502, "<html>\nbad gateway</html>") })
	told(t, s, list(t, s), "list *: the server answers 502 Bad Gateway: <html> bad gateway</html> (tried 2 times); look at the store's health, try later")
}

func TestS3IsTriedAgain(t *testing.T) {
	t.Parallel()
	server := storetest.StartS3(t)
	again := store.Limits{Attempts: 3, Stall: time.Second}
	small, big := storetest.Bytes(1, 100_000), storetest.Bytes(2, 3*store.AtomicSize+5)
	unwell := storetest.Answer(503, xmlError("SlowDown", ""))
	for name, c := range map[string]struct {
		data   []byte
		fits   func(*http.Request) bool
		faults []storetest.Fault
	}{
		"503 on put":                  {small, storetest.Method("PUT"), []storetest.Fault{unwell, unwell}},
		"cut within put":              {small, storetest.Method("PUT"), []storetest.Fault{storetest.Cut(50_000)}},
		"the answer to put is lost":   {small, storetest.Method("PUT"), []storetest.Fault{storetest.LoseAnswer}},
		"a byte changes on its way":   {small, storetest.Method("PUT"), []storetest.Fault{storetest.FlipRequest(500)}},
		"black hole on put":           {small, storetest.Method("PUT"), []storetest.Fault{server.BlackHole}},
		"cut within parts":            {big, storetest.Method("PUT"), []storetest.Fault{storetest.Cut(5_000_000), storetest.Cut(100), unwell, storetest.LoseAnswer}},
		"a byte of a part changes":    {big, storetest.Method("PUT"), []storetest.Fault{storetest.FlipRequest(500)}},
		"the begin is refused":        {big, storetest.Method("POST"), []storetest.Fault{unwell}},
		"the answer to the end lost":  {big, func(r *http.Request) bool { return r.Method == "POST" && r.URL.Query().Has("uploadId") }, []storetest.Fault{storetest.LoseAnswer}},
		"the end answers 200 and err": {big, func(r *http.Request) bool { return r.Method == "POST" && r.URL.Query().Has("uploadId") }, []storetest.Fault{storetest.Answer(200, xmlError("InternalError", ""))}},
		"cut within get":              {big, storetest.Method("GET"), []storetest.Fault{storetest.CutAnswer(20_000_000), storetest.CutAnswer(10_000_000), unwell}},
		"black hole on get":           {small, storetest.Method("GET"), []storetest.Fault{server.BlackHole}},
	} {
		t.Run(name, func(t *testing.T) {
			s := server.Open(t, server.Bucket(t, minio.MakeBucketOptions{}), again)
			server.First(c.fits, c.faults...)
			content := storetest.Content("a", c.data)
			content.IfAbsent = true
			require.NoError(t, s.Put(t.Context(), content))
			var got bytes.Buffer
			sum, err := s.Get(t.Context(), "a", &got)
			require.NoError(t, err)
			assert.Equal(t, content.SHA256, sum.SHA256)
			assert.True(t, bytes.Equal(c.data, got.Bytes()))
			left, err := s.Sweep(t.Context(), 0)
			require.NoError(t, err)
			assert.Zero(t, left)
		})
	}
}

func TestPartsThatArrivedAreNotSentAgain(t *testing.T) {
	t.Parallel()
	server := storetest.StartS3(t)
	s := server.Open(t, server.Bucket(t, minio.MakeBucketOptions{}), store.Limits{})
	var arrived sync.WaitGroup
	arrived.Add(5)
	known := map[string]bool{"": true}
	server.Choose(func(r *http.Request) storetest.Fault {
		part := r.URL.Query().Get("partNumber")
		if known[part] {
			return nil
		}
		known[part] = true
		if part == "6" {
			return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				arrived.Wait() // as a part that is under way when another fails is sent again
				storetest.Cut(1000)(w, r, next)
			}
		}
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(w, r)
			_ = http.NewResponseController(w).Flush() // the proxy can
			arrived.Done()
		}
	})
	require.NoError(t, s.Put(t.Context(), storetest.Content("a", storetest.Bytes(1, 6*store.AtomicSize))))
	assert.Equal(t, 1, server.Seen("partNumber=1&"))
	assert.Equal(t, 2, server.Seen("partNumber=6&"))
}

func TestS3GivesUp(t *testing.T) {
	t.Parallel()
	server := storetest.StartS3(t)
	s := server.Open(t, server.Bucket(t, minio.MakeBucketOptions{}), stalling)
	server.Choose(func(*http.Request) storetest.Fault { return server.BlackHole })
	told(t, s, list(t, s), "list *: nothing moved for 400ms (tried 2 times); check the network and the store's health")
	_, err := s.Get(t.Context(), "a", io.Discard)
	told(t, s, err, "get a: nothing moved for 400ms (tried 2 times); check the network and the store's health")
	told(t, s, s.Put(t.Context(), storetest.Content("a", storetest.Bytes(1, 2*store.AtomicSize))),
		"put a: nothing moved for 400ms (tried 2 times); check the network and the store's health")
}

// without takes a name out of a list.
func without(key string) storetest.Fault {
	return storetest.Rewrite(func(body []byte) []byte {
		from := bytes.LastIndex(body[:bytes.Index(body, []byte("<Key>"+key))], []byte("<Contents>"))
		to := from + bytes.Index(body[from:], []byte("</Contents>")) + len("</Contents>")
		return append(body[:from:from], body[to:]...)
	})
}

func TestAListMayHaveManyPages(t *testing.T) {
	t.Parallel()
	server := storetest.StartS3(t)
	o := server.Bucket(t, minio.MakeBucketOptions{})
	s := server.Open(t, o, hurried)
	folder := filepath.Join(server.Folder, o.Bucket, "clusters/one")
	require.NoError(t, os.MkdirAll(folder, 0o700))
	for i := range 1001 {
		require.NoError(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%04d", i)), []byte("1"), 0o600))
	}
	found, err := s.List(t.Context(), "")
	require.NoError(t, err)
	assert.Len(t, found, 1001)
	second := func(r *http.Request) bool { return r.URL.Query().Has("continuation-token") }
	server.First(second, storetest.Cut(0))
	found, err = s.List(t.Context(), "")
	require.NoError(t, err)
	assert.Len(t, found, 1001)
	server.Choose(func(r *http.Request) storetest.Fault {
		if second(r) {
			return storetest.Answer(503, xmlError("SlowDown", ""))
		}
		return nil
	})
	found, err = s.List(t.Context(), "")
	told(t, s, err, "list *: only part of it is known (1000 names): the server answers 503 Service Unavailable SlowDown: of the test (tried 2 times); look at the store's health, try later")
	assert.ErrorIs(t, err, store.ErrPartial)
	assert.Len(t, found, 1000)
}

func TestWhatABucketMustKeepStays(t *testing.T) {
	t.Parallel()
	server := storetest.StartS3(t)
	o := server.Bucket(t, minio.MakeBucketOptions{ObjectLocking: true})
	s := server.Open(t, o, hurried)
	require.NoError(t, s.Put(t.Context(), storetest.Content("a", []byte("1"))))
	mode, until := minio.Governance, time.Now().Add(24*time.Hour)
	retention := minio.PutObjectRetentionOptions{Mode: &mode, RetainUntilDate: &until}
	require.NoError(t, server.Client.PutObjectRetention(t.Context(), o.Bucket, "clusters/one/a", retention))
	require.NoError(t, s.Put(t.Context(), storetest.Content("big", storetest.Bytes(1, 2*store.AtomicSize))))
	info, err := s.Stat(t.Context(), "a")
	require.NoError(t, err)
	assert.WithinDuration(t, until, info.Retained, time.Second)
	err = s.Delete(t.Context(), "a")
	assert.ErrorIs(t, err, store.ErrRetained)
	told(t, s, err, "delete a: the store keeps it until "+info.Retained.UTC().Format(time.RFC3339)+" (retention); delete it after that")
	on := minio.LegalHoldEnabled
	require.NoError(t, server.Client.PutObjectLegalHold(t.Context(), o.Bucket, "clusters/one/a", minio.PutObjectLegalHoldOptions{Status: &on}))
	told(t, s, s.Delete(t.Context(), "a"), "delete a: the store keeps it (legal hold); end the hold, or keep it")
	found, err := s.List(t.Context(), "")
	require.NoError(t, err)
	assert.Len(t, found, 2)
}

func TestADeleteKeepsTheVersion(t *testing.T) {
	t.Parallel()
	server := storetest.StartS3(t)
	o := server.Bucket(t, minio.MakeBucketOptions{})
	require.NoError(t, server.Client.EnableVersioning(t.Context(), o.Bucket))
	s := server.Open(t, o, hurried)
	require.NoError(t, s.Put(t.Context(), storetest.Content("a", []byte("1"))))
	require.NoError(t, s.Delete(t.Context(), "a"))
	require.NoError(t, s.Delete(t.Context(), "a"))
	_, err := s.Stat(t.Context(), "a")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, list(t, s))
	content := storetest.Content("a", []byte("2"))
	content.IfAbsent = true
	// To versitygw what was deleted is there still, to Amazon it is not.
	told(t, s, s.Put(t.Context(), content), "put a: there was one, of which the bucket keeps the version, and this server takes that for one; choose another name, or a bucket without versions")
	require.NoError(t, s.Put(t.Context(), storetest.Content("a", []byte("2"))))
	versions := 0
	for range server.Client.ListObjectsIter(t.Context(), o.Bucket, minio.ListObjectsOptions{WithVersions: true, Recursive: true}) {
		versions++
	}
	assert.Equal(t, 3, versions, "both, and that it was deleted between")
}

func TestHalfListsOfS3AreTold(t *testing.T) {
	t.Parallel()
	server := storetest.StartS3(t)
	s := server.Open(t, server.Bucket(t, minio.MakeBucketOptions{}), hurried)
	for _, name := range []string{"a", "b", "c"} {
		require.NoError(t, s.Put(t.Context(), storetest.Content(name, []byte(name))))
	}
	cut := func(from, to string) storetest.Fault {
		return storetest.Rewrite(func(body []byte) []byte {
			require.Contains(t, string(body), from)
			return bytes.Replace(body, []byte(from), []byte(to), 1)
		})
	}
	const end = "; look at the store's health; delete nothing"
	for text, fault := range map[string]storetest.Fault{
		"the server's answer makes no sense (Truncated response should have continuation token set) (tried 2 times)" + end: cut("<IsTruncated>false", "<IsTruncated>true"),
		"the server's answer ends too early (tried 2 times)" + end:                                                         storetest.Rewrite(func(body []byte) []byte { return body[:len(body)/2] }),
	} {
		server.Choose(func(*http.Request) storetest.Fault { return fault })
		found, err := s.List(t.Context(), "")
		told(t, s, err, "list *: "+text)
		assert.ErrorIs(t, err, store.ErrPartial)
		assert.Empty(t, found)
	}
	server.Choose(func(r *http.Request) storetest.Fault {
		if r.URL.Query().Has("list-type") {
			return without("clusters/one/b")
		}
		return nil
	})
	found, err := s.List(t.Context(), "")
	told(t, s, err, "list *: only part of it is known (2 names): b was put and is not listed (tried 2 times); look at the store's health; delete nothing")
	assert.ErrorIs(t, err, store.ErrPartial)
	assert.Len(t, found, 2)
	server.Choose(func(*http.Request) storetest.Fault {
		return storetest.Rewrite(func(body []byte) []byte {
			swapped := bytes.Replace(body, []byte("one/b"), []byte("one/x"), 1)
			return bytes.Replace(swapped, []byte("one/c"), []byte("one/b"), 1)
		})
	})
	_, err = s.List(t.Context(), "")
	assert.ErrorIs(t, err, store.ErrPartial)
	told(t, s, err, `list *: only part of it is known (2 names): the server lists "b" behind "x" (tried 2 times)`+end)
}
