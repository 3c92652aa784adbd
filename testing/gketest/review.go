package gketest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

const userinfoEmail = "https://www.googleapis.com/auth/userinfo.email"

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /tokenreview/{project}", s.reviewToken)
	mux.HandleFunc("POST /faults", s.injectFault)
	mux.HandleFunc("DELETE /faults", func(http.ResponseWriter, *http.Request) { s.ClearFaults() })
	return mux
}

// tokenReview is what matters here of authentication.k8s.io/v1.
type tokenReview struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	Spec       reviewSpec   `json:"spec,omitzero"`
	Status     reviewStatus `json:"status"`
}

type reviewSpec struct {
	Token string `json:"token"`
}

type reviewStatus struct {
	Authenticated bool       `json:"authenticated"`
	User          reviewUser `json:"user,omitzero"`
}

type reviewUser struct {
	Username string   `json:"username"`
	UID      string   `json:"uid"`
	Groups   []string `json:"groups,omitempty"`
}

// reviewToken tells an API server who has an access token of Google, as GKE's authenticator does: by the e-mail only if the token has
// its scope, else by the number. Who may bind any role in all clusters of the project is master of this one.
func (s *Server) reviewToken(w http.ResponseWriter, r *http.Request) {
	var review tokenReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	info, ok := s.options.Google.Token(review.Spec.Token)
	review.Spec = reviewSpec{}
	if ok && info.HasScope(cloudPlatform) {
		review.Status = reviewStatus{Authenticated: true, User: reviewUser{Username: info.UniqueID, UID: info.UniqueID}}
		if slices.Contains(info.Scopes, userinfoEmail) {
			review.Status.User.Username = info.Email
		}
		if s.options.Google.Allowed(info.Email, r.PathValue("project"), "container.clusterRoles.bind") {
			review.Status.User.Groups = []string{"system:masters"}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(review); err != nil {
		return // the API server is gone
	}
}

func (s *Server) injectFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	if err := json.NewDecoder(r.Body).Decode(&f); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !slices.Contains(kinds, f.Kind) {
		http.Error(w, "unknown kind of fault, known are: "+strings.Join(kindNames(), ", "), http.StatusBadRequest)
		return
	}
	s.Inject(f)
}

var kinds = []Kind{Quota, Permission, ServiceDisabled, BillingDisabled, AccountGone, TooManyRequests, Concurrent, Incompatible, Unavailable, Cut, Slow, Garbled, Stockout, Broken}

func kindNames() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, string(k))
	}
	return names
}
