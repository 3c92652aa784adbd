package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/golden"
	"github.com/metal-stack/initial-cluster/testing/googletest"
)

// asModule makes the test binary the module: each run is a process of its own, as under Ansible.
const asModule = "RUN_AS_GCP_AUTH"

func TestMain(m *testing.M) {
	if os.Getenv(asModule) != "" {
		main()
	}
	os.Exit(m.Run())
}

// moduleCase is one case, whose arguments are in testdata. Where a case has nothing to break halfway, the network breaks.
type moduleCase struct {
	name  string
	env   []string
	world func(t *testing.T, w *world)
	fault func(t *testing.T, w *world) (mend func())
}

var cases = []moduleCase{
	{name: "key file"},
	{name: "key inline"},
	{name: "key file for gcloud", fault: blockConfiguration},
	{name: "key from the environment for gcloud", env: []string{"GCP_SERVICE_ACCOUNT_FILE=@DIR@/key.json", "GCP_PROJECT=lab-project"}, fault: blockConfiguration},
	{name: "foreign settings are kept", world: foreignConfiguration, fault: blockActive},
	{name: "application default", env: []string{"GOOGLE_APPLICATION_CREDENTIALS=@DIR@/key.json"}},
	{name: "metadata server", env: []string{"GCE_METADATA_HOST=@METADATA@"}, fault: blockConfiguration},
	{name: "impersonation over a delegate", fault: blockConfiguration},
	{name: "workload identity federation", fault: blockConfiguration},
	{name: "given token", env: []string{"GCP_ACCESS_TOKEN=@TOKEN@"}},
	{name: "token in the result"},
	{name: "permissions"},
	{name: "a permission is missing"},
	{name: "another project"},
	{name: "permissions cannot be checked", world: disableResourceManager},
	{name: "gcloud forgets", world: loggedIn, fault: blockConfiguration},
	{name: "account that gcloud keeps", world: loggedIn},
	{name: "account of other credentials"},
	{name: "wrong options"},
	{name: "no key file"},
}

func TestCases(t *testing.T) {
	shared := newWorld(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := map[string]any{}
			w := shared.fresh(t, c)
			got["1 check"] = w.run(t, c, true)
			got["2 apply"] = w.run(t, c, false)
			got["3 apply again"] = w.run(t, c, false)
			assert.NotEqual(t, true, got["3 apply again"].(map[string]any)["changed"], "the second run changes nothing")

			w = shared.fresh(t, c)
			breakIt := c.fault
			if breakIt == nil {
				breakIt = answerElsewhere
			}
			mend := breakIt(t, w)
			got["4 apply with a fault"] = w.run(t, c, false)
			mend()
			got["5 apply after the fault"] = w.run(t, c, false)
			assert.NotEqual(t, true, w.run(t, c, false)["changed"], "a run after the mended one changes nothing")
			golden.Result(t, c.name, got)
		})
	}
}

// run runs the module on the case's arguments and gives the result with what differs from run to run replaced.
func (w *world) run(t *testing.T, c moduleCase, check bool) map[string]any {
	t.Helper()
	template, err := os.ReadFile(filepath.Join("testdata", strings.ReplaceAll(c.name, " ", "_")+".args.json"))
	require.NoError(t, err)
	var args map[string]any
	require.NoError(t, json.Unmarshal([]byte(w.fill(string(template))), &args))
	args["_ansible_check_mode"], args["_ansible_diff"] = check, true
	text, err := json.Marshal(args)
	require.NoError(t, err)
	out := w.process(t, c.env, string(text))
	var result map[string]any
	require.NoError(t, json.Unmarshal([]byte(w.mask(out)), &result), out)
	return result
}

func (w *world) process(t *testing.T, env []string, args string) string {
	t.Helper()
	module := exec.Command(os.Args[0], "-")
	module.Env = append(module.Env, asModule+"=1", "HOME="+w.dir, "SSL_CERT_FILE="+w.authority.File(), "PATH="+os.Getenv("PATH"))
	for _, setting := range env {
		module.Env = append(module.Env, w.fill(setting))
	}
	module.Stdin = strings.NewReader(args)
	var out, complaints bytes.Buffer
	module.Stdout, module.Stderr = &out, &complaints
	err := module.Run()
	var exit *exec.ExitError
	require.True(t, err == nil || assert.ErrorAs(t, err, &exit), "%v", err)
	assert.Empty(t, complaints.String())
	for _, secret := range w.secrets {
		assert.NotContains(t, out.String(), secret)
	}
	return out.String()
}

func TestAWorldWithoutGoogleIsSaidInOneLine(t *testing.T) {
	w := newWorld(t).fresh(t, moduleCase{})
	require.NoError(t, w.google.DisableAccount(w.account.Email, true))
	out := w.process(t, nil, w.fill(`{"service_account_file": "@DIR@/key.json"}`))
	assert.Contains(t, w.mask(out), fmt.Sprintf(`"msg": "mint a token for %s (@DIR@/key.json): the account is disabled; `+
		`enable it: gcloud iam service-accounts enable %s"`, w.account.Email, w.account.Email))
}

func TestTheTimeLimitEndsTheWaitForGoogle(t *testing.T) {
	w := newWorld(t).fresh(t, moduleCase{})
	w.google.Inject(googletest.Fault{Delay: time.Hour})
	out := w.process(t, nil, w.fill(`{"service_account_file": "@DIR@/key.json", "auth_timeout": 1}`))
	assert.Contains(t, w.mask(out), fmt.Sprintf(`"msg": "mint a token for %s (@DIR@/key.json): @GOOGLEHOST@: no answer within the time limit; `+
		`check the network and https_proxy, or give it more time"`, w.account.Email))
}

// answerElsewhere is a proxy that wants a login.
func answerElsewhere(_ *testing.T, w *world) func() {
	w.google.Inject(googletest.Fault{Status: 403, Kind: "text/html", Body: "<html>log in</html>"})
	return w.google.ClearFaults
}
