package k3stest

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/testing/machines"
)

// node is a Debian machine with k3s as a service.
type node struct{ host.Host }

func newNode(t *testing.T, m *machines.Machine, role, settings string) node {
	t.Helper()
	image := bytes.NewReader(Image(t, "example.org/web:test", "./testdata/web"))
	return node{Service(t, m, role, settings, host.File{Path: data + "/agent/images/web.tar", Mode: 0o644, Content: image})}
}

func (n node) run(t *testing.T, words ...string) string {
	t.Helper()
	out, err := n.Run(t.Context(), host.Words(words...))
	require.NoError(t, err)
	return out.Stdout
}

// answers is what the Service says on the node, empty while it says nothing.
func (n node) answers(t *testing.T) string {
	t.Helper()
	// Debian's smallest has nothing else that speaks TCP.
	out, err := n.Run(t.Context(), host.Words("timeout", "3", "bash", "-c",
		`exec 3<>/dev/tcp/10.43.0.77/80; printf 'GET / HTTP/1.0\r\n\r\n' >&3; cat <&3`))
	if err != nil {
		return ""
	}
	_, body, _ := strings.Cut(out.Stdout, "\r\n\r\n")
	return strings.TrimSpace(body)
}

func TestPodsRunAndOutliveTheServiceThatStartedThem(t *testing.T) {
	_, hosts := machines.Run(t, "s1", "a1")
	first := newNode(t, hosts[0], "server", "token: secret\ncluster-init: true\n")
	first.run(t, "systemctl", "start", "k3s")
	second := newNode(t, hosts[1], "agent", "token: secret\nserver: https://"+hosts[0].Address.String()+":6443\n")
	second.run(t, "systemctl", "start", "k3s")
	manifest, err := os.ReadFile("testdata/pods.yaml")
	require.NoError(t, err)
	_, err = first.Write(t.Context(), host.Text(data+"/server/manifests/pods.yaml", 0o600, string(manifest)))
	require.NoError(t, err)

	eventually(t, func() bool { return first.answers(t) == "web 1" }, "the pod on the agent answers on the server")
	second.run(t, "systemctl", "stop", "k3s")
	eventually(t, func() bool { return first.answers(t) == "web 1" }, "the pod outlives the stop of k3s")
	assert.Contains(t, second.run(t, "sh", "-c", "cat /proc/[0-9]*/cmdline"), data+"/data/")
	second.run(t, "systemctl", "start", "k3s")
	first.run(t, "k3s", "kubectl", "delete", "pod", "web")
	first.run(t, "k3s", "kubectl", "apply", "-f", data+"/server/manifests/pods.yaml")
	eventually(t, func() bool { return first.answers(t) == "web 2" }, "a new pod finds what the old one has written")
}
