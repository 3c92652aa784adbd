package machines

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/testing/hosttest"
)

func open(t *testing.T, o host.Options) host.Host {
	t.Helper()
	h, err := host.Open(t.Context(), &o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.Close()) })
	return h
}

func run(t *testing.T, h host.Host, words ...string) string {
	t.Helper()
	out, err := h.Run(t.Context(), host.Words(words...))
	require.NoError(t, err)
	return strings.TrimSpace(out.Stdout)
}

func TestThreeMachinesLosePowerCableAndDisk(t *testing.T) {
	begin := time.Now()
	network, three := Run(t, "k3s-1", "k3s-2", "k3s-3")
	t.Logf("three machines can be logged in at after %s", time.Since(begin))
	o := three[1].Options()
	o.SilenceTimeout = 5 * time.Second // it will be waited for
	first, second := open(t, three[0].Options()), open(t, o)
	for _, m := range three {
		h := open(t, m.Options())
		assert.Equal(t, m.Name, run(t, h, "hostname"))
		assert.Equal(t, "running", run(t, h, "systemctl", "is-system-running", "--wait"))
		run(t, h, "systemd-run", "--wait", "--quiet", "mkdir", "/sys/fs/cgroup/memory/pods")
		for _, other := range three {
			assert.Contains(t, run(t, h, "ssh-keyscan", "-t", "ed25519", other.Address.String()), "ssh-ed25519")
		}
	}

	run(t, second, "sh", "-c", "echo kept > /root/data; sync /root/data")
	require.NoError(t, three[1].PowerCut(t.Context()))
	_, err := second.Run(t.Context(), host.Words("true"))
	require.ErrorIs(t, err, host.ErrLost)
	assert.NotContains(t, reach(t, first, three[1]), "refused", "a dead host is silent")
	begin = time.Now()
	require.NoError(t, three[1].PowerOn(t.Context()))
	t.Logf("it is back after %s", time.Since(begin))
	assert.Equal(t, "kept", run(t, second, "cat", "/root/data"), "the same connection is made anew, the key is the same")

	require.NoError(t, three[1].CablePull(t.Context()))
	assert.NotContains(t, reach(t, first, three[1]), "refused")
	require.NoError(t, three[1].CablePlug(t.Context()))
	run(t, open(t, three[1].Options()), "true")

	require.EqualError(t, three[1].NewDisk(), "give it a new disk: it runs; take its power first")
	require.NoError(t, three[1].Stop(t.Context()))
	known, err := os.ReadFile(network.path("known_hosts"))
	require.NoError(t, err)
	require.NoError(t, three[1].NewDisk())
	require.NoError(t, three[1].PowerOn(t.Context()))
	_, err = open(t, three[1].Options()).Stat(t.Context(), "/root/data")
	require.ErrorIs(t, err, os.ErrNotExist)
	o = three[1].Options()
	o.KnownHosts = []string{filepath.Join(t.TempDir(), "known_hosts")}
	require.NoError(t, os.WriteFile(o.KnownHosts[0], known, 0o600))
	_, err = host.Open(t.Context(), &o)
	require.ErrorContains(t, err, "its host key changed: ")

	cable, all := links(t, three[2].cable()), links(t, network.number.String(), network.number.cable("*"))
	assert.Len(t, cable, 1)
	assert.Len(t, all, 4)
	require.NoError(t, three[2].Remove(t.Context()))
	assert.Empty(t, leftovers(t, three[2].id(), three[2].path(), cable))
	require.NoError(t, network.Close(t.Context()))
	assert.Empty(t, leftovers(t, network.number.machine("k3s-*"), network.dir, all))
	require.NoError(t, network.Close(t.Context()), "it may be repeated")
}

// reach says what a machine hears of another's SSH port within a second.
func reach(t *testing.T, from host.Host, to *Machine) string {
	t.Helper()
	out, err := from.Run(t.Context(), host.Words("timeout", "1", "bash", "-c", "exec 3<>/dev/tcp/"+to.Address.String()+"/22"))
	var failed *host.RunError
	require.ErrorAs(t, err, &failed)
	return out.Stderr
}

// links are the kernel's numbers of the links with such names. It gives none out again, while another run may have the names soon.
func links(t *testing.T, names ...string) (numbers []int) {
	t.Helper()
	all, err := net.Interfaces()
	require.NoError(t, err)
	for _, link := range all {
		for _, name := range names {
			if matches, err := filepath.Match(name, link.Name); err == nil && matches {
				numbers = append(numbers, link.Index)
			}
		}
	}
	return numbers
}

// leftovers are processes, namespaces, cgroups and mounts of machines of such names, and which of the links are there still.
func leftovers(t require.TestingT, names, dir string, links []int) []string {
	found := cgroups(names)
	for _, glob := range []string{"/run/netns/" + names, dir} {
		matches, err := filepath.Glob(glob)
		require.NoError(t, err)
		found = append(found, matches...)
	}
	for _, number := range links {
		if link, err := net.InterfaceByIndex(number); err == nil {
			found = append(found, link.Name)
		}
	}
	points, err := mounts(dir)
	require.NoError(t, err)
	running, err := exec.Command("pgrep", "--full", "machine="+strings.TrimSuffix(names, "*")).Output()
	var none *exec.ExitError
	require.True(t, err == nil || errors.As(err, &none))
	return append(append(found, points...), strings.Fields(string(running))...)
}

// asOwner makes the test binary a process that has a machine and waits to be killed.
const asOwner = "RUN_AS_OWNER_IN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(asOwner); dir != "" {
		own(dir)
	}
	os.Exit(m.Run())
}

func own(dir string) {
	ctx := context.Background()
	n, err := Open(ctx, dir)
	if err == nil {
		_, err = n.Add(ctx, "orphan")
	}
	if err != nil {
		println(err.Error())
		os.Exit(1)
	}
	fmt.Println(n.number)
	select {}
}

func TestWhatAKilledRunLeftBehindIsSwept(t *testing.T) {
	need(t)
	dir := filepath.Join(t.TempDir(), "machines")
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), asOwner+"="+dir)
	output, err := owner.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, owner.Start())
	said := make([]byte, 100)
	size, err := output.Read(said)
	require.NoError(t, err)
	name := strings.TrimSpace(string(said[:size]))
	require.NotEmpty(t, cgroups(name+"-orphan"), "%s", name)
	all := links(t, name, name+".*")
	require.Len(t, all, 2)
	require.NoError(t, owner.Process.Signal(syscall.SIGKILL))
	require.Error(t, owner.Wait())

	require.NoError(t, Sweep(t.Context()))
	// Another package's run may be the one that sweeps it, and is not waited for.
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Empty(c, leftovers(c, name+"-orphan", dir, all))
	}, time.Minute, 100*time.Millisecond)
}

func TestSudoKeepsTheContractOfAHost(t *testing.T) {
	network, machines := Run(t, "sudo")
	near, o := network.Gateway().String(), machines[0].Options()
	o.User, o.Sudo = Deployer, true
	t.Run("without a password", func(t *testing.T) { sudoContract(t, o, near) })
	o.User, o.SudoPassword = Admin, AdminPassword
	t.Run("with a password", func(t *testing.T) { sudoContract(t, o, near) })
	for password, problem := range map[string]string{
		"":      "become root: sudo: a password is required; give sudo's password, or let sudo need none",
		"wrong": "become root: sudo does not accept the password",
	} {
		o.SudoPassword = password
		_, err := host.Open(t.Context(), &o)
		assert.EqualError(t, err, "connect to admin@"+o.Host+":22: "+problem)
	}
}

func sudoContract(t *testing.T, o host.Options, near string) {
	h, err := host.Open(t.Context(), &o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.Close()) })
	dir := "/root/" + o.User
	_, err = h.Write(t.Context(), host.Folder(dir, 0o700))
	require.NoError(t, err)
	assert.Equal(t, "0", run(t, h, "id", "-u"))
	if o.SudoPassword != "" {
		assert.NotContains(t, run(t, h, "ps", "-ef"), o.SudoPassword)
	}
	hosttest.Contract(t, h, dir, near)
}
