package autonomous

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/metal-stack/initial-cluster/testing/imagetest"
)

// images serves the machines what stands in for kube-vip and its cloud provider, as a mirror of ghcr.io, and gives the variables of addresses.
func (w *world) images() map[string]any {
	w.Helper()
	program := absolute(w.TB, ".cache/kube/kube-vip")
	registry := imagetest.NewRegistry(w.TB, w.network.Gateway().String())
	for _, image := range imagetest.KubeVIP {
		path := "/" + filepath.Base(image.Name)
		layer := filepath.Join(w.TempDir(), "layer.tar")
		require.NoError(w, imagetest.Program(layer, program, path))
		registry.Push(w.TB, strings.TrimPrefix(image.Name, "ghcr.io/"), image.Tag, imagetest.Image{Layer: layer, Entrypoint: []string{path}, Path: "/"})
	}
	return map[string]any{
		"k3s_load_balancer": "kube-vip", "k3s_api_address": w.address(100), "k3s_service_addresses": []string{w.address(104) + "/30"},
		"k3s_registries": map[string]any{"mirrors": map[string]any{"ghcr.io": map[string]any{"endpoint": []string{registry.URL()}}}},
	}
}

// address is one of the network that no machine has.
func (w *world) address(last int) string {
	gateway := w.network.Gateway().As4()
	gateway[3] = byte(last)
	return net.IP(gateway[:]).String()
}

// balanced is a load balancer of one's own before the API of servers, and gives the variables for it: a connection goes to the first server that
// takes it.
func (w *world) balanced(servers ...string) map[string]any {
	w.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(w.network.Gateway().String(), "6443"))
	require.NoError(w, err)
	w.Cleanup(func() { assert.NoError(w, listener.Close()) })
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			go w.forward(in, servers)
		}
	}()
	return map[string]any{"k3s_load_balancer": "external", "k3s_api_address": w.network.Gateway().String()}
}

func (w *world) forward(in net.Conn, servers []string) {
	defer in.Close()
	for _, name := range servers {
		out, err := net.DialTimeout("tcp", net.JoinHostPort(w.machines[name].Options().Host, "6443"), time.Second)
		if err == nil {
			go func() { _, _ = io.Copy(out, in) }() // until one of both closes
			_, _ = io.Copy(in, out)
			_ = out.Close()
			return
		}
	}
}

// api is the cluster's, asked at the address that the kubeconfig has, by a new connection each time.
type api struct {
	url    string
	client *http.Client
}

func (w *world) api() api {
	w.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(w.home, "kubeconfig"))
	require.NoError(w, err)
	secure, err := rest.TLSConfigFor(config)
	require.NoError(w, err)
	return api{config.Host, &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{TLSClientConfig: secure, DisableKeepAlives: true}}}
}

// ask reads an object of the cluster, and says why it cannot.
func (a api) ask() error {
	answer, err := a.client.Get(a.url + "/api/v1/namespaces/kube-system")
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode == http.StatusOK {
		return err
	}
	return errors.New(answer.Status)
}

// holders are the machines that have the address on their interface.
func (w *world) holders(address string, names ...string) (holders []string) {
	w.Helper()
	for _, name := range names {
		if strings.Contains(w.on(name, "ip", "-brief", "address", "show", "dev", "eth0"), " "+address+"/32") {
			holders = append(holders, name)
		}
	}
	return holders
}

// holder is the only one of the machines that has the address. While a Lease passes on it may be none.
func (w *world) holder(address string, names ...string) (holder string) {
	w.Helper()
	w.eventually(func(w *world) {
		holders := w.holders(address, names...)
		require.Len(w, holders, 1)
		holder = holders[0]
	}, "one of "+strings.Join(names, ", ")+" has "+address)
	return holder
}

// moves cuts the power of the server that holds the address of the API. Another one takes it within seconds, and only that.
func (w *world) moves(address string, names ...string) {
	w.Helper()
	api := w.api()
	w.eventually(func(w *world) { assert.NoError(w, api.ask()) }, "the API answers at its virtual address")
	before := w.holder(address, names...)
	require.NoError(w, w.machines[before].PowerCut(w.Context()))
	cut := time.Now()
	w.eventually(func(w *world) { assert.NoError(w, api.ask()) }, "the virtual address moves")
	took := time.Since(cut)
	w.Logf("the API answered at its virtual address %s after the power cut of %s", took.Round(100*time.Millisecond), before)
	assert.Less(w, took, outageLimit, "the Lease ends after five seconds")
	w.holder(address, slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == before })...)
	require.NoError(w, w.machines[before].PowerOn(w.Context()))
	require.NoError(w, w.ansible.Disconnect())
	w.eventually(func(w *world) { assert.Equal(w, "ok", w.kubectl(before, "get", "--raw=/readyz")) }, "the server comes back")
	w.holder(address, names...)
}

// outageLimit bounds how long the API may be away from its virtual address. It usually is for six to twelve seconds.
const outageLimit = time.Minute

// outage is how the API is for somebody who asks it ten times a second.
type outage struct {
	asked, failed int
	longest       time.Duration // from one answer to the next
}

func (o outage) String() string {
	return fmt.Sprintf("%d requests, %d failed, %s from one answer to the next at the longest", o.asked, o.failed, o.longest.Round(100*time.Millisecond))
}

// watch asks until it is told to end.
func (a api) watch() (end func() outage) {
	stop, done := make(chan struct{}), make(chan outage)
	go func() {
		var o outage
		tick, answered := time.NewTicker(100*time.Millisecond), time.Now()
		defer tick.Stop()
		for {
			select {
			case <-stop:
				done <- o
				return
			case <-tick.C:
			}
			o.asked++
			if a.ask() != nil {
				o.failed++
				continue
			}
			o.longest, answered = max(o.longest, time.Since(answered)), time.Now()
		}
	}()
	return func() outage {
		close(stop)
		return <-done
	}
}
