package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// keys are what this side logs in with.
type keys struct {
	signers []ssh.Signer
	names   []string // of the signers, for people
	socket  net.Conn // to the agent, or nil
}

// defaultKeys are tried where no key is named, as ssh does.
var defaultKeys = []string{"id_ed25519", "id_ecdsa", "id_rsa"}

func readKeys(o Options) (*keys, error) {
	k := &keys{}
	held, err := k.askAgent(o.Agent)
	if err != nil {
		return nil, err
	}
	if o.KeyFile != "" {
		err = k.addFile(o, held)
	} else {
		err = k.addDefaults(o, held)
	}
	if err != nil {
		return nil, first(err, k.close())
	}
	return k, nil
}

func (k *keys) add(name string, signer ssh.Signer) {
	k.signers = append(k.signers, signer)
	k.names = append(k.names, fmt.Sprintf("%s %s of %s", signer.PublicKey().Type(), ssh.FingerprintSHA256(signer.PublicKey()), name))
}

// addFile adds the named key, and only that: a host may take only a few tries.
func (k *keys) addFile(o Options, held []ssh.Signer) error {
	signer, err := readKey(o.KeyFile, o.Passphrase, held)
	if err != nil {
		return err
	}
	return k.certified(o.KeyFile, o.CertificateFile, signer)
}

// addDefaults adds the agent's keys and then those files that can be read without more.
func (k *keys) addDefaults(o Options, held []ssh.Signer) error {
	for _, signer := range held {
		k.add("the agent", signer)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return err
	}
	for _, name := range defaultKeys {
		file := filepath.Join(home, ".ssh", name)
		signer, err := readKey(file, o.Passphrase, nil)
		if err != nil {
			continue // nobody asked for it
		}
		if err := k.certified(file, o.CertificateFile, signer); err != nil {
			return err
		}
	}
	return nil
}

// certified adds a key, before it with the certificate that belongs to it.
func (k *keys) certified(file, certificateFile string, signer ssh.Signer) error {
	named := certificateFile != ""
	if !named {
		certificateFile = file + "-cert.pub"
	}
	text, err := os.ReadFile(certificateFile)
	if errors.Is(err, fs.ErrNotExist) && !named {
		k.add(file, signer)
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the certificate: %w", err)
	}
	parsed, _, _, _, err := ssh.ParseAuthorizedKey(text)
	certificate, ok := parsed.(*ssh.Certificate)
	if err != nil || !ok {
		return fmt.Errorf("%s holds no SSH certificate; ssh-keygen -s makes one", certificateFile)
	}
	with, err := ssh.NewCertSigner(certificate, signer)
	if err != nil {
		return fmt.Errorf("%s is no certificate of the key %s: %w", certificateFile, file, err)
	}
	k.add(certificateFile, with)
	k.add(file, signer)
	return nil
}

// readKey reads a private key. Of one with a passphrase that is not given, the agent may hold the open one.
func readKey(file, passphrase string, held []ssh.Signer) (ssh.Signer, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	signer, err := ssh.ParsePrivateKey(text)
	var closed *ssh.PassphraseMissingError
	if !errors.As(err, &closed) {
		if err != nil {
			return nil, fmt.Errorf("read the key %s: %w; a private key as ssh-keygen makes it is wanted", file, err)
		}
		return signer, nil
	}
	if passphrase != "" {
		if signer, err = ssh.ParsePrivateKeyWithPassphrase(text, []byte(passphrase)); err != nil {
			return nil, fmt.Errorf("read the key %s: the passphrase does not open it", file)
		}
		return signer, nil
	}
	for _, signer := range held {
		if closed.PublicKey != nil && bytes.Equal(signer.PublicKey().Marshal(), closed.PublicKey.Marshal()) {
			return signer, nil
		}
	}
	return nil, fmt.Errorf("read the key %s: it has a passphrase; give that, or put the key into the agent (ssh-add)", file)
}

// askAgent gives the keys that an agent holds.
func (k *keys) askAgent(socket string) ([]ssh.Signer, error) {
	if socket == "" {
		return nil, nil
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("ask the SSH agent: %w; start one, or do without (agent)", err)
	}
	k.socket = conn
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		return nil, first(fmt.Errorf("ask the SSH agent at %s for its keys: %w", socket, err), k.close())
	}
	return signers, nil
}

func (k *keys) methods() []ssh.AuthMethod {
	return []ssh.AuthMethod{ssh.PublicKeys(k.signers...)}
}

func (k *keys) refused(to hop, err error) error {
	if len(k.names) == 0 {
		return errors.New("there is no key to log in with; name a key file, or put a key into the agent (ssh-add)")
	}
	return fmt.Errorf("it accepts none of the keys offered (%s): %w; add one to the authorized_keys of %s there", strings.Join(k.names, ", "), err, to.user)
}

func (k *keys) close() error {
	if k.socket == nil {
		return nil
	}
	return ignoreClosed(k.socket.Close())
}
