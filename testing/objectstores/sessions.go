package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// sessions keep resumable uploads as https://cloud.google.com/storage/docs/performing-resumable-uploads has them, which the emulator does
// not: it takes a question about an upload for its end, and a part that is sent again for another one. What is complete it gets as a
// whole.
type sessions struct {
	next  http.Handler
	mutex sync.Mutex
	open  map[string]*session
}

type session struct {
	mutex   sync.Mutex
	content []byte
	done    *recorded
}

// ServeHTTP is of http.Handler.
func (s *sessions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("upload_id")
	if id == "" || r.Method != http.MethodPut {
		s.next.ServeHTTP(w, r)
		return
	}
	s.mutex.Lock()
	if s.open[id] == nil {
		s.open[id] = &session{}
	}
	u := s.open[id]
	s.mutex.Unlock()
	u.mutex.Lock()
	defer u.mutex.Unlock()
	u.put(w, r, s.next)
}

func (u *session) put(w http.ResponseWriter, r *http.Request, next http.Handler) {
	var first, last, total int64
	span := r.Header.Get("Content-Range")
	asked := strings.HasPrefix(span, "bytes */")
	format, into := "bytes %d-%d/%d", []any{&first, &last, &total}
	if asked {
		format, into, first = "bytes */%d", []any{&total}, int64(len(u.content))
	}
	if _, err := fmt.Sscanf(span, format, into...); err != nil || first > int64(len(u.content)) {
		http.Error(w, "invalid Content-Range: "+span, http.StatusBadRequest)
		return
	}
	part, err := io.ReadAll(r.Body) // what came before a cut counts
	u.content = append(u.content[:first], part...)
	if err != nil {
		return
	}
	if int64(len(u.content)) < total {
		if len(u.content) > 0 {
			w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", len(u.content)-1))
		}
		w.WriteHeader(http.StatusPermanentRedirect)
		return
	}
	u.finish(r, total, next)
	u.done.answer(w)
}

// finish gives the emulator the whole, once.
func (u *session) finish(r *http.Request, total int64, next http.Handler) {
	if u.done != nil {
		return
	}
	whole := r.Clone(r.Context())
	whole.Body, whole.ContentLength = io.NopCloser(bytes.NewReader(u.content)), total
	whole.Header.Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", total-1, total))
	if total == 0 {
		whole.Header.Del("Content-Range")
	}
	u.done = &recorded{header: http.Header{}, status: http.StatusOK}
	next.ServeHTTP(u.done, whole)
}

// recorded is an answer that may be given again.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorded) Header() http.Header         { return r.header }
func (r *recorded) WriteHeader(status int)      { r.status = status }
func (r *recorded) Write(p []byte) (int, error) { return r.body.Write(p) }

func (r *recorded) answer(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body.Bytes()) // the client may be gone
}
