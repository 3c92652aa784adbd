package cluster

import (
	"context"
	"fmt"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// EnsureNamespace creates a namespace that is not there. Credentials that may not create namespaces need not, if it is there.
func (c *Cluster) EnsureNamespace(ctx context.Context, name string) error {
	wanted := &core.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	_, err := c.typed.CoreV1().Namespaces().Create(ctx, wanted, metav1.CreateOptions{FieldManager: Manager})
	if err == nil || apierrors.IsAlreadyExists(err) {
		return nil
	}
	if exists, look := c.HasNamespace(ctx, name); look == nil && exists {
		return nil
	}
	return fmt.Errorf("create namespace %s: %w", name, c.Explain(err))
}

// HasNamespace tells whether a namespace is there.
func (c *Cluster) HasNamespace(ctx context.Context, name string) (bool, error) {
	_, err := c.typed.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("namespace %s: %w", name, c.Explain(err))
	}
	return true, nil
}
