// Command k3s_node is the Ansible module metalstack.initial_cluster.k3s_node.
package main

import (
	"context"
	"errors"

	"github.com/metal-stack/initial-cluster/internal/ansible"
)

func main() { ansible.Main(spec, run) }

func run(context.Context, params, ansible.Mode) (ansible.Result, error) {
	return ansible.Result{}, errors.New("k3s_node: it cannot do anything yet")
}
