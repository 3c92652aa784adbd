package cluster

import (
	"context"
	"fmt"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// State is how far an object is.
type State struct {
	Ref
	Live   *unstructured.Unstructured // nil if it is missing
	Ready  bool
	Failed bool   // it will not become ready by waiting
	Text   string // 1/3 ready
}

func (s State) String() string { return s.Ref.String() + " " + s.Text }

// Ready looks at an object once. An error means that it could not be read.
func (c *Cluster) Ready(ctx context.Context, o *unstructured.Unstructured) (State, error) {
	live, err := c.Get(ctx, o)
	if apierrors.IsNotFound(err) {
		return State{Ref: RefOf(o), Text: "is missing"}, nil
	}
	if err != nil {
		return State{}, err
	}
	return StateOf(live), nil
}

// StateOf judges an object that was read.
func StateOf(live *unstructured.Unstructured) State {
	s := State{Ref: RefOf(live), Live: live}
	switch s.Kind {
	case "Job":
		s.job()
	case "Pod":
		s.pod()
	case "PersistentVolumeClaim":
		// A class may bind when the first pod needs it, which is waited for itself.
		s.Ready, s.Text = true, "is there"
	default:
		s.compute()
	}
	return s
}

func (s *State) compute() {
	result, err := status.Compute(s.Live)
	if err != nil {
		s.Text = err.Error()
		return
	}
	s.Ready, s.Failed, s.Text = result.Status == status.CurrentStatus, result.Status == status.FailedStatus, counts(s.Live)
	if s.Text == "" {
		s.Text = result.Message
	}
}

// counts are the numbers people know from kubectl get.
func counts(live *unstructured.Unstructured) string {
	ready, wanted := "readyReplicas", "replicas"
	if live.GetKind() == "DaemonSet" {
		have, _, _ := unstructured.NestedInt64(live.Object, "status", "numberReady")
		want, _, _ := unstructured.NestedInt64(live.Object, "status", "desiredNumberScheduled")
		return fmt.Sprintf("%d/%d ready", have, want)
	}
	want, found, _ := unstructured.NestedInt64(live.Object, "spec", wanted)
	if !found {
		return ""
	}
	have, _, _ := unstructured.NestedInt64(live.Object, "status", ready)
	if updated, _, _ := unstructured.NestedInt64(live.Object, "status", "updatedReplicas"); updated < want && have >= want {
		return fmt.Sprintf("%d/%d updated", updated, want)
	}
	return fmt.Sprintf("%d/%d ready", have, want)
}

func (s *State) job() {
	s.Text = "is running"
	if suspended, _, _ := unstructured.NestedBool(s.Live.Object, "spec", "suspend"); suspended {
		s.Ready, s.Text = true, "is suspended"
		return
	}
	conditions, _, _ := unstructured.NestedSlice(s.Live.Object, "status", "conditions")
	for _, condition := range conditions {
		c, _ := condition.(map[string]any)
		if c["status"] != "True" {
			continue
		}
		switch c["type"] {
		case "Complete":
			s.Ready, s.Text = true, "is complete"
		case "Failed":
			s.Failed, s.Text = true, fmt.Sprintf("failed (%v: %v)", c["reason"], c["message"])
		}
	}
}

// pod takes one that has done its work for ready, as those of hooks are.
func (s *State) pod() {
	phase, _, _ := unstructured.NestedString(s.Live.Object, "status", "phase")
	switch phase {
	case "Succeeded":
		s.Ready, s.Text = true, "has succeeded"
	case "Failed":
		s.Failed, s.Text = true, "failed"
	default:
		s.compute()
	}
}
