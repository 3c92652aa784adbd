package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/metalstackcloud"
	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/metalstackcloudtest"
)

// asModule makes the test binary the module: each run is a process of its own, as under Ansible.
const asModule = "RUN_AS_METALSTACK_CLOUD_CLUSTER"

func TestMain(m *testing.M) {
	if os.Getenv(asModule) != "" {
		pace = metalstackcloud.Pace{Look: 5 * time.Millisecond, Begin: 2 * time.Second, Retry: time.Millisecond}
		main()
	}
	os.Exit(m.Run())
}

const project = "f8e67080-ba68-41d2-ad44-59dc65a09a33"

// world is what a run of the module meets: a metalstack.cloud, and a home.
type world struct {
	cloud     *metalstackcloudtest.Server
	authority *certtest.Authority
	token     string
	dir       string // the home
	cloudDir  string // where metalstack.cloud keeps its clusters
}

func newWorld(t *testing.T, o metalstackcloudtest.Options) *world {
	t.Helper()
	w := &world{dir: t.TempDir()}
	var err error
	w.authority, err = certtest.NewAuthority(t.TempDir())
	require.NoError(t, err)
	o.Certificate, err = w.authority.ServerCertificate()
	require.NoError(t, err)
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	w.cloudDir = o.Dir
	w.cloud, err = metalstackcloudtest.Start(o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.cloud.Close()) })
	w.token, err = w.cloud.Token(time.Hour, metalstackcloudtest.Grant{Project: project, Role: "editor"})
	require.NoError(t, err)
	return w
}

// run runs the module on arguments and gives its result.
func (w *world) run(t *testing.T, args map[string]any) map[string]any {
	t.Helper()
	text, err := json.Marshal(args)
	require.NoError(t, err)
	module := exec.Command(os.Args[0], "-")
	module.Env = []string{asModule + "=1", "HOME=" + w.dir, "SSL_CERT_FILE=" + w.authority.File(), "METAL_STACK_CLOUD_API_TOKEN=" + w.token}
	module.Stdin = strings.NewReader(strings.ReplaceAll(string(text), "@DIR@", w.dir))
	var out, complaints bytes.Buffer
	module.Stdout, module.Stderr = &out, &complaints
	err = module.Run()
	var exit *exec.ExitError
	require.True(t, err == nil || assert.ErrorAs(t, err, &exit), "%v", err)
	assert.Empty(t, complaints.String())
	w.hides(t, out.String())
	var result map[string]any
	require.NoError(t, json.Unmarshal([]byte(w.mask(out.String())), &result), out.String())
	return result
}

// hides wants no secret in what was printed: the token, the keys in the kubeconfig, the password of the monitoring.
func (w *world) hides(t *testing.T, printed string) {
	t.Helper()
	secrets := []string{w.token}
	for _, c := range w.cloud.Clusters() {
		secrets = append(secrets, c.Monitoring.Password)
	}
	if config, err := os.ReadFile(w.kubeconfig()); err == nil {
		for _, line := range strings.Split(string(config), "\n") {
			if _, key, ok := strings.Cut(line, "client-key-data: "); ok {
				secrets = append(secrets, key)
			}
		}
	}
	for _, secret := range secrets {
		assert.NotContains(t, printed, secret)
	}
}

func (w *world) kubeconfig() string { return filepath.Join(w.dir, "kubeconfig") }

var changing = []struct {
	form *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ`), "@TIME@"},
	{regexp.MustCompile(`LS0tLS1CRUdJTi[0-9A-Za-z+/=]+`), "@PEM@"},
	{regexp.MustCompile(project), "@PROJECT@"},
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "@ID@"},
}

// mask replaces what differs from run to run.
func (w *world) mask(text string) string {
	text = strings.NewReplacer(w.dir, "@DIR@", strings.TrimPrefix(w.cloud.URL(), "https://"), "@HOST@").Replace(text)
	for _, c := range changing {
		text = c.form.ReplaceAllString(text, c.name)
	}
	return text
}
