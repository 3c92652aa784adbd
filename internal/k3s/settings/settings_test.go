package settings

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFilesAreReadAsK3sReadsThem(t *testing.T) {
	t.Parallel()
	read, err := Read(map[string]string{
		ConfigFile:              "token: a\ndisable: [traefik]\nkubelet-arg:\n- a=1\nsecrets-encryption: true\nhttps-listen-port: 6443\nempty:\n",
		DropIns + "/20-b.yaml":  "kubelet-arg+: c=3\ndisable: servicelb\n",
		DropIns + "/10-a.yml":   "kubelet-arg+: [b=2]\nt: b\n",
		DropIns + "/30-not.YML": "# nothing\n",
	})
	require.NoError(t, err)
	assert.Equal(t, Settings{
		"token": {"b"}, "disable": {"servicelb"}, "kubelet-arg": {"a=1", "b=2", "c=3"}, "secrets-encryption": {"true"}, "https-listen-port": {"6443"}, "empty": nil,
	}, read)

	_, err = Read(map[string]string{DropIns + "/x.yaml": "a: {b: c}\n"})
	assert.EqualError(t, err, "read /etc/rancher/k3s/config.yaml.d/x.yaml: a: line 1: a text, a number, true, false or a list of them is wanted; correct it, k3s does not start with it")
	_, err = Read(map[string]string{ConfigFile: "a: [\n"})
	assert.ErrorContains(t, err, "read /etc/rancher/k3s/config.yaml: yaml: line 1: ")
}

func TestWaysToSayTheSameAreTheSame(t *testing.T) {
	t.Parallel()
	file, err := Read(map[string]string{ConfigFile: "disable: [servicelb, traefik]\ntls-san: [b, a]\ndata-dir: /var/lib/rancher/k3s\nselinux: false\nnode-ip: 10.0.0.1\n"})
	require.NoError(t, err)
	arguments := FromArguments([]string{"--disable=traefik,servicelb", "--tls-san", "a", "--tls-san=b", "-i", "10.0.0.1", "--secrets-encryption"})
	assert.Equal(t, []string{"secrets-encryption"}, Differences(file, arguments))
	assert.Empty(t, Differences(file, arguments, "secrets-encryption"))
	environment := FromEnvironment(map[string]string{"K3S_URL": "https://a:6443", "K3S_TOKEN": "", "HTTP_PROXY": "x", "K3S_NODE_NAME": "n"})
	assert.Equal(t, Settings{"server": {"https://a:6443"}, "node-name": {"n"}}, environment)
	assert.Equal(t, Settings{"server": {"b"}, "node-name": {"n"}}, environment.Over(Settings{"server": {"b"}}))
	assert.Equal(t, []string{"kubelet-arg"}, Differences(Settings{"kubelet-arg": {"a", "b"}}, Settings{"kubelet-arg": {"b", "a"}}), "of which the last counts")
}

func TestFormatIsReadBack(t *testing.T) {
	t.Parallel()
	text, err := Format(map[string]any{"disable": []any{"traefik"}, "b": true, "a": int64(7), "e": "yes", "f": "10.0"})
	require.NoError(t, err)
	assert.Equal(t, "# Written by metalstack.initial_cluster.k3s_node, which writes it again.\na: 7\nb: true\ndisable:\n  - traefik\ne: \"yes\"\nf: \"10.0\"\n", text)
	read, err := Read(map[string]string{ConfigFile: text})
	require.NoError(t, err)
	assert.Equal(t, Settings{"a": {"7"}, "b": {"true"}, "e": {"yes"}, "f": {"10.0"}, "disable": {"traefik"}}, read)
}
