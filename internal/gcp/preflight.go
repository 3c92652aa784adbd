package gcp

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"golang.org/x/oauth2"
)

// Preflight is what could be learned about permissions before they are needed.
type Preflight struct {
	Missing []string // what the account surely lacks
	Unknown string   // why nothing could be learned, as when the API that tells is disabled; empty if it could
}

const resourceManager = "https://cloudresourcemanager.googleapis.com"

// Preflight asks which of the permissions (container.clusters.create, ...) the account has on the project. An error means that
// there is no token, or that the question itself is wrong: an unknown project, a permission that does not exist.
// https://cloud.google.com/resource-manager/reference/rest/v1/projects/testIamPermissions
func (c *Credentials) Preflight(ctx context.Context, project string, permissions []string) (Preflight, error) {
	token, err := c.Token(ctx)
	if err != nil {
		return Preflight{}, err
	}
	var said struct {
		Permissions []string `json:"permissions"`
	}
	target := c.endpoint(c.source.Endpoints.ResourceManager, resourceManager) + "/v1/projects/" + project + ":testIamPermissions"
	c.exchanges.reset()
	bearer := &oauth2.Token{AccessToken: token.Value, TokenType: token.Type}
	if err := c.post(ctx, target, bearer, map[string]any{"permissions": permissions}, &said); err != nil {
		return c.undecided(ctx, project, c.exchanges.last())
	}
	missing := slices.DeleteFunc(slices.Clone(permissions), func(p string) bool { return slices.Contains(said.Permissions, p) })
	return Preflight{Missing: missing}, nil
}

func (c *Credentials) undecided(ctx context.Context, project string, last exchange) (Preflight, error) {
	said := last.refusal()
	doing := fmt.Sprintf("check permissions of %s on project %s", c.Describe(), project)
	switch {
	case last.status == 0:
		return Preflight{Unknown: unreachable(ctx, last)}, nil
	case last.status == http.StatusOK:
		return Preflight{Unknown: last.hostOf() + " answers something that is no list of permissions"}, nil
	case said.reason == "SERVICE_DISABLED":
		return Preflight{Unknown: disabled(said)}, nil
	case last.status == http.StatusUnauthorized:
		return Preflight{}, fmt.Errorf("%s: %s does not accept the token; it has expired or was revoked", doing, last.hostOf())
	case said.reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT":
		return Preflight{Unknown: "the token's scopes do not include cloud-platform"}, nil
	case said.code != "" && (last.status == http.StatusForbidden || last.status == http.StatusNotFound):
		return Preflight{}, fmt.Errorf("%s: no such project, or the account has no access to it; check the project's id", doing)
	case said.code != "" && last.status == http.StatusBadRequest:
		return Preflight{}, fmt.Errorf("%s: %s; check permissions and the project's id", doing, said.text)
	}
	return Preflight{Unknown: answered(last, said)}, nil
}
