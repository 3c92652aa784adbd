// Package gcp finds Google credentials, mints access tokens with them and says in one line why it cannot. It knows where
// credentials may come from (a key file, the machine's default credentials, the metadata server, a foreign identity provider,
// another account to act as); what the tokens are good for its callers know.
package gcp

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"golang.org/x/oauth2"
)

// Kind says where credentials come from.
type Kind string

// The kinds of credentials. Auto is the one that fits what else is given, and the default credentials if nothing is.
const (
	Auto               Kind = "auto"
	ServiceAccount     Kind = "service account"
	ApplicationDefault Kind = "application default"
	Metadata           Kind = "metadata server"
	ExternalAccount    Kind = "external account"
	AccessToken        Kind = "access token"
	AuthorizedUser     Kind = "authorized user" // never asked for, but what default credentials may turn out to be
)

// The scopes of a token when a Source names none. Without the second Kubernetes sees the account's number instead of its address.
const (
	ScopeCloudPlatform = "https://www.googleapis.com/auth/cloud-platform"
	ScopeEmail         = "https://www.googleapis.com/auth/userinfo.email"
)

// Source is where credentials are to be taken from. At most one of KeyFile, KeyJSON and AccessToken is set; KeyFile and KeyJSON
// may hold a service account key, a configuration of workload identity federation, or the credentials of a user.
type Source struct {
	Kind        Kind
	KeyFile     string
	KeyJSON     string   // secret
	AccessToken string   // secret
	Impersonate string   // the account to act as
	Delegates   []string // the accounts over which Impersonate is reached, in order
	Scopes      []string // without: ScopeCloudPlatform and ScopeEmail
	Project     string   // without: what the credentials say
	Endpoints   Endpoints
}

// Endpoints are where Google's services are, for networks that reach them under other names (Private Service Connect). The
// endpoints of the token exchange stand in the credentials themselves. Empty ones are Google's public ones.
type Endpoints struct {
	IAMCredentials  string // https://iamcredentials.googleapis.com
	ResourceManager string // https://cloudresourcemanager.googleapis.com
}

// minter gets a token of the credentials themselves, before impersonation.
type minter func(ctx context.Context, scopes []string) (*oauth2.Token, error)

// Credentials mint tokens. They may be used by several goroutines.
type Credentials struct {
	kind      Kind
	origin    string // the file, or what else people know them by
	account   string // of the credentials themselves, before impersonation; empty if unknown
	keyID     string
	workload  string // host that tells a workload its own token, if one does
	project   string
	source    Source
	material  []byte // what the file holds: secret
	secrets   []string
	warnings  []string
	mint      minter
	exchanges *recorder
	client    *http.Client

	mutex  sync.Mutex
	cached Token
}

// Open finds the credentials and checks everything that can be checked without a token; nothing is sent but, for Metadata and
// Auto, questions to the metadata server. Its errors name the file or the option's meaning and never quote what stands in a file.
func Open(ctx context.Context, source Source) (*Credentials, error) {
	if len(source.Scopes) == 0 {
		source.Scopes = []string{ScopeCloudPlatform, ScopeEmail}
	}
	c := &Credentials{source: source, project: source.Project}
	c.send(http.DefaultTransport)
	if err := c.open(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// send lets everything these credentials send go over a transport, and remembers what came back.
func (c *Credentials) send(over http.RoundTripper) {
	c.exchanges = &recorder{next: over}
	c.client = &http.Client{Transport: c.exchanges}
}

func (c *Credentials) open(ctx context.Context) error {
	switch {
	case c.source.Kind == AccessToken || c.source.AccessToken != "":
		return c.openAccessToken()
	case c.source.KeyFile != "" || c.source.KeyJSON != "":
		return c.openKey()
	case c.source.Kind == Metadata:
		return c.openMetadata(ctx)
	case c.source.Kind == ServiceAccount || c.source.Kind == ExternalAccount:
		return fmt.Errorf("no %s credentials are given; name their file, or give them inline", c.source.Kind)
	default:
		return c.openDefault(ctx)
	}
}

// Account is the address of the account the tokens are for: the impersonated one if there is one. It is empty if the
// credentials do not tell, as a user's or an access token's do not.
func (c *Credentials) Account() string {
	if c.source.Impersonate != "" {
		return c.source.Impersonate
	}
	return c.account
}

// Own is the address of the credentials' own account, whether or not another one is impersonated.
func (c *Credentials) Own() string { return c.account }

// Project is the Source's project, or else the one of the credentials, or empty.
func (c *Credentials) Project() string { return c.project }

// Kind is where the credentials come from; never Auto or ApplicationDefault.
func (c *Credentials) Kind() Kind { return c.kind }

// Origin is the file the credentials come from, or what else people know them by.
func (c *Credentials) Origin() string { return c.origin }

// KeyID is the identifier of a service account's key, which is no secret; empty for other kinds.
func (c *Credentials) KeyID() string { return c.keyID }

// Material is the content of the file the credentials come from, before impersonation, and nil without one. It holds the
// private key.
func (c *Credentials) Material() []byte { return c.material }

// Secrets are the parts of the credentials that must not be seen anywhere. Tokens are not among them.
func (c *Credentials) Secrets() []string { return c.secrets }

// Impersonates is the account that is acted as, over Delegates; empty without impersonation.
func (c *Credentials) Impersonates() (account string, delegates []string) {
	return c.source.Impersonate, c.source.Delegates
}

// Warnings are what Open found odd but no reason to refuse, each a line.
func (c *Credentials) Warnings() []string { return c.warnings }

// Scopes are those the tokens are asked for.
func (c *Credentials) Scopes() []string { return c.source.Scopes }

// Describe says in few words whose credentials these are and where from, for messages.
func (c *Credentials) Describe() string {
	who := c.account
	if who == "" {
		who = string(c.kind)
	}
	if c.source.Impersonate != "" {
		who = c.source.Impersonate + " by way of " + strings.Join(append([]string{who}, c.source.Delegates...), ", ")
	}
	return who + " (" + c.origin + ")"
}
