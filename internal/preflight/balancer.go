package preflight

import (
	"context"

	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/metal-stack/initial-cluster/internal/cluster"
)

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
