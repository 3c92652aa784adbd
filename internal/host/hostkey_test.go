package host_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/testing/hosttest"
)

// knowing writes a known_hosts file.
func knowing(t *testing.T, lines string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "known_hosts")
	require.NoError(t, os.WriteFile(file, []byte(lines+"\n"), 0o600))
	return file
}

func line(address string, key ssh.PublicKey) string { return knownhosts.Line([]string{address}, key) }

func TestTheHostKeyIsChecked(t *testing.T) {
	t.Parallel()
	s := hosttest.Start(t)
	other, authority := hosttest.NewKey(t).PublicKey(), hosttest.NewKey(t)
	real, at := s.HostKey.PublicKey(), s.Address()
	shown := "ssh-ed25519 " + ssh.FingerprintSHA256(real)
	for name, c := range map[string]struct{ known, problem string }{
		"known":                {known: line(at, real)},
		"known, hashed":        {known: knownhosts.Line([]string{knownhosts.HashHostname(knownhosts.Normalize(at))}, real)},
		"known, with comments": {known: "# a comment\n\n" + line(at, real) + " root@k3s-1"},
		"one of two":           {known: line(at, other) + "\n" + line(at, real)},
		"of a pattern":         {known: line("127.0.0.*", real)},
		"unknown":              {problem: "its host key " + shown + " is unknown; compare it with what ssh-keygen -l says on the host, then add it to @FILE@"},
		"known at another port": {
			known:   line("127.0.0.1:22", real),
			problem: "its host key " + shown + " is unknown; compare it with what ssh-keygen -l says on the host, then add it to @FILE@",
		},
		"changed": {
			known: "# a comment\n" + line(at, other),
			problem: "its host key changed: it shows " + shown + ", @FILE@:2 has ssh-ed25519 " + ssh.FingerprintSHA256(other) +
				"; if the host was installed anew, remove that line, else somebody is in between",
		},
		"of another type": {
			known: fmt.Sprintf("%s ecdsa-sha2-nistp256 %s", knownhosts.Normalize(at), ecdsaKey),
			problem: "its host key changed: it has none of the types known of it (ecdsa-sha2-nistp256); " +
				"if the host was installed anew, remove its lines from @FILE@",
		},
		"revoked": {
			known:   line(at, real) + "\n@revoked * ssh-ed25519 " + keyText(real),
			problem: "its host key " + shown + " is revoked (@FILE@:2); do not use this host until it has another",
		},
		"only certificates": {
			known: "@cert-authority * ssh-ed25519 " + keyText(authority.PublicKey()),
			problem: "its host key changed: it has none of the types known of it (ssh-ed25519-cert-v01@openssh.com); " +
				"if the host was installed anew, remove its lines from @FILE@",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := s.Options(t)
			o.KnownHosts = []string{filepath.Join(t.TempDir(), "none"), knowing(t, c.known)}
			expectConnection(t, o, c.problem)
		})
	}
}

const ecdsaKey = "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg="

func keyText(key ssh.PublicKey) string {
	return string(ssh.MarshalAuthorizedKey(key)[len(key.Type())+1:])
}

// expectConnection connects, and wants that problem or none. In its text, @FILE@ is the last known_hosts file, or all of them.
func expectConnection(t *testing.T, o host.Options, problem string) {
	t.Helper()
	h, err := host.Open(t.Context(), &o)
	if problem == "" {
		require.NoError(t, err)
		require.NoError(t, h.Close())
		return
	}
	require.Error(t, err)
	file := o.KnownHosts[len(o.KnownHosts)-1]
	texts := []string{}
	for _, files := range []string{file, o.KnownHosts[0] + " or " + file, o.KnownHosts[0] + " and " + file} {
		texts = append(texts, fmt.Sprintf("connect to %s@127.0.0.1:%d: ", o.User, o.Port)+replaceAll(problem, "@FILE@", files))
	}
	assert.Contains(t, texts, err.Error())
}

func TestAHostCertificateIsChecked(t *testing.T) {
	t.Parallel()
	authority, s := hosttest.NewKey(t), hosttest.Start(t)
	s.Certify(t, hosttest.Certify(t, authority, s.HostKey.PublicKey(), ssh.HostCert, "127.0.0.1"))
	o := s.Options(t)
	o.KnownHosts = []string{knowing(t, "@cert-authority 127.0.0.* ssh-ed25519 "+keyText(authority.PublicKey()))}
	expectConnection(t, o, "")

	s.Certify(t, hosttest.Certify(t, authority, s.HostKey.PublicKey(), ssh.HostCert, "another"))
	expectConnection(t, o, "its host certificate ssh-ed25519-cert-v01@openssh.com "+ssh.FingerprintSHA256(s.HostKey.PublicKey())+
		` is not accepted: ssh: principal "127.0.0.1" not in the set of valid principals for given certificate: ["another"]; `+
		"sign it anew with a known authority, for this name")

	s.Certify(t, hosttest.Certify(t, hosttest.NewKey(t), s.HostKey.PublicKey(), ssh.HostCert, "127.0.0.1"))
	expectConnection(t, o, "its host certificate ssh-ed25519-cert-v01@openssh.com "+ssh.FingerprintSHA256(s.HostKey.PublicKey())+
		" is not accepted: ssh: no authorities for hostname: 127.0.0.1:22; sign it anew with a known authority, for this name")
}

func TestABrokenKnownHostsIsTold(t *testing.T) {
	t.Parallel()
	file := knowing(t, "k3s-1 ssh-ed25519 rubbish!")
	_, err := host.Open(t.Context(), &host.Options{Host: "k3s-1", KnownHosts: []string{file}})
	require.EqualError(t, err, "read known_hosts: knownhosts: "+file+":1: illegal base64 data at input byte 7; correct or remove that line")
}

func TestAHostThatDoesNotAnswerIsTold(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().(*net.TCPAddr)
	o := host.Options{Host: "127.0.0.1", Port: address.Port, User: "root", ConnectTimeout: 50 * time.Millisecond, KnownHosts: []string{knowing(t, "")}}
	_, err = host.Open(t.Context(), &o) // Linux takes the connection, nobody answers
	require.EqualError(t, err, "connect to root@"+address.String()+": no answer within 50ms; is the host up, and may this one reach its port?")
	require.NoError(t, listener.Close())
	o.Port, o.ConnectTimeout = 1, time.Minute // nobody listens on it, whatever other tests do
	_, err = host.Open(t.Context(), &o)
	require.EqualError(t, err, "connect to root@127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused; does sshd run there, on that port?")
}
