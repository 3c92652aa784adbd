package kubeconfig_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/gcp"
	"github.com/metal-stack/initial-cluster/modules/internal/auth"
	"github.com/metal-stack/initial-cluster/modules/internal/kubeconfig"
	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/googletest"
)

// TestMain makes the copy of the test binary that a plan installs the credential plugin it is to be.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "gke-credential" {
		ansible.Main[auth.Params](ansible.Spec{Name: "gcp_create"}, nil, kubeconfig.Credential)
	}
	os.Exit(m.Run())
}

const name = "gke_lab-project_europe-west3-a_initial"

type world struct {
	*testing.T
	google  *googletest.Server
	account googletest.Account
	home    string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, home: t.TempDir()}
	authority, err := certtest.NewAuthority(t.TempDir())
	require.NoError(t, err)
	certificate, err := authority.ServerCertificate()
	require.NoError(t, err)
	w.google, err = googletest.Start(googletest.Options{Certificate: certificate})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.google.Close()) })
	w.account, err = w.google.ServiceAccount("lab-project", "ci")
	require.NoError(t, err)
	for variable, value := range map[string]string{
		"HOME": w.home, "SSL_CERT_FILE": authority.File(), "XDG_DATA_HOME": "", "KUBECONFIG": "", "GOOGLE_APPLICATION_CREDENTIALS": "", "CLOUDSDK_CONFIG": "",
	} {
		t.Setenv(variable, value)
	}
	w.write("key.json", w.account.KeyJSON)
	return w
}

func (w *world) write(file string, content []byte) string {
	w.Helper()
	path := filepath.Join(w.home, file)
	require.NoError(w, os.WriteFile(path, content, 0o600))
	return path
}

func (w *world) plan(user string, options auth.Params) *kubeconfig.Plan {
	w.Helper()
	if options.AuthKind == "" {
		options.AuthKind = "auto"
	}
	credentials, err := options.Open(w.Context(), "")
	require.NoError(w, err)
	plan, err := kubeconfig.Handout{Current: true, User: user, Name: name, Server: "https://198.51.100.7", CA: []byte("CA"), Auth: options, Credentials: credentials}.Plan(w.Context())
	require.NoError(w, err)
	return plan
}

func (w *world) steps(plan *kubeconfig.Plan) []string {
	all := []string{}
	for _, step := range plan.Steps() {
		all = append(all, strings.ReplaceAll(step, w.home, "~"))
	}
	return all
}

type user struct {
	Token string
	Exec  struct {
		APIVersion, Command, InteractiveMode string
		Args                                 []string
		Env                                  []struct{ Name, Value string }
	}
}

func (w *world) user() user {
	w.Helper()
	content, err := os.ReadFile(filepath.Join(w.home, ".kube/config"))
	require.NoError(w, err)
	var file struct{ Users []struct{ User user } }
	decoder := yaml.NewDecoder(strings.NewReader(strings.NewReplacer("apiVersion", "apiversion", "interactiveMode", "interactivemode").Replace(string(content))))
	require.NoError(w, decoder.Decode(&file))
	require.Len(w, file.Users, 1)
	return file.Users[0].User
}

// credential calls the plugin as kubectl does, in an environment that knows nothing of the credentials.
func (w *world) credential() (token string, expires time.Time, complaint string) {
	w.Helper()
	u := w.user()
	plugin := exec.CommandContext(w.Context(), u.Exec.Command, u.Exec.Args...)
	plugin.Dir = "/"
	plugin.Env = []string{"PATH=/usr/bin:/bin", "GCP_ACCESS_TOKEN=of another", "GCP_AUTH_KIND=machineaccount", "HOME=/nowhere"}
	for _, variable := range u.Exec.Env {
		plugin.Env = append(plugin.Env, variable.Name+"="+variable.Value)
	}
	out, err := plugin.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		assert.Equal(w, 1, exit.ExitCode())
		assert.Empty(w, out)
		return "", time.Time{}, string(exit.Stderr)
	}
	require.NoError(w, err)
	var said struct {
		Kind, APIVersion string
		Status           struct {
			Token               string
			ExpirationTimestamp time.Time
		}
	}
	require.NoError(w, json.Unmarshal(out, &said))
	assert.Equal(w, "ExecCredential client.authentication.k8s.io/v1", said.Kind+" "+said.APIVersion)
	return said.Status.Token, said.Status.ExpirationTimestamp, ""
}

const (
	storeProgram = "store the credential plugin in ~/.local/share/metalstack.initial_cluster/gke-credential"
	storeKey     = "store the credentials in ~/.kube/config." + name + ".json"
	removeKey    = "remove the credentials in ~/.kube/config." + name + ".json"
	addEntries   = "add cluster, user and context " + name + " to ~/.kube/config"
	changeUser   = "change user " + name + " in ~/.kube/config"
	makeCurrent  = "make " + name + " the current context in ~/.kube/config"
)

func TestWhateverTheCredentialsAreThePluginMintsTheAccountsToken(t *testing.T) {
	for _, c := range []struct {
		name    string
		options func(w *world) auth.Params
		args    string
		who     string
		stored  bool
	}{
		{"key file by a relative path", func(w *world) auth.Params {
			w.Chdir(w.home)
			return auth.Params{ServiceAccountFile: "key.json"}
		}, "service_account_file=~/key.json", "ci", false},
		{"key inline", func(w *world) auth.Params { return auth.Params{ServiceAccountContents: string(w.account.KeyJSON)} },
			"service_account_file=~/.kube/config." + name + ".json", "ci", true},
		{"default credentials of the environment", func(w *world) auth.Params {
			w.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(w.home, "key.json"))
			return auth.Params{}
		}, "service_account_file=~/key.json", "ci", false},
		{"metadata server", func(w *world) auth.Params {
			w.Setenv("GCE_METADATA_HOST", w.google.MetadataHost())
			require.NoError(w, w.google.Instance("lab-project", w.account.Email, gcp.ScopeCloudPlatform))
			return auth.Params{AuthKind: "application"}
		}, "auth_kind=machineaccount", "ci", false},
		{"impersonation over a delegate", func(w *world) auth.Params {
			w.chain()
			return auth.Params{
				ServiceAccountFile: filepath.Join(w.home, "key.json"), Scopes: []string{"cloud-platform", "userinfo.email"}, IAMEndpoint: w.google.URL(),
				ImpersonateServiceAccount: address("target"), ImpersonateDelegates: []string{address("middle")},
			}
		}, "service_account_file=~/key.json scopes=cloud-platform,userinfo.email impersonate_service_account=" + address("target") +
			" impersonate_delegates=" + address("middle") + " iam_endpoint=@GOOGLE@", "target", false},
		{"workload identity federation", func(w *world) auth.Params { return auth.Params{ServiceAccountFile: w.federation()} },
			"service_account_file=~/federation.json", "target", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			options := c.options(w)
			plan := w.plan(kubeconfig.Exec, options)
			steps := []string{storeProgram, storeKey, addEntries, makeCurrent}
			if !c.stored {
				steps = []string{storeProgram, addEntries, makeCurrent}
			}
			assert.Equal(t, steps, w.steps(plan))
			require.NoError(t, plan.Apply(t.Context()))
			assert.Equal(t, steps, w.steps(plan))
			assert.Empty(t, w.plan(kubeconfig.Exec, options).Steps(), "a second run changes nothing")

			args := strings.NewReplacer(w.home, "~", w.google.URL(), "@GOOGLE@").Replace(strings.Join(w.user().Exec.Args, " "))
			assert.Equal(t, "--exec-credential "+c.args, args)
			token, expires, complaint := w.credential()
			require.Empty(t, complaint)
			info, known := w.google.Token(token)
			assert.True(t, known)
			assert.Equal(t, address(c.who), info.Email)
			assert.WithinDuration(t, time.Now().Add(time.Hour), expires, 2*time.Minute)
			assert.Equal(t, c.stored, w.exists(".kube/config."+name+".json"))
			w.private()

			purge, err := kubeconfig.Purge("", name)
			require.NoError(t, err)
			require.NoError(t, purge.Apply(t.Context()))
			assert.False(t, w.exists(".kube/config."+name+".json"))
			again, err := kubeconfig.Purge("", name)
			require.NoError(t, err)
			assert.Empty(t, again.Steps())
		})
	}
}

func address(name string) string { return name + "@lab-project.iam.gserviceaccount.com" }

func (w *world) exists(file string) bool {
	_, err := os.Stat(filepath.Join(w.home, file))
	return err == nil
}

func (w *world) edit(file, old, replacement string) {
	w.Helper()
	content, err := os.ReadFile(filepath.Join(w.home, file))
	require.NoError(w, err)
	w.write(file, []byte(strings.ReplaceAll(string(content), old, replacement)))
}

// private wants everything that was written to be its owner's alone.
func (w *world) private() {
	w.Helper()
	for _, folder := range []string{".kube", ".local"} {
		require.NoError(w, filepath.WalkDir(filepath.Join(w.home, folder), func(path string, entry os.DirEntry, err error) error {
			require.NoError(w, err)
			info, err := entry.Info()
			require.NoError(w, err)
			assert.Zero(w, info.Mode().Perm()&0o077, path)
			return nil
		}))
	}
}

func (w *world) chain() {
	w.Helper()
	const creator = "roles/iam.serviceAccountTokenCreator"
	for _, pair := range [][2]string{{"middle", "ci"}, {"target", "middle"}} {
		_, err := w.google.ServiceAccount("lab-project", pair[0])
		require.NoError(w, err)
		require.NoError(w, w.google.Grant("serviceAccounts/"+address(pair[0]), address(pair[1]), creator))
	}
}

func (w *world) federation() (path string) {
	w.Helper()
	issuer, err := googletest.NewIssuer("https://ci.example.com")
	require.NoError(w, err)
	audience, err := w.google.AddProvider("lab-project", "ci", "jobs", issuer)
	require.NoError(w, err)
	subject, err := issuer.Sign("job-7", "https:"+audience, time.Hour)
	require.NoError(w, err)
	_, err = w.google.ServiceAccount("lab-project", "target")
	require.NoError(w, err)
	require.NoError(w, w.google.Grant("serviceAccounts/"+address("target"), w.google.Principal(audience, "job-7"), "roles/iam.workloadIdentityUser"))
	file, err := w.google.ExternalAccount(audience, map[string]any{"file": w.write("subject", []byte(subject))}, address("target"))
	require.NoError(w, err)
	return w.write("federation.json", file)
}

func TestOneKindOfUserTakesThePlaceOfAnother(t *testing.T) {
	w := newWorld(t)
	inline := auth.Params{ServiceAccountContents: string(w.account.KeyJSON)}
	require.NoError(t, w.plan(kubeconfig.Exec, inline).Apply(t.Context()))

	plan := w.plan(kubeconfig.Token, inline)
	assert.Equal(t, []string{changeUser, removeKey}, w.steps(plan))
	before, after := plan.Diff()
	require.NoError(t, plan.Apply(t.Context()))
	token := w.user().Token
	info, known := w.google.Token(token)
	assert.True(t, known)
	assert.Equal(t, w.account.Email, info.Email)
	shown, err := json.Marshal([]any{before, after})
	require.NoError(t, err)
	assert.NotContains(t, string(shown), token)

	assert.Empty(t, w.plan(kubeconfig.Token, inline).Steps(), "the token is good for long")
	of := auth.Params{ServiceAccountFile: filepath.Join(w.home, "key.json")}
	assert.Equal(t, []string{changeUser}, w.steps(w.plan(kubeconfig.Token, of)), "but not of these credentials")
	w.edit(".kube/config", time.Now().UTC().Format("2006-01-02T15"), "2026-01-01T00")
	w.edit(".kube/config", time.Now().Add(time.Hour).UTC().Format("2006-01-02T15"), "2026-01-01T00")
	assert.Equal(t, []string{changeUser}, w.steps(w.plan(kubeconfig.Token, inline)), "nor when it ends soon")

	plan = w.plan(kubeconfig.Google, inline)
	assert.Equal(t, []string{changeUser}, w.steps(plan))
	require.NoError(t, plan.Apply(t.Context()))
	assert.Equal(t, "gke-gcloud-auth-plugin", w.user().Exec.Command)
	assert.Equal(t, "client.authentication.k8s.io/v1beta1", w.user().Exec.APIVersion)
	assert.Empty(t, w.user().Token)
	assert.Empty(t, w.plan(kubeconfig.Google, inline).Steps())

	plan = w.plan(kubeconfig.Exec, auth.Params{ServiceAccountFile: filepath.Join(w.home, "key.json")})
	assert.Equal(t, []string{changeUser}, w.steps(plan))
}

func TestWhatWasTamperedWithIsMended(t *testing.T) {
	w := newWorld(t)
	inline := auth.Params{ServiceAccountContents: string(w.account.KeyJSON)}
	require.NoError(t, w.plan(kubeconfig.Exec, inline).Apply(t.Context()))
	program, key := ".local/share/metalstack.initial_cluster/gke-credential", ".kube/config."+name+".json"
	w.write(program, []byte("of another version"))
	require.NoError(t, os.Chmod(filepath.Join(w.home, key), 0o644))
	require.NoError(t, os.Chmod(filepath.Join(w.home, ".kube/config"), 0o640))
	plan := w.plan(kubeconfig.Exec, inline)
	assert.Equal(t, []string{
		"replace the credential plugin in ~/" + program, "make ~/" + key + " its owner's alone, it has mode 0644",
		"make ~/.kube/config readable for its owner only, it has mode 0640",
	}, w.steps(plan))
	require.NoError(t, plan.Apply(t.Context()))
	w.private()
	_, _, complaint := w.credential()
	assert.Empty(t, complaint)
}

func TestAFaultHalfWayIsSaidAndTheNextRunFinishes(t *testing.T) {
	w := newWorld(t)
	options := auth.Params{ServiceAccountFile: filepath.Join(w.home, "key.json")}
	plan := w.plan(kubeconfig.Exec, options)
	link := filepath.Join(w.home, ".kube/config")
	require.NoError(t, os.Mkdir(filepath.Dir(link), 0o700))
	require.NoError(t, os.Symlink(strings.Repeat("x", 253), link)) // leaves no room for the name of a temporary file
	err := plan.Apply(t.Context())
	assert.EqualError(t, err, "write "+link+": file name too long; correct that and run it again")
	assert.Equal(t, []string{storeProgram}, w.steps(plan), "what was done")
	require.NoError(t, os.Remove(link))
	plan = w.plan(kubeconfig.Exec, options)
	assert.Equal(t, []string{addEntries, makeCurrent}, w.steps(plan))
	require.NoError(t, plan.Apply(t.Context()))
	assert.Empty(t, w.plan(kubeconfig.Exec, options).Steps())
}

func TestThePluginSaysInOneLineWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.plan(kubeconfig.Exec, auth.Params{ServiceAccountFile: filepath.Join(w.home, "key.json")}).Apply(t.Context()))
	require.NoError(t, w.google.RevokeKey(w.account.KeyID))
	_, _, complaint := w.credential()
	assert.Equal(t, "gcp_create --exec-credential: mint a token for "+w.account.Email+" (~/key.json): key "+w.account.KeyID+
		" is revoked or not the account's; make a new key and give that one\n", strings.ReplaceAll(complaint, w.home, "~"))
	require.NoError(t, os.Remove(filepath.Join(w.home, "key.json")))
	_, _, complaint = w.credential()
	assert.Equal(t, "gcp_create --exec-credential: read credentials ~/key.json: no such file; check the path, on the host where the task runs\n",
		strings.ReplaceAll(complaint, w.home, "~"))
}

func TestBeforeTheClusterIsThereThePlanIsForLookingAtOnly(t *testing.T) {
	w := newWorld(t)
	options := auth.Params{AuthKind: "auto", ServiceAccountFile: filepath.Join(w.home, "key.json")}
	credentials, err := options.Open(t.Context(), "")
	require.NoError(t, err)
	plan, err := kubeconfig.Handout{Current: true, User: kubeconfig.Exec, Name: name, Auth: options, Credentials: credentials}.Plan(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{storeProgram, addEntries, makeCurrent}, w.steps(plan))
	assert.EqualError(t, plan.Apply(t.Context()), "write the kubeconfig: the cluster has no address yet; run it again when it has")
	assert.False(t, w.exists(".kube"))
}

func TestAnAccessTokenMakesNoPlugin(t *testing.T) {
	assert.Empty(t, kubeconfig.Problems(kubeconfig.Token, auth.Params{AccessToken: "t"}))
	assert.Equal(t, []string{"access_token: it cannot be renewed, so no user of kind exec can be made of it; give other credentials, or ask for the kind token"},
		kubeconfig.Problems(kubeconfig.Exec, auth.Params{AccessToken: "t"}))
}
