package k3s

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/k3s/settings"
)

// running is all that a start of k3s depends on. What k3s takes up without a start is not in it.
type running struct {
	binary      string // SHA-256
	version     string // for people
	settings    settings.Settings
	registries  string
	environment map[string]string
}

// Parts of it, as people are told.
const (
	partBinary      = "binary"
	partSettings    = "settings"
	partRegistries  = "registries"
	partEnvironment = "environment"
)

// unheeded are settings that need no start: labels and taints are set through the API. With data of etcd a server does not heed how it
// came to its cluster (https://docs.k3s.io/datastore/ha-embedded).
func unheeded(role, data string) []string {
	names := []string{"node-label", "node-taint"}
	if role == "server" && data == etcdData {
		names = append(names, "server", "cluster-init")
	}
	return names
}

// found is what k3s would be started with as the machine is.
func (n *Node) found() running {
	environment := parseEnvironment(n.files[n.system.EnvironmentFile(n.role)].text)
	return running{
		binary: n.binary.sum, version: n.binary.version, settings: withTokens(n.settings, n.given, n.agent, n.password),
		registries: registriesOf(n.files[settings.RegistriesFile].text), environment: foreign(environment),
	}
}

// foreign leaves out of an environment what stands for settings.
func foreign(environment map[string]string) map[string]string {
	left := maps.Clone(environment)
	maps.DeleteFunc(left, func(name, value string) bool { return strings.HasPrefix(name, "K3S_") || value == "" })
	return left
}

// sums are a record of it that tells no secrets. How a server came to its cluster is not in it: that changes with the start itself.
func (r running) sums(role string) map[string]string {
	normal := r.settings.Normal()
	for _, name := range unheeded(role, etcdData) {
		delete(normal, name)
	}
	return map[string]string{partBinary: r.binary, partSettings: sum(normal), partRegistries: sum(r.registries), partEnvironment: sum(r.environment)}
}

func sum(value any) string {
	content, err := json.Marshal(value) // sorts keys
	if err != nil {
		panic(err) // of texts alone
	}
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:])
}

// differences tells in words what differs between what is there and what is wanted.
func (r running) differences(want running, except []string) []string {
	var all []string
	if r.binary != want.binary {
		all = append(all, "k3s "+orNone(r.version)+" becomes "+want.version)
	}
	if names := settings.Differences(r.settings, want.settings, except...); len(names) > 0 {
		all = append(all, strings.Join(names, ", "))
	}
	if r.registries != want.registries {
		all = append(all, partRegistries)
	}
	if !maps.Equal(r.environment, want.environment) {
		all = append(all, partEnvironment)
	}
	return all
}

func orNone(version string) string {
	if version == "" {
		return "of no version"
	}
	return version
}

// stale tells why the running k3s must be started anew: for what differs on disk, and for what a run that did not come to its end has
// changed there already. Empty is that it need not.
func (n *Node) stale(want running, role string) []string {
	reasons := n.found().differences(want, unheeded(role, n.data))
	if n.record == nil || len(reasons) > 0 {
		return reasons
	}
	sums := want.sums(role)
	if n.record.Before != "" && n.record.Before == n.state.Run {
		return []string{"an earlier run has not come to it"}
	}
	for _, part := range slices.Sorted(maps.Keys(sums)) {
		if n.record.Start[part] != sums[part] {
			reasons = append(reasons, part)
		}
	}
	if len(reasons) > 0 && len(n.record.Start) == 0 {
		return []string{"an earlier run has not come to it"}
	}
	return reasons
}
