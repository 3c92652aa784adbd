package metalstackcloudtest

import (
	"maps"
	"slices"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// Grant is what a token may do in a project.
type Grant struct {
	Project string
	Role    string   // owner, editor or viewer; empty is none
	Methods []string // single ones, as ClusterService/List
}

// token is what the server knows of one that it has made.
type token struct {
	Grants []Grant
}

// Token makes a token.
func (s *Server) Token(life time.Duration, grants ...Grant) (string, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	id := uuid.NewString()
	now := time.Now()
	claims := jwt.RegisteredClaims{ID: id, Issuer: s.url, Subject: "deployer", IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(life))}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(s.state.Key)
	if err != nil {
		return "", err
	}
	s.state.Tokens[id] = &token{grants}
	return signed, s.save()
}

func (s *Server) authenticate(text string) (*token, error) {
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(text, &claims, func(*jwt.Token) (any, error) { return s.state.Key, nil }, jwt.WithValidMethods([]string{"HS256"}))
	if err != nil {
		return nil, refuse(connect.CodeUnauthenticated, "invalid token: %v", err)
	}
	known := s.state.Tokens[claims.ID]
	if known == nil {
		return nil, refuse(connect.CodeUnauthenticated, "invalid token: it was revoked")
	}
	return known, nil
}

// authorize holds a request against the roles that the API's definition has on its methods.
func (s *Server) authorize(caller *token, method, project string) error {
	for _, g := range caller.Grants {
		reads := method == "ClusterService/Get" || method == "ClusterService/List"
		if g.Project == project && (g.Role == "owner" || g.Role == "editor" || g.Role == "viewer" && reads || slices.Contains(g.Methods, method)) {
			return nil
		}
	}
	return refuse(connect.CodePermissionDenied, "not allowed to call: /api.v1.%s in project %q", method, project)
}

type scopeMessage struct {
	Permissions  []permissionMessage `json:"permissions,omitempty"`
	ProjectRoles map[string]string   `json:"projectRoles,omitempty"`
	TenantRoles  map[string]string   `json:"tenantRoles,omitempty"`
}

type permissionMessage struct {
	Subject string   `json:"subject"`
	Methods []string `json:"methods"`
}

type empty struct{}

func (s *Server) tokenScopedList(caller *token, _ *empty) (*scopeMessage, error) {
	scope := &scopeMessage{ProjectRoles: map[string]string{}, TenantRoles: map[string]string{"lab@metalstack.cloud": "TENANT_ROLE_GUEST"}}
	for _, g := range caller.Grants {
		if g.Role != "" {
			scope.ProjectRoles[g.Project] = "PROJECT_ROLE_" + strings.ToUpper(g.Role)
		}
		if len(g.Methods) > 0 {
			var methods []string
			for _, method := range g.Methods {
				methods = append(methods, "/api.v1."+method)
			}
			scope.Permissions = append(scope.Permissions, permissionMessage{g.Project, methods})
		}
	}
	return scope, nil
}

// Revoke makes all tokens invalid.
func (s *Server) Revoke() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	maps.DeleteFunc(s.state.Tokens, func(string, *token) bool { return true })
	return s.save()
}
