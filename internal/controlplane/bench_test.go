package controlplane

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/cluster"
	"github.com/metal-stack/initial-cluster/testing/kubetest"
)

// eight are the components of a control plane, as metal-stack's roles deploy them one after the other.
func (w *world) eight() []Component {
	metal := w.metal()
	metal.DependsOn = []string{"metal-db", "ipam-db", "masterdata-db", "nsq"}
	zitadel := w.database("zitadel")
	zitadel.DependsOn = []string{"zitadel-db"}
	return []Component{w.database("nsq"), w.database("metal-db"), w.database("ipam-db"), w.database("masterdata-db"), w.database("zitadel-db"), zitadel, w.database("valkey"), metal}
}

// BenchmarkEightComponents compares one call with a chain of helm upgrade --install --wait, both against KWOK's pods.
func BenchmarkEightComponents(b *testing.B) {
	k := kubetest.Run(b, kubetest.Options{Pods: true, Storage: true})
	c, err := cluster.Open(cluster.Kubeconfig{File: k.Kubeconfig()})
	require.NoError(b, err)
	fresh := func(b *testing.B) *world {
		return &world{TB: b, kubernetes: k, cluster: c, namespace: fmt.Sprintf("bench-%d", namespaces.Add(1))}
	}
	measure := func(name string, before, timed func(*world, []Component)) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				w := fresh(b)
				components := w.eight()
				before(w, components)
				b.StartTimer()
				timed(w, components)
			}
		})
	}
	nothing := func(*world, []Component) {}
	once := func(w *world, all []Component) { w.deploy(all...) }
	chain := func(w *world, all []Component) {
		for _, one := range all {
			w.helm(one, true)
		}
	}
	measure("helm one after the other", nothing, chain)
	measure("one call", nothing, once)
	measure("helm again", chain, chain)
	measure("one call again", once, once)
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	b.Logf("at most %d MB resident, on %d cores", usage.Maxrss>>10, runtime.NumCPU())
}
