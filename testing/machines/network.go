// Package machines makes test hosts: Debian with systemd, sshd and an address of its own, up within a second, on one network. They can
// lose power, cable and disk. Each is a systemd-nspawn container over a root file system that is made once; only root can make them.
package machines

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// Network is a network with machines on it. Whatever belongs to it carries its number in the name, by which a later run finds it if
// this one is killed.
type Network struct {
	number   number
	dir      string
	rootfs   string
	lock     *os.File
	key      []byte // public, as in authorized_keys
	mutex    sync.Mutex
	machines []*Machine
	made     int // how many machines ever, for their addresses
}

// Open makes a network; the folder is for its machines' disks and logs, and the caller closes it. What killed runs have left behind is
// removed before.
func Open(ctx context.Context, dir string) (*Network, error) {
	rootfs, err := rootFileSystem(ctx)
	if err != nil {
		return nil, err
	}
	if err := Sweep(ctx); err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	n := &Network{dir: dir, rootfs: rootfs}
	if n.number, n.lock, err = claim(dir); err != nil {
		return nil, err
	}
	if err := n.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("make network %s: %w", n.number, err), n.Close(context.WithoutCancel(ctx)))
	}
	return n, nil
}

func (n *Network) prepare(ctx context.Context) error {
	if err := os.MkdirAll(n.dir, 0o700); err != nil {
		return err
	}
	if _, err := Layable(n.dir); err != nil {
		return err
	}
	if err := raiseInotify(); err != nil {
		return err
	}
	public, err := writeKey(n.path("key"))
	if err != nil {
		return err
	}
	n.key = ssh.MarshalAuthorizedKey(public)
	return commands(ctx,
		"ip link add "+n.number.String()+" type bridge",
		"ip addr add "+netip.PrefixFrom(n.Gateway(), 24).String()+" dev "+n.number.String(),
		"ip link set "+n.number.String()+" up",
	)
}

// Close removes the network, its machines and their disks. It may be repeated.
func (n *Network) Close(ctx context.Context) error {
	if n.lock == nil {
		return nil
	}
	err := n.number.remove(ctx, n.dir)
	if err == nil {
		err = release(n.lock)
		n.lock = nil
	}
	return err
}

// Gateway is the address of this machine in the network.
func (n *Network) Gateway() netip.Addr { return n.address(1) }

func (n *Network) address(last int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 199, byte(n.number), byte(last)})
}

func (n *Network) path(parts ...string) string {
	return filepath.Join(append([]string{n.dir}, parts...)...)
}

// writeKnownHosts writes which key each machine shows. Only a new disk has a new one.
func (n *Network) writeKnownHosts() error {
	var lines strings.Builder
	for _, m := range n.machines {
		lines.WriteString(knownhosts.Line([]string{m.Address.String()}, m.hostKey) + "\n")
	}
	_, err := host.Local{}.Write(context.Background(), host.Text(n.path("known_hosts"), 0o600, lines.String()))
	return err
}

// writeKey makes a key pair and gives its public half.
func writeKey(path string) (ssh.PublicKey, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		return nil, err
	}
	return ssh.NewPublicKey(public)
}

// commands runs command lines without quotes, each as it stands, until one fails.
func commands(ctx context.Context, lines ...string) error {
	for _, line := range lines {
		if _, err := (host.Local{}).Run(ctx, host.Words(strings.Fields(line)...)); err != nil {
			return err
		}
	}
	return nil
}
