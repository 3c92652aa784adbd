// Package settings is what k3s server and k3s agent are told, by flags, the environment and config.yaml.
package settings

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Settings of a server or an agent. The names are those of the flags.
type Settings struct {
	Agent bool // run no server

	DataDir, Token, TokenFile, AgentToken, AgentTokenFile, Server string
	ClusterInit, ClusterReset                                     bool
	ClusterResetRestorePath                                       string

	BindAddress, AdvertiseAddress string
	HTTPSListenPort               int
	TLSSAN                        []string
	WriteKubeconfig               string
	WriteKubeconfigMode           string

	ClusterCIDR, ServiceCIDR, ClusterDNS                                        []string
	ClusterDomain, FlannelBackend, EgressSelectorMode                           string
	FlannelIPv6Masq, FlannelExternalIP, EmbeddedRegistry                        bool
	SecretsEncryption                                                           bool
	SecretsEncryptionProvider                                                   string
	DisableCloudController, DisableHelmController, DisableNetworkPolicy         bool
	DisableKubeProxy, DisableAgent, DisableAPIServer, DisableETCD               bool
	DisableScheduler, DisableControllerManager                                  bool
	Disable                                                                     []string
	ServiceNodePortRange, DefaultLocalStoragePath                               string
	EtcdExposeMetrics, EtcdDisableSnapshots, EtcdSnapshotCompress, EtcdS3       bool
	EtcdSnapshotDir, EtcdSnapshotName, EtcdSnapshotScheduleCron                 string
	EtcdSnapshotRetention                                                       int
	EtcdArg, KubeAPIServerArg, KubeControllerManagerArg, KubeSchedulerArg       []string
	NodeName, PauseImage, ResolvConf, PrivateRegistry, ContainerRuntimeEndpoint string
	NodeIP, NodeExternalIP, NodeLabel, NodeTaint, KubeletArg, KubeProxyArg      []string
	WithNodeID, ProtectKernelDefaults, SELinux, Debug                           bool
	LBServerPort                                                                int
}

// Complete fills in what depends on the machine and on other settings, and reads the files that hold tokens.
func (s *Settings) Complete() error {
	if s.NodeName == "" {
		name, err := os.Hostname()
		if err != nil {
			return err
		}
		s.NodeName = name
	}
	s.NodeName = strings.ToLower(s.NodeName)
	if len(s.NodeIP) == 0 {
		ip, err := hostIP()
		if err != nil {
			return err
		}
		s.NodeIP = []string{ip}
	}
	if s.AdvertiseAddress == "" {
		s.AdvertiseAddress = s.NodeIP[0]
	}
	if s.DefaultLocalStoragePath == "" {
		s.DefaultLocalStoragePath = filepath.Join(s.DataDir, "storage")
	}
	if err := fromFile(&s.Token, s.TokenFile); err != nil {
		return err
	}
	return fromFile(&s.AgentToken, s.AgentTokenFile)
}

// tokenFileTimeout is how long k3s waits for the file of --token-file to come.
const tokenFileTimeout = 10 * time.Second

func fromFile(token *string, path string) error {
	if *token != "" || path == "" {
		return nil
	}
	for deadline := time.Now().Add(tokenFileTimeout); ; time.Sleep(100 * time.Millisecond) {
		content, err := os.ReadFile(path)
		if err == nil {
			*token = strings.TrimSpace(string(content))
			return nil
		}
		if !os.IsNotExist(err) || time.Now().After(deadline) {
			return err
		}
	}
}

// hostIP is the address of the interface that holds the default route, or the first that is not loopback.
func hostIP() (string, error) {
	if connection, err := net.Dial("udp", "192.0.2.1:9"); err == nil {
		defer connection.Close()
		return connection.LocalAddr().(*net.UDPAddr).IP.String(), nil
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return "", err
	}
	for _, address := range addresses {
		if ip, ok := address.(*net.IPNet); ok && ip.IP.IsGlobalUnicast() && ip.IP.To4() != nil {
			return ip.IP.String(), nil
		}
	}
	return "", fmt.Errorf("unable to select an IP from default routes")
}

// ServerDir is the folder of the server below the data-dir.
func (s *Settings) ServerDir(names ...string) string {
	return filepath.Join(append([]string{s.DataDir, "server"}, names...)...)
}

// AgentDir is the folder of the agent below the data-dir.
func (s *Settings) AgentDir(names ...string) string {
	return filepath.Join(append([]string{s.DataDir, "agent"}, names...)...)
}

// NodePasswordFile outlives an uninstall: it is not below the data-dir.
const NodePasswordFile = "/etc/rancher/node/password"

// SnapshotDir is where snapshots lie, and whether that is the default, which alone is made when missing.
func (s *Settings) SnapshotDir() (path string, byDefault bool) {
	if s.EtcdSnapshotDir != "" {
		return s.EtcdSnapshotDir, false
	}
	return s.ServerDir("db", "snapshots"), true
}
