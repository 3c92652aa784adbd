package machines

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// Machine is a test host.
type Machine struct {
	Name    string
	Address netip.Addr
	network *Network
	hostKey ssh.PublicKey
	boot    *boot // nil while it is off
}

// Add puts a new machine with an empty disk on the network and returns when one can log in. Several may be added at the same time.
func (n *Network) Add(ctx context.Context, name string) (*Machine, error) {
	m := &Machine{Name: name, network: n}
	n.mutex.Lock()
	n.made++
	m.Address = n.address(10 + n.made)
	n.mutex.Unlock()
	err := m.connect(ctx)
	if err == nil {
		err = m.NewDisk()
	}
	if err == nil {
		err = m.PowerOn(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("machine %s: %w", name, err)
	}
	return m, nil
}

func (m *Machine) cable() string {
	return m.network.number.cable(strconv.Itoa(int(m.Address.As4()[3])))
}

// id is its name among all machines of this one.
func (m *Machine) id() string { return m.network.number.machine(m.Name) }

func (m *Machine) path(parts ...string) string {
	return m.network.path(append([]string{m.Name}, parts...)...)
}

// connect makes the namespace of the network, and the cable from it to the bridge.
func (m *Machine) connect(ctx context.Context) error {
	cable := m.cable()
	inside := "ip -n " + m.id() + " "
	return commands(ctx,
		"ip netns add "+m.id(),
		"ip link add "+cable+" type veth peer name eth0 netns "+m.id(),
		"ip link set "+cable+" master "+m.network.number.String()+" up",
		inside+"link set lo up",
		inside+"addr add "+netip.PrefixFrom(m.Address, 24).String()+" dev eth0",
		inside+"link set eth0 up",
		inside+"route add default via "+m.network.Gateway().String(),
	)
}

// CablePull cuts the machine off, and CablePlug ends that. Who talks to it hears nothing, as of a dead one.
func (m *Machine) CablePull(ctx context.Context) error {
	return commands(ctx, "ip -n "+m.id()+" link set eth0 down")
}

// CablePlug is the end of CablePull.
func (m *Machine) CablePlug(ctx context.Context) error {
	return commands(ctx, "ip -n "+m.id()+" link set eth0 up", "ip -n "+m.id()+" route replace default via "+m.network.Gateway().String())
}

// readdress makes the network as a machine finds it that boots: without addresses that ran on it before.
func (m *Machine) readdress(ctx context.Context) error {
	inside := "ip -n " + m.id() + " "
	err := commands(ctx, inside+"addr flush dev eth0", inside+"addr add "+netip.PrefixFrom(m.Address, 24).String()+" dev eth0")
	if err != nil {
		return err
	}
	return m.CablePlug(ctx)
}

// NewDisk gives a machine that is off an empty disk: Debian as installed, with a host key that nobody has seen.
func (m *Machine) NewDisk() error {
	if m.boot != nil {
		return errors.New("give it a new disk: it runs; take its power first")
	}
	if err := unmount(m.path()); err != nil {
		return err
	}
	if err := os.RemoveAll(m.path()); err != nil {
		return err
	}
	for _, folder := range []string{"upper/etc/ssh", "upper/root/.ssh", "work", "root"} {
		if err := os.MkdirAll(m.path(folder), 0o755); err != nil {
			return err
		}
	}
	m.network.mutex.Lock()
	defer m.network.mutex.Unlock()
	if err := m.identify(); err != nil {
		return err
	}
	m.network.list(m)
	return m.network.writeKnownHosts()
}

// identify writes what makes the disk one of this machine. What is said of folders that Debian has, too, counts for them.
func (m *Machine) identify() error {
	var err error
	if m.hostKey, err = writeKey(m.path("upper/etc/ssh/host_key")); err != nil {
		return err
	}
	err = os.Chmod(m.path("upper/root"), 0o700)
	for path, content := range map[string]string{
		"etc/hostname":              m.Name + "\n",
		"etc/hosts":                 "127.0.0.1 localhost\n" + m.Address.String() + " " + m.Name + "\n",
		"root/.ssh/authorized_keys": string(m.network.key),
		"etc/ssh/authorized_keys":   string(m.network.key), // of the other users
	} {
		err = errors.Join(err, os.WriteFile(filepath.Join(m.path("upper"), path), []byte(content), 0o644))
	}
	return err
}

// list takes a machine into the network, once.
func (n *Network) list(m *Machine) {
	for _, listed := range n.machines {
		if listed == m {
			return
		}
	}
	n.machines = append(n.machines, m)
}

// Options lead to the machine as root. It is trusted as soon as its disk is made.
func (m *Machine) Options() host.Options {
	return host.Options{
		Host: m.Address.String(), User: "root", KeyFile: m.network.path("key"), KnownHosts: []string{m.network.path("known_hosts")},
	}
}

// openTimeout bounds Open. A busy machine takes more than one attempt.
const openTimeout = 2 * time.Minute

// Open connects to the machine as root; the caller closes it. As nothing is done before there is a connection, it is tried again until there is one.
func (m *Machine) Open(ctx context.Context) (opened host.Host, err error) {
	options := m.Options()
	o := wait.Options{For: "a connection to machine " + m.Name, Timeout: openTimeout, Interval: time.Second}
	err = wait.Until(ctx, o, func(ctx context.Context) (bool, string, error) {
		opened, err = host.Open(ctx, &options)
		if errors.Is(err, host.ErrConnect) {
			return false, err.Error(), nil
		}
		return err == nil, "", err
	})
	return opened, err
}

// Remove takes the machine off the network, and removes its disk.
func (m *Machine) Remove(ctx context.Context) error {
	if err := m.PowerCut(ctx); err != nil {
		return err
	}
	if err := m.network.number.removeMatching(ctx, m.id(), m.cable()); err != nil {
		return err
	}
	if err := unmount(m.path()); err != nil {
		return err
	}
	return os.RemoveAll(m.path())
}
