package server

import (
	"fmt"
	"net"
	"reflect"
	"slices"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/settings"
)

// Critical are the settings that all servers of a cluster share, as GET /v1-k3s/config shows them. The tag is the flag that k3s names
// when they differ.
type Critical struct {
	ClusterDNSs              []net.IP     `cli:"cluster-dns"`
	ClusterIPRanges          []*net.IPNet `cli:"cluster-cidr"`
	ClusterDNS               net.IP       `cli:"cluster-dns"`
	ClusterDomain            string       `cli:"cluster-domain"`
	ClusterIPRange           *net.IPNet   `cli:"cluster-cidr"`
	DisableCCM               bool         `cli:"disable-cloud-controller"`
	DisableHelmController    bool         `cli:"disable-helm-controller"`
	DisableNPC               bool         `cli:"disable-network-policy"`
	DisableServiceLB         bool         `cli:"disable-service-lb"`
	EncryptSecrets           bool         `cli:"secrets-encryption"`
	EncryptProvider          string       `cli:"secrets-encryption-provider"`
	EmbeddedRegistry         bool         `cli:"embedded-registry"`
	FlannelBackend           string       `cli:"flannel-backend"`
	FlannelIPv6Masq          bool         `cli:"flannel-ipv6-masq"`
	FlannelExternalIP        bool         `cli:"flannel-external-ip"`
	EgressSelectorMode       string       `cli:"egress-selector-mode"`
	ServiceIPRange           *net.IPNet   `cli:"service-cidr"`
	ServiceIPRanges          []*net.IPNet `cli:"service-cidr"`
	SupervisorPort           int          `cli:"-"`
	HTTPSPort                int          `cli:"-"`
	DisableKubeProxy         bool         `cli:"-"`
	ServerNodeName           string       `cli:"-"`
	DefaultLocalStoragePath  string       `cli:"-"`
	DisableAPIServer         bool         `cli:"-"`
	DisableETCD              bool         `cli:"-"`
	DisableScheduler         bool         `cli:"-"`
	DisableControllerManager bool         `cli:"-"`
}

func critical(s settings.Settings) (Critical, error) {
	c := Critical{
		ClusterDomain: s.ClusterDomain, DisableCCM: s.DisableCloudController, DisableHelmController: s.DisableHelmController,
		DisableNPC: s.DisableNetworkPolicy, DisableServiceLB: slices.Contains(s.Disable, "servicelb"), EncryptSecrets: s.SecretsEncryption,
		EncryptProvider: s.SecretsEncryptionProvider, EmbeddedRegistry: s.EmbeddedRegistry, FlannelBackend: s.FlannelBackend,
		FlannelIPv6Masq: s.FlannelIPv6Masq, FlannelExternalIP: s.FlannelExternalIP, EgressSelectorMode: s.EgressSelectorMode,
		SupervisorPort: s.HTTPSListenPort, HTTPSPort: s.HTTPSListenPort, DisableKubeProxy: s.DisableKubeProxy, ServerNodeName: s.NodeName,
		DefaultLocalStoragePath: s.DefaultLocalStoragePath, DisableScheduler: s.DisableScheduler, DisableControllerManager: s.DisableControllerManager,
	}
	var err error
	if c.ClusterIPRanges, err = ranges("cluster-cidr", s.ClusterCIDR); err != nil {
		return c, err
	}
	if c.ServiceIPRanges, err = ranges("service-cidr", s.ServiceCIDR); err != nil {
		return c, err
	}
	for _, text := range s.ClusterDNS {
		ip := net.ParseIP(text)
		if ip == nil {
			return c, fmt.Errorf("invalid cluster-dns-address: %s", text)
		}
		c.ClusterDNSs = append(c.ClusterDNSs, ip)
	}
	c.ClusterIPRange, c.ServiceIPRange, c.ClusterDNS = c.ClusterIPRanges[0], c.ServiceIPRanges[0], c.ClusterDNSs[0]
	return c, nil
}

func ranges(name string, texts []string) ([]*net.IPNet, error) {
	var found []*net.IPNet
	for _, text := range texts {
		_, network, err := net.ParseCIDR(text)
		if err != nil {
			return nil, fmt.Errorf("invalid %s: %s: %w", name, text, err)
		}
		found = append(found, network)
	}
	return found, nil
}

// Differences names the flags whose values differ, each once.
func (c Critical) Differences(other Critical) []string {
	var flags []string
	ours, theirs := reflect.ValueOf(c), reflect.ValueOf(other)
	for i := range ours.NumField() {
		flag := ours.Type().Field(i).Tag.Get("cli")
		a, b := fmt.Sprint(ours.Field(i).Interface()), fmt.Sprint(theirs.Field(i).Interface())
		if flag != "-" && a != b && !slices.Contains(flags, flag) {
			flags = append(flags, flag)
		}
	}
	return flags
}
