package preflight

import (
	"context"
	"errors"
	"time"

	core "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/metal-stack/initial-cluster/internal/cluster"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// isDefault is the annotation of the class that claims without one get (Kubernetes' storage documentation, "Default StorageClass").
const isDefault = "storageclass.kubernetes.io/is-default-class"

// probe is the name of what is made for a proof.
const probe = "initial-cluster-preflight-"

const proofInterval = time.Second

func (p *preflight) storage(ctx context.Context) Check {
	const name = "storage"
	list, err := p.cluster.Typed().StorageV1().StorageClasses().List(ctx, metav1.ListOptions{})
	if err != nil {
		return p.failed(name, err)
	}
	for _, class := range list.Items {
		if class.Name == p.needs.StorageClass || p.needs.StorageClass == "" && class.Annotations[isDefault] == "true" {
			return p.proveStorage(ctx, class)
		}
	}
	if p.needs.StorageClass != "" {
		return ill(name, "create it, or name another", "there is no StorageClass %s", p.needs.StorageClass)
	}
	return ill(name, "mark one (annotation "+isDefault+"=true), or name one in the values of each database", "of %d StorageClasses none is the default", len(list.Items))
}

func (p *preflight) proveStorage(ctx context.Context, class storage.StorageClass) Check {
	const name = "storage"
	if !p.needs.ProveStorage {
		return well(name, "StorageClass %s (%s)", class.Name, class.Provisioner)
	}
	made, err := p.claim(ctx, class.Name)
	if err != nil {
		return p.failed(name, err)
	}
	if late := class.VolumeBindingMode; late != nil && *late == storage.VolumeBindingWaitForFirstConsumer {
		err = p.user(ctx, made)
	}
	claims := p.cluster.Typed().CoreV1().PersistentVolumeClaims(metav1.NamespaceDefault)
	if err == nil {
		err = p.proof(ctx, "a volume of StorageClass "+class.Name, func(ctx context.Context) (bool, string, error) {
			claim, err := claims.Get(ctx, made, metav1.GetOptions{})
			return err == nil && claim.Status.Phase == core.ClaimBound, "claim is pending", err
		})
	}
	if left := p.removeClaim(ctx, made); left != nil {
		return ill(name, "delete the pod and the claim "+made+" in namespace default", "the claim that proved it cannot be removed: %v", p.cluster.Explain(left))
	}
	if err != nil {
		return ill(name, "look at its provisioner", "%v", p.cluster.Explain(err))
	}
	return well(name, "StorageClass %s gave a volume", class.Name)
}

func (p *preflight) claim(ctx context.Context, class string) (string, error) {
	claim := &core.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{GenerateName: probe}, Spec: core.PersistentVolumeClaimSpec{
		StorageClassName: &class, AccessModes: []core.PersistentVolumeAccessMode{core.ReadWriteOnce},
		Resources: core.VolumeResourceRequirements{Requests: core.ResourceList{core.ResourceStorage: resource.MustParse("1Gi")}},
	}}
	made, err := p.cluster.Typed().CoreV1().PersistentVolumeClaims(metav1.NamespaceDefault).Create(ctx, claim, metav1.CreateOptions{FieldManager: cluster.Manager})
	return made.GetName(), err
}

// user makes a pod of the claim's name that wants the volume: a class may give it only to a pod that has a node. The pod need not run, and so
// has an image that nobody pulls.
func (p *preflight) user(ctx context.Context, claim string) error {
	no, yes := false, true
	pod := &core.Pod{ObjectMeta: metav1.ObjectMeta{Name: claim}, Spec: core.PodSpec{
		AutomountServiceAccountToken: &no,
		SecurityContext:              &core.PodSecurityContext{RunAsNonRoot: &yes, SeccompProfile: &core.SeccompProfile{Type: core.SeccompProfileTypeRuntimeDefault}},
		Containers: []core.Container{{
			Name: "proof", Image: "initial-cluster.invalid/proof", ImagePullPolicy: core.PullNever, VolumeMounts: []core.VolumeMount{{Name: "proof", MountPath: "/proof"}},
			SecurityContext: &core.SecurityContext{AllowPrivilegeEscalation: &no, Capabilities: &core.Capabilities{Drop: []core.Capability{"ALL"}}},
		}},
		Volumes: []core.Volume{{Name: "proof", VolumeSource: core.VolumeSource{PersistentVolumeClaim: &core.PersistentVolumeClaimVolumeSource{ClaimName: claim}}}},
	}}
	_, err := p.cluster.Typed().CoreV1().Pods(metav1.NamespaceDefault).Create(ctx, pod, metav1.CreateOptions{FieldManager: cluster.Manager})
	return err
}

func (p *preflight) removeClaim(ctx context.Context, name string) error {
	typed, now := p.cluster.Typed().CoreV1(), int64(0)
	err := takeBack(ctx, func(ctx context.Context) error {
		return typed.Pods(metav1.NamespaceDefault).Delete(ctx, name, metav1.DeleteOptions{GracePeriodSeconds: &now})
	})
	return errors.Join(err, takeBack(ctx, func(ctx context.Context) error {
		return typed.PersistentVolumeClaims(metav1.NamespaceDefault).Delete(ctx, name, metav1.DeleteOptions{})
	}))
}

func (p *preflight) proof(ctx context.Context, what string, look wait.Condition) error {
	return wait.Until(ctx, wait.Options{For: what, Timeout: p.needs.Timeout, Interval: proofInterval}, look)
}

// takeBack removes what a proof made, also when the run was interrupted.
func takeBack(ctx context.Context, remove func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := remove(ctx); err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	return nil
}
