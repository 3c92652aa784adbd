package node

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/sirupsen/logrus"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/payload"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/stamp"
)

// missing names what the machine lacks to run pods. Debian's packages stand for what k3s carries itself. Without an init there is nobody
// who gives k3s a cgroup of its own.
func (a *Agent) missing() string {
	for _, program := range []string{"containerd", "runc", "iptables"} {
		if _, err := exec.LookPath(program); err != nil {
			return program
		}
	}
	if _, err := os.Stat(payload.CNI); err != nil {
		return "CNI plugins"
	}
	if init, err := os.ReadFile("/proc/1/comm"); err != nil || strings.TrimSpace(string(init)) != "systemd" {
		return "init"
	}
	return ""
}

// runKubelet starts containerd, kubelet and kube-proxy, as processes that end with this one.
func (a *Agent) runKubelet(ctx context.Context) error {
	if err := prepareMachine(); err != nil {
		return err
	}
	if err := a.startContainerd(ctx); err != nil {
		return err
	}
	if err := a.writeKubeletConfig(); err != nil {
		return err
	}
	if err := a.startPart("kubelet", a.kubeletArguments()); err != nil {
		return err
	}
	if !a.settings.DisableKubeProxy {
		if err := a.startPart("kube-proxy", a.proxyArguments()); err != nil {
			return err
		}
	}
	for name, run := range map[string]func(context.Context) error{"flannel": a.network, "local-path": a.provision} {
		go func() {
			if err := run(ctx); err != nil {
				logrus.Fatalf("%s exited: %v", name, err)
			}
		}()
	}
	return nil
}

// startPart runs this binary under the name of the part. When the part ends, k3s does.
func (a *Agent) startPart(name string, arguments []string) error {
	command := exec.Command("/proc/self/exe", arguments...)
	command.Args[0] = name
	command.Env = append(os.Environ(), "K3S_PART_VERSION="+stamp.Version())
	logrus.Infof("Running %s %s", name, strings.Join(arguments, " "))
	return start(name, command, os.Stderr)
}

func (a *Agent) kubeletArguments() []string {
	o := a.settings
	arguments := []string{
		"--config=" + o.AgentDir("etc", "kubelet.conf"), "--kubeconfig=" + o.AgentDir("kubelet.kubeconfig"),
		"--hostname-override=" + o.NodeName, "--node-ip=" + strings.Join(o.NodeIP, ","), "--node-labels=" + joinLabels(a.labels()),
		"--root-dir=" + kubeletRoot, "--cert-dir=" + o.AgentDir(),
	}
	if len(o.NodeTaint) > 0 {
		arguments = append(arguments, "--register-with-taints="+strings.Join(o.NodeTaint, ","))
	}
	return append(arguments, dashed(o.KubeletArg)...)
}

const kubeletRoot = "/var/lib/kubelet"

func joinLabels(labels map[string]string) string {
	var words []string
	for name, value := range labels {
		// The kubelet may not give itself the labels of roles; the server does.
		if !strings.HasPrefix(name, "node-role.kubernetes.io/") {
			words = append(words, name+"="+value)
		}
	}
	return strings.Join(words, ",")
}

func dashed(arguments []string) []string {
	var words []string
	for _, argument := range arguments {
		words = append(words, "--"+strings.TrimLeft(argument, "-"))
	}
	return words
}

// writeKubeletConfig writes agent/etc/kubelet.conf. What it relaxes is for machines of the tests, which share a disk and a kernel.
func (a *Agent) writeKubeletConfig() error {
	o := a.settings
	resolver := o.ResolvConf
	if resolver == "" {
		resolver = "/etc/resolv.conf"
	}
	config := map[string]any{
		"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
		"authentication": map[string]any{
			"anonymous": map[string]any{"enabled": false}, "webhook": map[string]any{"enabled": true}, "x509": map[string]any{"clientCAFile": o.AgentDir("client-ca.crt")},
		},
		"authorization": map[string]any{"mode": "Webhook"},
		"tlsCertFile":   o.AgentDir("serving-kubelet.crt"), "tlsPrivateKeyFile": o.AgentDir("serving-kubelet.key"),
		"clusterDNS": a.cluster.ClusterDNSs, "clusterDomain": a.cluster.ClusterDomain, "resolvConf": resolver,
		"containerRuntimeEndpoint": "unix://" + containerdSocket, "staticPodPath": o.AgentDir("pod-manifests"),
		"protectKernelDefaults": o.ProtectKernelDefaults, "healthzBindAddress": "127.0.0.1",
		"failCgroupV1": false, "cgroupDriver": "cgroupfs", "oomScoreAdj": 0, "enforceNodeAllocatable": []string{},
		"evictionHard": map[string]string{"imagefs.available": "1%", "nodefs.available": "1%"}, "failSwapOn": false,
		"localStorageCapacityIsolation": false,
	}
	if err := os.MkdirAll(o.AgentDir("pod-manifests"), 0o700); err != nil {
		return err
	}
	content, err := toYAML(config)
	if err != nil {
		return err
	}
	return write(o.AgentDir("etc", "kubelet.conf"), content)
}

func (a *Agent) proxyArguments() []string {
	o := a.settings
	arguments := []string{
		"--kubeconfig=" + o.AgentDir("kubeproxy.kubeconfig"), "--hostname-override=" + o.NodeName, "--proxy-mode=iptables",
		"--healthz-bind-address=127.0.0.1", "--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0s", "--conntrack-tcp-timeout-close-wait=0s",
	}
	return append(arguments, dashed(o.KubeProxyArg)...)
}

// prepareMachine makes what pods need and a machine of the tests may lack.
func prepareMachine() error {
	for path, value := range map[string]string{"net/ipv4/ip_forward": "1", "net/bridge/bridge-nf-call-iptables": "1"} {
		err := os.WriteFile(filepath.Join("/proc/sys", path), []byte(value), 0o644)
		if err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("sysctl %s: %w", path, err)
		}
	}
	// Mounts of volumes have to reach the pods.
	if err := exec.Command("mount", "--make-rshared", "/").Run(); err != nil {
		return fmt.Errorf("mount --make-rshared /: %w", err)
	}
	return nil
}
