package k3stest

import (
	"context"
	"net"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// Host runs commands and connects as programs on the machine do.
type Host struct{ machine *Machine }

// Host is what packages need that work on a machine by its commands and its network alone.
func (m *Machine) Host() Host { return Host{m} }

// Run runs a command on the machine.
func (h Host) Run(ctx context.Context, c host.Command) (host.Output, error) {
	c.Words = h.machine.holder.words(c.Words...)
	return host.Local{}.Run(ctx, c)
}

// Dial connects from the machine.
func (h Host) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return h.machine.dial(ctx, network, address)
}
