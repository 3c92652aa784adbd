package main

import (
	"context"
	"net/http"
	"slices"

	discovery "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/metal-stack/initial-cluster/internal/cluster"
)

// ingress is what the outside reaches of the clusters: the metal-api's health. No pod of the lab runs anything, so the lab answers in its
// place, as long as an ingress would find somebody to pass the question on to: as long as its Service has a ready endpoint.
func ingress(kubeconfigs func() []string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+healthPath, func(w http.ResponseWriter, r *http.Request) {
		if !slices.ContainsFunc(kubeconfigs(), func(kubeconfig string) bool { return serves(r.Context(), kubeconfig, "metal-api") }) {
			http.Error(w, "503 Service Temporarily Unavailable", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"status": "healthy"}` + "\n")) // a client that is gone has no use for it
	})
	return mux
}

// serves tells whether a Service of any namespace has a ready endpoint. A cluster that cannot be asked serves nothing.
func serves(ctx context.Context, kubeconfig, service string) bool {
	c, err := cluster.Open(cluster.Kubeconfig{File: kubeconfig})
	if err != nil {
		return false
	}
	found, err := c.Typed().DiscoveryV1().EndpointSlices("").List(ctx, metav1.ListOptions{LabelSelector: discovery.LabelServiceName + "=" + service})
	if err != nil {
		return false
	}
	return slices.ContainsFunc(found.Items, func(slice discovery.EndpointSlice) bool {
		return slices.ContainsFunc(slice.Endpoints, func(e discovery.Endpoint) bool { return e.Conditions.Ready != nil && *e.Conditions.Ready })
	})
}

// wayIn leads to the metal-api of a cluster whose pods run: as an ingress would, through the cluster's API.
func wayIn(kubeconfig string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+healthPath, func(w http.ResponseWriter, r *http.Request) {
		text, err := throughAPI(r.Context(), kubeconfig)
		if err != nil {
			http.Error(w, "503 Service Temporarily Unavailable: "+err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text) // a client that is gone has no use for it
	})
	return mux
}

func throughAPI(ctx context.Context, kubeconfig string) ([]byte, error) {
	c, err := cluster.Open(cluster.Kubeconfig{File: kubeconfig})
	if err != nil {
		return nil, err
	}
	return c.Typed().CoreV1().Services("metal-control-plane").ProxyGet("http", "metal-api", "8080", healthPath, nil).DoRaw(ctx)
}
