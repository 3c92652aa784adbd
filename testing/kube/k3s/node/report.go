package node

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/sirupsen/logrus"
	coordination "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/stamp"
)

// The lease of a node is renewed as often, and lasts as long, as the kubelet's.
const (
	renewEvery   = 10 * time.Second
	leaseSeconds = int32(40)
)

// report stands in for the kubelet: it registers the node as Ready, renews its lease, and says of its pods that they run.
func (a *Agent) report(ctx context.Context) error {
	if err := a.register(ctx); err != nil {
		return err
	}
	go a.runPods(ctx)
	go func() {
		for {
			if err := a.beat(ctx); err != nil {
				logrus.Warnf("Failed to report node %s: %v", a.settings.NodeName, err)
			}
			if !sleep(ctx, renewEvery) {
				return
			}
		}
	}()
	return nil
}

func (a *Agent) register(ctx context.Context) error {
	taints, err := a.taints()
	if err != nil {
		return err
	}
	labels := a.labels()
	for name, value := range map[string]string{
		corev1.LabelHostname: a.settings.NodeName, corev1.LabelArchStable: runtime.GOARCH, corev1.LabelOSStable: runtime.GOOS,
	} {
		labels[name] = value
	}
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: a.settings.NodeName, Labels: labels},
		Spec:       corev1.NodeSpec{Taints: taints, ProviderID: "k3s://" + a.settings.NodeName},
	}
	for {
		_, err := a.kube.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
		if err == nil || apierrors.IsAlreadyExists(err) {
			err = a.status(ctx)
		}
		if err == nil {
			return nil
		}
		logrus.Warnf("Unable to register node %s with API server: %v", a.settings.NodeName, err)
		if !sleep(ctx, time.Second) {
			return ctx.Err()
		}
	}
}

// beat renews the lease, and registers the node again if someone deleted it.
func (a *Agent) beat(ctx context.Context) error {
	node, err := a.kube.CoreV1().Nodes().Get(ctx, a.settings.NodeName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return a.register(ctx)
	}
	if err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
			if err := a.status(ctx); err != nil {
				return err
			}
		}
	}
	return a.renew(ctx)
}

func (a *Agent) renew(ctx context.Context) error {
	leases := a.kube.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	now, seconds := metav1.NowMicro(), leaseSeconds
	spec := coordination.LeaseSpec{HolderIdentity: &a.settings.NodeName, LeaseDurationSeconds: &seconds, RenewTime: &now}
	lease, err := leases.Get(ctx, a.settings.NodeName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = leases.Create(ctx, &coordination.Lease{ObjectMeta: metav1.ObjectMeta{Name: a.settings.NodeName}, Spec: spec}, metav1.CreateOptions{})
		return err
	}
	if err != nil {
		return err
	}
	lease.Spec = spec
	_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	return err
}

func (a *Agent) status(ctx context.Context) error {
	node, err := a.kube.CoreV1().Nodes().Get(ctx, a.settings.NodeName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	var conditions []corev1.NodeCondition
	for _, c := range node.Status.Conditions {
		if c.Type != corev1.NodeReady {
			conditions = append(conditions, c)
		}
	}
	now := metav1.Now()
	node.Status.Conditions = append(conditions, corev1.NodeCondition{
		Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", Message: "kubelet is posting ready status",
		LastHeartbeatTime: now, LastTransitionTime: now,
	})
	node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: a.settings.NodeIP[0]}, {Type: corev1.NodeHostName, Address: a.settings.NodeName}}
	node.Status.Capacity = corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("8"), corev1.ResourceMemory: resource.MustParse("64Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	node.Status.Allocatable = node.Status.Capacity
	node.Status.NodeInfo = corev1.NodeSystemInfo{
		KubeletVersion: stamp.Version(), Architecture: runtime.GOARCH, OperatingSystem: runtime.GOOS, OSImage: "Debian GNU/Linux 12 (bookworm)",
		ContainerRuntimeVersion: "containerd://none",
	}
	_, err = a.kube.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{})
	if apierrors.IsConflict(err) || apierrors.IsForbidden(err) {
		// Others have written the node meanwhile. Where they changed its taints, that looks as if we wanted to change them back.
		return fmt.Errorf("the node has changed meanwhile: %w", err)
	}
	return err
}
