package autonomous

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/k3stest"
)

// What k3s-ansible takes, times these, is what the collection may take.
const (
	bringUpTarget  = 0.6
	noChangeTarget = 0.25
)

// BenchmarkThreeServers makes three servers a cluster by the playbook and by the steps of k3s-ansible, on the same machines with empty disks, with the
// same binary, and then runs each again.
func BenchmarkThreeServers(b *testing.B) {
	for b.Loop() {
		w := newWorld(b, "s1", "s2", "s3")
		variables := w.variables(k3stest.Versions[0], nil)
		ours := w.timed(func() { w.apply("autonomous", variables) })
		oursAgain := w.timed(func() { require.Equal(w, 0, w.apply("autonomous", variables).changes()) })
		for _, m := range w.machines {
			require.NoError(w, m.PowerCut(w.Context()))
			require.NoError(w, m.NewDisk())
			require.NoError(w, m.PowerOn(w.Context()))
		}
		require.NoError(w, w.ansible.Disconnect())
		theirs := w.timed(func() { w.peer(variables) })
		theirsAgain := w.timed(func() { w.peer(variables) })
		b.ReportMetric(ours.Seconds(), "s-bring-up")
		b.ReportMetric(theirs.Seconds(), "s-bring-up-of-k3s-ansible")
		b.ReportMetric(oursAgain.Seconds(), "s-no-change")
		b.ReportMetric(theirsAgain.Seconds(), "s-no-change-of-k3s-ansible")
		b.ReportMetric(ours.Seconds()/theirs.Seconds(), "bring-up-ratio")
		b.ReportMetric(oursAgain.Seconds()/theirsAgain.Seconds(), "no-change-ratio")
		b.Logf("bring-up %.0f s to %.0f s: ratio %.2f, target %.2f; without a change %.0f s to %.0f s: ratio %.2f, target %.2f", ours.Seconds(), theirs.Seconds(),
			ours.Seconds()/theirs.Seconds(), bringUpTarget, oursAgain.Seconds(), theirsAgain.Seconds(), oursAgain.Seconds()/theirsAgain.Seconds(), noChangeTarget)
	}
}

func (w *world) timed(do func()) time.Duration {
	begin := time.Now()
	do()
	return time.Since(begin)
}

// peer plays the steps of k3s-ansible.
func (w *world) peer(variables map[string]any) {
	w.Helper()
	playbook, err := os.ReadFile("testdata/peer.yml")
	require.NoError(w, err)
	ctx, cancel := context.WithTimeout(w.Context(), playTimeout)
	defer cancel()
	p := w.prepareText(ctx, string(playbook), variables)
	script, err := os.ReadFile("testdata/install.sh")
	require.NoError(w, err)
	require.NoError(w, os.WriteFile(filepath.Join(p.Dir, "install.sh"), script, 0o600))
	output, err := p.CombinedOutput()
	require.NoError(w, err, string(output))
}

// BenchmarkUpgrade upgrades three servers while somebody asks the API at its virtual address ten times a second.
func BenchmarkUpgrade(b *testing.B) {
	for b.Loop() {
		w := newWorld(b, "s1", "s2", "s3")
		address := w.images()
		w.apply("autonomous", w.variables(k3stest.Versions[0], address))
		api := w.api()
		w.eventually(func(w *world) { assert.NoError(w, api.ask()) }, "the API answers at its virtual address")
		end := api.watch()
		took := w.timed(func() { w.apply("upgrade", w.variables(k3stest.Versions[1], address)) })
		o := end()
		b.ReportMetric(took.Seconds(), "s-upgrade")
		b.ReportMetric(float64(o.asked), "requests")
		b.ReportMetric(float64(o.failed), "failed")
		b.ReportMetric(o.longest.Seconds(), "s-longest-gap")
	}
}
