// Kubevip stands in for kube-vip and its cloud provider in the clusters of the tests, whose images are not to be had there: it takes their
// environment and names, elects by the same Leases, and puts the same addresses onto the interface. Which of both it is, its name tells.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	run := manager
	if filepath.Base(os.Args[0]) == "kube-vip-cloud-provider" {
		run = provider
	}
	if err := run(ctx); err != nil {
		slog.Error(err.Error())
		os.Exit(1)
	}
}

// connect reaches the API as a pod does, with the timeout that kube-vip has (pkg/k8s/client.go).
func connect() (*kubernetes.Clientset, error) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, err
	}
	config.Timeout = 10 * time.Second
	return kubernetes.NewForConfig(config)
}

// manager keeps addresses for as long as its node holds their Leases. One that is lost ends it, and the kubelet starts it anew.
func manager(ctx context.Context) error {
	if len(os.Args) != 2 || os.Args[1] != "manager" || os.Getenv("vip_arp") != "true" || os.Getenv("vip_leaderelection") != "true" {
		return fmt.Errorf("%q: only manager is known, with vip_arp and vip_leaderelection", os.Args[1:])
	}
	client, err := connect()
	if err != nil {
		return err
	}
	link, err := findLink(os.Getenv("vip_interface"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended, duties := make(chan error), 0
	start := func(lease string, hold func(context.Context) error) {
		duties++
		go func() {
			ended <- elect(ctx, client, lease, hold)
			cancel()
		}()
	}
	if os.Getenv("cp_enable") == "true" {
		address := os.Getenv("address")
		if err := link.remove(address); err != nil { // of a run that was killed
			return err
		}
		start("vip_leasename", func(ctx context.Context) error { return link.hold(ctx, address) })
	}
	if os.Getenv("svc_enable") == "true" {
		start("svc_leasename", func(ctx context.Context) error { return services(ctx, client, link) })
	}
	for range duties {
		if problem := <-ended; err == nil {
			err = problem
		}
	}
	return err
}
