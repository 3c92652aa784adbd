package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/googletest"
)

// world is what a run of the module meets: a Google, and a home with a key in it.
type world struct {
	authority *certtest.Authority
	google    *googletest.Server
	account   googletest.Account
	federated []byte
	subject   string
	token     string
	dir       string
	secrets   []string
}

const cloudPlatform = "https://www.googleapis.com/auth/cloud-platform"

func newWorld(t *testing.T) *world {
	t.Helper()
	authority, err := certtest.NewAuthority(t.TempDir())
	require.NoError(t, err)
	certificate, err := authority.ServerCertificate()
	require.NoError(t, err)
	server, err := googletest.Start(googletest.Options{Certificate: certificate})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	w := &world{authority: authority, google: server}
	w.account, err = server.ServiceAccount("lab-project", "ci", "roles/container.admin")
	require.NoError(t, err)
	middle, err := server.ServiceAccount("lab-project", "middle")
	require.NoError(t, err)
	target, err := server.ServiceAccount("lab-project", "deployer")
	require.NoError(t, err)
	const creator = "roles/iam.serviceAccountTokenCreator"
	require.NoError(t, server.Grant("serviceAccounts/"+middle.Email, w.account.Email, creator))
	require.NoError(t, server.Grant("serviceAccounts/"+target.Email, middle.Email, creator))
	require.NoError(t, server.Instance("lab-project", w.account.Email, cloudPlatform))
	w.federate(t, target.Email)
	w.token, err = server.Mint(w.account.Email, time.Hour, cloudPlatform)
	require.NoError(t, err)
	var key struct {
		Private string `json:"private_key"`
	}
	require.NoError(t, json.Unmarshal(w.account.KeyJSON, &key))
	w.secrets = append(w.secrets, w.token)
	w.secrets = append(w.secrets, strings.Split(key.Private, "\n")[1:20]...)
	return w
}

// federate lets a CI job act as an account.
func (w *world) federate(t *testing.T, email string) {
	issuer, err := googletest.NewIssuer("https://ci.example.com")
	require.NoError(t, err)
	audience, err := w.google.AddProvider("lab-project", "ci", "jobs", issuer)
	require.NoError(t, err)
	w.subject, err = issuer.Sign("job-7", "https:"+audience, time.Hour)
	require.NoError(t, err)
	w.federated, err = w.google.ExternalAccount(audience, map[string]any{"file": "@DIR@/subject"}, email)
	require.NoError(t, err)
	require.NoError(t, w.google.Grant("serviceAccounts/"+email, w.google.Principal(audience, "job-7"), "roles/iam.workloadIdentityUser"))
	w.secrets = append(w.secrets, w.subject)
}

// fresh is the same world with an empty home.
func (w *world) fresh(t *testing.T, c moduleCase) *world {
	t.Helper()
	again := *w
	again.dir = t.TempDir()
	w.google.ClearFaults()
	require.NoError(t, w.google.DisableAPI("lab-project", "cloudresourcemanager.googleapis.com", false))
	again.write(t, "key.json", string(w.account.KeyJSON))
	again.write(t, "federation.json", again.fill(string(w.federated)))
	again.write(t, "subject", w.subject)
	if c.world != nil {
		c.world(t, &again)
	}
	return &again
}

func (w *world) write(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(w.dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

// fill puts a world's own values into a template, mask takes them out of what was printed.
func (w *world) fill(text string) string {
	inline, err := json.Marshal(string(w.account.KeyJSON))
	if err != nil {
		panic(err)
	}
	return strings.NewReplacer("@DIR@", w.dir, "@GOOGLE@", w.google.URL(), "@METADATA@", w.google.MetadataHost(), `"@INLINE@"`, string(inline), "@TOKEN@", w.token).Replace(text)
}

var changing = []struct {
	form *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ`), "@TIME@"},
	{regexp.MustCompile(`sha256 [0-9a-f]{12}`), "sha256 @HASH@"},
	{regexp.MustCompile(`ya29\.c\.[0-9a-f]+`), "@TOKEN@"},
	{regexp.MustCompile(`project \d{12}`), "project @NUMBER@"},
}

func (w *world) mask(text string) string {
	text = strings.NewReplacer(w.dir, "@DIR@", w.google.URL(), "@GOOGLE@", strings.TrimPrefix(w.google.URL(), "https://"), "@GOOGLEHOST@",
		w.google.MetadataHost(), "@METADATA@", w.account.KeyID, "@KEYID@").Replace(text)
	for _, c := range changing {
		text = c.form.ReplaceAllString(text, c.name)
	}
	return text
}

const gcloudFolder = ".config/gcloud/"

// unwritable makes a file of gcloud's readable and not writable, for root too: its name leaves no room for a temporary one.
func (w *world) unwritable(t *testing.T, name string) (mend func()) {
	t.Helper()
	path := filepath.Join(w.dir, gcloudFolder, name)
	content, err := os.ReadFile(path)
	existed := err == nil
	long := filepath.Join(filepath.Dir(path), strings.Repeat("x", 250))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(long, content, 0o600))
	require.NoError(t, os.RemoveAll(path))
	require.NoError(t, os.Symlink(long, path))
	return func() {
		require.NoError(t, os.Remove(path))
		if existed {
			require.NoError(t, os.Rename(long, path))
		}
	}
}

func blockConfiguration(t *testing.T, w *world) func() {
	return w.unwritable(t, "configurations/config_default")
}
func blockActive(t *testing.T, w *world) func() { return w.unwritable(t, "active_config") }

func foreignConfiguration(t *testing.T, w *world) {
	w.write(t, gcloudFolder+"active_config", "default")
	w.write(t, gcloudFolder+"configurations/config_default", "[core]\naccount = somebody@example.com\n")
	w.write(t, gcloudFolder+"configurations/config_lab", "# by hand\n[compute]\nregion = europe-west3\n\n[core]\nproject = another-project\ndisable_prompts = True\n\n"+
		"[auth]\nimpersonate_service_account = old@example.com\n\n[proxy]\ntype = http\n")
}

func disableResourceManager(t *testing.T, w *world) {
	require.NoError(t, w.google.DisableAPI("lab-project", "cloudresourcemanager.googleapis.com", true))
}

func loggedIn(t *testing.T, w *world) {
	w.process(t, nil, w.fill(`{"service_account_file": "@DIR@/key.json", "gcloud": true}`))
}
