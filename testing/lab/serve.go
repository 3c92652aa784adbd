package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/gketest"
	"github.com/metal-stack/initial-cluster/testing/googletest"
)

// daemon is what the serving process tells of itself in daemon.json, once it is ready.
type daemon struct {
	PID     int
	Started time.Time
}

// serve is the process that goes on running: Google, a registry and the way into the clusters, until it is told to end.
func (l lab) serve(ctx context.Context) error {
	if o, found, err := l.lastAutonomous(); found || err != nil {
		return errors.Join(err, l.serveMachines(ctx, o))
	}
	lock, err := l.lock("daemon.lock")
	if err != nil {
		return err
	}
	defer lock.Close()
	servers, err := l.servers(ctx)
	if err == nil {
		err = l.ready(ctx)
	}
	fmt.Println(time.Now().Format(time.RFC3339), "ending")
	return errors.Join(err, os.RemoveAll(l.path("daemon.json")), servers.Close())
}

// ready says that all runs, and waits for the end.
func (l lab) ready(ctx context.Context) error {
	fmt.Println(time.Now().Format(time.RFC3339), "ready")
	content, err := json.Marshal(daemon{PID: os.Getpid(), Started: time.Now()})
	if err == nil {
		err = replace(l.path("daemon.json"), content)
	}
	if err == nil {
		<-ctx.Done()
	}
	return err
}

// servers are closed together, the last one first.
type servers []io.Closer

func (s servers) Close() error {
	var failures error
	for i := len(s) - 1; i >= 0; i-- {
		failures = errors.Join(failures, s[i].Close())
	}
	return failures
}

// servers starts all of them. Those that run are returned with an error, too.
func (l lab) servers(ctx context.Context) (running servers, err error) {
	a, err := l.addresses()
	if err != nil {
		return nil, err
	}
	authority, err := certtest.NewAuthority(filepath.Dir(l.caFile()))
	if err != nil {
		return nil, err
	}
	certificate, err := authority.ServerCertificate()
	if err != nil {
		return nil, err
	}
	google, err := googletest.Start(googletest.Options{Dir: l.path("google"), Certificate: certificate, Listen: a.Google, MetadataListen: a.Metadata})
	if err != nil {
		return nil, err
	}
	running = append(running, google)
	if err := l.deployer(google); err != nil {
		return running, err
	}
	gke, err := gketest.Start(gketest.Options{
		Dir: l.path("gke"), Google: google, Certificate: certificate, CAFile: authority.File(), Listen: a.GKE, HTTPListen: a.Web,
		Kubernetes: l.kube(), Pods: true, OperationTime: l.operationTime,
	})
	if err != nil {
		return running, err
	}
	running = append(running, gke)
	registry, err := l.registry(ctx, authority, certificate, a.Registry)
	if err != nil {
		return running, err
	}
	running = append(running, registry)
	way, err := serveTLS(a.Ingress, certificate, ingress(gke.Kubeconfigs))
	if err != nil {
		return running, err
	}
	return append(running, way), nil
}

// deployer makes the account the playbooks use, with the two roles that Google's documentation asks for, and writes its key file.
func (l lab) deployer(google *googletest.Server) error {
	account, err := google.ServiceAccount(project, "deployer", "roles/container.admin", "roles/iam.serviceAccountUser")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(l.keyFile()), 0o700); err != nil {
		return err
	}
	return replace(l.keyFile(), account.KeyJSON)
}

// replace writes a file that others read only when it is whole.
func replace(path string, content []byte) error {
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
