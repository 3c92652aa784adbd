package googletest

import (
	"net/http"
	"strings"
	"time"
)

// Fault is one way in which the world fails. Those set are combined: a Delay before a Status, say.
type Fault struct {
	Path   string        // the beginning of the paths that are hit; empty hits all
	Times  int           // so many requests; 0 is all until ClearFaults
	Delay  time.Duration // before anything else; nothing is done if the client or the server goes meanwhile
	Status int           // answered instead of the truth, with Body
	Body   string        // a Status of 0 and a Body is 200 with this body
	Kind   string        // content type of Body; application/json without
	Cut    bool          // the connection ends without an answer
}

// Inject makes the coming requests fail.
func (s *Server) Inject(f Fault) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.faults = append(s.faults, &f)
}

// ClearFaults ends all injected faults.
func (s *Server) ClearFaults() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.faults = nil
}

// next is the fault that hits a request, or nil. It counts.
func (s *Server) next(path string) *Fault {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for i, f := range s.faults {
		if !strings.HasPrefix(path, f.Path) {
			continue
		}
		if f.Times == 1 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		} else if f.Times > 1 {
			f.Times--
		}
		return f
	}
	return nil
}

func (s *Server) faulty(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mutex.Lock()
		w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
		s.mutex.Unlock()
		fault := s.next(r.URL.Path)
		if fault == nil {
			handler.ServeHTTP(w, r)
			return
		}
		select {
		case <-time.After(fault.Delay):
			fault.answer(w, r, handler)
		case <-r.Context().Done():
		case <-s.stopped:
		}
	})
}

func (f *Fault) answer(w http.ResponseWriter, r *http.Request, truth http.Handler) {
	if f.Cut {
		panic(http.ErrAbortHandler)
	}
	if f.Status == 0 && f.Body == "" {
		truth.ServeHTTP(w, r)
		return
	}
	kind := f.Kind
	if kind == "" {
		kind = "application/json; charset=UTF-8"
	}
	w.Header().Set("Content-Type", kind)
	if f.Status != 0 {
		w.WriteHeader(f.Status)
	}
	if _, err := w.Write([]byte(f.Body)); err != nil {
		return // the client is gone
	}
}
