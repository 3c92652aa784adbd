package k3stest

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/testing/machines"
)

// Settings is the file of k3s' settings, and Data the folder of all that it keeps.
const (
	Settings = "/etc/rancher/k3s/config.yaml"
	Data     = "/var/lib/rancher/k3s"
)

const unit = `[Service]
Type=notify
KillMode=process
Delegate=yes
TimeoutStartSec=0
ExecStart=/usr/local/bin/k3s `

// Service makes k3s a service of a Debian machine, which is not started yet, and writes its settings and other files. The test ends the
// connection.
func Service(t testing.TB, m *machines.Machine, role, settings string, files ...host.File) host.Host {
	t.Helper()
	h, err := m.Open(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.Close()) })
	binary, err := os.Open(Find(t, Versions[len(Versions)-1]))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, binary.Close()) })
	_, err = h.Run(t.Context(), host.Words("mkdir", "-p", "/etc/rancher/k3s", Data+"/agent/images", Data+"/server/manifests"))
	require.NoError(t, err)
	for _, file := range append(files,
		host.File{Path: "/usr/local/bin/k3s", Mode: 0o755, Content: binary}, host.Text(Settings, 0o600, settings),
		host.Text("/etc/systemd/system/k3s.service", 0o644, unit+role+"\n"),
	) {
		_, err := h.Write(t.Context(), file)
		require.NoError(t, err)
	}
	_, err = h.Run(t.Context(), host.Words("systemctl", "daemon-reload"))
	require.NoError(t, err)
	return h
}
