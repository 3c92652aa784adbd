package googletest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// generateAccessToken is impersonation.
// https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
func (s *Server) generateAccessToken(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	target, verb, _ := strings.Cut(r.PathValue("call"), ":")
	if verb != "generateAccessToken" {
		http.NotFound(w, r)
		return
	}
	caller, ok := s.bearer(w, r, cloudPlatform, "https://www.googleapis.com/auth/iam")
	if !ok || s.answerDisabled(w, caller, "IAM Service Account Credentials API", "iamcredentials.googleapis.com") {
		return
	}
	var asked struct {
		Delegates []string `json:"delegates"`
		Lifetime  string   `json:"lifetime"`
		Scope     []string `json:"scope"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		answerAPI(w, http.StatusBadRequest, "INVALID_ARGUMENT", "Invalid JSON payload received.")
		return
	}
	life, ok := lifetime(asked.Lifetime)
	if !ok || !plausible(strings.Join(asked.Scope, " ")) {
		answerAPI(w, http.StatusBadRequest, "INVALID_ARGUMENT", "Request contains an invalid argument.")
		return
	}
	if !s.mayActAs(w, caller.Email, asked.Delegates, target) {
		return
	}
	value, info := s.issue(target, asked.Scope, life)
	if err := s.saveAfter(nil); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.issued["generateAccessToken"]++
	answer(w, http.StatusOK, map[string]string{"accessToken": value, "expireTime": time.Unix(info.Expires, 0).UTC().Format(time.RFC3339)})
}

// lifetime is what is asked for; above an hour only an organisation's policy allows, and there is none here.
func lifetime(asked string) (time.Duration, bool) {
	if asked == "" {
		return time.Hour, true
	}
	seconds, err := strconv.ParseFloat(strings.TrimSuffix(asked, "s"), 64)
	life := time.Duration(seconds * float64(time.Second))
	return life, err == nil && strings.HasSuffix(asked, "s") && life > 0 && life <= time.Hour
}

// mayActAs walks the chain: each link must be allowed on the next. It answers the request itself if one is not.
func (s *Server) mayActAs(w http.ResponseWriter, caller string, delegates []string, target string) bool {
	member := caller
	for i, next := range append(append([]string{}, delegates...), target) {
		next = strings.TrimPrefix(next, "projects/-/serviceAccounts/")
		permission := "iam.serviceAccounts.implicitDelegation"
		if i == len(delegates) {
			permission = "iam.serviceAccounts.getAccessToken"
		}
		if known := s.state.Accounts[next]; known == nil {
			answerAPI(w, http.StatusNotFound, "NOT_FOUND", "Not found; Gaia id not found for email "+next)
			return false
		}
		if !s.allowedOn(member, next, permission) {
			answerAPI(w, http.StatusForbidden, "PERMISSION_DENIED", "Permission '"+permission+"' denied on resource (or it may not exist).",
				errorInfo("IAM_PERMISSION_DENIED", "iam.googleapis.com", map[string]string{"permission": permission}))
			return false
		}
		member = next
	}
	return true
}
