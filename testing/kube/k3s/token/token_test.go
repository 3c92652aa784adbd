package token

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/pki"
)

func TestFormsOfTokens(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("a", 64)
	for text, want := range map[string]struct {
		token Token
		err   string
	}{
		"":                            {Token{}, "token must not be empty"},
		"secret":                      {Token{Password: "secret"}, ""},
		"abcdef.0123456789abcdef":     {Token{Password: "abcdef.0123456789abcdef"}, ""},
		"K10" + hash + "::server:a:b": {Token{hash, "server", "a:b"}, ""},
		"K10" + hash + "::abcdef.0123456789abcdef": {Token{hash, "", "abcdef.0123456789abcdef"}, ""},
		"K10abc::server:secret":                    {Token{}, "invalid token CA hash length"},
		"K10" + hash + "::server":                  {Token{}, "invalid token format"},
		"K10" + hash:                               {Token{}, "invalid token format"},
	} {
		got, err := Parse(text)
		said := ""
		if err != nil {
			said = err.Error()
		}
		if got != want.token || said != want.err {
			t.Errorf("%s: got %v %q, want %v %q", text, got, said, want.token, want.err)
		}
	}
}

func TestAFullTokenFitsItsClusterAlone(t *testing.T) {
	t.Parallel()
	var cas [][]byte
	for range 2 {
		path := filepath.Join(t.TempDir(), "ca")
		if _, err := pki.OpenAuthority(path, "ca"); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path + ".crt")
		if err != nil {
			t.Fatal(err)
		}
		cas = append(cas, content)
	}
	full, err := Format("server", "secret", cas[0])
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := Parse(full)
	if err != nil {
		t.Fatal(err)
	}
	if err := parsed.Check(cas[0]); err != nil {
		t.Error(err)
	}
	other, _ := Hash(cas[1])
	want := "token CA hash does not match the Cluster CA certificate hash: " + parsed.Hash + " != " + other
	if err := parsed.Check(cas[1]); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
