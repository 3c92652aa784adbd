package k3stest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// get reads of the cluster what the path of a JSONPath query names.
func get(t *testing.T, m *Machine, query string, words ...string) string {
	t.Helper()
	said := kubectl(t, m, append(append([]string{"get"}, words...), "-o", "jsonpath="+query)...)
	return said.Output + said.Errors
}

func TestAnAgentKeepsItsNode(t *testing.T) {
	release, network := Find(t, Versions[2]), NewNetwork(t)
	one, agent, other := network.Machine(t, "s1"), network.Machine(t, "a1"), network.Machine(t, "a1")
	server(t, one, nil, "agent-token: for agents")
	one.Start(t, release, "server").Ready(t)
	token := one.Read(t, data+"/server/agent-token")
	require.Regexp(t, `^K10[0-9a-f]{64}::node:for agents\n$`, token)

	settings := "server: https://" + one.Address + ":6443\ntoken: " + strings.TrimSpace(token) + "\nnode-label: [rack=a]\nnode-taint: [own=yes:NoSchedule]\n"
	agent.Write(t, config, settings)
	unit := agent.Start(t, release, "agent")
	unit.Ready(t)
	assert.Contains(t, unit.Journal(t), "k3s agent is up and running")
	assert.Equal(t, "a own=yes:NoSchedule v1.36.3+k3s1 True",
		get(t, one, `{.metadata.labels.rack} {.spec.taints[0].key}={.spec.taints[0].value}:{.spec.taints[0].effect} {.status.nodeInfo.kubeletVersion} {.status.conditions[?(@.type=="Ready")].status}`, "node", "a1"))
	unit.Stop(t)

	// Labels are given again at each start, and taints are not.
	agent.Write(t, config, strings.NewReplacer("rack=a", "room=b", "own=yes", "own=no").Replace(settings))
	agent.Start(t, release, "agent").Ready(t)
	assert.Equal(t, "a b yes", get(t, one, `{.metadata.labels.rack} {.metadata.labels.room} {.spec.taints[0].value}`, "node", "a1"))

	// Another machine of the same name does not know the node's password. With the node it is forgotten.
	agent.Kill(t)
	other.Write(t, config, settings)
	stranger := other.Start(t, release, "agent")
	eventually(t, func() bool {
		return strings.Contains(stranger.Journal(t), "Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry")
	}, "the node password is refused")
	require.Equal(t, 0, kubectl(t, one, "delete", "node", "a1").Code)
	stranger.Ready(t)
}

func TestAnAgentWithTheTokenOfOthersNeverGetsReady(t *testing.T) {
	release, network := Find(t, Versions[2]), NewNetwork(t)
	one, agent := network.Machine(t, "s1"), network.Machine(t, "a1")
	server(t, one, nil)
	one.Start(t, release, "server").Ready(t)
	agent.Write(t, config, "server: https://"+one.Address+":6443\ntoken: wrong\n")
	unit := agent.Start(t, release, "agent")
	eventually(t, func() bool {
		return strings.Contains(unit.Journal(t), "Failed to validate connection to cluster at https://10.77.0.11:6443: https://10.77.0.11:6443/v1-k3s/config: 401 Unauthorized")
	}, "the password is refused")
	created := one.Run(t, release, "token", "create", "--ttl", "1h")
	require.Equal(t, 0, created.Code, created.Errors)
	unit.Stop(t)
	agent.Write(t, config, "server: https://"+one.Address+":6443\ntoken: "+created.Output)
	agent.Start(t, release, "agent").Ready(t)
}

func TestSecretsAreEncryptedAnewWithANewKey(t *testing.T) {
	release, network := Find(t, Versions[2]), NewNetwork(t)
	m := network.Machine(t, "s1")
	server(t, m, nil, "secrets-encryption: true")
	m.Start(t, release, "server").Ready(t)
	require.Equal(t, 0, kubectl(t, m, "create", "secret", "generic", "one", "--from-literal=a=b").Code)
	status := func() string { return m.Run(t, release, "secrets-encrypt", "status").Output }
	assert.Regexp(t, `^Encryption Status: Enabled\nCurrent Rotation Stage: start\nServer Encryption Hashes: All hashes match\n`, status())
	before := status()
	rotated := m.Run(t, release, "secrets-encrypt", "rotate-keys")
	require.Equal(t, 0, rotated.Code, rotated.Errors)
	assert.Equal(t, "keys rotated, reencryption started\n", rotated.Output)
	eventually(t, func() bool { return strings.Contains(status(), "Current Rotation Stage: reencrypt_finished\n") }, "all secrets are encrypted anew")
	assert.NotEqual(t, before[strings.Index(before, " * "):], status()[strings.Index(status(), " * "):], "the key is another")
	assert.Equal(t, "Yg==", get(t, m, "{.data.a}", "secret", "one"))
}

func TestANameIsAddedToTheServingCertificateByRotation(t *testing.T) {
	release, network := Find(t, Versions[2]), NewNetwork(t)
	m := network.Machine(t, "s1")
	m.Write(t, config, "token: secret\n")
	unit := m.Start(t, release, "server")
	unit.Ready(t)
	certificate := m.Read(t, data+"/server/tls/dynamic-cert.json")
	unit.Stop(t)
	m.Write(t, config, "token: secret\ntls-san: [api.example.org]\n")
	unit = m.Start(t, release, "server")
	unit.Ready(t)
	assert.Equal(t, certificate, m.Read(t, data+"/server/tls/dynamic-cert.json"), "tls-san alone changes nothing")
	unit.Stop(t)
	rotated := m.Run(t, release, "certificate", "rotate")
	require.Equal(t, 0, rotated.Code, rotated.Errors)
	assert.Contains(t, rotated.Errors, "Successfully backed up certificates to "+data+"/server/tls-")
	m.Start(t, release, "server").Ready(t)
	assert.NotEqual(t, certificate, m.Read(t, data+"/server/tls/dynamic-cert.json"))
	checked := m.Run(t, release, "certificate", "check", "--output=json")
	assert.Equal(t, 0, checked.Code)
	assert.Contains(t, checked.Output, `"Status":"OK"`)
}
