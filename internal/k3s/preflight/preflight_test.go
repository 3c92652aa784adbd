package preflight_test

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/preflight"
	"github.com/metal-stack/initial-cluster/testing/hosttest"
)

// hosts are this machine, and this machine over SSH.
func hosts(t *testing.T) map[string]host.Host {
	t.Helper()
	return map[string]host.Host{"local": host.Local{}, "ssh": hosttest.Open(t, hosttest.Start(t).Options(t))}
}

func TestAMachineThatIsAskedForLittleWillDo(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	open := listener.Addr().(*net.TCPAddr).Port
	t.Cleanup(func() { assert.NoError(t, listener.Close()) })
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	refused := closed.Addr().(*net.TCPAddr).Port
	require.NoError(t, closed.Close())
	for name, h := range hosts(t) {
		t.Run(name, func(t *testing.T) {
			machine, lacks, err := preflight.Look(t.Context(), h, preflight.Wish{
				Cores: 1, MemoryGB: 1, Now: time.Now(), MaxSkew: time.Minute, Names: []string{"localhost"}, Cgroups: []string{"memory"},
				Peers: []string{"127.0.0.1"}, Ports: []int{open, refused},
			})
			require.NoError(t, err)
			assert.Empty(t, lacks)
			assert.Positive(t, machine.Cores)
			assert.Greater(t, machine.MemoryGB, 1.0)
		})
	}
}

func TestAllThatAMachineLacksIsTold(t *testing.T) {
	t.Parallel()
	for name, h := range hosts(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, lacks, err := preflight.Look(t.Context(), h, preflight.Wish{
				Cores: 4096, MemoryGB: 1 << 20, Disks: 99, DiskGB: 1 << 20, Modules: []string{"no_such_module"}, Cgroups: []string{"tea"},
				Now: time.Now().Add(-time.Hour), MaxSkew: time.Minute, Names: []string{"no-such-host.invalid"},
				Peers: []string{"2001:db8::1"}, Ports: []int{6443}, // an address for documentation, which nobody answers at
			})
			require.NoError(t, err)
			require.Len(t, lacks, 8)
			assert.Equal(t, "its clock is 1h0m0s off, and 1m0s are allowed; set up time synchronisation", lacks[0])
			assert.Regexp(t, `^it has \d+ cores, and 4096 are wanted$`, lacks[1])
			assert.Regexp(t, `^it has [0-9.]+ GB of memory, and 1048576 are wanted$`, lacks[2])
			assert.Equal(t, []string{
				"it has 0 disks of at least 1048576 GB, and 99 are wanted",
				"the kernel has no module no_such_module; install the kernel's package of modules",
				"the kernel has no cgroup controller tea; boot it with cgroup_enable=tea",
				"no-such-host.invalid does not resolve; check DNS in /etc/resolv.conf",
				"[2001:db8::1]:6443 cannot be reached over TCP; let nodes through the firewall there",
			}, lacks[3:])
		})
	}
}
