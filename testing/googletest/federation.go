package googletest

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// provider is an identity provider that a workload identity pool trusts.
type provider struct {
	Issuer string
	Public string // PKIX in PEM
	Pool   string // projects/NUMBER/locations/global/workloadIdentityPools/NAME
}

// Issuer is a foreign identity provider, as a CI system is: it signs tokens of its workloads.
type Issuer struct {
	URL     string
	private *rsa.PrivateKey
}

// NewIssuer makes an identity provider. The URL is its name; nothing answers there.
func NewIssuer(url string) (*Issuer, error) {
	made, err := newKey()
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode([]byte(made.Private))
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	return &Issuer{URL: url, private: private.(*rsa.PrivateKey)}, nil
}

// Sign is the OIDC token of a workload. The audience is what AddProvider gave, prefixed with https:.
func (i *Issuer) Sign(subject, audience string, life time.Duration) (string, error) {
	now := time.Now()
	return jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.RegisteredClaims{
		Issuer: i.URL, Subject: subject, Audience: jwt.ClaimStrings{audience}, IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(life)),
	}).SignedString(i.private)
}

// AddProvider lets a pool of a project trust an issuer. The audience is the provider's name as credentials spell it.
func (s *Server) AddProvider(projectID, pool, name string, issuer *Issuer) (audience string, err error) {
	public, err := x509.MarshalPKIXPublicKey(issuer.private.Public())
	if err != nil {
		return "", err
	}
	err = s.change(func() error {
		full := fmt.Sprintf("projects/%s/locations/global/workloadIdentityPools/%s", s.project(projectID).Number, pool)
		audience = "//iam.googleapis.com/" + full + "/providers/" + name
		s.state.Providers[audience] = provider{
			Issuer: issuer.URL, Pool: full, Public: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
		}
		return nil
	})
	return audience, err
}

// Principal is the name under which a workload of a pool is granted roles.
func (s *Server) Principal(audience, subject string) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.state.Providers[audience].principal(subject)
}

func (p provider) principal(subject string) string {
	return "principal://iam.googleapis.com/" + p.Pool + "/subject/" + subject
}

// ExternalAccount is a configuration of workload identity federation, as Google's console makes it. The source is its
// credential_source; with an account the tokens are for that one.
func (s *Server) ExternalAccount(audience string, source map[string]any, email string) ([]byte, error) {
	file := map[string]any{
		"universe_domain":    "googleapis.com",
		"type":               "external_account",
		"audience":           audience,
		"subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
		"token_url":          s.url + "/v1/token",
		"credential_source":  source,
	}
	if email != "" {
		file["service_account_impersonation_url"] = s.url + "/v1/projects/-/serviceAccounts/" + email + ":generateAccessToken"
	}
	return json.MarshalIndent(file, "", "  ")
}

// stsToken is the exchange of RFC 8693. https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
func (s *Server) stsToken(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	subject, refused := s.exchange(r)
	if refused != nil {
		answer(w, http.StatusBadRequest, refused)
		return
	}
	value, _ := s.issue(subject, strings.Fields(r.PostFormValue("scope")), s.life)
	if err := s.saveAfter(nil); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.issued["/v1/token"]++
	answer(w, http.StatusOK, map[string]any{
		"access_token": value, "issued_token_type": "urn:ietf:params:oauth:token-type:access_token", "token_type": "Bearer",
		"expires_in": int(s.life.Seconds()),
	})
}

func (s *Server) exchange(r *http.Request) (principal string, refused *oauthError) {
	if kind := r.PostFormValue("grant_type"); kind != "urn:ietf:params:oauth:grant-type:token-exchange" {
		return "", &oauthError{"unsupported_grant_type", "Invalid grant_type: " + kind}
	}
	audience := r.PostFormValue("audience")
	trusted, ok := s.state.Providers[audience]
	if !ok {
		return "", &oauthError{"invalid_target", "The target service indicated by the \"audience\" parameters is invalid. This might either be because " +
			"the pool or provider is disabled or deleted or because it doesn't exist."}
	}
	var claims jwt.RegisteredClaims
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithExpirationRequired(), jwt.WithTimeFunc(s.now),
		jwt.WithAudience("https:"+audience), jwt.WithIssuer(trusted.Issuer))
	_, err := parser.ParseWithClaims(r.PostFormValue("subject_token"), &claims, func(*jwt.Token) (any, error) {
		return jwt.ParseRSAPublicKeyFromPEM([]byte(trusted.Public))
	})
	if err != nil {
		return "", refusal(err, claims, trusted, audience)
	}
	if strings.TrimSpace(r.PostFormValue("scope")) == "" {
		return "", &oauthError{"invalid_scope", "Missing required scope."}
	}
	return trusted.principal(claims.Subject), nil
}

func refusal(err error, claims jwt.RegisteredClaims, trusted provider, audience string) *oauthError {
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return &oauthError{"invalid_request", "Unable to parse the ID Token."}
	case errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return &oauthError{"invalid_grant", fmt.Sprintf("The issuer in ID Token %s does not match the expected ones: %s.", claims.Issuer, trusted.Issuer)}
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return &oauthError{"invalid_grant", fmt.Sprintf("The audience in ID Token %v does not match the expected audience https:%s.", []string(claims.Audience), audience)}
	case errors.Is(err, jwt.ErrTokenExpired):
		return &oauthError{"invalid_grant", fmt.Sprintf("ID Token issued at %d is stale to sign-in.", claims.IssuedAt.Unix())}
	default:
		return &oauthError{"invalid_grant", "Error connecting to the given credential's issuer or its signature is not valid."}
	}
}
