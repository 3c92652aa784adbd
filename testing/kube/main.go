// Kube is the Kubernetes of the lab and of the tests in one binary: etcd, kube-apiserver, kube-controller-manager,
// kube-scheduler and kubectl as their own modules build them. It is the one whose name it is called by; links lead to it.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// kubeVersion in the environment is the version that the servers show, as v1.36.3-gke.1234000.
const kubeVersion = "KUBE_VERSION"

var commands = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllers.NewControllerManagerCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kubectl":                 kubectl.NewDefaultKubectlCommand,
}

func main() {
	name := filepath.Base(os.Args[0])
	if name == "etcd" {
		etcdmain.Main(os.Args)
		return
	}
	command, ok := commands[name]
	if !ok {
		names := append(slices.Sorted(maps.Keys(commands)), "etcd")
		fmt.Fprintf(os.Stderr, "%s: call this binary by a link named %s\n", name, strings.Join(names, ", "))
		os.Exit(2)
	}
	if wanted := os.Getenv(kubeVersion); wanted != "" && name != "kubectl" {
		if err := become(wanted); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %s: %v\n", name, kubeVersion, err)
			os.Exit(2)
		}
	}
	os.Exit(cli.Run(command()))
}
