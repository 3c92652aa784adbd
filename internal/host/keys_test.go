package host_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/testing/hosttest"
)

func replaceAll(text, old, new string) string { return strings.ReplaceAll(text, old, new) }

// works wants a connection over which a command runs.
func works(t *testing.T, o host.Options) {
	t.Helper()
	out, err := hosttest.Open(t, o).Run(t.Context(), host.Words("echo", "here"))
	require.NoError(t, err)
	assert.Equal(t, "here\n", out.Stdout)
}

// closedKey makes a key with a passphrase that the server accepts.
func closedKey(t *testing.T, s *hosttest.Server) (file string, signer ssh.Signer) {
	t.Helper()
	signer, file = hosttest.NewKey(t), filepath.Join(t.TempDir(), "closed")
	hosttest.WriteKey(t, file, signer, "open sesame")
	s.Write(t, "authorized_keys", string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
	return file, signer
}

// serveAgent runs an agent that holds keys, and gives its socket.
func serveAgent(t *testing.T, held ...ssh.Signer) string {
	t.Helper()
	keyring := agent.NewKeyring()
	for _, signer := range held {
		require.NoError(t, keyring.Add(agent.AddedKey{PrivateKey: hosttest.Private(signer)}))
	}
	socket := filepath.Join(t.TempDir(), "agent")
	listener, err := net.Listen("unix", socket)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(keyring, conn) }() // until the client is gone
		}
	}()
	return socket
}

func TestAKeyWithAPassphraseIsOpenedByItOrByTheAgent(t *testing.T) {
	t.Parallel()
	s := hosttest.Start(t)
	file, signer := closedKey(t, s)
	o := s.Options(t)
	o.KeyFile = file
	_, err := host.Open(t.Context(), &o)
	require.EqualError(t, err, "read the key "+file+": it has a passphrase; give that, or put the key into the agent (ssh-add)")
	o.Passphrase = "wrong"
	_, err = host.Open(t.Context(), &o)
	require.EqualError(t, err, "read the key "+file+": the passphrase does not open it")
	o.Passphrase = "open sesame"
	works(t, o)
	o.Passphrase, o.Agent = "", serveAgent(t, hosttest.NewKey(t), signer)
	works(t, o)
	o.KeyFile = ""
	works(t, o)
}

func TestWhatCannotLogInIsTold(t *testing.T) {
	t.Parallel()
	s := hosttest.Start(t)
	o := s.Options(t)
	where := "connect to " + s.User() + "@" + s.Address() + ": "
	other := hosttest.NewKey(t)
	o.KeyFile = filepath.Join(t.TempDir(), "other")
	hosttest.WriteKey(t, o.KeyFile, other, "")
	_, err := host.Open(t.Context(), &o)
	require.EqualError(t, err, where+"it accepts none of the keys offered (ssh-ed25519 "+ssh.FingerprintSHA256(other.PublicKey())+" of "+o.KeyFile+
		"): ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain; "+
		"add one to the authorized_keys of "+s.User()+" there")

	require.NoError(t, os.WriteFile(o.KeyFile, []byte("no key"), 0o600))
	_, err = host.Open(t.Context(), &o)
	require.EqualError(t, err, "read the key "+o.KeyFile+": ssh: no key found; a private key as ssh-keygen makes it is wanted")
	o.KeyFile += ".none"
	_, err = host.Open(t.Context(), &o)
	require.EqualError(t, err, "read the key: open "+o.KeyFile+": no such file or directory")
	o = s.Options(t)
	o.Agent = filepath.Join(t.TempDir(), "none")
	_, err = host.Open(t.Context(), &o)
	require.EqualError(t, err, "ask the SSH agent: dial unix "+o.Agent+": connect: no such file or directory; start one, or do without (agent)")
}

func TestAUserCertificateLogsIn(t *testing.T) {
	t.Parallel()
	authority := hosttest.NewKey(t)
	trusted := filepath.Join(t.TempDir(), "authority.pub")
	require.NoError(t, os.WriteFile(trusted, ssh.MarshalAuthorizedKey(authority.PublicKey()), 0o600))
	s := hosttest.Start(t, "TrustedUserCAKeys "+trusted)
	s.Write(t, "authorized_keys", "")
	o := s.Options(t)
	key := hosttest.NewKey(t)
	o.KeyFile = filepath.Join(t.TempDir(), "key")
	hosttest.WriteKey(t, o.KeyFile, key, "")
	certificate := hosttest.Certify(t, authority, key.PublicKey(), ssh.UserCert, s.User())
	require.NoError(t, os.WriteFile(o.KeyFile+"-cert.pub", []byte(certificate), 0o600))
	works(t, o)
	o.CertificateFile = filepath.Join(t.TempDir(), "certificate")
	require.NoError(t, os.Rename(o.KeyFile+"-cert.pub", o.CertificateFile))
	works(t, o)

	wrong := hosttest.Certify(t, authority, hosttest.NewKey(t).PublicKey(), ssh.UserCert, s.User())
	require.NoError(t, os.WriteFile(o.CertificateFile, []byte(wrong), 0o600))
	_, err := host.Open(t.Context(), &o)
	require.EqualError(t, err, o.CertificateFile+" is no certificate of the key "+o.KeyFile+": ssh: signer and cert have different public key")
	o.CertificateFile = o.KeyFile
	_, err = host.Open(t.Context(), &o)
	require.EqualError(t, err, o.KeyFile+" holds no SSH certificate; ssh-keygen -s makes one")
}

func TestJumpHostsAreGoneOverAndCheckedToo(t *testing.T) {
	t.Parallel()
	first, second, last := hosttest.Start(t), hosttest.Start(t), hosttest.Start(t)
	for _, s := range []*hosttest.Server{second, last} {
		s.Accept(t, first)
	}
	o := last.Options(t)
	o.KeyFile = first.KeyFile()
	o.Jump = []string{first.User() + "@" + first.Address(), second.Address()}
	known := []string{line(first.Address(), first.HostKey.PublicKey()), line(second.Address(), second.HostKey.PublicKey()), line(last.Address(), last.HostKey.PublicKey())}
	o.KnownHosts = []string{knowing(t, strings.Join(known, "\n"))}
	works(t, o)
	assert.Equal(t, []int{1, 1, 1}, []int{first.Connections(), second.Connections(), last.Connections()})

	o.KnownHosts = []string{knowing(t, known[0]+"\n"+known[2])}
	_, err := host.Open(t.Context(), &o)
	require.EqualError(t, err, "connect to "+last.User()+"@"+second.Address()+" over "+first.Address()+": its host key ssh-ed25519 "+
		ssh.FingerprintSHA256(second.HostKey.PublicKey())+" is unknown; compare it with what ssh-keygen -l says on the host, then add it to "+o.KnownHosts[0])
}
