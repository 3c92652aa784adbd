// Package hosttest is the contract that both kinds of host.Host keep, and a real SSH server on loopback to hold them to it: OpenSSH's
// sshd, over connections that can be made to break.
package hosttest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// sshd is where Debian, and most others, have it; its own checks want the whole path.
const sshd = "/usr/sbin/sshd"

// Server is an SSH server at which the user of the test can log in.
type Server struct {
	Faults
	HostKey  ssh.Signer
	dir      string
	user     string
	key      ssh.Signer
	listener net.Listener
	log      *os.File
	sessions sessions
}

// Start starts a server for a test, with lines for its configuration (sshd_config), and stops it at the end. Without OpenSSH's sshd the
// test is skipped, or fails where CI is true.
func Start(t testing.TB, configuration ...string) *Server {
	t.Helper()
	need(t)
	me, err := user.Current()
	require.NoError(t, err)
	s := &Server{dir: t.TempDir(), user: me.Username, HostKey: NewKey(t), key: NewKey(t)}
	WriteKey(t, s.KeyFile(), s.key, "")
	WriteKey(t, s.path("host_key"), s.HostKey, "")
	s.Accept(t, s)
	s.configure(t, configuration)
	if os.Geteuid() == 0 { // where sshd gives up its rights; Debian's unit makes it, too
		require.NoError(t, os.MkdirAll("/run/sshd", 0o755))
	}
	s.listener, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.log, err = os.Create(s.path("log"))
	require.NoError(t, err)
	go s.serve()
	t.Cleanup(func() { s.stop(t) })
	return s
}

// Break ends the connections there are, as a lost network does.
func (s *Server) Break() { s.sessions.breakAll() }

// stop ends the sshds, and shows what they said if the test failed.
func (s *Server) stop(t testing.TB) {
	require.NoError(t, s.listener.Close())
	s.sessions.end()
	require.NoError(t, s.log.Close())
	if said, err := os.ReadFile(s.log.Name()); t.Failed() && assert.NoError(t, err) {
		t.Logf("sshd said: %s", said)
	}
}

func need(t testing.TB) {
	t.Helper()
	_, err := os.Stat(sshd)
	if err == nil {
		return
	}
	missing := "needs OpenSSH's server (" + sshd + "); make system-packages installs it"
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
}

func (s *Server) configure(t testing.TB, configuration []string) {
	t.Helper()
	s.Write(t, "sshd_config", strings.Join(append(configuration,
		"HostKey "+s.path("host_key"), "AuthorizedKeysFile "+s.path("authorized_keys"),
		// Not what the user's login shell reads at its start: that may take a second, and say things.
		"SetEnv HOME="+s.dir,
		// The test's folder belongs to whom it likes.
		"StrictModes no", "UsePAM no", "PermitRootLogin yes", "LogLevel ERROR", "PidFile none",
	), "\n")+"\n")
}

// Options lead to the server, which they trust.
func (s *Server) Options(t testing.TB) host.Options {
	t.Helper()
	known := filepath.Join(t.TempDir(), "known_hosts")
	require.NoError(t, os.WriteFile(known, []byte(knownhosts.Line([]string{s.Address()}, s.HostKey.PublicKey())+"\n"), 0o600))
	return host.Options{Host: "127.0.0.1", Port: s.Port(), User: s.user, KeyFile: s.KeyFile(), KnownHosts: []string{known}}
}

// Open opens a host at the server, and closes it at the end of the test.
func Open(t testing.TB, o host.Options) host.Host {
	t.Helper()
	h, err := host.Open(t.Context(), &o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.Close()) })
	return h
}

// Address is the server's host:port, Port its port.
func (s *Server) Address() string { return s.listener.Addr().String() }
func (s *Server) Port() int       { return s.listener.Addr().(*net.TCPAddr).Port }

// User is who can log in, KeyFile the key with which.
func (s *Server) User() string    { return s.user }
func (s *Server) KeyFile() string { return s.path("key") }

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

// Write writes a file of the server's (authorized_keys, host_key-cert.pub, ...) and gives its path.
func (s *Server) Write(t testing.TB, name, content string) string {
	t.Helper()
	require.NoError(t, os.WriteFile(s.path(name), []byte(content), 0o600))
	return s.path(name)
}

// Accept makes the server accept the key of another, in place of its own.
func (s *Server) Accept(t testing.TB, other *Server) {
	t.Helper()
	s.Write(t, "authorized_keys", string(ssh.MarshalAuthorizedKey(other.key.PublicKey())))
}

// Certify gives the server's key a certificate to show.
func (s *Server) Certify(t testing.TB, certificate string) {
	t.Helper()
	file := s.Write(t, "host_certificate", certificate)
	s.configure(t, []string{"HostCertificate " + file})
}

// NewKey makes a key pair.
func NewKey(t testing.TB) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer, err := ssh.NewSignerFromKey(private)
	require.NoError(t, err)
	return key{signer, private}
}

// key is a signer whose private key can be written.
type key struct {
	ssh.Signer
	private ed25519.PrivateKey
}

// Private is the private key of what NewKey made.
func Private(signer ssh.Signer) ed25519.PrivateKey { return signer.(key).private }

// WriteKey writes a key that NewKey made as ssh-keygen does, closed by a passphrase unless that is empty.
func WriteKey(t testing.TB, path string, signer ssh.Signer, passphrase string) {
	t.Helper()
	private := signer.(key).private
	block, err := ssh.MarshalPrivateKey(private, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte(passphrase))
	}
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
}

// Certify makes an authority sign a key: of a host for its names, of a user for the names to log in as.
func Certify(t testing.TB, authority ssh.Signer, key ssh.PublicKey, kind uint32, names ...string) string {
	t.Helper()
	certificate := &ssh.Certificate{
		Key: key, CertType: kind, KeyId: fmt.Sprint(names), ValidPrincipals: names, ValidBefore: ssh.CertTimeInfinity,
		Permissions: ssh.Permissions{Extensions: map[string]string{"permit-port-forwarding": ""}},
	}
	require.NoError(t, certificate.SignCert(rand.Reader, authority))
	return string(ssh.MarshalAuthorizedKey(certificate))
}
