package gcp_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/gcp"
	"github.com/metal-stack/initial-cluster/testing/googletest"
)

const creator = "roles/iam.serviceAccountTokenCreator"

// chain is an account that reaches another over a third.
type chain struct {
	server              *googletest.Server
	own, middle, target googletest.Account
}

func newChain(t *testing.T) chain {
	t.Helper()
	c := chain{server: lab(t)}
	for name, account := range map[string]*googletest.Account{"ci": &c.own, "middle": &c.middle, "deployer": &c.target} {
		var err error
		*account, err = c.server.ServiceAccount("lab-project", name)
		require.NoError(t, err)
	}
	c.grant(t, c.own, c.middle)
	c.grant(t, c.middle, c.target)
	return c
}

func (c chain) grant(t *testing.T, member, on googletest.Account) {
	t.Helper()
	require.NoError(t, c.server.Grant("serviceAccounts/"+on.Email, member.Email, creator))
}

func (c chain) mint(t *testing.T, source gcp.Source) (gcp.Token, error) {
	t.Helper()
	source.Endpoints = gcp.Endpoints{IAMCredentials: c.server.URL()}
	return open(t, source).Token(t.Context())
}

func TestAnAccountIsReachedOverAnother(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	key := string(c.own.KeyJSON)
	token, err := c.mint(t, gcp.Source{KeyJSON: key, Impersonate: c.target.Email, Delegates: []string{c.middle.Email}})
	require.NoError(t, err)
	info, known := c.server.Token(token.Value)
	assert.True(t, known)
	assert.Equal(t, c.target.Email, info.Email)
	assert.False(t, token.Expires.IsZero())

	file, err := json.Marshal(map[string]any{
		"type": "impersonated_service_account", "delegates": []string{"projects/-/serviceAccounts/" + c.middle.Email}, "source_credentials": json.RawMessage(key),
		"service_account_impersonation_url": c.server.URL() + "/v1/projects/-/serviceAccounts/" + c.target.Email + ":generateAccessToken",
	})
	require.NoError(t, err)
	token, err = c.mint(t, gcp.Source{KeyJSON: string(file)})
	require.NoError(t, err)
	info, _ = c.server.Token(token.Value)
	assert.Equal(t, c.target.Email, info.Email)
}

func TestAnAccountThatIsNotReached(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	const gone = "gone@lab-project.iam.gserviceaccount.com"
	host := strings.TrimPrefix(c.server.URL(), "https://")
	foreign, err := c.server.Mint(c.own.Email, -1)
	require.NoError(t, err)
	number, err := c.server.Project("lab-project")
	require.NoError(t, err)
	byWay := func(target, way string) string {
		return "mint a token for " + target + " by way of " + way + " (given inline): "
	}
	for _, test := range []struct {
		name, want string
		source     gcp.Source
		world      func() error
	}{
		{"directly", byWay(c.target.Email, c.own.Email) + c.own.Email + " may not act as " + c.target.Email + "; grant it " + creator + " on that account",
			gcp.Source{Impersonate: c.target.Email}, nil},
		{"the second link is missing", byWay(c.target.Email, c.own.Email+", "+c.middle.Email) + "permission iam.serviceAccounts.getAccessToken is missing on the way to " +
			c.target.Email + "; grant each account " + creator + " on the next", gcp.Source{Impersonate: c.target.Email, Delegates: []string{c.middle.Email}},
			func() error { return c.server.Withdraw("serviceAccounts/"+c.target.Email, c.middle.Email, creator) }},
		{"no such account", byWay(gone, c.own.Email) + "there is no account " + gone + "; check the address", gcp.Source{Impersonate: gone}, nil},
		{"no such delegate", byWay(c.target.Email, c.own.Email+", "+gone) + "there is no account " + gone + "; check the address",
			gcp.Source{Impersonate: c.target.Email, Delegates: []string{gone}}, nil},
		{"a token that has expired", byWay(c.target.Email, "access token") + host + " does not accept the token of the account of the access token; it has expired or was revoked",
			gcp.Source{AccessToken: foreign, Impersonate: c.target.Email}, nil},
		{"a disabled API", byWay(c.target.Email, c.own.Email) + "iamcredentials.googleapis.com is disabled in project " + number +
			"; enable it and wait some minutes: gcloud services enable iamcredentials.googleapis.com --project " + number, gcp.Source{Impersonate: c.target.Email},
			func() error { return c.server.DisableAPI("lab-project", "iamcredentials.googleapis.com", true) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.world != nil {
				require.NoError(t, test.world())
			}
			if test.source.AccessToken == "" {
				test.source.KeyJSON = string(c.own.KeyJSON)
			}
			_, err := c.mint(t, test.source)
			assert.EqualError(t, err, test.want)
		})
	}
}

func TestAUserWhoseLoginEnded(t *testing.T) {
	t.Parallel()
	server := lab(t)
	file, err := json.Marshal(map[string]string{
		"type": "authorized_user", "client_id": "id", "client_secret": "client-s3cret", "refresh_token": "refresh-s3cret", "token_uri": server.URL() + "/token",
	})
	require.NoError(t, err)
	server.Inject(googletest.Fault{Status: 400, Body: `{"error": "invalid_grant", "error_description": "Token has been expired or revoked."}`})
	credentials := open(t, gcp.Source{KeyJSON: string(file)})
	assert.Equal(t, []string{"", "client-s3cret", "refresh-s3cret"}, credentials.Secrets())
	_, err = credentials.Token(t.Context())
	assert.EqualError(t, err, "mint a token for authorized user (given inline): the login has expired or was revoked "+
		"(invalid_grant: Token has been expired or revoked); log in again: gcloud auth application-default login")
}
