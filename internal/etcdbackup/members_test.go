package etcdbackup_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/etcdtest"
)

// A member that is cut off from the others while a backup is taken gives one that is whole and has what the cluster had, or none.
func TestAMemberThatIsCutOffLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.etcd = etcdtest.Run(t, etcdtest.Options{Members: 3})
	w.etcd.Fill(t, "key", 200, 200)
	before := w.take(t).Manifest.Name
	for name, pick := range map[string]func(leader int, r *rand.Rand) int{
		"leader cut off while a backup is taken":   func(leader int, _ *rand.Rand) int { return leader },
		"follower cut off while a backup is taken": func(leader int, r *rand.Rand) int { return (leader + 1 + r.IntN(2)) % 3 },
	} {
		c := newCell(name, "folder")
		for seed := range runsOf(t, 2) {
			c.runs++
			random := rand.New(rand.NewPCG(seed, 10))
			w.etcd.Fill(t, "more", 10, 100)
			cut := make(chan func(), 1)
			member, after := pick(max(0, w.etcd.Leader()), random), time.Duration(random.IntN(400))*time.Millisecond
			time.AfterFunc(after, func() { cut <- w.etcd.CutOff(member) })
			outcome, err := w.taker(t).Take(t.Context(), false)
			(<-cut)()
			w.etcd.AllFollow(t)
			var acknowledged []string
			if err == nil && len(outcome.Acknowledged) > 0 {
				acknowledged = []string{outcome.Manifest.Name}
				require.GreaterOrEqual(t, outcome.Manifest.Keys, int64(210))
			}
			verdicts, err := w.reader(t).Verify(t.Context(), "", true)
			c.judge(t, verdicts, err, before, acknowledged)
		}
	}
}
