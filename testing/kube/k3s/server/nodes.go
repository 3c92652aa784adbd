package server

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/sirupsen/logrus"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/datastore"
)

func (s *Server) updateNode(ctx context.Context, before, after *corev1.Node) error {
	if reflect.DeepEqual(before, after) {
		return nil
	}
	_, err := s.kube.CoreV1().Nodes().Update(ctx, after, metav1.UpdateOptions{})
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil // the next round sees the new one
	}
	return err
}

// watchNodes removes the members of nodes that are deleted or marked for it, and forgets the passwords of deleted nodes. What fails is
// tried again a second later: the removal of a member can cost the cluster its leader.
func (s *Server) watchNodes(ctx context.Context) {
	factory := informers.NewSharedInformerFactory(s.kube, 0)
	nodes := factory.Core().V1().Nodes()
	_, err := nodes.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{DeleteFunc: func(object any) {
		if node, ok := object.(*corev1.Node); ok {
			if err := s.forgetNodePassword(ctx, node.Name); err != nil {
				logrus.Warnf("Unable to delete the node password of %s: %v", node.Name, err)
			}
		}
	}})
	if err != nil {
		logrus.Errorf("watch nodes: %v", err)
		return
	}
	factory.Start(ctx.Done())
	for {
		all, err := nodes.Lister().List(labels.Everything())
		if err != nil {
			logrus.Errorf("list nodes: %v", err)
		}
		for _, node := range all {
			if err := s.memberOf(ctx, node); err != nil {
				logrus.Errorf("error syncing '%s': handler managed-etcd-controller: %v, requeuing", node.Name, err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
}

// memberOf does for a node with etcd what its deletion or its annotation asks for. Every server tries; removing twice does no harm.
func (s *Server) memberOf(ctx context.Context, node *corev1.Node) error {
	if node.Labels[etcdLabel] == "" || s.store.Alone {
		return nil
	}
	if node.DeletionTimestamp != nil {
		return s.nodeDeleted(ctx, node)
	}
	if node.Annotations[removeAnnotation] != "true" || node.Annotations[removedAnnotation] != "" {
		return nil
	}
	name, address, err := member(node)
	if err != nil {
		return err
	}
	if err := s.store.Remove(ctx, name, address); err != nil {
		return err
	}
	changed := node.DeepCopy()
	changed.Annotations[removedAnnotation] = name
	delete(changed.Annotations, nameAnnotation)
	delete(changed.Annotations, addressAnnotation)
	return s.updateNode(ctx, node, changed)
}

func (s *Server) nodeDeleted(ctx context.Context, node *corev1.Node) error {
	if !slices.Contains(node.Finalizers, finalizer) {
		return nil
	}
	logrus.Infof("Removing etcd member %s from cluster", node.Name)
	if node.Annotations[removedAnnotation] == "" {
		name, address, err := member(node)
		if err != nil {
			return err
		}
		if err := s.store.Remove(ctx, name, address); err != nil {
			return err
		}
	}
	changed := node.DeepCopy()
	changed.Finalizers = slices.DeleteFunc(changed.Finalizers, func(f string) bool { return f == finalizer })
	return s.updateNode(ctx, node, changed)
}

func member(node *corev1.Node) (name, address string, err error) {
	name, address = node.Annotations[nameAnnotation], node.Annotations[addressAnnotation]
	if name == "" {
		return "", "", fmt.Errorf("node name annotation for node %s not found", node.Name)
	}
	if address == "" {
		return "", "", fmt.Errorf("node address annotation for node %s not found", node.Name)
	}
	return name, address, nil
}

// heartbeat is how old the condition of a member may become before it is written again unchanged.
const heartbeat = 5 * time.Minute

// tellStates writes the condition EtcdIsVoter of all nodes that are members.
func (s *Server) tellStates(ctx context.Context) func([]*etcdserverpb.Member, map[string]datastore.State) {
	return func(_ []*etcdserverpb.Member, states map[string]datastore.State) {
		nodes, err := s.kube.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: etcdLabel})
		if err != nil {
			logrus.Errorf("Failed to list nodes for etcd status: %v", err)
			return
		}
		for _, node := range nodes.Items {
			state, known := states[node.Annotations[nameAnnotation]]
			if !known {
				state = datastore.State{Reason: "NotAMember", Message: "Node is not a member of the etcd cluster"}
			}
			if err := s.tell(ctx, &node, state); err != nil {
				logrus.Errorf("Failed to set etcd status of %s: %v", node.Name, err)
			}
		}
	}
}

func (s *Server) tell(ctx context.Context, node *corev1.Node, state datastore.State) error {
	status := corev1.ConditionFalse
	if state.Voter {
		status = corev1.ConditionTrue
	}
	now := metav1.Now()
	condition := corev1.NodeCondition{
		Type: voterCondition, Status: status, Reason: state.Reason, Message: state.Message, LastHeartbeatTime: now, LastTransitionTime: now,
	}
	i := slices.IndexFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool { return c.Type == voterCondition })
	if i < 0 {
		node.Status.Conditions = append(node.Status.Conditions, condition)
	} else {
		old := node.Status.Conditions[i]
		if old.Status == status && old.Reason == state.Reason {
			if time.Since(old.LastHeartbeatTime.Time) < heartbeat {
				return nil
			}
			condition.LastTransitionTime = old.LastTransitionTime
		}
		node.Status.Conditions[i] = condition
	}
	_, err := s.kube.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{})
	if apierrors.IsConflict(err) {
		return nil
	}
	return err
}
