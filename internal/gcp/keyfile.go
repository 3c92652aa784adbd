package gcp

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"syscall"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
)

// keyFile is what the kinds of credential files have in common or of their own.
// https://google.aip.dev/auth/4112 and the pages beside it
type keyFile struct {
	Type           string `json:"type"`
	UniverseDomain string `json:"universe_domain"`
	TokenURI       string `json:"token_uri"`

	ProjectID    string `json:"project_id"`
	PrivateKeyID string `json:"private_key_id"`
	PrivateKey   string `json:"private_key"`
	ClientEmail  string `json:"client_email"`

	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	RefreshToken string `json:"refresh_token"`

	SourceCredentials json.RawMessage `json:"source_credentials"`
	Delegates         []string        `json:"delegates"`
	ImpersonationURL  string          `json:"service_account_impersonation_url"`

	externalFile

	Installed, Web json.RawMessage // an OAuth client's file, taken for a key now and then
}

func (c *Credentials) openKey() error {
	content := []byte(c.source.KeyJSON)
	c.origin = "given inline"
	if c.source.KeyFile != "" {
		c.origin = c.source.KeyFile
		var err error
		if content, err = readKey(c.source.KeyFile); err != nil {
			return err
		}
	}
	return c.parseKey(content)
}

func readKey(path string) ([]byte, error) {
	content, err := os.ReadFile(path)
	var why string
	switch {
	case err == nil:
		return content, nil
	case errors.Is(err, fs.ErrNotExist):
		why = "no such file; check the path, on the host where the task runs"
	case errors.Is(err, fs.ErrPermission):
		why = "permission denied; make the file readable for the user who runs the task"
	case errors.Is(err, syscall.EISDIR):
		why = "it is a folder; name the file in it"
	default:
		return nil, fmt.Errorf("read credentials %s: %w", path, errors.Unwrap(err))
	}
	return nil, fmt.Errorf("read credentials %s: %s", path, why)
}

// parseKey never quotes the content: it holds the private key, perhaps at an unexpected place.
func (c *Credentials) parseKey(content []byte) error {
	file, err := decodeKey(content)
	c.secrets = append(c.secrets, file.PrivateKey, file.ClientSecret, file.RefreshToken)
	if err == nil {
		err = c.acceptKind(file)
	}
	if err == nil {
		c.material = content
		err = c.use(file, content)
	}
	if err != nil {
		return fmt.Errorf("read credentials %s: %w", c.origin, err)
	}
	return nil
}

func decodeKey(content []byte) (keyFile, error) {
	var file keyFile
	trimmed := bytes.TrimSpace(content)
	switch {
	case len(trimmed) == 0:
		return file, errors.New("it is empty; download the key again")
	case bytes.HasPrefix(trimmed, []byte("$ANSIBLE_VAULT;")):
		return file, errors.New("it is encrypted by ansible-vault; give its decrypted content inline: lookup('ansible.builtin.file', path)")
	case bytes.HasPrefix(trimmed, []byte("-----BEGIN")):
		return file, errors.New("it is a PEM file; take the key in its JSON form")
	}
	err := json.Unmarshal(content, &file)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return file, fmt.Errorf("not JSON, wrong at byte %d of %d; download the key again", syntax.Offset, len(content))
	case errors.As(err, &kind):
		return file, fmt.Errorf("%s is a %s; take the file as Google made it", fieldName(kind.Field), jsonKind(kind.Value))
	case err != nil:
		return file, errors.New("not JSON of a Google key; take the file as Google made it")
	}
	return file, nil
}

func fieldName(path string) string {
	if path == "" {
		return "the file"
	}
	return strings.TrimPrefix(path, "externalFile.")
}

// jsonKind drops what else encoding/json may tell of a value: a number's digits.
func jsonKind(value string) string {
	kind, _, _ := strings.Cut(value, " ")
	if kind == "" {
		return "JSON value of the wrong kind"
	}
	return "JSON " + kind
}

// kinds of files by their type; those that are missing cannot be used at all.
var kinds = map[string]Kind{
	"service_account":              ServiceAccount,
	"authorized_user":              AuthorizedUser,
	"external_account":             ExternalAccount,
	"impersonated_service_account": ServiceAccount,
}

var accountForm = regexp.MustCompile(`^[^@\s/]+@[^@\s/]+$`)

var harmlessWord = regexp.MustCompile(`^[a-z_]{1,40}$`)

func (c *Credentials) acceptKind(file keyFile) error {
	kind, known := kinds[file.Type]
	wanted := c.source.Kind
	switch {
	case file.Installed != nil || file.Web != nil:
		return errors.New("it is an OAuth client's file; take a service account's key")
	case file.Type == "":
		return errors.New("type is missing; take the file as Google made it")
	case !known && !harmlessWord.MatchString(file.Type):
		return errors.New("type is unknown; take a service account's key")
	case !known:
		return fmt.Errorf("type is %s, which is not supported; take a service account's key", file.Type)
	case (wanted == ServiceAccount || wanted == ExternalAccount) && kind != wanted:
		return fmt.Errorf("type is %s, not that of %s credentials; take another file, or leave the kind out", file.Type, wanted)
	case file.UniverseDomain != "" && file.UniverseDomain != "googleapis.com":
		return errors.New("universe_domain is not googleapis.com; other universes are not supported")
	}
	c.kind = kind
	return nil
}

func (c *Credentials) use(file keyFile, content []byte) error {
	switch file.Type {
	case "service_account":
		return c.useServiceAccount(file, content)
	case "authorized_user":
		return c.useUser(file, content)
	case "external_account":
		return c.useExternal(file, content)
	default:
		return c.useImpersonated(file)
	}
}

func (c *Credentials) useServiceAccount(file keyFile, content []byte) error {
	if err := demand("client_email", file.ClientEmail, "private_key", file.PrivateKey, "private_key_id", file.PrivateKeyID); err != nil {
		return err
	}
	if !accountForm.MatchString(file.ClientEmail) {
		return errors.New("client_email is no account's address; take the file as Google made it")
	}
	if err := checkPrivateKey(file.PrivateKey); err != nil {
		return err
	}
	if err := googleURL("token_uri", file.TokenURI); err != nil {
		return err
	}
	c.account, c.keyID = file.ClientEmail, file.PrivateKeyID
	if c.project == "" {
		c.project = file.ProjectID
	}
	c.mint = library(google.ServiceAccount, content)
	return nil
}

func (c *Credentials) useUser(file keyFile, content []byte) error {
	if err := demand("client_id", file.ClientID, "client_secret", file.ClientSecret, "refresh_token", file.RefreshToken); err != nil {
		return err
	}
	c.mint = library(google.AuthorizedUser, content)
	return googleURL("token_uri", file.TokenURI)
}

func (c *Credentials) useImpersonated(file keyFile) error {
	if err := demand("service_account_impersonation_url", file.ImpersonationURL, "source_credentials", string(file.SourceCredentials)); err != nil {
		return err
	}
	if c.source.Impersonate != "" {
		return errors.New("it names an account to impersonate already; leave impersonate_service_account out")
	}
	endpoint, target, err := impersonationTarget(file.ImpersonationURL)
	if err != nil {
		return err
	}
	inner, err := decodeKey(file.SourceCredentials)
	if err != nil {
		return fmt.Errorf("source_credentials: %w", err)
	}
	if inner.Type != "service_account" && inner.Type != "authorized_user" && inner.Type != "external_account" {
		return errors.New("source_credentials: type is not supported; take the key of a service account")
	}
	c.secrets = append(c.secrets, inner.PrivateKey, inner.ClientSecret, inner.RefreshToken)
	if err := c.use(inner, file.SourceCredentials); err != nil {
		return fmt.Errorf("source_credentials: %w", err)
	}
	c.kind = kinds[inner.Type]
	c.source.Impersonate, c.source.Delegates, c.source.Endpoints.IAMCredentials = target, file.Delegates, endpoint
	c.material = file.SourceCredentials
	return nil
}

// demand names what is missing, all at once. It takes pairs of name and value.
func demand(pairs ...string) error {
	var missing []string
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			missing = append(missing, pairs[i])
		}
	}
	switch len(missing) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%s is missing; take the file as Google made it", missing[0])
	default:
		return fmt.Errorf("%s are missing; take the file as Google made it", strings.Join(missing, ", "))
	}
}

func checkPrivateKey(text string) error {
	block, _ := pem.Decode([]byte(text))
	if block == nil && strings.Contains(text, `\n`) {
		return errors.New("private_key has its line ends escaped twice; take the file as Google made it")
	}
	if block == nil {
		return errors.New("private_key is damaged, its PEM block is cut off; download a new key")
	}
	var private any
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		private, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	if err != nil {
		return errors.New("private_key is damaged, no key can be read from its PEM block; download a new key")
	}
	if _, ok := private.(*rsa.PrivateKey); !ok {
		return errors.New("private_key is not an RSA key; download a new key")
	}
	return nil
}

// library mints by Google's own code.
func library(kind google.CredentialsType, content []byte) minter {
	return func(ctx context.Context, scopes []string) (*oauth2.Token, error) {
		credentials, err := google.CredentialsFromJSONWithType(ctx, content, kind, scopes...)
		if err != nil {
			return nil, err
		}
		return credentials.TokenSource.Token()
	}
}
