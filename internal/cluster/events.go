package cluster

import (
	"context"
	"slices"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var (
	podKind   = schema.GroupKind{Kind: "Pod"}
	claimKind = schema.GroupKind{Kind: "PersistentVolumeClaim"}
)

// shownEvents of an object are enough: Kubernetes repeats itself.
const shownEvents = 3

func (c *Cluster) warnings(ctx context.Context, about Ref) []string {
	return c.events(ctx, about, func(e core.Event) bool { return e.Type == core.EventTypeWarning })
}

// events gives the last events about an object, the newest last, each once. Without the permission to read them there are none.
func (c *Cluster) events(ctx context.Context, about Ref, wanted func(core.Event) bool) []string {
	selector := fields.Set{"involvedObject.kind": about.Kind, "involvedObject.name": about.Name}.AsSelector().String()
	list, err := c.typed.CoreV1().Events(about.Namespace).List(ctx, metav1.ListOptions{FieldSelector: selector})
	if err != nil {
		return nil
	}
	found := slices.DeleteFunc(list.Items, func(e core.Event) bool { return !wanted(e) })
	slices.SortStableFunc(found, func(a, b core.Event) int { return seen(a).Compare(seen(b)) })
	var texts []string
	for _, e := range found {
		text := strings.Join(strings.Fields(e.Message), " ")
		texts = append(slices.DeleteFunc(texts, func(t string) bool { return t == text }), text)
	}
	return texts[max(0, len(texts)-shownEvents):]
}

func seen(e core.Event) time.Time {
	if e.Series != nil {
		return e.Series.LastObservedTime.Time
	}
	if !e.LastTimestamp.IsZero() {
		return e.LastTimestamp.Time
	}
	return e.EventTime.Time
}
