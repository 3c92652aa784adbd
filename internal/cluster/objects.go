package cluster

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// Manager is the name under which fields of objects are owned. It is Helm's own: so a release can go from one to the other.
const Manager = "helm"

// Ref names an object.
type Ref struct {
	schema.GroupKind
	Namespace, Name string
}

// RefOf gives an object's name.
func RefOf(o *unstructured.Unstructured) Ref {
	return Ref{o.GroupVersionKind().GroupKind(), o.GetNamespace(), o.GetName()}
}

func (r Ref) String() string { return r.Kind + " " + r.Name }

// Place gives an object of a namespaced kind the namespace, if it names none, and takes it from the others. It fails where the kind is
// unknown.
func (c *Cluster) Place(o *unstructured.Unstructured, namespace string) error {
	mapping, err := c.mapping(o)
	if err != nil {
		return err
	}
	switch {
	case mapping.Scope.Name() == meta.RESTScopeNameRoot:
		o.SetNamespace("")
	case o.GetNamespace() == "":
		o.SetNamespace(namespace)
	}
	return nil
}

// Get reads an object as it is.
func (c *Cluster) Get(ctx context.Context, o *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	client, err := c.client(o)
	if err != nil {
		return nil, err
	}
	return client.Get(ctx, o.GetName(), metav1.GetOptions{})
}

// Try lets the cluster apply an object without keeping it: defaults, validation, admission and permissions are the real ones.
func (c *Cluster) Try(ctx context.Context, o *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	return c.patch(ctx, o, true)
}

// Apply makes an object what it should be; fields that others have changed are taken back, fields that others own alone stay.
func (c *Cluster) Apply(ctx context.Context, o *unstructured.Unstructured) error {
	_, err := c.patch(ctx, o, false)
	return err
}

func (c *Cluster) patch(ctx context.Context, o *unstructured.Unstructured, dry bool) (*unstructured.Unstructured, error) {
	client, err := c.client(o)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", RefOf(o), err)
	}
	force := true
	options := metav1.PatchOptions{FieldManager: Manager, Force: &force, FieldValidation: metav1.FieldValidationStrict}
	if dry {
		options.DryRun = []string{metav1.DryRunAll}
	}
	return client.Patch(ctx, o.GetName(), types.ApplyPatchType, body, options)
}

// Delete removes an object, and with Foreground what it owns before it. Without it, what it owns stays.
func (c *Cluster) Delete(ctx context.Context, o *unstructured.Unstructured, policy metav1.DeletionPropagation) error {
	client, err := c.client(o)
	if err != nil {
		return err
	}
	return client.Delete(ctx, o.GetName(), metav1.DeleteOptions{PropagationPolicy: &policy})
}

func (c *Cluster) client(o *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	mapping, err := c.mapping(o)
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return c.dynamic.Resource(mapping.Resource), nil
	}
	return c.dynamic.Resource(mapping.Resource).Namespace(o.GetNamespace()), nil
}

func (c *Cluster) mapping(o *unstructured.Unstructured) (*meta.RESTMapping, error) {
	kind := o.GroupVersionKind()
	return c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
}
