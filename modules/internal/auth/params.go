package auth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/gcp"
	"github.com/metal-stack/initial-cluster/internal/gcp/gcloud"
)

// Params are the values of Options, to be embedded in a module's params.
type Params struct {
	AuthKind                  string   `ansible:"auth_kind"`
	ServiceAccountFile        string   `ansible:"service_account_file"`
	ServiceAccountContents    string   `ansible:"service_account_contents"`
	Account                   string   `ansible:"account"`
	AccessToken               string   `ansible:"access_token"`
	Scopes                    []string `ansible:"scopes"`
	ImpersonateServiceAccount string   `ansible:"impersonate_service_account"`
	ImpersonateDelegates      []string `ansible:"impersonate_delegates"`
	IAMEndpoint               string   `ansible:"iam_endpoint"`
	ResourceManagerEndpoint   string   `ansible:"resource_manager_endpoint"`
}

var kinds = map[string]gcp.Kind{
	"auto": gcp.Auto, "serviceaccount": gcp.ServiceAccount, "application": gcp.ApplicationDefault, "machineaccount": gcp.Metadata,
	"externalaccount": gcp.ExternalAccount, "accesstoken": gcp.AccessToken,
}

// KindName is what auth_kind calls a kind.
func KindName(kind gcp.Kind) string {
	for name, k := range kinds {
		if k == kind {
			return name
		}
	}
	return "authorizeduser"
}

// Open gets the credentials and makes their secrets known, so that they are censored. The project may be empty.
func (p Params) Open(ctx context.Context, project string) (*gcp.Credentials, error) {
	source := gcp.Source{
		Kind: kinds[p.AuthKind], KeyFile: p.ServiceAccountFile, KeyJSON: p.ServiceAccountContents, AccessToken: p.AccessToken,
		Impersonate: p.ImpersonateServiceAccount, Delegates: p.ImpersonateDelegates, Project: project,
		Endpoints: gcp.Endpoints{IAMCredentials: p.IAMEndpoint, ResourceManager: p.ResourceManagerEndpoint},
	}
	for _, scope := range p.Scopes {
		if !strings.Contains(scope, "://") {
			scope = "https://www.googleapis.com/auth/" + scope
		}
		source.Scopes = append(source.Scopes, scope)
	}
	if err := p.keptByGcloud(&source); err != nil {
		return nil, err
	}
	credentials, err := gcp.Open(ctx, source)
	if err != nil {
		return nil, err
	}
	ansible.Conceal(ctx, credentials.Secrets()...)
	if own := credentials.Own(); p.Account != "" && own != "" && !strings.EqualFold(own, p.Account) {
		return nil, fmt.Errorf("account %s: the credentials are of %s (%s); give those of the account, or leave account out", p.Account, own, credentials.Origin())
	}
	return credentials, nil
}

// keptByGcloud takes the credentials that gcloud keeps of the account, if there are any and no others are given.
func (p Params) keptByGcloud(source *gcp.Source) error {
	if p.Account == "" || p.AuthKind != "auto" || source.KeyFile+source.KeyJSON+source.AccessToken != "" {
		return nil
	}
	folder, err := gcp.ConfigFolder()
	if err != nil {
		return err
	}
	kept := gcloud.KeyFile(folder, p.Account)
	if _, err := os.Stat(kept); err == nil {
		source.KeyFile = kept
	}
	return nil
}

// Problems are what is wrong with the options beyond their types, all of it.
func (p Params) Problems() []string {
	problems := p.contradictions()
	if p.Account != "" && !accountForm.MatchString(p.Account) {
		problems = append(problems, fmt.Sprintf("account: %q is no account's address, as name@project.iam.gserviceaccount.com", p.Account))
	}
	for _, account := range append([]string{p.ImpersonateServiceAccount}, p.ImpersonateDelegates...) {
		if account != "" && !accountForm.MatchString(account) {
			problems = append(problems, fmt.Sprintf("impersonation of %s: an account's address is wanted, as name@project.iam.gserviceaccount.com", account))
		}
	}
	for _, scope := range p.Scopes {
		if strings.Contains(scope, "://") && !strings.HasPrefix(scope, "https://") || strings.ContainsAny(scope, " \t") || scope == "" {
			problems = append(problems, fmt.Sprintf("scopes: %q is no scope; give URLs, or words as cloud-platform, one an element", scope))
		}
	}
	for name, endpoint := range map[string]string{"iam_endpoint": p.IAMEndpoint, "resource_manager_endpoint": p.ResourceManagerEndpoint} {
		if endpoint != "" && !secure(endpoint) {
			problems = append(problems, fmt.Sprintf("%s: %s is no https URL", name, endpoint))
		}
	}
	return problems
}

func secure(endpoint string) bool {
	where, err := url.Parse(endpoint)
	return err == nil && where.Scheme == "https" && where.Host != ""
}

// contradictions cannot be a rule of the specification: it could not say that the environment, too, gives values.
func (p Params) contradictions() []string {
	given := map[string]string{
		"service_account_file": p.ServiceAccountFile, "service_account_contents": p.ServiceAccountContents, "access_token": p.AccessToken,
	}
	var names []string
	for _, name := range []string{"service_account_file", "service_account_contents", "access_token"} {
		if given[name] != "" {
			names = append(names, name)
		}
	}
	all := strings.Join(names, " and ")
	switch {
	case len(names) > 1:
		return []string{all + ": only one of them may be given, as an option or by an environment variable (GCP_...)"}
	case len(names) == 1 && (p.AuthKind == "application" || p.AuthKind == "machineaccount"):
		return []string{fmt.Sprintf("%s: not with auth_kind %s; leave one of the two out, also in the environment (GCP_...)", all, p.AuthKind)}
	case len(names) == 1 && p.AuthKind != "auto" && (names[0] == "access_token") != (p.AuthKind == "accesstoken"):
		return []string{fmt.Sprintf("%s: not with auth_kind %s; leave one of the two out, also in the environment (GCP_...)", all, p.AuthKind)}
	}
	return nil
}

var (
	accountForm = regexp.MustCompile(`^[^@\s/]+@[^@\s/]+\.[^@\s/]+$`)
	// https://cloud.google.com/resource-manager/docs/creating-managing-projects; the part before the colon is an old domain.
	projectForm = regexp.MustCompile(`^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$`)
)

// ProjectProblem is what is wrong with a project's id, or empty.
func ProjectProblem(project string) string {
	if projectForm.MatchString(project) {
		return ""
	}
	return fmt.Sprintf("project: %q is no project id; it has 6 to 30 of a-z, 0-9 and -, and is not the project's display name or number", project)
}

// Join makes one error of problems, or nil.
func Join(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return errors.New(strings.Join(problems, "; "))
}
