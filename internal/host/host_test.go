package host_test

import (
	"testing"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/testing/hosttest"
)

func TestThisMachineKeepsTheContract(t *testing.T) {
	t.Parallel()
	hosttest.Contract(t, host.Local{}, t.TempDir(), "127.0.0.1")
}

func TestAnotherMachineKeepsTheContract(t *testing.T) {
	t.Parallel()
	hosttest.Contract(t, hosttest.Open(t, hosttest.Start(t).Options(t)), t.TempDir(), "127.0.0.1")
}
