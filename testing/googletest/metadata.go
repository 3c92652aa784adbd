package googletest

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// instance is the virtual machine the metadata server speaks for.
type instance struct {
	Project string
	Email   string // empty: a machine without a service account
	Scopes  []string
}

// Instance says for which virtual machine the metadata server speaks: in a project, with an account (or none) and scopes.
func (s *Server) Instance(projectID, email string, scopes ...string) error {
	return s.change(func() error {
		s.project(projectID)
		s.state.Instance = instance{Project: projectID, Email: email, Scopes: scopes}
		return nil
	})
}

// metadataRoutes follow https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys
func (s *Server) metadataRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { say(w, "computeMetadata/\n") })
	const base = "GET /computeMetadata/v1/"
	mux.HandleFunc(base+"project/project-id", s.told(func(i instance) string { return i.Project }))
	mux.HandleFunc(base+"project/numeric-project-id", s.told(func(i instance) string { return s.state.Projects[i.Project].Number }))
	mux.HandleFunc(base+"universe/universe-domain", s.told(func(instance) string { return "googleapis.com" }))
	const account = base + "instance/service-accounts/{account}/"
	mux.HandleFunc(base+"instance/service-accounts/{$}", s.told(func(i instance) string { return "default/\n" + i.Email + "/\n" }))
	mux.HandleFunc(account+"email", s.toldOf(func(i instance) string { return i.Email }))
	mux.HandleFunc(account+"scopes", s.toldOf(func(i instance) string { return strings.Join(i.Scopes, "\n") + "\n" }))
	mux.HandleFunc(account+"token", s.metadataToken)
	return flavoured(mux)
}

// flavoured refuses, as Google does, requests that a browser or a proxy could have been tricked into.
func flavoured(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Metadata-Flavor", "Google")
		w.Header().Set("Server", "Metadata Server for VM")
		if r.URL.Path != "/" && (r.Header.Get("Metadata-Flavor") != "Google" || r.Header.Get("X-Forwarded-For") != "") {
			http.Error(w, "Missing Metadata-Flavor:Google header.", http.StatusForbidden)
			return
		}
		handler.ServeHTTP(w, r)
	})
}

func say(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/text")
	if _, err := io.WriteString(w, text); err != nil {
		return // the client is gone
	}
}

func (s *Server) told(what func(instance) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		if s.state.Instance.Project == "" {
			http.NotFound(w, r)
			return
		}
		say(w, what(s.state.Instance))
	}
}

// toldOf is told for an account's leaves, which do not exist for another account.
func (s *Server) toldOf(what func(instance) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		if !s.state.Instance.has(r.PathValue("account")) {
			http.NotFound(w, r)
			return
		}
		say(w, what(s.state.Instance))
	}
}

func (i instance) has(account string) bool {
	return i.Email != "" && (account == "default" || account == i.Email)
}

// metadataToken gives a token of the scopes the machine was made with, whatever is asked for.
func (s *Server) metadataToken(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.state.Instance.has(r.PathValue("account")) {
		http.NotFound(w, r)
		return
	}
	value, info := s.issue(s.state.Instance.Email, s.state.Instance.Scopes, s.life)
	if err := s.saveAfter(nil); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.issued["metadata"]++
	answer(w, http.StatusOK, map[string]any{
		"access_token": value, "expires_in": int(time.Until(time.Unix(info.Expires, 0)).Seconds()), "token_type": "Bearer",
	})
}
