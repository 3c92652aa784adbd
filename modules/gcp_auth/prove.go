package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/gcp"
	"github.com/metal-stack/initial-cluster/modules/internal/auth"
)

func (in params) problems() []string {
	problems := in.Problems()
	if in.Project != "" {
		if problem := auth.ProjectProblem(in.Project); problem != "" {
			problems = append(problems, problem)
		}
	}
	if in.AuthTimeout < 1 {
		problems = append(problems, "auth_timeout: at least 1 second is wanted")
	}
	for _, permission := range in.Permissions {
		if strings.Count(permission, ".") < 2 || strings.ContainsAny(permission, " /*") {
			problems = append(problems, fmt.Sprintf("permissions: %q is no permission, as container.clusters.create is", permission))
		}
	}
	return problems
}

// prove mints a token and asks for the permissions.
func (in params) prove(ctx context.Context, credentials *gcp.Credentials) (values map[string]any, warnings []string, err error) {
	token, err := credentials.Token(ctx)
	if err != nil {
		return nil, nil, err
	}
	values = map[string]any{"credentials": about(credentials, token)}
	if in.ReturnToken {
		values["token"] = token.Value
	} else {
		ansible.Conceal(ctx, token.Value)
	}
	if len(in.Permissions) == 0 {
		return values, nil, nil
	}
	preflight, err := credentials.Preflight(ctx, in.Project, in.Permissions)
	if err != nil {
		return values, nil, err
	}
	if preflight.Unknown != "" {
		return values, []string{"permissions on project " + in.Project + " could not be checked: " + preflight.Unknown}, nil
	}
	values["missing_permissions"] = preflight.Missing
	return values, nil, lacking(credentials, in.Project, preflight.Missing)
}

func about(credentials *gcp.Credentials, token gcp.Token) map[string]any {
	expires := ""
	if !token.Expires.IsZero() {
		expires = token.Expires.UTC().Format(time.RFC3339)
	}
	return map[string]any{
		"account": credentials.Account(), "expires": expires, "key_id": credentials.KeyID(), "kind": auth.KindName(credentials.Kind()),
		"origin": credentials.Origin(), "project": credentials.Project(), "scopes": credentials.Scopes(),
	}
}

func lacking(credentials *gcp.Credentials, project string, missing []string) error {
	if len(missing) == 0 {
		return nil
	}
	grant := "grant it roles that have them"
	if !slices.ContainsFunc(missing, func(p string) bool { return !strings.HasPrefix(p, "container.") }) {
		grant = "grant it roles/container.admin"
	}
	return fmt.Errorf("%s lacks %s on project %s; %s", credentials.Describe(), strings.Join(missing, ", "), project, grant)
}

// verdict does not claim more than was proved: nobody was asked about a token that was given.
func verdict(credentials *gcp.Credentials) string {
	if credentials.Kind() == gcp.AccessToken && credentials.Own() == credentials.Account() {
		return "the given access token is used as it is"
	}
	return "authenticated as " + credentials.Describe()
}
