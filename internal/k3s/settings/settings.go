package settings

import (
	"maps"
	"slices"
	"strings"
)

// Settings are the values of k3s' flags, by the flags' names without dashes.
type Settings map[string][]string

// aliases are k3s' short flags.
var aliases = map[string]string{"t": "token", "d": "data-dir", "s": "server", "i": "node-ip", "c": "config", "o": "write-kubeconfig", "write-kubeconfig-file": "write-kubeconfig"}

// lists are flags that take several values with commas between them, in any order.
var lists = []string{"disable", "tls-san", "node-ip", "node-external-ip", "cluster-cidr", "service-cidr", "cluster-dns"}

// unordered are those of the lists whose order means nothing.
var unordered = []string{"disable", "tls-san", "node-label", "node-taint"}

// environment is what k3s reads of its environment, and the flags that stand for it.
var environment = map[string]string{
	"K3S_TOKEN": "token", "K3S_TOKEN_FILE": "token-file", "K3S_URL": "server", "K3S_AGENT_TOKEN": "agent-token", "K3S_AGENT_TOKEN_FILE": "agent-token-file",
	"K3S_CLUSTER_INIT": "cluster-init", "K3S_DATA_DIR": "data-dir", "K3S_NODE_NAME": "node-name", "K3S_KUBECONFIG_OUTPUT": "write-kubeconfig",
	"K3S_KUBECONFIG_MODE": "write-kubeconfig-mode", "K3S_SELINUX": "selinux", "K3S_RESOLV_CONF": "resolv-conf", "K3S_DATASTORE_ENDPOINT": "datastore-endpoint",
	"K3S_DATASTORE_CAFILE": "datastore-cafile", "K3S_DATASTORE_CERTFILE": "datastore-certfile", "K3S_DATASTORE_KEYFILE": "datastore-keyfile",
	"K3S_DEBUG": "debug", "K3S_CONFIG_FILE": "config", "K3S_VPN_AUTH": "vpn-auth", "K3S_VPN_AUTH_FILE": "vpn-auth-file", "K3S_SNAPSHOTTER": "snapshotter",
}

// Get is the value that counts where a flag takes one.
func (s Settings) Get(name string) string {
	if values := s[name]; len(values) > 0 {
		return values[len(values)-1]
	}
	return ""
}

// FromArguments reads the words behind "k3s server".
func FromArguments(words []string) Settings {
	s := Settings{}
	for i := 0; i < len(words); i++ {
		if !strings.HasPrefix(words[i], "-") {
			continue
		}
		name, value, joined := strings.Cut(strings.TrimLeft(words[i], "-"), "=")
		if !joined {
			value = "true"
			if i+1 < len(words) && !strings.HasPrefix(words[i+1], "-") {
				i++
				value = words[i]
			}
		}
		s.add(name, value)
	}
	return s
}

// FromEnvironment reads what k3s does of its environment.
func FromEnvironment(env map[string]string) Settings {
	s := Settings{}
	for _, variable := range slices.Sorted(maps.Keys(env)) {
		if name, ok := environment[variable]; ok && env[variable] != "" {
			s.add(name, env[variable])
		}
	}
	return s
}

// Over are the settings with those of others in place of them where those have a value.
func (s Settings) Over(others ...Settings) Settings {
	all := maps.Clone(s)
	for _, other := range others {
		maps.Copy(all, other)
	}
	return all
}

func (s Settings) add(name, value string) {
	if long, ok := aliases[name]; ok {
		name = long
	}
	s[name] = append(s[name], value)
}

// Normal is the settings in a form in which those that mean the same are equal.
func (s Settings) Normal() Settings {
	normal := Settings{}
	for name, values := range s {
		if slices.Contains(lists, name) {
			values = strings.Split(strings.Join(values, ","), ",")
		} else {
			values = slices.Clone(values)
		}
		if slices.Contains(unordered, name) {
			slices.Sort(values)
			values = slices.Compact(values)
		}
		if !slices.Equal(values, []string{"false"}) && !slices.Equal(values, []string{""}) && !slices.Equal(values, defaults[name]) {
			normal[name] = values
		}
	}
	return normal
}

// defaults are values that k3s has where none is given, and that others write down nevertheless.
var defaults = map[string][]string{
	"data-dir": {"/var/lib/rancher/k3s"}, "config": {ConfigFile}, "https-listen-port": {"6443"}, "cluster-cidr": {"10.42.0.0/16"}, "service-cidr": {"10.43.0.0/16"},
	"cluster-dns": {"10.43.0.10"}, "cluster-domain": {"cluster.local"}, "flannel-backend": {"vxlan"}, "write-kubeconfig": {"/etc/rancher/k3s/k3s.yaml"},
	"write-kubeconfig-mode": {"0600"}, "private-registry": {RegistriesFile},
}

// Differences names the flags whose values differ between the two, sorted, apart from those left out.
func Differences(a, b Settings, except ...string) []string {
	a, b = a.Normal(), b.Normal()
	names := map[string]bool{}
	for name := range a.Over(b) {
		if !slices.Equal(a[name], b[name]) && !slices.Contains(except, name) {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
