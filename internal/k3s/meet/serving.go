package meet

import "context"

// Serving gives the first of the servers, by address, at which k3s answers now; empty if none does. Nobody is waited for.
func (m Meeting) Serving(ctx context.Context) string {
	m.Servers = Sorted(m.Servers)
	p := &party{port: m.Port, transport: m.transport()}
	heard := m.hear(ctx, p)
	for _, address := range m.others() {
		if heard[address].kind == serves {
			return address
		}
	}
	return ""
}
