package main

import (
	"encoding/json"
	"fmt"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

const releases = 30

// BenchmarkThirtyReleases tells how much memory the module takes at most, and how long, to install many releases and to find nothing to do.
func BenchmarkThirtyReleases(b *testing.B) {
	shared := newWorld(b)
	for b.Loop() {
		arguments := shared.fresh("many").many(b)
		memory, seconds := cost(b, arguments)
		b.ReportMetric(memory, "MB")
		b.ReportMetric(seconds, "s")
		memory, seconds = cost(b, arguments)
		b.ReportMetric(memory, "MB-again")
		b.ReportMetric(seconds, "s-again")
		b.ReportMetric(0, "ns/op")
	}
}

// many are control planes and databases, from the registry.
func (w *world) many(b *testing.B) string {
	var components []any
	for i := range releases {
		chart := []string{"database", "metal-control-plane"}[i%2]
		components = append(components, map[string]any{
			"name": fmt.Sprintf("%s-%d", chart, i), "namespace": fmt.Sprintf("%s-%d", w.namespace, i),
			"chart":  map[string]any{"ref": "oci://" + w.registry.Host() + "/metal-stack/" + chart + ":" + versions[chart], "username": "puller", "password": "registry-secret-1", "ca_file": w.registry.CAFile()},
			"values": map[string]any{"metal_api": map[string]any{"view_key": "view-key-secret"}, "password": "correct horse battery"},
		})
	}
	text, err := json.Marshal(map[string]any{"kubeconfig": w.kubernetes.Kubeconfig(), "components": components})
	require.NoError(b, err)
	return string(text)
}

var versions = map[string]string{"database": "1.0.0", "metal-control-plane": "0.8.8"}

func cost(b *testing.B, arguments string) (megabytes, seconds float64) {
	b.Helper()
	command, out := module(arguments)
	begin := b.Elapsed()
	require.NoError(b, command.Run(), out)
	return float64(command.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024, (b.Elapsed() - begin).Seconds()
}
