package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/k3stest"
	"github.com/metal-stack/initial-cluster/testing/machines"
)

// site is what the serving process of the option autonomous tells: its machines, and where they get k3s.
type site struct {
	Machines   []machineSeen
	Key        string // to log in with
	KnownHosts string
	Releases   string // URL
	Images     string // URL of a registry without TLS, a mirror of all that the lab has
	Address    string // for the API, which no machine has
}

type machineSeen struct{ Name, Address string }

// realReleases is where k3s' own releases are.
const realReleases = "https://github.com"

// serveMachines is the process that goes on running: machines, and a mirror of releases for them, until it is told to end.
func (l lab) serveMachines(ctx context.Context, o autonomous) (err error) {
	lock, err := l.lock("daemon.lock")
	if err != nil {
		return err
	}
	defer lock.Close()
	network, err := machines.Open(ctx, l.path("machines"))
	if err != nil {
		return err
	}
	// The context may have ended, and everything is to go all the same.
	defer func() {
		err = errors.Join(err, os.RemoveAll(l.path("daemon.json")), network.Close(context.WithoutCancel(ctx)))
	}()
	images, running, err := l.machineServers(ctx, network.Gateway().String())
	defer func() { err = errors.Join(err, running.Close()) }()
	if err != nil {
		return err
	}
	s, err := l.makeSite(ctx, network, o)
	if err != nil {
		return err
	}
	s.Images = images
	for name, value := range map[string]any{"site.json": s, "daemon.json": daemon{PID: os.Getpid(), Started: time.Now()}} {
		content, err := json.Marshal(value)
		if err == nil {
			err = replace(l.path(name), content)
		}
		if err != nil {
			return err
		}
	}
	fmt.Println(time.Now().Format(time.RFC3339), "ready")
	<-ctx.Done()
	return nil
}

func (l lab) makeSite(ctx context.Context, network *machines.Network, o autonomous) (site, error) {
	var s site
	releases, err := l.releases(network.Gateway().String(), o)
	if err != nil {
		return s, err
	}
	s.Releases = releases
	address := network.Gateway().As4()
	address[3] = 5
	s.Address = netip.AddrFrom4(address).String()
	for i := range o.nodes {
		m, err := network.Add(ctx, fmt.Sprintf("k3s-%d", i+1))
		if err != nil {
			return s, err
		}
		options := m.Options()
		s.Machines = append(s.Machines, machineSeen{m.Name, options.Host})
		s.Key, s.KnownHosts = options.KeyFile, options.KnownHosts[0]
	}
	return s, nil
}

// machineServers starts the registry, at loopback for who deploys charts and at the machines' network for their images, and the way into the
// cluster. Those that run are returned with an error, too.
func (l lab) machineServers(ctx context.Context, gateway string) (images string, running servers, err error) {
	a, err := l.addresses()
	if err != nil {
		return "", nil, err
	}
	authority, err := certtest.NewAuthority(filepath.Dir(l.caFile()))
	if err != nil {
		return "", nil, err
	}
	certificate, err := authority.ServerCertificate()
	if err != nil {
		return "", nil, err
	}
	registry, err := l.registry(ctx, authority, certificate, a.Registry)
	if err != nil {
		return "", nil, err
	}
	running = append(running, registry)
	listener, err := net.Listen("tcp", net.JoinHostPort(gateway, "0"))
	if err != nil {
		return "", running, err
	}
	go func() { _ = http.Serve(listener, registry.Handler) }() // it ends with the listener
	running = append(running, listener)
	if err := l.pushImages(ctx, listener.Addr().String()); err != nil {
		return "", running, err
	}
	way, err := serveTLS(a.Ingress, certificate, wayIn(l.kubeconfig(autonomousCluster)))
	if err != nil {
		return "", running, err
	}
	return "http://" + listener.Addr().String(), append(running, way), nil
}

// releases serves the k3s of the tests to the machines, or fetches for them k3s' own: they reach nothing but this host.
func (l lab) releases(address string, o autonomous) (string, error) {
	var handler http.Handler = fetcher(realReleases)
	if !o.real {
		built := filepath.Join(l.top, ".cache/kube/k3s")
		paths := map[string]string{}
		for _, version := range k3stest.Versions {
			path, err := k3stest.Release(built, version)
			if err != nil {
				return "", fmt.Errorf("%w; make k3s builds it", err)
			}
			paths[version] = path
		}
		handler = k3stest.MirrorOf(paths)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return "", err
	}
	go func() { _ = http.Serve(listener, handler) }() // it ends with the process
	return "http://" + listener.Addr().String(), nil
}

// fetcher answers with what lies at another place, redirects followed.
func fetcher(from string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, from+r.URL.EscapedPath(), nil)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		w.Header().Set("Content-Length", answer.Header.Get("Content-Length"))
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body) // who asked notices that it is cut
	})
}
