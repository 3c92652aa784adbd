package metalstackcloudtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"time"
)

// Kind is a way in which metalstack.cloud fails.
type Kind string

// The ways.
const (
	Refused Kind = "refused" // an error with Code and Message
	Cut     Kind = "cut"     // the request is accepted, the connection ends before the answer
	Gone    Kind = "gone"    // the connection ends before anything is done
	Slow    Kind = "slow"    // the answer comes after Delay
	Garbled Kind = "garbled" // the request is accepted, the answer is no JSON
	Proxy   Kind = "proxy"   // somebody else answers, with Status and a page in HTML
	Broken  Kind = "broken"  // the operation that the request begins fails with Message, and stays so
	Trouble Kind = "trouble" // it fails with Message, and is tried again
)

// Fault makes requests fail.
type Fault struct {
	Kind    Kind          `json:"kind"`
	Method  string        `json:"method"` // as Create; empty hits all
	Times   int           `json:"times"`  // so many requests; 0 is all until ClearFaults
	Code    string        `json:"code"`
	Message string        `json:"message"`
	Status  int           `json:"status"`
	Delay   time.Duration `json:"delay"`
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

// hit finds the first fault of a method that is one of operations or is not, and counts it; the mutex is held.
func (s *Server) hit(method string, ofOperation bool) *Fault {
	for i, f := range s.faults {
		if f.Method != "" && f.Method != method || ofOperation != (f.Kind == Broken || f.Kind == Trouble) {
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

// operationFault is how an operation will fail. Faults of operations are named by the method that begins them.
func (s *Server) operationFault(kind string) (message string, halted bool) {
	method := map[string]string{"Create": "Create", "Delete": "Delete", "Reconcile": "Update"}[kind]
	f := s.hit(method, true)
	if f == nil {
		return "", false
	}
	return f.Message, f.Kind == Broken
}

// statuses are the HTTP statuses of codes, https://connectrpc.com/docs/protocol#error-codes.
var statuses = map[string]int{
	"invalid_argument": 400, "failed_precondition": 400, "unauthenticated": 401, "permission_denied": 403, "not_found": 404, "already_exists": 409,
	"aborted": 409, "resource_exhausted": 429, "internal": 500, "unknown": 500, "unimplemented": 501, "unavailable": 503, "deadline_exceeded": 504,
}

func (s *Server) faulty(truth http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/faults") {
			s.setFaults(w, r)
			return
		}
		s.mutex.Lock()
		f := s.hit(path.Base(r.URL.Path), false)
		s.mutex.Unlock()
		if f == nil {
			truth.ServeHTTP(w, r)
			return
		}
		select {
		case <-time.After(f.Delay):
		case <-r.Context().Done():
		case <-s.ctx.Done():
		}
		f.answer(w, r, truth)
	})
}

func (f *Fault) answer(w http.ResponseWriter, r *http.Request, truth http.Handler) {
	switch f.Kind {
	case Refused:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(statuses[f.Code])
		_ = json.NewEncoder(w).Encode(map[string]string{"code": f.Code, "message": f.Message})
	case Proxy:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(f.Status)
		fmt.Fprintln(w, "<html>log in</html>")
	case Gone:
		panic(http.ErrAbortHandler)
	case Cut:
		truth.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case Garbled:
		truth.ServeHTTP(httptest.NewRecorder(), r)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintln(w, `{"cluster": {"uuid":`)
	default:
		truth.ServeHTTP(w, r)
	}
}

// setFaults takes POST with a Fault in JSON, and DELETE of all.
func (s *Server) setFaults(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodDelete {
		s.ClearFaults()
		return
	}
	var f Fault
	if err := json.NewDecoder(r.Body).Decode(&f); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.Inject(f)
}
