package googletest

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// oauthError is how the OAuth and STS endpoints tell an error (RFC 6749).
type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func answer(w http.ResponseWriter, status int, body any) {
	content, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	if _, err := w.Write(content); err != nil {
		return // the client is gone
	}
}

// answerAPI tells an error the way Google's APIs do (google.rpc.Status in JSON).
func answerAPI(w http.ResponseWriter, code int, status, message string, details ...any) {
	said := map[string]any{"code": code, "message": message, "status": status}
	if len(details) > 0 {
		said["details"] = details
	}
	answer(w, code, map[string]any{"error": said})
}

func errorInfo(reason, domain string, metadata map[string]string) map[string]any {
	return map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": domain, "metadata": metadata}
}

func answerUnauthenticated(w http.ResponseWriter) {
	answerAPI(w, http.StatusUnauthorized, "UNAUTHENTICATED", "Request had invalid authentication credentials. Expected OAuth 2 access token, "+
		"login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
		errorInfo("ACCESS_TOKEN_EXPIRED", "googleapis.com", map[string]string{}))
}

func answerScopes(w http.ResponseWriter, r *http.Request) {
	answerAPI(w, http.StatusForbidden, "PERMISSION_DENIED", "Request had insufficient authentication scopes.",
		errorInfo("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "googleapis.com", map[string]string{"method": r.URL.Path}))
}

// ServiceDisabled is the sentence and the details with which every Google API refuses when it is disabled in the project it
// bills. The title is the API's, as "Cloud Resource Manager API".
func ServiceDisabled(title, service, number string) (message string, metadata map[string]string) {
	activate := "https://console.developers.google.com/apis/api/" + service + "/overview?project=" + number
	message = fmt.Sprintf("%s has not been used in project %s before or it is disabled. Enable it by visiting %s then retry. "+
		"If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.", title, number, activate)
	return message, map[string]string{"service": service, "consumer": "projects/" + number, "activationUrl": activate, "serviceTitle": title,
		"containerInfo": number}
}

func (s *Server) answerDisabled(w http.ResponseWriter, info TokenInfo, title, service string) bool {
	known := s.state.Projects[info.Project]
	if known == nil || !known.DisabledAPI[service] {
		return false
	}
	message, metadata := ServiceDisabled(title, service, known.Number)
	answerAPI(w, http.StatusForbidden, "PERMISSION_DENIED", message, errorInfo("SERVICE_DISABLED", "googleapis.com", metadata))
	return true
}
