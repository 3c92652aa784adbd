package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/client/pkg/v3/transport"

	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/etcdtest"
)

// asModule makes the test binary the module: each run is a process of its own, as under Ansible.
const asModule = "RUN_AS_ETCD_BACKUP"

func TestMain(m *testing.M) {
	if os.Getenv(asModule) != "" || len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") {
		main()
	}
	os.Exit(m.Run())
}

const token = "K10e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855::server:very-secret"

// world is what a run of the module meets: an etcd as k3s has it, with its files, and a folder for backups.
type world struct {
	dir     string
	etcd    *etcdtest.Cluster
	secrets []string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), secrets: []string{token, "very-secret"}}
	w.writeKeys(t)
	w.etcd = w.startEtcd(t)
	key, value := etcdtest.Bootstrap(t, "very-secret", `{"ServerCA": {}}`)
	_, err := w.etcd.Client(t, 0).Put(t.Context(), key, value)
	require.NoError(t, err)
	w.etcd.Fill(t, "/registry/secrets/", 150, 50)
	w.write(t, "k3s/server/token", token+"\n")
	w.write(t, "config/config.yaml", "cluster-init: true\n")
	require.NoError(t, os.Mkdir(filepath.Join(w.dir, "store"), 0o700))
	return w
}

func (w *world) write(t testing.TB, name, content string) {
	t.Helper()
	path := filepath.Join(w.dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

// writeKeys makes the keys that an operator makes once.
func (w *world) writeKeys(t testing.TB) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	pkix, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	identity, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	w.write(t, "signing.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})))
	w.write(t, "signing.pub", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix})))
	w.write(t, "identity", identity.String()+"\n")
	w.write(t, "recipient", identity.Recipient().String())
	w.secrets = append(w.secrets, identity.String(), base64.StdEncoding.EncodeToString(pkcs8))
}

// startEtcd starts an etcd that wants the client certificate of k3s.
func (w *world) startEtcd(t testing.TB) *etcdtest.Cluster {
	t.Helper()
	folder := filepath.Join(w.dir, "k3s/server/tls/etcd")
	authority, err := certtest.NewAuthority(t.TempDir())
	require.NoError(t, err)
	server, err := authority.ServerCertificate("127.0.0.1")
	require.NoError(t, err)
	client, err := authority.ClientCertificate("etcd-client")
	require.NoError(t, err)
	w.write(t, "k3s/server/tls/etcd/server-ca.crt", string(authority.PEM()))
	require.NoError(t, certtest.Write(filepath.Join(folder, "server-client"), server))
	require.NoError(t, certtest.Write(filepath.Join(folder, "client"), client))
	return etcdtest.Run(t, etcdtest.Options{
		Quota: 8 << 30, // the most that etcd advises, for the benchmark
		TLS: transport.TLSInfo{
			CertFile: filepath.Join(folder, "server-client.crt"), KeyFile: filepath.Join(folder, "server-client.key"),
			TrustedCAFile: filepath.Join(folder, "server-ca.crt"), ClientCertAuth: true,
		},
		Client: &tls.Config{RootCAs: authority.Pool(), Certificates: []tls.Certificate{client}},
	})
}

// fill puts what a world has in the place of names.
func (w *world) fill(t testing.TB, text string) string {
	t.Helper()
	for _, name := range []string{"signing.pub", "recipient"} {
		content, err := os.ReadFile(filepath.Join(w.dir, name))
		require.NoError(t, err)
		quoted, err := json.Marshal(string(content))
		require.NoError(t, err)
		text = strings.ReplaceAll(text, `"@`+name+`@"`, string(quoted))
	}
	return strings.NewReplacer("@DIR@", w.dir, "@ETCD@", w.etcd.Endpoint(0)).Replace(text)
}

// process runs the module on arguments, and wants no secret in what it prints.
func (w *world) process(t *testing.T, args map[string]any) map[string]any {
	t.Helper()
	text, err := json.Marshal(args)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	module := exec.CommandContext(ctx, os.Args[0], "-")
	module.Env = []string{asModule + "=1", "HOME=" + w.dir, "PATH=/nowhere"}
	module.Stdin = strings.NewReader(w.fill(t, string(text)))
	var out, complaints bytes.Buffer
	module.Stdout, module.Stderr = &out, &complaints
	err = module.Run()
	var exit *exec.ExitError
	require.True(t, err == nil || assert.ErrorAs(t, err, &exit), "%v", err)
	assert.Empty(t, complaints.String())
	for _, secret := range w.secrets {
		assert.NotContains(t, out.String(), secret)
	}
	var result map[string]any
	require.NoError(t, json.Unmarshal([]byte(w.mask(out.String())), &result), out.String())
	return result
}

var changing = []struct {
	form *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`20\d{6}T\d{6}Z-r(\d+)-[0-9a-f]{8}`), "@BACKUP-r$1@"},
	{regexp.MustCompile(`20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ`), "@TIME@"},
	{regexp.MustCompile(`etcd-[0-9a-f]{8,16}`), "@LINEAGE@"},
	{regexp.MustCompile(`\d+ bytes with SHA-256 [0-9a-f]{16}`), "@SUM@"},
	{regexp.MustCompile(`age1[0-9a-z]{58}`), "@RECIPIENT@"},
	{regexp.MustCompile(`MCowBQYDK2VwAyEA[0-9A-Za-z+/=]+`), "@KEY@"},
	{regexp.MustCompile(`"(snapshot_bytes|stored_bytes|seconds)": \d+`), `"$1": 1`},
}

// mask replaces what differs from run to run.
func (w *world) mask(text string) string {
	text = strings.NewReplacer(w.dir, "@DIR@", w.etcd.Endpoint(0), "@ETCD@").Replace(text)
	for _, c := range changing {
		text = c.form.ReplaceAllString(text, c.name)
	}
	return text
}
