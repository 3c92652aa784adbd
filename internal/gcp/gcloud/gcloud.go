// Package gcloud writes the configuration of the gcloud command, so that its later calls are authenticated without gcloud
// having been run. What gcloud's own login stores in a database, gcloud also reads from a file that its configuration names
// (auth/credential_file_override), whatever --account says; that file and that setting are written here. Which credentials to
// use is the caller's business.
package gcloud

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Login is what gcloud is to use. Empty fields remove the setting, but for the project.
type Login struct {
	Account     string
	Project     string
	Key         []byte   // content of a credential file, secret; nil for those that need none (the metadata server's)
	Impersonate []string // the account to act as, after those over which it is reached
}

// Configuration is one of gcloud's named configurations as it was found.
type Configuration struct {
	folder string
	name   string
	active string // the configuration gcloud uses
	stored string // what says so; empty if nothing does and gcloud falls back to default
	file   *ini
	exists bool
}

// The settings that belong to a login.
var settings = [...]struct{ section, key string }{
	{"core", "account"}, {"core", "project"}, {"auth", "credential_file_override"}, {"auth", "impersonate_service_account"},
}

const activeVariable = "CLOUDSDK_ACTIVE_CONFIG_NAME"

var nameForm = regexp.MustCompile(`^[a-z][-a-z0-9]*$`)

// Observe reads a configuration below gcloud's folder; without a name, the active one. A configuration that does not exist is
// an empty one.
func Observe(folder, name string) (*Configuration, error) {
	c := &Configuration{folder: folder, name: name}
	if err := c.observeActive(); err != nil {
		return nil, err
	}
	if c.name == "" {
		c.name = c.active
	}
	if forced := os.Getenv(activeVariable); forced != "" && forced != c.name {
		return nil, fmt.Errorf("gcloud configuration %s: %s names %s; unset it or leave the configuration's name out", c.name, activeVariable, forced)
	}
	if !nameForm.MatchString(c.name) {
		return nil, fmt.Errorf("gcloud configuration %q: the name must be of a-z, 0-9 and -, beginning with a letter", c.name)
	}
	content, err := os.ReadFile(c.path())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read gcloud's configuration: %w; correct that, or set CLOUDSDK_CONFIG to another folder", err)
	}
	c.file, c.exists = parseINI(string(content)), err == nil
	return c, nil
}

// observeActive follows https://cloud.google.com/sdk/docs/configurations: the environment goes before the file.
func (c *Configuration) observeActive() error {
	if c.stored = os.Getenv(activeVariable); c.stored == "" {
		content, err := os.ReadFile(c.activePath())
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("read gcloud's active configuration: %w; correct that, or set CLOUDSDK_CONFIG to another folder", err)
		}
		c.stored = strings.TrimSpace(string(content))
	}
	if c.active = c.stored; c.active == "" {
		c.active = "default"
	}
	return nil
}

// Name is the configuration's name.
func (c *Configuration) Name() string { return c.name }

func (c *Configuration) path() string {
	return filepath.Join(c.folder, "configurations", "config_"+c.name)
}
func (c *Configuration) activePath() string { return filepath.Join(c.folder, "active_config") }

// KeyFile is where gcloud itself keeps a copy of an account's credentials for other programs, below its folder.
func KeyFile(folder, account string) string {
	return filepath.Join(folder, "legacy_credentials", filepath.Base(account), "adc.json")
}

func (c *Configuration) keyFolder() string { return filepath.Join(c.folder, "legacy_credentials") }

// keyPath is where the credentials of an account are kept. Those of a workload or a user have no account.
func (c *Configuration) keyPath(account string) string {
	if account == "" {
		account = "initial-cluster"
	}
	return KeyFile(c.folder, account)
}

// ownKey is the path of the stored credentials which the configuration names, or empty if it names others or none.
func (c *Configuration) ownKey() string {
	named := c.file.get("auth", "credential_file_override")
	if filepath.Base(named) == "adc.json" && filepath.Dir(filepath.Dir(named)) == c.keyFolder() {
		return named
	}
	return ""
}

// keyState says which credentials lie in a file and who may read it, without quoting them.
func keyState(content []byte, mode fs.FileMode) string {
	var key struct {
		ID string `json:"private_key_id"`
	}
	state := fmt.Sprintf("sha256 %.6x, mode %04o", sha256.Sum256(content), mode)
	if json.Unmarshal(content, &key) == nil && regexp.MustCompile(`^[0-9a-f]{8,64}$`).MatchString(key.ID) {
		state = "key " + key.ID + ", " + state
	}
	return state
}

// holds tells whether a file has these credentials, perhaps as gcloud stores them: with fewer fields.
func holds(stored, wanted []byte) bool {
	var a, b map[string]any
	if json.Unmarshal(stored, &a) != nil || json.Unmarshal(wanted, &b) != nil || len(a) == 0 {
		return false
	}
	for field, value := range b {
		if has, ok := a[field]; ok && fmt.Sprint(has) != fmt.Sprint(value) {
			return false
		}
	}
	for field := range a {
		if _, ok := b[field]; !ok {
			return false
		}
	}
	return needed(a, b)
}

// needed are the fields without which a login is not one.
func needed(stored, wanted map[string]any) bool {
	for _, field := range []string{"type", "private_key", "client_email", "refresh_token", "audience", "credential_source", "token_uri", "token_url",
		"service_account_impersonation_url", "source_credentials"} {
		if _, ok := wanted[field]; ok && stored[field] == nil {
			return false
		}
	}
	return true
}
