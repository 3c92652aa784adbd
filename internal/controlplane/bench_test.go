package controlplane

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/cluster"
	"github.com/metal-stack/initial-cluster/testing/kubetest"
)

// readyAfter are the seconds after which pods can be ready first: initialDelaySeconds of the readiness probes in metal-roles 56b5da2 (that of
// Zitadel's chart is a guess) and in metal-stack's chart 0.8.9.
var (
	readyAfter = map[string]any{"ipam-db": 5, "masterdata-db": 5, "zitadel-db": 5, "zitadel": 5, "valkey": 15}
	metalAfter = map[string]any{"ipam": 5, "masterdata-api": 5, "tenant-apiserver": 5, "metal-api": 15, "metal-apiserver": 10}
)

// eight are the components of a control plane, as metal-stack's roles deploy them one after the other.
func (w *world) eight(slow bool) []Component {
	metal := w.metal()
	metal.DependsOn = []string{"metal-db", "ipam-db", "masterdata-db", "nsq"}
	zitadel := w.database("zitadel")
	zitadel.DependsOn = []string{"zitadel-db"}
	all := []Component{w.database("nsq"), w.database("metal-db"), w.database("ipam-db"), w.database("masterdata-db"), w.database("zitadel-db"), zitadel, w.database("valkey"), metal}
	if !slow {
		return all
	}
	for i, c := range all {
		all[i].Values = Merge(c.Values, map[string]any{"readyAfter": readyAfter[c.Name]})
	}
	all[len(all)-1].Values["readyAfter"] = metalAfter
	return all
}

// BenchmarkEightComponents compares one call with a chain of helm upgrade --install --wait, on the same cluster: first with pods that take
// as long as their probes let them, then with pods that are ready at once, where little is left but the hooks' jobs, which Kubernetes
// itself finishes once a second.
func BenchmarkEightComponents(b *testing.B) {
	k := kubetest.Run(b, kubetest.Options{Pods: true, Storage: true})
	c, err := cluster.Open(cluster.Kubeconfig{File: k.Kubeconfig()})
	require.NoError(b, err)
	for _, slow := range []bool{true, false} {
		b.Run(map[bool]string{true: "pods ready as their probes say", false: "pods ready at once"}[slow], func(b *testing.B) {
			var chain, chainAgain, once, onceAgain time.Duration
			for b.Loop() {
				w := &world{TB: b, kubernetes: k, cluster: c, namespace: fmt.Sprintf("bench-%d", namespaces.Add(1))}
				components := w.eight(slow)
				chain += took(func() { w.chain(components) })
				chainAgain += took(func() { w.chain(components) })
				w.namespace = fmt.Sprintf("bench-%d", namespaces.Add(1))
				components = w.eight(slow)
				once += took(func() { w.deploy(components...) })
				onceAgain += took(func() { w.deploy(components...) })
			}
			for unit, total := range map[string]time.Duration{"s/helm": chain, "s/helm-again": chainAgain, "s/one-call": once, "s/one-call-again": onceAgain} {
				b.ReportMetric(total.Seconds()/float64(b.N), unit)
			}
			b.ReportMetric(once.Seconds()/chain.Seconds(), "of-helm")
			b.ReportMetric(onceAgain.Seconds()/chainAgain.Seconds(), "of-helm-again")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func (w *world) chain(all []Component) {
	for _, one := range all {
		w.helm(one, true)
	}
}

func took(work func()) time.Duration {
	begin := time.Now()
	work()
	return time.Since(begin)
}
