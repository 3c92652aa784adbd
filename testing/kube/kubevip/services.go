package main

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// addressKey is where the cloud provider writes the address of a Service, and kube-vip reads it.
const addressKey = "kube-vip.io/loadbalancerIPs"

const lookInterval = time.Second

// services keeps the addresses of all Services that have one, and says so in their status.
func services(ctx context.Context, client *kubernetes.Clientset, l link) error {
	holds := map[string]context.CancelFunc{}
	ended := make(chan error)
	defer func() {
		for range holds { // their context has ended, too
			if err := <-ended; err != nil {
				slog.Error(err.Error())
			}
		}
	}()
	return each(ctx, client, func(service corev1.Service) error {
		address := service.Annotations[addressKey]
		if address == "" {
			return nil
		}
		if holds[address] == nil {
			ctx, cancel := context.WithCancel(ctx)
			holds[address] = cancel
			go func() { ended <- l.hold(ctx, address) }()
		}
		if len(service.Status.LoadBalancer.Ingress) == 1 && service.Status.LoadBalancer.Ingress[0].IP == address {
			return nil
		}
		service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: address}}
		_, err := client.CoreV1().Services(service.Namespace).UpdateStatus(ctx, &service, metav1.UpdateOptions{})
		return err
	})
}

// provider gives Services addresses of the ConfigMap kubevip.
func provider(ctx context.Context) error {
	client, err := connect()
	if err != nil {
		return err
	}
	return each(ctx, client, func(service corev1.Service) error {
		if service.Annotations[addressKey] != "" {
			return nil
		}
		address, err := free(ctx, client)
		if err != nil {
			return err
		}
		if service.Annotations == nil {
			service.Annotations = map[string]string{}
		}
		service.Annotations[addressKey], service.Spec.LoadBalancerIP = address, address
		_, err = client.CoreV1().Services(service.Namespace).Update(ctx, &service, metav1.UpdateOptions{})
		return err
	})
}

// each looks at the Services of type LoadBalancer again and again.
func each(ctx context.Context, client *kubernetes.Clientset, do func(corev1.Service) error) error {
	for ctx.Err() == nil {
		all, err := client.CoreV1().Services("").List(ctx, metav1.ListOptions{})
		if err != nil {
			slog.Warn(err.Error())
			all = &corev1.ServiceList{}
		}
		for _, service := range all.Items {
			if service.Spec.Type != corev1.ServiceTypeLoadBalancer {
				continue
			}
			if err := do(service); err != nil {
				slog.Warn(err.Error())
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookInterval):
		}
	}
	return nil
}

// free is an address of the first block, or of the first range, that no Service has. A ConfigMap with both means the block alone.
func free(ctx context.Context, client *kubernetes.Clientset) (string, error) {
	config, err := client.CoreV1().ConfigMaps("kube-system").Get(ctx, "kubevip", metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	all, err := client.CoreV1().Services("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", err
	}
	taken := map[string]bool{}
	for _, service := range all.Items {
		taken[service.Annotations[addressKey]] = true
	}
	first, last, err := pool(config.Data)
	for ; err == nil && first.Compare(last) <= 0; first = first.Next() {
		if !taken[first.String()] {
			return first.String(), nil
		}
	}
	return "", err
}

func pool(data map[string]string) (first, last netip.Addr, err error) {
	if cidr, given := data["cidr-global"]; given {
		block, err := netip.ParsePrefix(cidr)
		if err != nil {
			return first, last, err
		}
		first = block.Masked().Addr()
		for last = first; block.Contains(last.Next()); last = last.Next() {
		}
		return first, last, nil
	}
	begin, end, _ := strings.Cut(data["range-global"], "-")
	if first, err = netip.ParseAddr(begin); err == nil {
		last, err = netip.ParseAddr(end)
	}
	return first, last, err
}
