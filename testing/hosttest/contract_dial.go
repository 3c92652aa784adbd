package hosttest

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dial reaches what listens where the host reaches it.
func (c contract) dial(t *testing.T) {
	listener, err := net.Listen("tcp", net.JoinHostPort(c.near, "0"))
	require.NoError(t, err)
	go func() {
		if conn, err := listener.Accept(); err == nil {
			_, _ = io.Copy(conn, conn)
			_ = conn.Close()
		}
	}()
	conn, err := c.Dial(t.Context(), "tcp", listener.Addr().String())
	require.NoError(t, err)
	_, err = io.WriteString(conn, "echo")
	require.NoError(t, err)
	heard := make([]byte, 4)
	_, err = io.ReadFull(conn, heard)
	require.NoError(t, err)
	assert.Equal(t, "echo", string(heard))
	require.NoError(t, conn.Close())
	require.NoError(t, listener.Close())
	_, err = c.Dial(t.Context(), "tcp", listener.Addr().String())
	assert.Error(t, err, "nobody listens any more")
}
