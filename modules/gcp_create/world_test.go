package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/gketest"
	"github.com/metal-stack/initial-cluster/testing/googletest"
)

// asModule makes the test binary the module: each run is a process of its own, as under Ansible. Its copy that a kubeconfig names is the
// credential plugin.
const asModule = "RUN_AS_GCP_CREATE"

func TestMain(m *testing.M) {
	if os.Getenv(asModule) != "" || filepath.Base(os.Args[0]) == "gke-credential" {
		main()
	}
	os.Exit(m.Run())
}

// world is what a run of the module meets: a Google with GKE, and a home with a key in it.
type world struct {
	*testing.T
	authority   *certtest.Authority
	google      *googletest.Server
	gke         *gketest.Server
	account     googletest.Account
	dir         string
	certificate tls.Certificate
	secrets     []string
	before      int // requests that do not count
	env         []string
}

const (
	cluster = "projects/lab-project/locations/europe-west3-a/clusters/initial"
	// common are the arguments that most cases share. They hand out no cluster: to copy the credential plugin takes time.
	common    = `"kubeconfig_user": "none", ` + handedOut
	handedOut = `"service_account_file": "@DIR@/key.json", "api_endpoint": "https://@GKE@", "kubeconfig": "@DIR@/kubeconfig",
		"project": "lab-project", "location": "europe-west3-a", "name": "initial"`
	small = `{` + common + `, "machine_type": "e2-standard-4"}`
)

func newWorld(t *testing.T, o gketest.Options) *world {
	t.Helper()
	w := &world{T: t, dir: t.TempDir()}
	var err error
	w.authority, err = certtest.NewAuthority(filepath.Join(w.dir, "ca"))
	require.NoError(t, err)
	o.Certificate, err = w.authority.ServerCertificate()
	require.NoError(t, err)
	w.google, err = googletest.Start(googletest.Options{Certificate: o.Certificate})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.google.Close()) })
	w.account, err = w.google.ServiceAccount("lab-project", "ci", "roles/container.admin", "roles/iam.serviceAccountUser")
	require.NoError(t, err)
	w.certificate = o.Certificate
	o.Google, o.CAFile = w.google, w.authority.File()
	w.gke, err = gketest.Start(o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.gke.Close()) })
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "key.json"), w.account.KeyJSON, 0o600))
	var key struct {
		Private string `json:"private_key"`
	}
	require.NoError(t, json.Unmarshal(w.account.KeyJSON, &key))
	w.secrets = strings.Split(key.Private, "\n")[1:20]
	return w
}

// fill puts a world's own values into a template, mask takes them out of what was printed.
func (w *world) fill(text string) string {
	return strings.NewReplacer("@DIR@", w.dir, "@GKE@", w.gke.Address()).Replace(text)
}

var changing = []struct {
	form *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "@TIME@"},
	{regexp.MustCompile(`after \d+s`), "after @SECONDS@"},
	{regexp.MustCompile(`operation-\d+-[0-9a-f-]+`), "operation-@ID@"},
	{regexp.MustCompile(`gke-[0-9a-f]{32}\.`), "gke-@ID@."},
	{regexp.MustCompile(`-----BEGIN CERTIFICATE-----[^"]*-----END CERTIFICATE-----`), "@CERTIFICATE@"},
	{regexp.MustCompile(`("certificate-authority-data": )"[^"]+"`), `$1"@CERTIFICATE@"`},
	{regexp.MustCompile(`sha256 [0-9a-f]{12}`), "sha256 @HASH@"},
	{regexp.MustCompile(`ya29\.c\.[0-9a-f]+`), "@TOKEN@"},
	{regexp.MustCompile(`(projects?[/:_ #a-z]*)\d{12}`), "$1@NUMBER@"},
	{regexp.MustCompile(`\d{12}(-compute@)`), "@NUMBER@$1"},
}

func (w *world) mask(text string) string {
	text = strings.NewReplacer(w.dir, "@DIR@", w.gke.Address(), "@GKE@").Replace(text)
	for _, c := range changing {
		text = c.form.ReplaceAllString(text, c.name)
	}
	return text
}

// run runs the module and gives its result with what differs from run to run replaced.
func (w *world) run(args string) map[string]any {
	w.Helper()
	var result map[string]any
	out := w.process(args)
	require.NoError(w, json.Unmarshal([]byte(w.mask(out)), &result), out)
	return result
}

// checked is run in check mode.
func (w *world) checked(args string) map[string]any {
	w.Helper()
	return w.run(`{"_ansible_check_mode": true, "_ansible_diff": true, ` + strings.TrimPrefix(strings.TrimSpace(args), "{"))
}

func (w *world) process(args string) string {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 2*time.Minute)
	defer cancel()
	module := w.command(ctx, args)
	var out, complaints bytes.Buffer
	module.Stdout, module.Stderr = &out, &complaints
	err := module.Run()
	var exit *exec.ExitError
	require.True(w, err == nil || assert.ErrorAs(w, err, &exit), "%v", err)
	assert.Empty(w, complaints.String())
	for _, secret := range w.secrets {
		assert.NotContains(w, out.String(), secret)
	}
	assert.NotContains(w, out.String(), "ya29.c.")
	return out.String()
}

func (w *world) command(ctx context.Context, args string) *exec.Cmd {
	module := exec.CommandContext(ctx, os.Args[0], "-")
	module.Env = append(w.env, asModule+"=1", "HOME="+w.dir, "SSL_CERT_FILE="+w.authority.File(), "PATH="+os.Getenv("PATH"))
	module.Stdin = strings.NewReader(w.fill(args))
	return module
}

// done runs the module and wants it to succeed.
func (w *world) done(args string) map[string]any {
	w.Helper()
	result := w.run(args)
	require.NotEqual(w, true, result["failed"], result["msg"])
	return result
}

// failed runs the module, wants it to fail, and gives what it says.
func (w *world) failed(args string) string {
	w.Helper()
	result := w.run(args)
	require.Equal(w, true, result["failed"], result["msg"])
	return result["msg"].(string)
}

// accepted counts the requests of a method that changed something: those that began an operation.
func (w *world) accepted(kind containerpb.Operation_Type) int {
	count := 0
	for _, o := range w.gke.Operations(cluster) {
		if o.OperationType == kind {
			count++
		}
	}
	return count
}

// asked counts the requests of a method, refused ones too.
func (w *world) asked(method string) int {
	count := 0
	for _, r := range w.gke.Requests()[w.before:] {
		if r.Method == method {
			count++
		}
	}
	return count
}

// until waits for something that another process brings about.
func (w *world) until(what string, holds func() bool) {
	w.Helper()
	require.Eventually(w, holds, time.Minute, time.Millisecond, what)
}
