package machines

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Run makes a network for a test with the named machines on it, and removes it at the end. Where there can be none, as for a plain user,
// the test is skipped, or fails where CI is true.
func Run(t testing.TB, names ...string) (*Network, []*Machine) {
	t.Helper()
	need(t)
	n, err := Open(t.Context(), filepath.Join(t.TempDir(), "machines"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Close(context.Background())) })
	machines := make([]*Machine, len(names))
	failures := make(chan error)
	for i, name := range names {
		go func() {
			var err error
			machines[i], err = n.Add(t.Context(), name)
			failures <- err
		}()
	}
	for range names {
		require.NoError(t, <-failures)
	}
	return n, machines
}

func need(t testing.TB) {
	t.Helper()
	missing := ""
	if os.Geteuid() != 0 {
		missing = "needs root for test hosts"
	}
	for _, program := range []string{"debootstrap", "systemd-nspawn", "ip"} {
		if _, err := exec.LookPath(program); err != nil && missing == "" {
			missing = fmt.Sprintf("needs %s for test hosts; make system-packages installs it", program)
		}
	}
	switch {
	case missing == "":
	case os.Getenv("CI") == "true":
		t.Fatal(missing)
	default:
		t.Skip(missing)
	}
}
