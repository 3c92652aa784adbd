package preflight

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	authorization "k8s.io/api/authorization/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/metal-stack/initial-cluster/internal/cluster"
)

func (p *preflight) version(context.Context) Check {
	const name = "Kubernetes version"
	found, err := p.cluster.Typed().Discovery().ServerVersion()
	if err != nil {
		return p.failed(name, err)
	}
	is := found.GitVersion
	switch {
	case p.needs.MinVersion != "" && less(is, p.needs.MinVersion):
		return ill(name, "upgrade the cluster", "%s is older than %s", is, p.needs.MinVersion)
	case p.needs.MaxVersion != "" && less(p.needs.MaxVersion, is):
		return ill(name, "make the cluster of that version, or wait for a metal-stack that supports this one", "%s is newer than %s", is, p.needs.MaxVersion)
	}
	return well(name, "%s", is)
}

// minor reads the first two numbers of a version.
func minor(version string) (major, minor int, err error) {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) < 2 {
		return 0, 0, fmt.Errorf("version %q has no minor", version)
	}
	if major, err = strconv.Atoi(parts[0]); err == nil {
		minor, err = strconv.Atoi(parts[1])
	}
	return major, minor, err
}

// less compares minors. What can't be read is not less: Invalid tells of it.
func less(a, b string) bool {
	majorA, minorA, errA := minor(a)
	majorB, minorB, errB := minor(b)
	return errA == nil && errB == nil && (majorA < majorB || majorA == majorB && minorA < minorB)
}

// permissions are a few that stand for all: what a deployment needs beyond its namespace is refused by name when it is planned.
func (p *preflight) permissions(ctx context.Context) Check {
	name := "permissions"
	var missing []string
	for _, wanted := range []authorization.ResourceAttributes{
		{Verb: "create", Resource: "namespaces"},
		{Verb: "create", Resource: "secrets", Namespace: p.needs.Namespace},
		{Verb: "patch", Group: "apps", Resource: "deployments", Namespace: p.needs.Namespace},
		{Verb: "patch", Group: "apps", Resource: "statefulsets", Namespace: p.needs.Namespace},
		{Verb: "create", Group: "batch", Resource: "jobs", Namespace: p.needs.Namespace},
		{Verb: "update", Group: "coordination.k8s.io", Resource: "leases", Namespace: p.needs.Namespace},
		{Verb: "patch", Group: "rbac.authorization.k8s.io", Resource: "clusterroles"},
		{Verb: "patch", Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions"},
	} {
		review := &authorization.SelfSubjectAccessReview{Spec: authorization.SelfSubjectAccessReviewSpec{ResourceAttributes: &wanted}}
		answer, err := p.cluster.Typed().AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		if err != nil {
			return p.failed(name, err)
		}
		if !answer.Status.Allowed {
			missing = append(missing, wanted.Verb+" "+strings.TrimSuffix(wanted.Resource+"."+wanted.Group, "."))
		}
	}
	if missing != nil {
		return ill(name, "grant them, as cluster-admin does", "the credentials lack %s", strings.Join(missing, ", "))
	}
	return well(name, "sufficient")
}

// capacity is what nodes that take pods have left beside what pods have asked for.
func (p *preflight) capacity(ctx context.Context) Check {
	const name = "capacity"
	nodes, err := p.cluster.Typed().CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return p.failed(name, err)
	}
	pods, err := p.cluster.Typed().CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "status.phase!=Succeeded,status.phase!=Failed"})
	if err != nil {
		return p.failed(name, err)
	}
	cpu, memory := resource.Quantity{}, resource.Quantity{}
	usable := map[string]bool{}
	for _, node := range nodes.Items {
		if usable[node.Name] = takesPods(node); usable[node.Name] {
			cpu.Add(*node.Status.Allocatable.Cpu())
			memory.Add(*node.Status.Allocatable.Memory())
		}
	}
	for _, pod := range pods.Items {
		for _, c := range pod.Spec.Containers {
			if usable[pod.Spec.NodeName] {
				cpu.Sub(*c.Resources.Requests.Cpu())
				memory.Sub(*c.Resources.Requests.Memory())
			}
		}
	}
	found := fmt.Sprintf("%s CPUs and %s memory are free", cpu.String(), memory.String())
	if short(cpu, p.needs.CPU) || short(memory, p.needs.Memory) {
		return ill(name, "add nodes, or larger ones", "%s, %s and %s are needed", found, p.needs.CPU, p.needs.Memory)
	}
	return well(name, "%s", found)
}

func short(free resource.Quantity, needed string) bool {
	quantity, err := resource.ParseQuantity(needed)
	return err == nil && free.Cmp(quantity) < 0
}

func takesPods(node core.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == core.NodeReady {
			return condition.Status == core.ConditionTrue && !node.Spec.Unschedulable
		}
	}
	return false
}

func (p *preflight) issuer(ctx context.Context) Check {
	name := "certificate issuer " + p.needs.Issuer
	o := &unstructured.Unstructured{}
	o.SetAPIVersion("cert-manager.io/v1")
	o.SetKind("ClusterIssuer")
	o.SetName(p.needs.Issuer)
	live, err := p.cluster.Get(ctx, o)
	switch {
	case cluster.Missing(err):
		return ill(name, "install cert-manager and create this ClusterIssuer", "is not there")
	case err != nil:
		return p.failed(name, err)
	}
	if state := cluster.StateOf(live); !state.Ready {
		return ill(name, "look at its conditions", "is not ready: %s", state.Text)
	}
	return well(name, "is ready")
}
