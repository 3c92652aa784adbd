package gcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/compute/metadata"
	"golang.org/x/oauth2"
)

// CredentialsVariable is the environment variable that names the file of the default credentials.
const CredentialsVariable = "GOOGLE_APPLICATION_CREDENTIALS"

// openDefault looks where Google's libraries look, in their order, and honours CLOUDSDK_CONFIG as gcloud does.
// https://cloud.google.com/docs/authentication/application-default-credentials
func (c *Credentials) openDefault(ctx context.Context) error {
	if named := os.Getenv(CredentialsVariable); named != "" {
		c.source.KeyFile = named
		if err := c.openKey(); err != nil {
			return fmt.Errorf("%s: %w", CredentialsVariable, err)
		}
		return nil
	}
	wellKnown, err := defaultFile()
	if err == nil {
		if _, err = os.Stat(wellKnown); err == nil {
			c.source.KeyFile = wellKnown
			return c.openKey()
		}
	}
	if wellKnown != "" && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read credentials %s: %w", wellKnown, errors.Unwrap(err))
	}
	ctx, cancel := context.WithTimeout(ctx, metadataPatience)
	defer cancel()
	if os.Getenv("GCE_METADATA_HOST") != "" || metadata.OnGCEWithContext(ctx) {
		return c.openMetadata(ctx)
	}
	return fmt.Errorf("find default credentials: %s is not set, %s does not exist and there is no metadata server; name a key file",
		CredentialsVariable, wellKnown)
}

// ConfigFolder is where gcloud keeps its configuration and the default credentials.
func ConfigFolder() (string, error) {
	if folder := os.Getenv("CLOUDSDK_CONFIG"); folder != "" {
		return folder, nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".config", "gcloud"), err
}

func defaultFile() (string, error) {
	folder, err := ConfigFolder()
	if err != nil {
		return "", err
	}
	return filepath.Join(folder, "application_default_credentials.json"), nil
}

// metadataPatience is how long the metadata server, which is on the same machine, may take to answer.
const metadataPatience = 5 * time.Second

func (c *Credentials) openMetadata(ctx context.Context) error {
	c.kind, c.origin = Metadata, "metadata server "+metadataHost()
	// No proxy: the address means something only on this machine.
	direct := &http.Transport{DialContext: (&net.Dialer{Timeout: metadataPatience}).DialContext}
	c.send(apart{metadataHost(), direct, http.DefaultTransport})
	client := metadata.NewClient(c.client)
	ctx, cancel := context.WithTimeout(ctx, metadataPatience)
	defer cancel()
	email, err := client.EmailWithContext(ctx, "default")
	if err != nil {
		return c.explainMetadata(err)
	}
	c.account = email
	if c.project == "" {
		if c.project, err = client.ProjectIDWithContext(ctx); err != nil {
			return c.explainMetadata(err)
		}
	}
	granted, err := client.ScopesWithContext(ctx, "default")
	if err != nil {
		return c.explainMetadata(err)
	}
	c.checkScopes(granted)
	c.mint = func(ctx context.Context, _ []string) (*oauth2.Token, error) { return metadataToken(ctx, client) }
	return nil
}

// checkScopes replaces the scopes asked for by those the machine has: its tokens carry no others.
func (c *Credentials) checkScopes(granted []string) {
	if c.source.Impersonate == "" {
		c.source.Scopes = granted
	}
	if !slices.Contains(granted, ScopeCloudPlatform) {
		c.warnings = append(c.warnings, "the machine's scopes lack cloud-platform, so its tokens may do less than its account; stop the machine and set them")
	}
}

func metadataHost() string {
	if host := os.Getenv("GCE_METADATA_HOST"); host != "" {
		return host
	}
	return "169.254.169.254"
}

func metadataToken(ctx context.Context, client *metadata.Client) (*oauth2.Token, error) {
	text, err := client.GetWithContext(ctx, "instance/service-accounts/default/token")
	if err != nil {
		return nil, err
	}
	var token oauth2.Token
	if json.Unmarshal([]byte(text), &token) != nil || token.AccessToken == "" {
		return nil, errNoToken
	}
	token.Expiry = time.Now().Add(time.Duration(token.ExpiresIn) * time.Second)
	return &token, nil
}

// apart sends requests to one host another way than all others.
type apart struct {
	host         string
	over, others http.RoundTripper
}

func (a apart) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == a.host {
		return a.over.RoundTrip(r)
	}
	return a.others.RoundTrip(r)
}

func (c *Credentials) openAccessToken() error {
	if c.source.AccessToken == "" {
		return errors.New("no access token is given")
	}
	c.kind, c.origin, c.secrets = AccessToken, "given inline", []string{c.source.AccessToken}
	if c.source.Impersonate == "" {
		c.source.Scopes = nil // those it has are not known
	}
	c.mint = func(context.Context, []string) (*oauth2.Token, error) {
		return &oauth2.Token{AccessToken: c.source.AccessToken, TokenType: "Bearer"}, nil
	}
	return nil
}

func (c *Credentials) explainMetadata(err error) error {
	last := c.exchanges.last()
	if last.host == "" {
		return fmt.Errorf("%s: %w", c.origin, err)
	}
	return fmt.Errorf("%s: %s", c.origin, misread(last))
}

// misread says why the metadata server did not tell what it was asked.
func misread(last exchange) string {
	switch {
	case last.status == http.StatusNotFound && strings.Contains(last.path, "/service-accounts/"):
		return "the machine has no service account; attach one, or name a key file"
	case last.temporary() && last.status != 0:
		return fmt.Sprintf("it answers %d %s; try again later", last.status, http.StatusText(last.status))
	case last.status != 0:
		return fmt.Sprintf("it answers %d %s, as no metadata server does; check GCE_METADATA_HOST", last.status, http.StatusText(last.status))
	}
	return fmt.Sprintf("no answer (%s); this host is no machine of Google Cloud, so name a key file", oneLine(rootCause(last.err)))
}

// rootCause is the innermost error's text, which lacks the addresses.
func rootCause(err error) string {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err.Error()
}
