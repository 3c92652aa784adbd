package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// network stands in for flannel with its backend host-gw: pods are at a bridge in the range of their node, and each node has a route to
// the range of each other. Machines of the tests are on one network.
func (a *Agent) network(ctx context.Context) error {
	kube, err := clientset(a.settings.AgentDir("k3scontroller.kubeconfig"))
	if err != nil {
		return err
	}
	configured := ""
	for {
		if configured, err = a.connect(ctx, kube, configured); err != nil {
			logrus.Warnf("network of pods: %v", err)
		}
		if !sleep(ctx, time.Second) {
			return nil
		}
	}
}

// connect makes the routes to the other nodes, and the configuration of the own range if that is another than configured.
func (a *Agent) connect(ctx context.Context, kube *kubernetes.Clientset, configured string) (string, error) {
	nodes, err := kube.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return configured, err
	}
	for _, node := range nodes.Items {
		switch {
		case node.Spec.PodCIDR == "":
		case node.Name != a.settings.NodeName:
			err = errors.Join(err, a.route(node))
		case node.Spec.PodCIDR != configured:
			if err := a.writeCNI(node.Spec.PodCIDR); err != nil {
				return configured, err
			}
			configured = node.Spec.PodCIDR
		}
	}
	return configured, err
}

func (a *Agent) route(node corev1.Node) error {
	for _, address := range node.Status.Addresses {
		if address.Type != corev1.NodeInternalIP {
			continue
		}
		said, err := exec.Command("ip", "route", "replace", node.Spec.PodCIDR, "via", address.Address).CombinedOutput()
		if err != nil {
			return fmt.Errorf("route to %s: %w: %s", node.Name, err, strings.TrimSpace(string(said)))
		}
	}
	return nil
}

func (a *Agent) writeCNI(cidr string) error {
	content, err := json.Marshal(map[string]any{
		"name": "cbr0", "cniVersion": "0.4.0", "plugins": []map[string]any{
			{
				"type": "bridge", "bridge": "cni0", "isDefaultGateway": true, "ipMasq": true, "hairpinMode": true,
				"ipam": map[string]any{"type": "host-local", "ranges": [][]map[string]string{{{"subnet": cidr}}}},
			},
			{"type": "portmap", "capabilities": map[string]bool{"portMappings": true}},
		},
	})
	if err != nil {
		return err
	}
	return write(a.settings.AgentDir("etc", "cni", "net.d", "10-flannel.conflist"), content)
}
