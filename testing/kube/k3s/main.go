// K3s is the k3s of the lab and of the tests: k3s' command line, files, endpoints, journal and exit codes around the real etcd and the
// real Kubernetes. README.md tells what is real in it, what stands in, and what is missing.
package main

import (
	"os"
	"path/filepath"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/cli"
)

func main() {
	os.Exit(cli.Run(filepath.Base(os.Args[0]), os.Args[1:]))
}
