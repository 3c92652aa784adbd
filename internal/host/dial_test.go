package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/hosttest"
)

func TestAnSSHServerMayForbidConnectionsFromIt(t *testing.T) {
	t.Parallel()
	server := hosttest.Start(t, "AllowTcpForwarding no")
	_, err := hosttest.Open(t, server.Options(t)).Dial(t.Context(), "tcp", "127.0.0.1:6443")
	require.EqualError(t, err, "connect to 127.0.0.1:6443 from "+server.User()+"@"+server.Address()+
		": its SSH server lets nobody connect onwards; set AllowTcpForwarding yes there")
}
