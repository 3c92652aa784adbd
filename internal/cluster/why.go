package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Reason is why an object is not ready, as far as the cluster tells.
type Reason struct {
	Object    string   // StatefulSet metal-db
	Pod       string   // empty if the object has none
	Container string   // empty if none is the cause
	State     string   // what is wrong, with what to do
	Events    []string // the last warnings, newest last
	Log       []string // the last lines of the container
}

// shownLines of a log are in the one line; all that were read are in Reason.
const shownLines = 3

func (r Reason) String() string {
	var b strings.Builder
	b.WriteString(r.Object)
	if r.Pod != "" {
		b.WriteString(": pod " + r.Pod)
	}
	if r.Container != "" {
		b.WriteString(", container " + r.Container)
	}
	b.WriteString(": " + r.State)
	if len(r.Log) > 0 {
		b.WriteString(" (its log ends with: " + strings.Join(r.Log[max(0, len(r.Log)-shownLines):], " | ") + ")")
	}
	return b.String()
}

// Why looks for the reasons that objects are not ready. It finds at least one for each; what can't be read is a reason, too.
func (c *Cluster) Why(ctx context.Context, states []State) []Reason {
	var reasons []Reason
	for _, s := range states {
		found := c.why(ctx, s)
		for i := range found {
			found[i].Object = s.Ref.String()
		}
		reasons = append(reasons, found...)
	}
	return reasons
}

func (c *Cluster) why(ctx context.Context, s State) []Reason {
	if s.Live == nil {
		return []Reason{{State: s.Text}}
	}
	pods, err := c.podsOf(ctx, s.Live)
	if err != nil {
		return []Reason{{State: s.Text + "; its pods cannot be read: " + c.Explain(err).Error()}}
	}
	var reasons []Reason
	for _, pod := range pods {
		reason, bad := c.podReason(ctx, pod)
		same := func(r Reason) bool { return r.State == reason.State && r.Container == reason.Container }
		if bad && !slices.ContainsFunc(reasons, same) {
			reasons = append(reasons, reason)
		}
	}
	if len(reasons) == 0 {
		reasons = append(reasons, c.withoutPods(ctx, s))
	}
	return reasons
}

// podsOf gives the pods of a workload, the newest first: those of the last change are the ones of interest.
func (c *Cluster) podsOf(ctx context.Context, o *unstructured.Unstructured) ([]*core.Pod, error) {
	if o.GetKind() == "Pod" {
		pod, err := c.typed.CoreV1().Pods(o.GetNamespace()).Get(ctx, o.GetName(), metav1.GetOptions{})
		return []*core.Pod{pod}, err
	}
	labels, found, _ := unstructured.NestedStringMap(o.Object, "spec", "selector", "matchLabels")
	if !found {
		return nil, nil
	}
	list, err := c.typed.CoreV1().Pods(o.GetNamespace()).List(ctx, metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: labels})})
	if err != nil {
		return nil, err
	}
	var pods []*core.Pod
	for i := range list.Items {
		if list.Items[i].DeletionTimestamp == nil {
			pods = append(pods, &list.Items[i])
		}
	}
	slices.SortStableFunc(pods, func(a, b *core.Pod) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	return pods, nil
}

// Restarts counts how often containers of a workload's pods were restarted. Without the permission to read pods it is 0.
func (c *Cluster) Restarts(ctx context.Context, s State) (int, error) {
	if s.Live == nil {
		return 0, nil
	}
	pods, err := c.podsOf(ctx, s.Live)
	if apierrors.IsForbidden(err) {
		return 0, nil
	}
	count := 0
	for _, pod := range pods {
		for _, status := range pod.Status.ContainerStatuses {
			count += int(status.RestartCount)
		}
	}
	return count, err
}

// withoutPods is the reason of an object that has no pods, or none that is at fault: quota, a webhook or a policy refuse them, or it is
// of another kind.
func (c *Cluster) withoutPods(ctx context.Context, s State) Reason {
	r := Reason{State: s.Text}
	for _, o := range c.creators(ctx, s.Live) {
		r.Events = append(r.Events, c.warnings(ctx, o)...)
	}
	if len(r.Events) > 0 {
		r.State += ", " + refusal(r.Events[len(r.Events)-1])
	}
	return r
}

// creators are an object and, of a Deployment, its ReplicaSets: they create the pods and hear why they may not.
func (c *Cluster) creators(ctx context.Context, o *unstructured.Unstructured) []Ref {
	all := []Ref{RefOf(o)}
	labels, found, _ := unstructured.NestedStringMap(o.Object, "spec", "selector", "matchLabels")
	if o.GetKind() != "Deployment" || !found {
		return all
	}
	options := metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: labels})}
	list, err := c.typed.AppsV1().ReplicaSets(o.GetNamespace()).List(ctx, options)
	if err != nil {
		return all
	}
	for _, set := range list.Items {
		all = append(all, Ref{GroupKind: schema.GroupKind{Group: "apps", Kind: "ReplicaSet"}, Namespace: set.Namespace, Name: set.Name})
	}
	return all
}

func refusal(event string) string {
	switch {
	case strings.Contains(event, "exceeded quota"):
		return fmt.Sprintf("pods are refused by a quota (%s); raise it, or lower the component's requests", event)
	case strings.Contains(event, "admission webhook") || strings.Contains(event, "failed calling webhook"):
		return fmt.Sprintf("pods are refused by a webhook (%s); look at what it wants, or whether it runs", event)
	case strings.Contains(event, "violates PodSecurity"):
		return fmt.Sprintf("pods are refused by Pod Security (%s); label the namespace for what the component needs", event)
	}
	return event
}
