package googletest

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// publicAudience is what Python's google-auth, so gcloud too, signs for whatever the key's token_uri is.
const publicAudience = "https://oauth2.googleapis.com/token"

const grantJWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

// assertion is what a service account signs to get a token.
// https://developers.google.com/identity/protocols/oauth2/service-account#jwt-auth
type assertion struct {
	Issuer   string `json:"iss"`
	Audience string `json:"aud"`
	Scope    string `json:"scope"`
	Issued   int64  `json:"iat"`
	Expires  int64  `json:"exp"`
}

func (s *Server) oauthToken(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if kind := r.PostFormValue("grant_type"); kind != grantJWT {
		answer(w, http.StatusBadRequest, oauthError{"unsupported_grant_type", "Invalid grant_type: " + kind})
		return
	}
	claims, refused := s.judge(r.PostFormValue("assertion"))
	if refused != nil {
		status := http.StatusBadRequest
		if refused.Error == "disabled_client" {
			status = http.StatusUnauthorized
		}
		answer(w, status, refused)
		return
	}
	value, _ := s.issue(claims.Issuer, strings.Fields(claims.Scope), s.life)
	if err := s.saveAfter(nil); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.issued["/token"]++
	answer(w, http.StatusOK, map[string]any{"access_token": value, "expires_in": int(s.life.Seconds()), "token_type": "Bearer"})
}

// judge checks a signed request for a token in Google's order and answers in its words.
func (s *Server) judge(signed string) (assertion, *oauthError) {
	var claims assertion
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithoutClaimsValidation())
	_, err := parser.ParseWithClaims(signed, &claims, func(t *jwt.Token) (any, error) { return s.keyOf(claims.Issuer, t.Header["kid"]) })
	switch {
	case errors.Is(err, errNoAccount):
		return claims, &oauthError{"invalid_grant", "Invalid grant: account not found"}
	case errors.Is(err, errDisabled):
		return claims, &oauthError{"disabled_client", "The OAuth client was disabled."}
	case errors.Is(err, jwt.ErrTokenMalformed):
		return claims, &oauthError{"invalid_grant", "Bad Request"}
	case err != nil:
		return claims, &oauthError{"invalid_grant", "Invalid JWT Signature."}
	case claims.Audience != s.url+"/token" && claims.Audience != publicAudience:
		return claims, &oauthError{"invalid_grant", "Invalid JWT: Failed audience check. The right audience is " + s.url + "/token"}
	case !s.timely(claims):
		return claims, &oauthError{"invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. " +
			"Check your iat and exp values in the JWT claim."}
	case !plausible(claims.Scope):
		return claims, &oauthError{"invalid_scope", "Invalid OAuth scope or ID token audience provided."}
	}
	return claims, nil
}

// clockTolerance is how far Google lets a clock be off.
const clockTolerance = 10 * time.Minute

func (s *Server) timely(c assertion) bool {
	issued, expires := time.Unix(c.Issued, 0), time.Unix(c.Expires, 0)
	return expires.Sub(issued) <= time.Hour+time.Minute && expires.After(issued) &&
		issued.Before(s.now().Add(clockTolerance)) && expires.After(s.now().Add(-clockTolerance))
}

func plausible(scope string) bool {
	for word := range strings.FieldsSeq(scope) {
		if !strings.HasPrefix(word, "https://www.googleapis.com/auth/") && word != "openid" && word != "email" {
			return false
		}
	}
	return strings.TrimSpace(scope) != ""
}

var (
	errNoAccount = errors.New("no such account")
	errDisabled  = errors.New("account is disabled")
	errNoKey     = errors.New("no such key")
)

// keyOf is called by the parser before it checks the signature; its errors are found again with errors.Is.
func (s *Server) keyOf(email string, id any) (any, error) {
	known := s.state.Accounts[email]
	if known == nil {
		return nil, errNoAccount
	}
	if known.Disabled {
		return nil, errDisabled
	}
	for _, k := range known.usable() {
		if k.ID == id {
			return k.public()
		}
	}
	return nil, errNoKey
}

func (a *assertion) GetExpirationTime() (*jwt.NumericDate, error) {
	return jwt.NewNumericDate(time.Unix(a.Expires, 0)), nil
}
func (a *assertion) GetIssuedAt() (*jwt.NumericDate, error) {
	return jwt.NewNumericDate(time.Unix(a.Issued, 0)), nil
}
func (a *assertion) GetNotBefore() (*jwt.NumericDate, error) { return nil, nil }
func (a *assertion) GetIssuer() (string, error)              { return a.Issuer, nil }
func (a *assertion) GetSubject() (string, error)             { return "", nil }
func (a *assertion) GetAudience() (jwt.ClaimStrings, error)  { return jwt.ClaimStrings{a.Audience}, nil }
