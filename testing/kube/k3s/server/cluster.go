package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

func (s *Server) clientset() (*kubernetes.Clientset, error) {
	config, err := clientcmd.BuildConfigFromFlags("", s.cred("supervisor.kubeconfig"))
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 50, 100
	return kubernetes.NewForConfig(config)
}

// apiservers lists where agents reach the cluster.
func (s *Server) apiservers(w http.ResponseWriter, r *http.Request) {
	if s.kube == nil {
		refuse(w, http.StatusServiceUnavailable, "apiserver not ready")
		return
	}
	slices, err := s.kube.DiscoveryV1().EndpointSlices(metav1.NamespaceDefault).List(r.Context(), metav1.ListOptions{
		LabelSelector: "kubernetes.io/service-name=kubernetes",
	})
	if err != nil {
		hide(w, "apiservers", err)
		return
	}
	addresses := []string{}
	for _, slice := range slices.Items {
		for _, endpoint := range slice.Endpoints {
			for _, address := range endpoint.Addresses {
				addresses = append(addresses, fmt.Sprintf("%s:%d", address, *slice.Ports[0].Port))
			}
		}
	}
	answerJSON(w, addresses)
}

// bootstrapToken knows the tokens of k3s token create.
func (s *Server) bootstrapToken(ctx context.Context, text string) bool {
	id, secret, ok := strings.Cut(text, ".")
	if !ok || s.kube == nil {
		return false
	}
	have, err := s.kube.CoreV1().Secrets(metav1.NamespaceSystem).Get(ctx, "bootstrap-token-"+id, metav1.GetOptions{})
	if err != nil || string(have.Data["token-secret"]) != secret {
		return false
	}
	expires, err := time.Parse(time.RFC3339, string(have.Data["expiration"]))
	return len(have.Data["expiration"]) == 0 || err == nil && time.Now().Before(expires)
}

// own does, as long as the server runs, what k3s' own controllers do.
func (s *Server) own(ctx context.Context) {
	go s.watchNodes(ctx)
	go s.deploy(ctx)
	if !s.store.Alone {
		go s.store.Lead(ctx, s.tellStates(ctx))
	}
	for {
		if err := s.markOwnNode(ctx); err != nil {
			logrus.Warnf("Unable to set control-plane role label: %v", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(2 * time.Second):
		}
	}
}

const (
	nameAnnotation    = "etcd.k3s.cattle.io/node-name"
	addressAnnotation = "etcd.k3s.cattle.io/node-address"
	removeAnnotation  = "etcd.k3s.cattle.io/remove"
	removedAnnotation = "etcd.k3s.cattle.io/removed-node-name"
	etcdLabel         = "node-role.kubernetes.io/etcd"
	finalizer         = "wrangler.cattle.io/managed-etcd-controller"
	voterCondition    = corev1.NodeConditionType("EtcdIsVoter")
)

// markOwnNode gives the server's node the labels of its roles, and tells which member of etcd it is.
func (s *Server) markOwnNode(ctx context.Context) error {
	node, err := s.kube.CoreV1().Nodes().Get(ctx, s.Settings.NodeName, metav1.GetOptions{})
	if err != nil || node.DeletionTimestamp != nil {
		return nil // not registered yet, or any more
	}
	labels := map[string]string{"node-role.kubernetes.io/control-plane": "true"}
	annotations := map[string]string{}
	if s.Settings.SecretsEncryption {
		annotations["k3s.io/encryption-config-hash"] = s.encryptionHash()
	}
	if !s.store.Alone {
		labels[etcdLabel] = "true"
		if node.Annotations[removedAnnotation] != s.store.Name() {
			annotations[nameAnnotation], annotations[addressAnnotation] = s.store.Name(), s.store.Address
		}
	}
	changed := node.DeepCopy()
	merge(&changed.Labels, labels)
	merge(&changed.Annotations, annotations)
	if removed := changed.Annotations[removedAnnotation]; removed != "" && removed != s.store.Name() {
		delete(changed.Annotations, removedAnnotation)
		changed.Annotations[removeAnnotation] = "false"
	}
	if !s.store.Alone && !slices.Contains(changed.Finalizers, finalizer) {
		changed.Finalizers = append(changed.Finalizers, finalizer)
	}
	return s.updateNode(ctx, node, changed)
}

func merge(into *map[string]string, from map[string]string) {
	if *into == nil {
		*into = map[string]string{}
	}
	for key, value := range from {
		(*into)[key] = value
	}
}
