package metalstackcloudtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"connectrpc.com/connect"
)

// strict is the JSON of the API. Other than metalstack.cloud, which drops what it does not know, it refuses that: a slip of the pen in a
// request is to be seen.
type strict struct{}

func (strict) Name() string { return "json" }

func (strict) Marshal(message any) ([]byte, error) { return json.Marshal(message) }

func (strict) Unmarshal(data []byte, message any) error {
	reader := json.NewDecoder(bytes.NewReader(data))
	reader.DisallowUnknownFields()
	return reader.Decode(message)
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	serve(mux, s, "ClusterService/List", inProject, s.list)
	serve(mux, s, "ClusterService/Get", inProject, s.get)
	serve(mux, s, "ClusterService/Create", inProject, s.create)
	serve(mux, s, "ClusterService/Update", inProject, s.update)
	serve(mux, s, "ClusterService/Delete", inProject, s.delete)
	serve(mux, s, "ClusterService/GetCredentials", inProject, s.getCredentials)
	serve(mux, s, "ClusterService/Operate", inProject, s.operate)
	serve(mux, s, "MethodService/TokenScopedList", forSelf, s.tokenScopedList)
	serve(mux, s, "AssetService/List", forAll, s.listAssets)
	return mux
}

// visibility is who may call a method.
type visibility int

const (
	forAll    visibility = iota
	forSelf              // whoever has a token
	inProject            // who may do it in the project that the request names
)

// question is a request that may name a project.
type question interface{ project() string }

func serve[Q, A any](mux *http.ServeMux, s *Server, method string, who visibility, do func(caller *token, q *Q) (*A, error)) {
	procedure := "/api.v1." + method
	mux.Handle(procedure, connect.NewUnaryHandler(procedure, func(_ context.Context, r *connect.Request[Q]) (*connect.Response[A], error) {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		s.calls = append(s.calls, Call{method, r.Msg})
		var caller *token
		if who != forAll {
			var err error
			if caller, err = s.authenticate(strings.TrimPrefix(r.Header().Get("Authorization"), "Bearer ")); err != nil {
				return nil, err
			}
		}
		if who == inProject {
			if err := s.authorize(caller, method, any(r.Msg).(question).project()); err != nil {
				return nil, err
			}
		}
		answer, err := do(caller, r.Msg)
		if err != nil {
			return nil, err
		}
		return connect.NewResponse(answer), s.save()
	}, connect.WithCodec(strict{})))
}

// Call is a request that was understood, whatever came of it.
type Call struct {
	Method  string
	Message any
}

// Calls are the requests so far, of a method (as ClusterService/Create) or all.
func (s *Server) Calls(method string) []Call {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var found []Call
	for _, c := range s.calls {
		if method == "" || c.Method == method {
			found = append(found, c)
		}
	}
	return found
}

// refuse is an error as the API tells it.
func refuse(code connect.Code, format string, args ...any) error {
	return connect.NewError(code, fmt.Errorf(format, args...))
}
