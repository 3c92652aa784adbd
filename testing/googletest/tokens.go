package googletest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// TokenInfo is what an access token stands for.
type TokenInfo struct {
	Email    string // of a service account; of a federated identity its principal:// name
	UniqueID string
	Scopes   []string
	Expires  int64 // seconds since 1970
	Project  string
}

// lifeOfToken is what Google gives: an hour, less the second it takes.
const lifeOfToken = 3599 * time.Second

// ShortenTokens lets tokens from now on live shorter than at Google.
func (s *Server) ShortenTokens(life time.Duration) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.life = life
}

// issue makes a token. The account's place in the answer is empty for a federated identity.
func (s *Server) issue(email string, scopes []string, life time.Duration) (string, TokenInfo) {
	info := TokenInfo{Email: email, Scopes: scopes, Expires: s.now().Add(life).Unix()}
	if known := s.state.Accounts[email]; known != nil {
		info.UniqueID, info.Project = known.UniqueID, known.Project
	}
	value := "ya29.c." + token(40)
	s.state.Tokens[value] = info
	return value, info
}

// Mint makes a token of an account without being asked for it over the network.
func (s *Server) Mint(email string, life time.Duration, scopes ...string) (string, error) {
	value := ""
	err := s.change(func() error {
		value, _ = s.issue(email, scopes, life)
		return nil
	})
	return value, err
}

// Token tells what a token stands for, and false if it is unknown, expired or revoked, or its account is gone or disabled.
func (s *Server) Token(access string) (TokenInfo, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.tokenFor(access)
}

func (s *Server) tokenFor(access string) (TokenInfo, bool) {
	info, ok := s.state.Tokens[access]
	if !ok || !time.Unix(info.Expires, 0).After(s.now()) {
		return TokenInfo{}, false
	}
	known := s.state.Accounts[info.Email]
	if known == nil || known.Disabled {
		return info, known == nil && strings.HasPrefix(info.Email, "principal://")
	}
	return info, true
}

// RevokeToken makes a token worthless.
func (s *Server) RevokeToken(access string) error {
	return s.change(func() error {
		delete(s.state.Tokens, access)
		return nil
	})
}

// RevokeTokens makes all tokens of an account worthless.
func (s *Server) RevokeTokens(email string) error {
	return s.change(func() error {
		for value, info := range s.state.Tokens {
			if info.Email == email {
				delete(s.state.Tokens, value)
			}
		}
		return nil
	})
}

// Issued is how many times a path (/token, /v1/token, ...) was answered with a token since the start.
func (s *Server) Issued(path string) int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.issued[path]
}

// HasScope tells whether a token may be used for a scope.
func (i TokenInfo) HasScope(scope string) bool { return slices.Contains(i.Scopes, scope) }

// bearer is the identity of a request, judged as Google's front end does: the token must have one of the scopes. It answers the
// request itself if there is none.
func (s *Server) bearer(w http.ResponseWriter, r *http.Request, scopes ...string) (TokenInfo, bool) {
	info, ok := s.tokenFor(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	if !ok {
		answerUnauthenticated(w)
		return info, false
	}
	if !slices.ContainsFunc(scopes, info.HasScope) {
		answerScopes(w, r)
		return info, false
	}
	return info, true
}

const cloudPlatform = "https://www.googleapis.com/auth/cloud-platform"

func (s *Server) tokenInfo(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	info, ok := s.tokenFor(r.FormValue("access_token"))
	if !ok {
		answer(w, http.StatusBadRequest, oauthError{"invalid_token", "Invalid Value"})
		return
	}
	said := map[string]string{
		"azp": info.UniqueID, "aud": info.UniqueID, "scope": strings.Join(info.Scopes, " "), "access_type": "online",
		"exp": strconv.FormatInt(info.Expires, 10), "expires_in": strconv.FormatInt(info.Expires-s.now().Unix(), 10),
	}
	if info.HasScope("https://www.googleapis.com/auth/userinfo.email") {
		said["email"], said["email_verified"] = info.Email, "true"
	}
	answer(w, http.StatusOK, said)
}
