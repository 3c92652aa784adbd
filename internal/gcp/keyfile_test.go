package gcp_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/gcp"
)

// changed is a key file with some fields set to others, or removed.
func changed(t *testing.T, key []byte, fields map[string]any) string {
	t.Helper()
	var file map[string]any
	require.NoError(t, json.Unmarshal(key, &file))
	for name, value := range fields {
		if value == nil {
			delete(file, name)
			continue
		}
		file[name] = value
	}
	text, err := json.Marshal(file)
	require.NoError(t, err)
	return string(text)
}

func privateKey(t *testing.T, key []byte) string {
	t.Helper()
	var file struct {
		Private string `json:"private_key"`
	}
	require.NoError(t, json.Unmarshal(key, &file))
	return file.Private
}

func curveKey(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestUnusableKeyFilesAreRefusedInOneLine(t *testing.T) {
	t.Parallel()
	server := lab(t)
	account, err := server.ServiceAccount("lab-project", "ci")
	require.NoError(t, err)
	key := account.KeyJSON
	private := privateKey(t, key)
	with := func(fields map[string]any) string { return changed(t, key, fields) }
	for _, c := range []struct{ name, content, want string }{
		{"empty", " \n", "it is empty; download the key again"},
		{"vault", "$ANSIBLE_VAULT;1.1;AES256\n6162", "it is encrypted by ansible-vault; give its decrypted content inline: lookup('ansible.builtin.file', path)"},
		{"PEM", private, "it is a PEM file; take the key in its JSON form"},
		{"cut off", string(key[:len(key)/2]), fmt.Sprintf("not JSON, wrong at byte %d of %[1]d; download the key again", len(key)/2)},
		{"quotes missing", strings.Replace(string(key), `"-----BEGIN`, `-----BEGIN`, 1), fmt.Sprintf("not JSON, wrong at byte %d of %d; download the key again", bytes.Index(key, []byte(`"-----BEGIN`))+2, len(key)-1)},
		{"a list", "[1]", "the file is a JSON array; take the file as Google made it"},
		{"key is a number", with(map[string]any{"private_key": 12345678}), "private_key is a JSON number; take the file as Google made it"},
		{"no type", with(map[string]any{"type": nil}), "type is missing; take the file as Google made it"},
		{"the key as type", with(map[string]any{"type": private}), "type is unknown; take a service account's key"},
		{"another type", with(map[string]any{"type": "gdch_service_account"}), "type is gdch_service_account, which is not supported; take a service account's key"},
		{"OAuth client", `{"installed": {"client_id": "x"}}`, "it is an OAuth client's file; take a service account's key"},
		{"another universe", with(map[string]any{"universe_domain": "example.cloud"}), "universe_domain is not googleapis.com; other universes are not supported"},
		{"fields missing", with(map[string]any{"client_email": nil, "private_key": nil}), "client_email, private_key are missing; take the file as Google made it"},
		{"one field missing", with(map[string]any{"private_key_id": nil}), "private_key_id is missing; take the file as Google made it"},
		{"path as address", with(map[string]any{"client_email": "../../etc"}), "client_email is no account's address; take the file as Google made it"},
		{"key cut off", with(map[string]any{"private_key": private[:400]}), "private_key is damaged, its PEM block is cut off; download a new key"},
		{"key with a hole", with(map[string]any{"private_key": strings.Replace(private, private[100:165], "", 1)}),
			"private_key is damaged, no key can be read from its PEM block; download a new key"},
		{"key escaped twice", with(map[string]any{"private_key": strings.ReplaceAll(private, "\n", `\n`)}),
			"private_key has its line ends escaped twice; take the file as Google made it"},
		{"key of a curve", with(map[string]any{"private_key": curveKey(t)}), "private_key is not an RSA key; download a new key"},
		{"token elsewhere", with(map[string]any{"token_uri": "https://oauth2.example.com/token"}),
			"token_uri is https://oauth2.example.com, which is not Google; take the file as Google made it"},
		{"token in the clear", with(map[string]any{"token_uri": "http://oauth2.googleapis.com/token"}),
			"token_uri is http://oauth2.googleapis.com, which is not Google; take the file as Google made it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key.json")
			require.NoError(t, os.WriteFile(path, []byte(c.content), 0o600))
			_, err := gcp.Open(t.Context(), gcp.Source{KeyFile: path})
			assert.EqualError(t, err, "read credentials "+path+": "+c.want)
			_, err = gcp.Open(t.Context(), gcp.Source{KeyJSON: c.content})
			assert.EqualError(t, err, "read credentials given inline: "+c.want)
		})
	}
}

func TestUnreadableKeyFiles(t *testing.T) {
	dir := t.TempDir()
	_, err := gcp.Open(t.Context(), gcp.Source{KeyFile: dir + "/none.json"})
	assert.EqualError(t, err, "read credentials "+dir+"/none.json: no such file; check the path, on the host where the task runs")
	_, err = gcp.Open(t.Context(), gcp.Source{KeyFile: dir})
	assert.EqualError(t, err, "read credentials "+dir+": it is a folder; name the file in it")
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", dir+"/gone.json")
	_, err = gcp.Open(t.Context(), gcp.Source{})
	assert.EqualError(t, err, "GOOGLE_APPLICATION_CREDENTIALS: read credentials "+dir+"/gone.json: no such file; check the path, on the host where the task runs")
}

func TestAFileThatOthersOwn(t *testing.T) {
	t.Parallel()
	if os.Getuid() == 0 {
		t.Log("root reads every file; the words for a file that may not be read are tested as another user only")
		return
	}
	path := filepath.Join(t.TempDir(), "key.json")
	require.NoError(t, os.WriteFile(path, nil, 0))
	_, err := gcp.Open(t.Context(), gcp.Source{KeyFile: path})
	assert.EqualError(t, err, "read credentials "+path+": permission denied; make the file readable for the user who runs the task")
}

func TestTheKindIsCheckedIfItIsSaid(t *testing.T) {
	t.Parallel()
	server := lab(t)
	account, err := server.ServiceAccount("lab-project", "ci")
	require.NoError(t, err)
	_, err = gcp.Open(t.Context(), gcp.Source{Kind: gcp.ExternalAccount, KeyJSON: string(account.KeyJSON)})
	assert.EqualError(t, err, "read credentials given inline: type is service_account, not that of external account credentials; "+
		"take another file, or leave the kind out")
	_, err = gcp.Open(t.Context(), gcp.Source{Kind: gcp.ServiceAccount})
	assert.EqualError(t, err, "no service account credentials are given; name their file, or give them inline")
	_, err = gcp.Open(t.Context(), gcp.Source{Kind: gcp.AccessToken})
	assert.EqualError(t, err, "no access token is given")
}
