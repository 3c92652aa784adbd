package gcp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/gcp"
	"github.com/metal-stack/initial-cluster/testing/googletest"
)

func TestConfigurationsThatWouldGiveATokenAwayAreRefused(t *testing.T) {
	t.Parallel()
	const good = "https://sts.googleapis.com/v1/token"
	for _, c := range []struct {
		name, tokenURL, impersonation string
		source                        map[string]any
		want                          string
	}{
		{"a program", good, "", map[string]any{"executable": map[string]any{"command": "/bin/evil"}},
			"credential_source is an executable, and credentials run no programs here; take one with a file or url"},
		{"a certificate", good, "", map[string]any{"certificate": map[string]any{}},
			"credential_source is a certificate, which is not supported; take one with a file or url"},
		{"nothing", good, "", map[string]any{}, "credential_source has neither file nor url; take the file as Google made it"},
		{"no such file", good, "", map[string]any{"file": "/none/subject"},
			"read credentials /none/subject: no such file; check the path, on the host where the task runs"},
		{"in the clear", good, "", map[string]any{"url": "http://ci.example.com/token"},
			"credential_source.url is http://ci.example.com, where the token could be read on its way; use https"},
		{"no URL", good, "", map[string]any{"url": "::"}, "credential_source.url is not a URL; take the file as Google made it"},
		{"exchange elsewhere", "https://sts.example.com/v1/token", "", map[string]any{"url": "https://ci.example.com"},
			"token_url is https://sts.example.com, which is not Google; take the file as Google made it"},
		{"a name like Google's", "https://evilgoogleapis.com/v1/token", "", map[string]any{"url": "https://ci.example.com"},
			"token_url is https://evilgoogleapis.com, which is not Google; take the file as Google made it"},
		{"impersonation elsewhere", good, "https://iam.example.com/v1/projects/-/serviceAccounts/a@b.c:generateAccessToken", map[string]any{"url": "https://ci.example.com"},
			"service_account_impersonation_url is https://iam.example.com, which is not Google; take the file as Google made it"},
		{"impersonation of nobody", good, "https://iamcredentials.googleapis.com/v1/x", map[string]any{"url": "https://ci.example.com"},
			"service_account_impersonation_url names no account; take the file as Google made it"},
		{"AWS elsewhere", good, "", map[string]any{"environment_id": "aws1", "region_url": "http://example.com/region"},
			"credential_source.region_url is not that of the AWS metadata service; take the file as Google made it"},
		{"AWS check elsewhere", good, "", map[string]any{"environment_id": "aws1", "regional_cred_verification_url": "https://sts.{region}.example.com"},
			"credential_source.regional_cred_verification_url is not that of AWS; take the file as Google made it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file, err := json.Marshal(map[string]any{
				"type": "external_account", "audience": "//iam.googleapis.com/x", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
				"token_url": c.tokenURL, "service_account_impersonation_url": c.impersonation, "credential_source": c.source,
			})
			require.NoError(t, err)
			_, err = gcp.Open(t.Context(), gcp.Source{KeyJSON: string(file)})
			assert.EqualError(t, err, "read credentials given inline: "+c.want)
		})
	}
}

// federation is a workload of a CI system that Google trusts.
type federation struct {
	server   *googletest.Server
	issuer   *googletest.Issuer
	audience string
	dir      string
	target   googletest.Account
}

func newFederation(t *testing.T) *federation {
	t.Helper()
	f := &federation{server: lab(t), dir: t.TempDir()}
	var err error
	f.issuer, err = googletest.NewIssuer("https://ci.example.com")
	require.NoError(t, err)
	f.audience, err = f.server.AddProvider("lab-project", "ci", "jobs", f.issuer)
	require.NoError(t, err)
	f.target, err = f.server.ServiceAccount("lab-project", "deployer")
	require.NoError(t, err)
	return f
}

func (f *federation) sign(t *testing.T, audience string, life time.Duration) string {
	t.Helper()
	signed, err := f.issuer.Sign("job-7", audience, life)
	require.NoError(t, err)
	return signed
}

// open is the credentials of a workload whose token is in a file.
func (f *federation) open(t *testing.T, subject, account string) *gcp.Credentials {
	t.Helper()
	path := filepath.Join(f.dir, "subject")
	require.NoError(t, os.WriteFile(path, []byte(subject), 0o600))
	return f.from(t, map[string]any{"file": path}, account)
}

func (f *federation) from(t *testing.T, source map[string]any, account string) *gcp.Credentials {
	t.Helper()
	file, err := f.server.ExternalAccount(f.audience, source, account)
	require.NoError(t, err)
	credentials, err := gcp.Open(t.Context(), gcp.Source{KeyJSON: string(file)})
	require.NoError(t, err)
	return credentials
}

func TestAWorkloadGetsATokenOfItsOwnOrOfAnAccount(t *testing.T) {
	t.Parallel()
	f := newFederation(t)
	subject := f.sign(t, "https:"+f.audience, time.Hour)
	principal := f.server.Principal(f.audience, "job-7")
	token, err := f.open(t, subject, "").Token(t.Context())
	require.NoError(t, err)
	info, known := f.server.Token(token.Value)
	assert.True(t, known)
	assert.Equal(t, principal, info.Email)

	credentials := f.open(t, subject, f.target.Email)
	assert.Equal(t, f.target.Email, credentials.Account())
	_, err = credentials.Token(t.Context())
	assert.EqualError(t, err, fmt.Sprintf("mint a token for %s (given inline): %s may not act as %[1]s; grant it roles/iam.workloadIdentityUser on that account",
		f.target.Email, "the identity of this configuration"))
	require.NoError(t, f.server.Grant("serviceAccounts/"+f.target.Email, principal, "roles/iam.workloadIdentityUser"))
	token, err = credentials.Token(t.Context())
	require.NoError(t, err)
	info, _ = f.server.Token(token.Value)
	assert.Equal(t, f.target.Email, info.Email)
	assert.Equal(t, []string{gcp.ScopeCloudPlatform, gcp.ScopeEmail}, info.Scopes)
}

func TestASubjectTokenFromAURL(t *testing.T) {
	t.Parallel()
	f := newFederation(t)
	subject := f.sign(t, "https:"+f.audience, time.Hour)
	ci := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer job" {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		assert.NoError(t, json.NewEncoder(w).Encode(map[string]string{"value": subject}))
	}))
	t.Cleanup(ci.Close)
	source := map[string]any{
		"url": ci.URL, "headers": map[string]string{"Authorization": "Bearer job"},
		"format": map[string]string{"type": "json", "subject_token_field_name": "value"},
	}
	_, err := f.from(t, source, "").Token(t.Context())
	require.NoError(t, err)
	source["headers"] = nil
	_, err = f.from(t, source, "").Token(t.Context())
	assert.EqualError(t, err, "mint a token for external account (given inline): "+ci.Listener.Addr().String()+
		" answers 401 Unauthorized instead of the workload's token; check credential_source")
}

func TestARefusedWorkload(t *testing.T) {
	t.Parallel()
	f := newFederation(t)
	host := f.server.URL()[len("https://"):]
	stranger, err := googletest.NewIssuer("https://ci.example.com")
	require.NoError(t, err)
	foreign, err := stranger.Sign("job-7", "https:"+f.audience, time.Hour)
	require.NoError(t, err)
	for _, c := range []struct{ name, subject, want string }{
		{"signed by a stranger", foreign, "invalid_grant: Error connecting to the given credential's issuer or its signature is not valid"},
		{"for another audience", f.sign(t, "https://other", time.Hour),
			"invalid_grant: The audience in ID Token [https://other] does not match the expected audience https:" + f.audience},
		{"no token", "something", "invalid_request: Unable to parse the ID Token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := f.open(t, c.subject, "").Token(t.Context())
			assert.EqualError(t, err, "mint a token for external account (given inline): "+host+" refuses the workload's token: "+c.want+
				"; check audience and credential_source")
		})
	}
}
