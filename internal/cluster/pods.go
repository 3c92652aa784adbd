package cluster

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// podReason tells why a pod is not ready; bad is false if it is.
func (c *Cluster) podReason(ctx context.Context, pod *core.Pod) (reason Reason, bad bool) {
	reason = Reason{Pod: pod.Name, Events: c.warnings(ctx, Ref{GroupKind: podKind, Namespace: pod.Namespace, Name: pod.Name})}
	if text := unscheduled(pod); text != "" {
		reason.State = cmp.Or(c.claimReason(ctx, pod), "cannot be scheduled: "+text)
		return reason, true
	}
	for _, s := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		text, previous := containerReason(pod, s, reason.Events)
		if text == "" {
			continue
		}
		reason.Container, reason.State = s.Name, text
		reason.Log = c.log(ctx, pod, s.Name, previous)
		return reason, true
	}
	if text, container := restartReason(pod); text != "" {
		reason.Container, reason.State, reason.Log = container, text, c.log(ctx, pod, container, true)
		return reason, true
	}
	if pod.Status.Phase == core.PodFailed {
		reason.State = strings.TrimSpace("failed: " + pod.Status.Reason + " " + pod.Status.Message)
		return reason, true
	}
	return reason, false
}

func unscheduled(pod *core.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == core.PodScheduled && condition.Status == core.ConditionFalse {
			return condition.Message
		}
	}
	return ""
}

// containerReason tells why a container is not as it should be, and whether the log of its run before this one tells more.
func containerReason(pod *core.Pod, s core.ContainerStatus, events []string) (text string, previous bool) {
	switch {
	case s.State.Waiting != nil:
		return waiting(pod, s, events)
	case s.State.Terminated != nil && s.State.Terminated.ExitCode != 0:
		return terminated(pod, s.Name, s.State.Terminated), false
	case s.State.Running != nil && !s.Ready && !restarted(pod, s.Name):
		return notReady(s, events), false
	}
	return "", false
}

// restartReason tells why a container that seems well was restarted.
func restartReason(pod *core.Pod) (text, container string) {
	for _, s := range pod.Status.ContainerStatuses {
		if last := s.LastTerminationState.Terminated; last != nil {
			return terminated(pod, s.Name, last) + fmt.Sprintf(", %d restarts", s.RestartCount), s.Name
		}
	}
	return "", ""
}

// restarted tells an init container apart that runs to its end: it is not at fault while it runs.
func restarted(pod *core.Pod, container string) bool {
	return slices.ContainsFunc(pod.Spec.InitContainers, func(c core.Container) bool { return c.Name == container && c.RestartPolicy == nil })
}

func waiting(pod *core.Pod, s core.ContainerStatus, events []string) (text string, previous bool) {
	w, last := s.State.Waiting, s.LastTerminationState.Terminated
	switch w.Reason {
	case "ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull":
		cause := w.Message
		if i := slices.IndexFunc(events, func(e string) bool { return strings.Contains(e, "Failed to pull image") }); i >= 0 {
			cause = events[i]
		}
		return fmt.Sprintf("image %s cannot be pulled (%s: %s); %s", s.Image, w.Reason, cause, pullRemedy(cause)), false
	case "CrashLoopBackOff":
		if last != nil {
			return terminated(pod, s.Name, last) + fmt.Sprintf(", %d restarts", s.RestartCount), true
		}
	case "CreateContainerConfigError", "CreateContainerError":
		return fmt.Sprintf("cannot be created (%s)", cmp.Or(w.Message, w.Reason)), false
	case "PodInitializing":
		return "", false
	}
	if len(events) > 0 {
		return fmt.Sprintf("%s: %s", w.Reason, events[len(events)-1]), false
	}
	return cmp.Or(w.Message, w.Reason), false
}

// pullRemedy tells a registry that refuses from one that a node does not reach, by the words of Go's network and of containerd.
func pullRemedy(cause string) string {
	for _, word := range []string{"dial tcp", "i/o timeout", "no such host", "x509"} {
		if strings.Contains(cause, word) {
			return "look whether the nodes reach the registry and trust it"
		}
	}
	return "correct its name, or give the registry's credentials"
}

func terminated(pod *core.Pod, container string, t *core.ContainerStateTerminated) string {
	if t.Reason == "OOMKilled" {
		return fmt.Sprintf("is out of memory: it was killed at its limit of %s; raise the limit", limit(pod, container))
	}
	return strings.TrimSpace(fmt.Sprintf("ended with exit code %d (%s) %s", t.ExitCode, t.Reason, t.Message))
}

func limit(pod *core.Pod, container string) string {
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		if memory, ok := c.Resources.Limits[core.ResourceMemory]; ok && c.Name == container {
			return memory.String()
		}
	}
	return "the node's memory"
}

func notReady(s core.ContainerStatus, events []string) string {
	for _, event := range slices.Backward(events) {
		if strings.Contains(event, "probe failed") {
			return fmt.Sprintf("runs and its probe fails (%s)", event)
		}
	}
	if s.Started != nil && !*s.Started {
		return "runs and has not started up"
	}
	return "runs and is not ready"
}

// claimReason tells whether a pod waits for storage that nobody gives.
func (c *Cluster) claimReason(ctx context.Context, pod *core.Pod) string {
	for _, volume := range pod.Spec.Volumes {
		if volume.PersistentVolumeClaim == nil {
			continue
		}
		name := volume.PersistentVolumeClaim.ClaimName
		claim, err := c.typed.CoreV1().PersistentVolumeClaims(pod.Namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil || claim.Status.Phase == core.ClaimBound {
			continue
		}
		return fmt.Sprintf("its claim %s is pending: %s", name, c.pendingClaim(ctx, claim))
	}
	return ""
}

func (c *Cluster) pendingClaim(ctx context.Context, claim *core.PersistentVolumeClaim) string {
	if claim.Spec.StorageClassName == nil {
		return "it names no StorageClass and the cluster has no default one; mark one (annotation storageclass.kubernetes.io/is-default-class), or name one in the values"
	}
	class := *claim.Spec.StorageClassName
	if _, err := c.typed.StorageV1().StorageClasses().Get(ctx, class, metav1.GetOptions{}); Missing(err) {
		return fmt.Sprintf("there is no StorageClass %s; create it, or name another in the values", class)
	}
	events := c.events(ctx, Ref{GroupKind: claimKind, Namespace: claim.Namespace, Name: claim.Name}, func(core.Event) bool { return true })
	if len(events) == 0 {
		return fmt.Sprintf("StorageClass %s has not given a volume; look at its provisioner", class)
	}
	return fmt.Sprintf("StorageClass %s has not given a volume (%s); look at its provisioner", class, events[len(events)-1])
}

// logLines is how much of a log is read.
const logLines = 20

// log gives the last lines of a container. None is no reason to complain: a container that never ran has none.
func (c *Cluster) log(ctx context.Context, pod *core.Pod, container string, previous bool) []string {
	lines := int64(logLines)
	stream, err := c.typed.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &core.PodLogOptions{Container: container, TailLines: &lines, Previous: previous}).Stream(ctx)
	if err != nil {
		return nil
	}
	defer stream.Close()
	var log []string
	for scanner := bufio.NewScanner(stream); scanner.Scan() && len(log) < logLines; {
		if line := strings.TrimSpace(scanner.Text()); line != "" {
			log = append(log, line)
		}
	}
	return log
}
