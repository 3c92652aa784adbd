package googletest

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
)

var permissionForm = regexp.MustCompile(`^[a-z][a-zA-Z]*\.[a-zA-Z]+(\.[a-zA-Z]+)+$`)

// testIamPermissions tells which of some permissions the caller has on a project.
// https://cloud.google.com/resource-manager/reference/rest/v1/projects/testIamPermissions
func (s *Server) testIamPermissions(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	id, verb, _ := strings.Cut(r.PathValue("call"), ":")
	if verb != "testIamPermissions" {
		http.NotFound(w, r)
		return
	}
	caller, ok := s.bearer(w, r, cloudPlatform, cloudPlatform+".read-only")
	if !ok || s.answerDisabled(w, caller, "Cloud Resource Manager API", "cloudresourcemanager.googleapis.com") {
		return
	}
	if s.state.Projects[id] == nil {
		answerAPI(w, http.StatusForbidden, "PERMISSION_DENIED", "The caller does not have permission")
		return
	}
	var asked struct {
		Permissions []string `json:"permissions"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		answerAPI(w, http.StatusBadRequest, "INVALID_ARGUMENT", "Invalid JSON payload received.")
		return
	}
	granted := []string{}
	for _, permission := range asked.Permissions {
		if !permissionForm.MatchString(permission) {
			answerAPI(w, http.StatusBadRequest, "INVALID_ARGUMENT", "Permission "+permission+" is not valid for this resource.")
			return
		}
		if s.allowed("projects/"+id, caller.Email, permission) {
			granted = append(granted, permission)
		}
	}
	if len(granted) == 0 {
		answer(w, http.StatusOK, struct{}{})
		return
	}
	answer(w, http.StatusOK, map[string]any{"permissions": granted})
}
