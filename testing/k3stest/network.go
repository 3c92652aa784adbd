package k3stest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/metal-stack/initial-cluster/testing/machines"
)

// Network connects the machines of one test with each other, and with nothing else.
type Network struct {
	holder   *holder
	machines int
}

// NewNetwork makes one, in a namespace of its own. Only root can.
func NewNetwork(t testing.TB) *Network {
	t.Helper()
	if os.Geteuid() != 0 {
		skip(t, "needs root, to make namespaces")
	}
	n := &Network{holder: hold(t, "--net")}
	n.holder.run(t, "ip", "link", "add", "bridge", "type", "bridge")
	n.holder.run(t, "ip", "link", "set", "bridge", "up")
	return n
}

// Machine adds a machine of that name to the network. It ends with the test, and all that runs on it.
func (n *Network) Machine(t testing.TB, name string) *Machine {
	t.Helper()
	n.machines++
	m := &Machine{Name: name, Address: fmt.Sprintf("10.77.0.%d", 10+n.machines), dir: t.TempDir()}
	mounted, err := machines.Layable(m.dir)
	require.NoError(t, err)
	if mounted {
		t.Cleanup(func() { require.NoError(t, unix.Unmount(m.dir, unix.MNT_DETACH)) })
	}
	m.holder = hold(t, "--net", "--mount", "--uts", "--pid", "--mount-proc")
	m.holder.run(t, "hostname", name)
	for _, dir := range []string{"/etc", "/var/lib"} {
		upper, work := m.layer(t, dir, "upper"), m.layer(t, dir, "work")
		m.holder.run(t, "mount", "-t", "overlay", "overlay", "-o", "lowerdir="+dir+",upperdir="+upper+",workdir="+work, dir)
	}
	m.holder.run(t, "mount", "-t", "tmpfs", "tmpfs", "/run")
	n.plug(t, m)
	return m
}

func (n *Network) plug(t testing.TB, m *Machine) {
	cable := fmt.Sprintf("port%d", n.machines)
	n.holder.run(t, "ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", m.holder.namespace("net"))
	n.holder.run(t, "ip", "link", "set", cable, "master", "bridge", "up")
	m.holder.run(t, "ip", "link", "set", "lo", "up")
	m.holder.run(t, "ip", "address", "add", m.Address+"/24", "dev", "eth0")
	m.holder.run(t, "ip", "link", "set", "eth0", "up")
	m.holder.run(t, "ip", "route", "add", "default", "via", "10.77.0.1")
}

// holder is a process that does nothing but keep namespaces. In a process namespace it is the first: with it ends all that runs there.
type holder struct {
	pid   int
	flags []string // of nsenter
}

func hold(t testing.TB, namespaces ...string) *holder {
	t.Helper()
	ready, write, err := os.Pipe()
	require.NoError(t, err)
	words := append(namespaces, "--fork", "--kill-child", "sh", "-c", "echo >&3; exec sleep infinity")
	command := exec.Command("unshare", words...)
	command.ExtraFiles = []*os.File{write}
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started, done := make(chan error), make(chan struct{})
	go func() {
		// Linux sends the death signal when the thread ends that started the process.
		runtime.LockOSThread()
		defer close(done)
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait() // it is killed
		}
	}()
	require.NoError(t, <-started)
	t.Cleanup(func() {
		require.NoError(t, command.Process.Kill())
		<-done
	})
	require.NoError(t, write.Close())
	_, err = ready.Read(make([]byte, 1))
	require.NoError(t, err, "unshare %v ended", namespaces)
	require.NoError(t, ready.Close())
	return &holder{pid: child(t, command.Process.Pid), flags: enter(namespaces)}
}

// child is the only one that the process has.
func child(t testing.TB, pid int) int {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	require.NoError(t, err)
	found, err := strconv.Atoi(strings.TrimSpace(string(content)))
	require.NoError(t, err)
	return found
}

func enter(namespaces []string) []string {
	var flags []string
	for _, name := range namespaces {
		if name != "--mount-proc" {
			flags = append(flags, name)
		}
	}
	return flags
}

func (h *holder) namespace(kind string) string { return fmt.Sprintf("/proc/%d/ns/%s", h.pid, kind) }

// command is one within the namespaces.
func (h *holder) command(words ...string) *exec.Cmd {
	words = h.words(words...)
	return exec.Command(words[0], words[1:]...)
}

// words are those that run a command within the namespaces.
func (h *holder) words(words ...string) []string {
	enter := append([]string{"nsenter", "--target=" + strconv.Itoa(h.pid)}, h.flags...)
	return append(append(enter, "--"), words...)
}

func (h *holder) run(t testing.TB, words ...string) {
	t.Helper()
	said, err := h.command(words...).CombinedOutput()
	require.NoError(t, err, "%s: %s", strings.Join(words, " "), said)
}

// layer makes a folder of the machine's for a folder that it changes.
func (m *Machine) layer(t testing.TB, dir, kind string) string {
	path := filepath.Join(m.dir, kind, filepath.FromSlash(dir))
	require.NoError(t, os.MkdirAll(path, 0o755))
	return path
}
