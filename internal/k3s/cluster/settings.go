package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
)

// Settings are those that must be the same on all servers (https://docs.k3s.io/cli/server#critical-configuration-values), by the flag's
// name and as text: true or false, lists joined by commas.
type Settings map[string]string

// shared are the settings by flag, with the field of /v1-k3s/config that tells what the server has, and k3s' default.
var shared = []struct{ flag, field, byDefault string }{
	{"cluster-cidr", "ClusterIPRanges", "10.42.0.0/16"},
	{"cluster-dns", "ClusterDNSs", ""}, // the tenth address of service-cidr
	{"cluster-domain", "ClusterDomain", "cluster.local"},
	{"disable-cloud-controller", "DisableCCM", "false"},
	{"disable-helm-controller", "DisableHelmController", "false"},
	{"disable-network-policy", "DisableNPC", "false"},
	{"disable=servicelb", "DisableServiceLB", "false"},
	{"disable-kube-proxy", "DisableKubeProxy", "false"},
	{"egress-selector-mode", "EgressSelectorMode", "agent"},
	{"embedded-registry", "EmbeddedRegistry", "false"},
	{"flannel-backend", "FlannelBackend", "vxlan"},
	{"flannel-external-ip", "FlannelExternalIP", "false"},
	{"flannel-ipv6-masq", "FlannelIPv6Masq", "false"},
	{"secrets-encryption", "EncryptSecrets", "false"},
	{"secrets-encryption-provider", "EncryptProvider", "aescbc"},
	{"service-cidr", "ServiceIPRanges", "10.43.0.0/16"},
}

// Wanted takes the settings out of a server's configuration, as config.yaml has them after its drop-ins, and fills in k3s' defaults.
func Wanted(config map[string]any) Settings {
	wanted := Settings{}
	for _, one := range shared {
		wanted[one.flag] = one.byDefault
		if value, given := config[one.flag]; given {
			wanted[one.flag] = text(value)
		}
	}
	if slices.Contains(strings.Split(text(config["disable"]), ","), "servicelb") {
		wanted["disable=servicelb"] = "true"
	}
	if wanted["cluster-dns"] == "" {
		wanted["cluster-dns"] = dnsOf(wanted["service-cidr"])
	}
	return wanted
}

// text is a value as Settings has it.
func text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case bool:
		return strconv.FormatBool(v)
	case []any:
		var all []string
		for _, one := range v {
			all = append(all, text(one))
		}
		return joined(all)
	}
	return joined(strings.Split(fmt.Sprint(value), ","))
}

func joined(texts []string) string {
	for i := range texts {
		texts[i] = strings.TrimSpace(texts[i])
	}
	return strings.Join(texts, ",")
}

// dnsOf is the address that k3s takes for DNS: the tenth of the Services'.
func dnsOf(ranges string) string {
	var all []string
	for one := range strings.SplitSeq(ranges, ",") {
		_, network, err := net.ParseCIDR(one)
		if err != nil {
			return "" // k3s will say so
		}
		ip := slices.Clone(network.IP)
		ip[len(ip)-1] += 10
		all = append(all, ip.String())
	}
	return joined(all)
}

// Difference is a setting that a server has otherwise than the cluster.
type Difference struct {
	Flag         string // also disable=servicelb, which k3s' journal names disable-service-lb
	Here, Theirs string
}

func (d Difference) String() string {
	return fmt.Sprintf("%s is %s here and %s there", d.Flag, shown(d.Here), shown(d.Theirs))
}

func shown(value string) string {
	if value == "" {
		return "unset"
	}
	return value
}

// Differences are those between what a server is to have and what the cluster has, by flag. Settings of which the server's release tells
// nothing are left out.
func (s Settings) Differences(theirs Settings) []Difference {
	var found []Difference
	for _, flag := range slices.Sorted(maps.Keys(s)) {
		if value, known := theirs[flag]; known && value != s[flag] {
			found = append(found, Difference{flag, s[flag], value})
		}
	}
	return found
}

// lasting are those that a cluster keeps for its life: nodes and Services have addresses of the networks, and switching encryption on or off
// later has cost clusters their Secrets (github.com/k3s-io/k3s issues 4838, 13595, 13598).
var lasting = []string{"cluster-cidr", "cluster-dns", "cluster-domain", "secrets-encryption", "service-cidr"}

// CheckChange tells why a server that runs with settings must not be started with others.
func (s Settings) CheckChange(runs Settings) error {
	found := slices.DeleteFunc(s.Differences(runs), func(d Difference) bool { return !slices.Contains(lasting, d.Flag) })
	if len(found) == 0 {
		return nil
	}
	return fmt.Errorf("refusing to change what a cluster keeps for its life: %s; give the value that is there", list(found))
}

// Settings asks the server for its own. It needs the token of agents, if there is one: then an agent token that differs between servers
// is refused here, as k3s does.
func (c *Cluster) Settings(ctx context.Context) (Settings, error) {
	content, err := c.asAgent(ctx, "/v1-k3s/config")
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	if err := json.Unmarshal(content, &fields); err != nil {
		return nil, fmt.Errorf("%s/v1-k3s/config: no settings: %w", c.url, err)
	}
	found := Settings{}
	for _, one := range shared {
		if value, told := fields[one.field]; told {
			found[one.flag] = fieldText(value)
		}
	}
	return found, nil
}

// fieldText is a field of the answer: networks come as {"IP": ..., "Mask": base64}.
func fieldText(value any) string {
	list, ok := value.([]any)
	if !ok {
		return text(value)
	}
	var all []string
	for _, one := range list {
		all = append(all, networkText(one))
	}
	return joined(all)
}

func networkText(value any) string {
	fields, ok := value.(map[string]any)
	if !ok {
		return text(value)
	}
	content, err := json.Marshal(fields)
	var network net.IPNet
	if err == nil && json.Unmarshal(content, &network) == nil {
		return network.String()
	}
	return text(value)
}
