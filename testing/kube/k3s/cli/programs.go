package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/controlplane"
)

// programs are those that k3s carries.
var programs = map[string]func(arguments []string) int{
	"kubelet":    func(a []string) int { return runPart(kubelet.NewKubeletCommand(context.Background()), a) },
	"kube-proxy": func(a []string) int { return runPart(proxy.NewProxyCommand(), a) },
	"kubectl":    runKubectl,
	"ctr":        func(a []string) int { return runFound("ctr", append([]string{"--address=" + containerdSocket}, a...)) },
	"crictl":     func(a []string) int { return runFound("crictl", a) },
}

const containerdSocket = "/run/k3s/containerd/containerd.sock"

const kubeconfig = "/etc/rancher/k3s/k3s.yaml"

// runKubectl is kubectl with the kubeconfig of the server, unless another is named.
func runKubectl(arguments []string) int {
	if os.Getenv("KUBECONFIG") == "" {
		if file, err := os.Open(kubeconfig); err == nil {
			file.Close()
			os.Setenv("KUBECONFIG", kubeconfig)
		} else if os.IsPermission(err) {
			fmt.Fprintf(os.Stderr, "Unable to read %s, please start server with --write-kubeconfig-mode or --write-kubeconfig-group to modify kube config permissions\n", kubeconfig)
		}
	}
	os.Args = append([]string{"kubectl"}, arguments...)
	return cli.Run(kubectl.NewDefaultKubectlCommand())
}

// runPart runs a part of Kubernetes that k3s starts as a process of its own, and that shows k3s' version.
func runPart(command *cobra.Command, arguments []string) int {
	controlplane.Become(os.Getenv("K3S_PART_VERSION"))
	command.SetArgs(arguments)
	return cli.Run(command)
}

// runFound runs what the machine has of that name: the stand-in carries no copy.
func runFound(name string, arguments []string) int {
	path, err := exec.LookPath(name)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 1
	}
	err = syscall.Exec(path, append([]string{name}, arguments...), os.Environ())
	fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	return 1
}
