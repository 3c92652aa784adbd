package kube_test

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/kube"
	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/kubetest"
)

// contact asks the cluster of a context.
func contact(t *testing.T, path, name string) (kube.Contact, error) {
	t.Helper()
	config, err := kube.ObserveConfig(path)
	require.NoError(t, err)
	k, err := config.Context(name)
	if err != nil {
		return kube.Contact{}, err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return k.Contact(ctx)
}

// whole is a kubeconfig with one context, a, of these fields.
func whole(server, cluster, user string) string {
	return fmt.Sprintf("current-context: a\nclusters: [{name: a, cluster: {server: %q, %s}}]\nusers: [{name: a, user: {%s}}]\n"+
		"contexts: [{name: a, context: {cluster: a, user: a}}]\n", server, cluster, user)
}

func TestARealClusterIsReachedByEveryKindOfCredential(t *testing.T) {
	cluster := kubetest.Run(t, kubetest.Options{Version: "v1.35.4"})
	dir := filepath.Dir(cluster.Kubeconfig())
	ca := "certificate-authority-data: " + base64.StdEncoding.EncodeToString(cluster.CA())
	server := "https://" + cluster.Endpoint()
	file := func(name, content string, mode os.FileMode) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), mode))
	}
	file("plugin", `#!/bin/sh
printf '%s' "$KUBERNETES_EXEC_INFO" > asked
case "$WHO" in admin) awk 'BEGIN { printf "{\"status\":{\"clientCertificateData\":\"" }
	FNR == 1 && NR > 1 { printf "\",\"clientKeyData\":\"" } { printf "%s\\n", $0 } END { print "\"}}" }' admin.crt admin.key ;;
nobody) echo '{"status":{"token":"made-up"}}' ;; *) echo 'log in first' >&2; exit 7 ;; esac
`, 0o700)
	t.Chdir(dir)
	admin := kube.Contact{Version: "v1.35.4", User: "admin"}
	const plugin = `exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, provideClusterInfo: true, env: [{name: WHO, value: %s}]}`
	for _, c := range []struct {
		name, cluster, user string
		want                kube.Contact
		problem             string
	}{
		{"files beside the kubeconfig", "certificate-authority: ca.crt", "client-certificate: admin.crt, client-key: admin.key", admin, ""},
		{"a plugin", ca, fmt.Sprintf(plugin, "admin"), admin, ""},
		{"a plugin's token", ca, fmt.Sprintf(plugin, "nobody"), kube.Contact{}, "reach the cluster at @SERVER@ (context a of @FILE@): does not accept the credential; get a new kubeconfig of this cluster"},
		{"a plugin that fails", ca, fmt.Sprintf(plugin, "somebody"), kube.Contact{}, "context a of @FILE@: its credential plugin ./plugin: exit status 7: log in first; run it by hand to see more"},
		{"a made-up token", ca, "token: made-up", kube.Contact{}, "reach the cluster at @SERVER@ (context a of @FILE@): does not accept the credential; get a new kubeconfig of this cluster"},
		{"no authority", "namespace: x", "token: t", kube.Contact{}, "reach the cluster at @SERVER@ (context a of @FILE@): its certificate is of an unknown authority; " +
			"get a new kubeconfig of this cluster, or check whether a proxy answers in its place"},
		{"another name", ca + ", tls-server-name: other", "token: t", kube.Contact{}, "reach the cluster at @SERVER@ (context a of @FILE@): its certificate is for another name; " +
			"get a new kubeconfig of this cluster, or check whether a proxy answers in its place"},
	} {
		path := filepath.Join(dir, "config")
		require.NoError(t, os.WriteFile(path, []byte(whole(server, c.cluster, c.user)), 0o600))
		found, err := contact(t, path, "")
		if c.problem == "" {
			require.NoError(t, err, c.name)
			assert.Equal(t, c.want, found, c.name)
			continue
		}
		assert.EqualError(t, err, strings.NewReplacer("@SERVER@", server, "@FILE@", path).Replace(c.problem), c.name)
	}
	asked, err := os.ReadFile("asked")
	require.NoError(t, err)
	assert.JSONEq(t, `{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false,"cluster":{"server":"`+server+`"}}}`, string(asked))
}

func TestAContextThatIsNotWholeIsRefusedInOneLine(t *testing.T) {
	t.Parallel()
	const server = "https://x"
	for _, c := range []struct{ name, content, context, want string }{
		{"no current context", "contexts: [{name: a}, {name: b}]", "", "it has no current context; name one of a, b"},
		{"none at all", "kind: Config", "", "it has no current context; name one of none"},
		{"another", whole(server, "", ""), "b", `it has no context "b"; it has a`},
		{"no cluster", "contexts: [{name: a, context: {cluster: c}}]", "a", `context a: it has no cluster "c"; it has none`},
		{"no user", "clusters: [{name: c}]\ncontexts: [{name: a, context: {cluster: c, user: u}}]", "a", `context a: it has no user "u"; it has none`},
		{"plain http", whole("http://x", "", ""), "", `cluster a: its server "http://x" is no https URL; repair it, or name another file`},
		{"a wrong proxy", whole(server, "proxy-url: ':'", "token: t"), "", "cluster a: its proxy-url is no URL; repair it, or name another file"},
		{"a wrong type", whole(server, "", "token: [secret]"), "", "context a: its user a has fields of a wrong type; repair it, or name another file"},
		{"no base64", whole(server, "certificate-authority-data: '*'", ""), "", "cluster a: its certificate-authority-data is no base64; repair it, or name another file"},
		{"no certificate", whole(server, "certificate-authority-data: aGVsbG8=", ""), "", "cluster a: its certificate-authority holds no certificate; repair it, or name another file"},
		{"no such file", whole(server, "", "client-certificate: /nowhere/a.crt"), "", "user a: its client-certificate: /nowhere/a.crt: no such file or directory; repair it, or name another file"},
		{"no pair", whole(server, "", "client-certificate-data: aGVsbG8="), "",
			"user a: its client-certificate and client-key are no pair (tls: failed to find any PEM data in certificate input); repair it, or name another file"},
		{"no credential", whole(server, "", ""), "", "user a: it has no credential; name another context, or another file"},
		{"a password", whole(server, "", "username: u, password: secret"), "", "user a: username and password were removed from Kubernetes in 1.19; get a new kubeconfig of this cluster"},
		{"an old provider", whole(server, "", "auth-provider: {name: gcp}"), "", "user a: auth-provider was removed from Kubernetes' clients in 1.26; use a credential plugin (exec) instead"},
	} {
		path := write(t, c.content)
		_, err := contact(t, path, c.context)
		assert.EqualError(t, err, "read the kubeconfig "+path+": "+c.want, c.name)
	}
	missing := filepath.Join(t.TempDir(), "config")
	_, err := contact(t, missing, "")
	assert.EqualError(t, err, "read the kubeconfig "+missing+": there is no such file; name the kubeconfig of the cluster")
}

func TestPluginsThatCannotRun(t *testing.T) {
	t.Parallel()
	for user, want := range map[string]string{
		"exec: {command: no-such-plugin}":                              "its credential plugin no-such-plugin is not there; install it, or correct PATH",
		"exec: {command: /no/plugin, installHint: \"see\\nthe docs\"}": "its credential plugin /no/plugin is not there; see the docs",
		"exec: {command: \"true\"}":                                    "its credential plugin true prints no credential; run it by hand to see what it prints",
		"exec: {command: \"true\", interactiveMode: Always}":           "its credential plugin wants a terminal (interactiveMode Always); take a credential that needs none",
	} {
		path := write(t, whole("https://x", "", user))
		_, err := contact(t, path, "")
		assert.EqualError(t, err, "context a of "+path+": "+want)
	}
}

func TestAnswersThatAreNotAClusters(t *testing.T) {
	t.Parallel()
	const proxy = "; check the address, and whether a proxy answers in its place"
	for answer, want := range map[string]string{
		"403 <html>log in</html>":                     "answers 403 Forbidden to /version" + proxy,
		"401 <html>log in</html>":                     "answers 401 Unauthorized to /version" + proxy,
		`403 {"kind":"Status","message":"no\nright"}`: "forbids /version (no right); give the user the right to it",
		"200 <html>hello</html>":                      "answers 200 OK to /version" + proxy,
		"200 {}":                                      "answers, but not as Kubernetes does" + proxy,
		`503 {"kind":"Status","message":"the server is not up yet."}`: "answers 503 Service Unavailable to /version" + proxy,
	} {
		server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			var status int
			_, body, _ := strings.Cut(answer, " ")
			_, err := fmt.Sscan(answer, &status)
			assert.NoError(t, err)
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}))
		ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		path := write(t, whole(server.URL, "certificate-authority-data: "+base64.StdEncoding.EncodeToString(ca), "token: t"))
		_, err := contact(t, path, "a")
		assert.EqualError(t, err, "reach the cluster at "+server.URL+" (context a of "+path+"): "+want)
		server.Close()
	}
}

func TestACertificateIsMergedAndJudged(t *testing.T) {
	t.Parallel()
	authority, err := certtest.NewAuthority(t.TempDir())
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "config")
	judge := func() kube.Usable {
		config, err := kube.ObserveConfig(path)
		require.NoError(t, err)
		return config.Usable(t.Context(), name)
	}
	put := func(life time.Duration) {
		made, err := authority.ShortClientCertificate(life, "op")
		require.NoError(t, err)
		files := filepath.Join(t.TempDir(), "op")
		require.NoError(t, certtest.Write(files, made))
		user := kube.User{Certificate: []byte(read(t, files+".crt")), Key: []byte(read(t, files+".key"))}
		require.NoError(t, merge(t, path, kube.Access{Name: name, Server: "https://127.0.0.1:9", CA: authority.PEM(), User: user}, true).Apply(t.Context()))
	}
	assert.Equal(t, "there is none yet", judge().Why)
	put(time.Hour)
	usable := judge()
	assert.Empty(t, usable.Why)
	assert.EqualError(t, usable.Doubt, "the credential in "+path+" is not proved: reach the cluster at https://127.0.0.1:9 (context "+name+" of "+path+
		"): connection refused; check the network and https_proxy")
	put(30 * time.Second)
	assert.Equal(t, "of the life of the one there less than half is left", judge().Why)
	put(-time.Second)
	assert.Equal(t, "of the life of the one there less than half is left", judge().Why)
	require.NoError(t, merge(t, path, kube.Access{Name: name, Server: "https://x", User: kube.User{Token: "t"}}, true).Apply(t.Context()))
	assert.Equal(t, "the one there has no certificate", judge().Why)
	_, after := merge(t, path, kube.Access{Name: name, Server: "https://x", User: kube.User{Certificate: []byte("c"), Key: []byte("k")}}, true).Diff()
	assert.Equal(t, map[string]any{"client-certificate-data": "Yw==", "client-key-data": "(hidden)"}, after.(map[string]any)["user"])
}
