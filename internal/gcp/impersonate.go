package gcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

const iamCredentials = "https://iamcredentials.googleapis.com"

// impersonate gets a token of the account to act as. Google's library does this for credential files only, and asks for the
// caller's token with the wrong scopes then.
// https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
func (c *Credentials) impersonate(ctx context.Context, own *oauth2.Token) (*oauth2.Token, error) {
	chain := make([]string, len(c.source.Delegates))
	for i, delegate := range c.source.Delegates {
		chain[i] = "projects/-/serviceAccounts/" + strings.TrimPrefix(delegate, "projects/-/serviceAccounts/")
	}
	var said struct {
		AccessToken string    `json:"accessToken"`
		ExpireTime  time.Time `json:"expireTime"`
	}
	target := c.endpoint(c.source.Endpoints.IAMCredentials, iamCredentials) +
		"/v1/projects/-/serviceAccounts/" + c.source.Impersonate + ":generateAccessToken"
	asked := map[string]any{"delegates": chain, "lifetime": "3600s", "scope": c.source.Scopes}
	if err := c.post(ctx, target, own, asked, &said); err != nil {
		return nil, err
	}
	if said.AccessToken == "" {
		return nil, errNoToken
	}
	return &oauth2.Token{AccessToken: said.AccessToken, TokenType: "Bearer", Expiry: said.ExpireTime}, nil
}

var (
	errNoToken = errors.New("no token in the answer")
	errRefused = errors.New("refused")
)

func (*Credentials) endpoint(given, public string) string {
	if given == "" {
		return public
	}
	return strings.TrimSuffix(given, "/")
}

// post calls one of Google's APIs. What an error was about, the recorder knows.
func (c *Credentials) post(ctx context.Context, target string, token *oauth2.Token, body, answer any) error {
	content, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(content))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	token.SetAuthHeader(request)
	response, err := c.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errRefused
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

// impersonationTarget takes the URL of a generateAccessToken call apart.
func impersonationTarget(value string) (endpoint, account string, err error) {
	const field = "service_account_impersonation_url"
	if err := googleURL(field, value); err != nil {
		return "", "", err
	}
	endpoint, rest, found := strings.Cut(value, "/v1/projects/-/serviceAccounts/")
	account, suffixed := strings.CutSuffix(rest, ":generateAccessToken")
	if !found || !suffixed || !accountForm.MatchString(account) {
		return "", "", fmt.Errorf("%s names no account; take the file as Google made it", field)
	}
	return endpoint, account, nil
}
