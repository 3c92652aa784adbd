package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// provisioner is the name of the local-path provisioner, which k3s runs as a pod. Here each server's agent serves the claims of its own
// node, and those of nodes without a server are served by all servers: a folder is made by the kubelet when the pod starts.
const provisioner = "rancher.io/local-path"

func (a *Agent) provision(ctx context.Context) error {
	if a.settings.Agent {
		return nil
	}
	kube, err := clientset(a.settings.ServerDir("cred", "admin.kubeconfig"))
	if err != nil {
		return err
	}
	for {
		if err := a.provisionAll(ctx, kube); err != nil {
			logrus.Warnf("local-path: %v", err)
		}
		if !sleep(ctx, time.Second) {
			return nil
		}
	}
}

func (a *Agent) provisionAll(ctx context.Context, kube *kubernetes.Clientset) error {
	claims, err := kube.CoreV1().PersistentVolumeClaims(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, claim := range claims.Items {
		node := claim.Annotations["volume.kubernetes.io/selected-node"]
		if claim.Status.Phase != corev1.ClaimPending || node == "" || claim.Annotations["volume.kubernetes.io/storage-provisioner"] != provisioner {
			continue
		}
		_, err := kube.CoreV1().PersistentVolumes().Create(ctx, a.volume(claim, node), metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	return a.release(ctx, kube)
}

func (a *Agent) volume(claim corev1.PersistentVolumeClaim, node string) *corev1.PersistentVolume {
	name, kind := "pvc-"+string(claim.UID), corev1.HostPathDirectoryOrCreate
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{"pv.kubernetes.io/provisioned-by": provisioner}},
		Spec: corev1.PersistentVolumeSpec{
			AccessModes: claim.Spec.AccessModes, Capacity: claim.Spec.Resources.Requests, StorageClassName: *claim.Spec.StorageClassName,
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete, VolumeMode: claim.Spec.VolumeMode,
			ClaimRef: &corev1.ObjectReference{Kind: "PersistentVolumeClaim", APIVersion: "v1", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID},
			PersistentVolumeSource: corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{
				Path: filepath.Join(a.settings.DefaultLocalStoragePath, fmt.Sprintf("%s_%s_%s", name, claim.Namespace, claim.Name)), Type: &kind,
			}},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{node}}},
			}}}},
		},
	}
}

// release removes the volumes of this node whose claims are gone, with what they hold.
func (a *Agent) release(ctx context.Context, kube *kubernetes.Clientset) error {
	volumes, err := kube.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, volume := range volumes.Items {
		if volume.Status.Phase != corev1.VolumeReleased || volume.Annotations["pv.kubernetes.io/provisioned-by"] != provisioner || !a.here(volume) {
			continue
		}
		if err := os.RemoveAll(volume.Spec.HostPath.Path); err != nil {
			return err
		}
		if err := kube.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

func (a *Agent) here(volume corev1.PersistentVolume) bool {
	return volume.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0].Values[0] == a.settings.NodeName
}
