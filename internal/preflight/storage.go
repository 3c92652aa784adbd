package preflight

import (
	"context"
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
	late := class.VolumeBindingMode != nil && *class.VolumeBindingMode == storage.VolumeBindingWaitForFirstConsumer
	if !p.needs.ProveStorage || late {
		return well(name, "StorageClass %s (%s)", class.Name, class.Provisioner)
	}
	claims := p.cluster.Typed().CoreV1().PersistentVolumeClaims(metav1.NamespaceDefault)
	made, err := claims.Create(ctx, &core.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{GenerateName: probe}, Spec: core.PersistentVolumeClaimSpec{
		StorageClassName: &class.Name, AccessModes: []core.PersistentVolumeAccessMode{core.ReadWriteOnce},
		Resources: core.VolumeResourceRequirements{Requests: core.ResourceList{core.ResourceStorage: resource.MustParse("1Gi")}},
	}}, metav1.CreateOptions{FieldManager: cluster.Manager})
	if err != nil {
		return p.failed(name, err)
	}
	err = p.proof(ctx, "a volume of StorageClass "+class.Name, func(ctx context.Context) (bool, string, error) {
		claim, err := claims.Get(ctx, made.Name, metav1.GetOptions{})
		return err == nil && claim.Status.Phase == core.ClaimBound, "claim is pending", err
	})
	if left := takeBack(ctx, func(ctx context.Context) error { return claims.Delete(ctx, made.Name, metav1.DeleteOptions{}) }); left != nil {
		return ill(name, "delete the claim "+made.Name+" in namespace default", "the claim that proved it cannot be removed: %v", left)
	}
	if err != nil {
		return ill(name, "look at its provisioner", "%v", err)
	}
	return well(name, "StorageClass %s gave a volume", class.Name)
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

func (p *preflight) loadBalancer(ctx context.Context) Check {
	const name = "load balancing"
	if p.needs.ProveLoadBalancer {
		return p.proveLoadBalancer(ctx)
	}
	list, err := p.cluster.Typed().CoreV1().Services("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return p.failed(name, err)
	}
	for _, service := range list.Items {
		if service.Spec.Type == core.ServiceTypeLoadBalancer && len(service.Status.LoadBalancer.Ingress) > 0 {
			return well(name, "Service %s/%s has %s", service.Namespace, service.Name, address(service))
		}
	}
	return ill(name, "give the cluster a load balancer (of the cloud, MetalLB or kube-vip), or have it proved by a Service", "no Service has an address of a load balancer")
}

func (p *preflight) proveLoadBalancer(ctx context.Context) Check {
	const name = "load balancing"
	services := p.cluster.Typed().CoreV1().Services(metav1.NamespaceDefault)
	made, err := services.Create(ctx, &core.Service{ObjectMeta: metav1.ObjectMeta{GenerateName: probe}, Spec: core.ServiceSpec{
		Type: core.ServiceTypeLoadBalancer, Ports: []core.ServicePort{{Port: 4150}},
	}}, metav1.CreateOptions{FieldManager: cluster.Manager})
	if err != nil {
		return p.failed(name, err)
	}
	got := ""
	err = p.proof(ctx, "an address of a load balancer", func(ctx context.Context) (bool, string, error) {
		service, err := services.Get(ctx, made.Name, metav1.GetOptions{})
		if err == nil && len(service.Status.LoadBalancer.Ingress) > 0 {
			got = address(*service)
		}
		return got != "", "Service has no address", err
	})
	if left := takeBack(ctx, func(ctx context.Context) error { return services.Delete(ctx, made.Name, metav1.DeleteOptions{}) }); left != nil {
		return ill(name, "delete the Service "+made.Name+" in namespace default", "the Service that proved it cannot be removed: %v", left)
	}
	if err != nil {
		return ill(name, "give the cluster a load balancer (of the cloud, MetalLB or kube-vip)", "%v", err)
	}
	return well(name, "a Service got %s", got)
}

func address(s core.Service) string {
	ingress := s.Status.LoadBalancer.Ingress[0]
	if ingress.IP != "" {
		return ingress.IP
	}
	return ingress.Hostname
}
