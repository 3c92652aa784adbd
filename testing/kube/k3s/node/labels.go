package node

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"
)

// labels are those of --node-label, and what the kubelet of any node says of itself.
func (a *Agent) labels() map[string]string {
	labels := map[string]string{"node.kubernetes.io/instance-type": "k3s"}
	for _, text := range a.settings.NodeLabel {
		name, value, _ := strings.Cut(text, "=")
		labels[name] = value
	}
	return labels
}

// taints are those of --node-taint: name=value:effect. They count when the node registers, and not again.
func (a *Agent) taints() ([]corev1.Taint, error) {
	var taints []corev1.Taint
	for _, text := range a.settings.NodeTaint {
		i := strings.LastIndex(text, ":")
		if i < 0 {
			return nil, fmt.Errorf("invalid taint spec: %s", text)
		}
		name, value, _ := strings.Cut(text[:i], "=")
		taints = append(taints, corev1.Taint{Key: name, Value: value, Effect: corev1.TaintEffect(text[i+1:])})
	}
	return taints, nil
}

// setLabels adds the labels to the node, at each start. Those that the settings do not name any more stay.
func (a *Agent) setLabels(ctx context.Context) error {
	if _, err := a.kube.CoreV1().Nodes().Get(ctx, a.settings.NodeName, metav1.GetOptions{}); err != nil {
		return err
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": a.labels(), "annotations": map[string]string{
		"k3s.io/hostname": a.settings.NodeName, "k3s.io/internal-ip": strings.Join(a.settings.NodeIP, ","),
	}}})
	if err != nil {
		return err
	}
	_, err = a.kube.CoreV1().Nodes().Patch(ctx, a.settings.NodeName, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// keepLabels gives them to the node again when it was deleted and has registered anew.
func (a *Agent) keepLabels(ctx context.Context) error {
	for sleep(ctx, 15*time.Second) {
		node, err := a.kube.CoreV1().Nodes().Get(ctx, a.settings.NodeName, metav1.GetOptions{})
		if err == nil && node.Annotations["k3s.io/hostname"] == "" {
			if err := a.setLabels(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func toYAML(value any) ([]byte, error) { return yaml.Marshal(value) }
