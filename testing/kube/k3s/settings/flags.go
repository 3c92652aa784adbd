package settings

import (
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

const defaultDataDir = "/var/lib/rancher/k3s"

// Flags are those of k3s server and k3s agent, bound to the settings.
func (s *Settings) Flags() *pflag.FlagSet {
	f := pflag.NewFlagSet("k3s", pflag.ContinueOnError)
	s.common(f)
	if !s.Agent {
		s.cluster(f)
		s.etcd(f)
	}
	ignored(f)
	return f
}

func (s *Settings) common(f *pflag.FlagSet) {
	f.StringP("config", "c", "", "")
	f.StringVarP(&s.DataDir, "data-dir", "d", env("K3S_DATA_DIR", defaultDataDir), "")
	f.StringVarP(&s.Token, "token", "t", env("K3S_TOKEN", ""), "")
	f.StringVar(&s.TokenFile, "token-file", env("K3S_TOKEN_FILE", ""), "")
	f.StringVarP(&s.Server, "server", "s", env("K3S_URL", ""), "")
	f.BoolVar(&s.Debug, "debug", os.Getenv("K3S_DEBUG") == "true", "")
	f.StringVar(&s.BindAddress, "bind-address", "0.0.0.0", "")
	f.StringVar(&s.NodeName, "node-name", env("K3S_NODE_NAME", ""), "")
	f.BoolVar(&s.WithNodeID, "with-node-id", false, "")
	f.StringSliceVarP(&s.NodeIP, "node-ip", "i", nil, "")
	f.StringSliceVar(&s.NodeExternalIP, "node-external-ip", nil, "")
	f.StringArrayVar(&s.NodeLabel, "node-label", nil, "")
	f.StringArrayVar(&s.NodeTaint, "node-taint", nil, "")
	f.StringArrayVar(&s.KubeletArg, "kubelet-arg", nil, "")
	f.StringArrayVar(&s.KubeProxyArg, "kube-proxy-arg", nil, "")
	f.StringVar(&s.PauseImage, "pause-image", "rancher/mirrored-pause:3.6", "")
	f.StringVar(&s.ResolvConf, "resolv-conf", env("K3S_RESOLV_CONF", ""), "")
	f.StringVar(&s.PrivateRegistry, "private-registry", "/etc/rancher/k3s/registries.yaml", "")
	f.StringVar(&s.ContainerRuntimeEndpoint, "container-runtime-endpoint", "", "")
	f.BoolVar(&s.ProtectKernelDefaults, "protect-kernel-defaults", false, "")
	f.BoolVar(&s.SELinux, "selinux", os.Getenv("K3S_SELINUX") == "true", "")
	f.IntVar(&s.LBServerPort, "lb-server-port", 6444, "")
}

func (s *Settings) cluster(f *pflag.FlagSet) {
	f.StringVar(&s.AgentToken, "agent-token", env("K3S_AGENT_TOKEN", ""), "")
	f.StringVar(&s.AgentTokenFile, "agent-token-file", env("K3S_AGENT_TOKEN_FILE", ""), "")
	f.BoolVar(&s.ClusterInit, "cluster-init", os.Getenv("K3S_CLUSTER_INIT") == "true", "")
	f.BoolVar(&s.ClusterReset, "cluster-reset", os.Getenv("K3S_CLUSTER_RESET") == "true", "")
	f.StringVar(&s.ClusterResetRestorePath, "cluster-reset-restore-path", "", "")
	f.StringVar(&s.AdvertiseAddress, "advertise-address", "", "")
	f.IntVar(&s.HTTPSListenPort, "https-listen-port", 6443, "")
	f.StringSliceVar(&s.TLSSAN, "tls-san", nil, "")
	f.StringVarP(&s.WriteKubeconfig, "write-kubeconfig", "o", env("K3S_KUBECONFIG_OUTPUT", "/etc/rancher/k3s/k3s.yaml"), "")
	f.StringVar(&s.WriteKubeconfigMode, "write-kubeconfig-mode", env("K3S_KUBECONFIG_MODE", ""), "")
	f.StringSliceVar(&s.ClusterCIDR, "cluster-cidr", []string{"10.42.0.0/16"}, "")
	f.StringSliceVar(&s.ServiceCIDR, "service-cidr", []string{"10.43.0.0/16"}, "")
	f.StringSliceVar(&s.ClusterDNS, "cluster-dns", []string{"10.43.0.10"}, "")
	f.StringVar(&s.ClusterDomain, "cluster-domain", "cluster.local", "")
	f.StringVar(&s.FlannelBackend, "flannel-backend", "vxlan", "")
	f.BoolVar(&s.FlannelIPv6Masq, "flannel-ipv6-masq", false, "")
	f.BoolVar(&s.FlannelExternalIP, "flannel-external-ip", false, "")
	f.StringVar(&s.EgressSelectorMode, "egress-selector-mode", "agent", "")
	f.BoolVar(&s.EmbeddedRegistry, "embedded-registry", false, "")
	f.BoolVar(&s.SecretsEncryption, "secrets-encryption", false, "")
	f.StringVar(&s.SecretsEncryptionProvider, "secrets-encryption-provider", "aescbc", "")
	f.StringSliceVar(&s.Disable, "disable", nil, "")
	f.BoolVar(&s.DisableCloudController, "disable-cloud-controller", false, "")
	f.BoolVar(&s.DisableHelmController, "disable-helm-controller", false, "")
	f.BoolVar(&s.DisableNetworkPolicy, "disable-network-policy", false, "")
	f.BoolVar(&s.DisableKubeProxy, "disable-kube-proxy", false, "")
	f.BoolVar(&s.DisableAgent, "disable-agent", false, "")
	f.BoolVar(&s.DisableScheduler, "disable-scheduler", false, "")
	f.BoolVar(&s.DisableControllerManager, "disable-controller-manager", false, "")
	f.StringVar(&s.ServiceNodePortRange, "service-node-port-range", "30000-32767", "")
	f.StringVar(&s.DefaultLocalStoragePath, "default-local-storage-path", "", "")
	f.StringArrayVar(&s.KubeAPIServerArg, "kube-apiserver-arg", nil, "")
	f.StringArrayVar(&s.KubeControllerManagerArg, "kube-controller-manager-arg", nil, "")
	f.StringArrayVar(&s.KubeSchedulerArg, "kube-scheduler-arg", nil, "")
}

func (s *Settings) etcd(f *pflag.FlagSet) {
	f.BoolVar(&s.EtcdExposeMetrics, "etcd-expose-metrics", false, "")
	f.StringArrayVar(&s.EtcdArg, "etcd-arg", nil, "")
	f.BoolVar(&s.EtcdDisableSnapshots, "etcd-disable-snapshots", false, "")
	f.BoolVar(&s.EtcdSnapshotCompress, "etcd-snapshot-compress", false, "")
	f.StringVar(&s.EtcdSnapshotDir, "etcd-snapshot-dir", "", "")
	f.StringVar(&s.EtcdSnapshotName, "etcd-snapshot-name", "etcd-snapshot", "")
	f.StringVar(&s.EtcdSnapshotScheduleCron, "etcd-snapshot-schedule-cron", "0 */12 * * *", "")
	f.IntVar(&s.EtcdSnapshotRetention, "etcd-snapshot-retention", 5, "")
	f.BoolVar(&s.EtcdS3, "etcd-s3", false, "")
}

// Flags of k3s that change nothing here.
var (
	ignoredTexts = strings.Fields(`log v vmodule advertise-port datastore-endpoint datastore-cafile datastore-certfile datastore-keyfile
		write-kubeconfig-group helm-job-image kube-cloud-controller-manager-arg system-default-registry default-runtime airgap-extra-registry
		flannel-iface flannel-conf flannel-cni-conf snapshotter node-internal-dns node-external-dns image-service-endpoint
		image-credential-provider-bin-dir image-credential-provider-config nonroot-devices servicelb-namespace tls-san-security
		etcd-s3-endpoint etcd-s3-endpoint-ca etcd-s3-access-key etcd-s3-secret-key etcd-s3-session-token etcd-s3-bucket
		etcd-s3-bucket-lookup-type etcd-s3-region etcd-s3-folder etcd-s3-proxy etcd-s3-config-secret etcd-s3-timeout etcd-s3-retention
		etcd-snapshot-reconcile-interval vpn-auth vpn-auth-file supervisor-metrics-port`)
	ignoredSwitches = strings.Fields(`alsologtostderr docker rootless enable-pprof prefer-bundled-bin supervisor-metrics
		etcd-s3-skip-ssl-verify etcd-s3-insecure disable-apiserver disable-etcd disable-default-registry-endpoint
		kine-tls`)
)

func ignored(f *pflag.FlagSet) {
	for _, name := range ignoredTexts {
		f.StringArray(name, nil, "")
	}
	for _, name := range ignoredSwitches {
		f.Bool(name, false, "")
	}
}

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// serverOnly are settings that a server's config file may hold and that make no sense elsewhere: they are skipped there in silence.
func serverOnly(name string) bool {
	server := Settings{}
	return server.Flags().Lookup(name) != nil
}

// Insert puts the settings of the config file in front of the arguments. What the flags do not know is told to unknown and left out;
// what the command line gives, the file need not.
func Insert(f *pflag.FlagSet, file []string, arguments []string, unknown func(name string)) []string {
	var words []string
	for _, word := range file {
		name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
		flag := f.Lookup(name)
		if flag == nil && len(name) == 1 {
			flag = f.ShorthandLookup(name)
		}
		switch {
		case flag == nil:
			if unknown != nil && !serverOnly(name) {
				unknown(name)
			}
		case !given(arguments, flag):
			words = append(words, word)
		}
	}
	return append(words, arguments...)
}

func given(arguments []string, flag *pflag.Flag) bool {
	return slices.ContainsFunc(arguments, func(word string) bool {
		name, _, _ := strings.Cut(word, "=")
		return name == "--"+flag.Name || flag.Shorthand != "" && name == "-"+flag.Shorthand
	})
}
