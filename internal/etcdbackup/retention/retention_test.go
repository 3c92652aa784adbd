package retention

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// taken is a good backup of so many hours ago, named for it; later ones have higher revisions.
func taken(hours int) Backup {
	return Backup{Name: fmt.Sprintf("%dh", hours), Lineage: "a", Revision: int64(100000 - hours), Taken: now.Add(-time.Duration(hours) * time.Hour)}
}

func kept(t *testing.T, p Policy, backups ...Backup) string {
	t.Helper()
	decisions, err := Decide(backups, p, now)
	require.NoError(t, err)
	var lines []string
	for _, d := range decisions {
		verb := "delete"
		if d.Keep {
			verb = "keep"
		}
		lines = append(lines, fmt.Sprintf("%s %s: %s", verb, d.Name, d.Reason))
	}
	return strings.Join(lines, "\n")
}

func TestEachKindKeepsTheNewestOfItsPeriods(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy  Policy
		backups []Backup
		want    string
	}{
		"the last": {Policy{Last: 2}, []Backup{taken(3), taken(1), taken(2)},
			"keep 1h: the newest good one\nkeep 2h: one of the last 2\ndelete 3h: no rule wants it"},
		"hours": {Policy{Hourly: 2}, []Backup{taken(0), taken(1), taken(2)},
			"keep 0h: the newest good one\nkeep 1h: the newest of hour 2026-11-25 11:00\ndelete 2h: no rule wants it"},
		"days without any are no periods": {Policy{Daily: 2}, []Backup{taken(1), taken(2), taken(100), taken(101), taken(200)},
			"keep 1h: the newest good one\ndelete 2h: no rule wants it\nkeep 100h: the newest of day 2026-11-21\ndelete 101h: no rule wants it\ndelete 200h: no rule wants it"},
		"weeks": {Policy{Weekly: 2}, []Backup{taken(1), taken(24), taken(24 * 7), taken(24 * 14)},
			"keep 1h: the newest good one\ndelete 24h: no rule wants it\nkeep 168h: the newest of week 2026-W47\ndelete 336h: no rule wants it"},
		"months": {Policy{Monthly: 2}, []Backup{taken(1), taken(24 * 26), taken(24 * 60)},
			"keep 1h: the newest good one\nkeep 624h: the newest of month 2026-10\ndelete 1440h: no rule wants it"},
		"young ones": {Policy{Last: 1, MinimumAge: 3 * time.Hour}, []Backup{taken(1), taken(2), taken(3)},
			"keep 1h: the newest good one\nkeep 2h: younger than 3h0m0s\ndelete 3h: no rule wants it"},
		"the future, which fills no hour": {Policy{Hourly: 1}, []Backup{taken(-48), taken(1), taken(2)},
			"keep -48h: the newest good one\nkeep 1h: the newest of hour 2026-11-25 11:00\ndelete 2h: no rule wants it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, kept(t, c.policy, c.backups...))
		})
	}
}

func TestWhatIsNotGoodIsKeptAndCountsForNothing(t *testing.T) {
	t.Parallel()
	bad := taken(1)
	bad.Bad = "its content is damaged"
	assert.Equal(t, "keep 1h: not good, for people to look at: its content is damaged\nkeep 2h: the newest good one\ndelete 3h: no rule wants it",
		kept(t, Policy{Last: 1}, bad, taken(2), taken(3)))
}

func TestLineagesDoNotPushEachOtherOut(t *testing.T) {
	t.Parallel()
	other := taken(1)
	other.Lineage, other.Name = "b", "other"
	assert.Equal(t, "keep 50h: the newest good one\nkeep other: the newest good one", kept(t, Policy{Last: 1}, other, taken(50)))
}

func TestEqualSecondsAreOrderedByRevision(t *testing.T) {
	t.Parallel()
	older, newer := taken(1), taken(1)
	older.Name, older.Revision = "older", 5
	newer.Name, newer.Revision = "newer", 6
	assert.Equal(t, "keep newer: the newest good one\ndelete older: no rule wants it", kept(t, Policy{Last: 1}, older, newer))
}

func TestOfTheSameSnapshotTheOneThatWasStoredLaterIsKept(t *testing.T) {
	t.Parallel()
	without, with := taken(1), taken(1)
	without.Name, without.Stored = "without its token", now
	with.Name, with.Stored = "with it", now.Add(time.Minute)
	assert.Equal(t, "keep with it: the newest good one\ndelete without its token: no rule wants it", kept(t, Policy{Last: 1}, without, with))
}

func TestAPolicyThatKeepsNothingIsRefused(t *testing.T) {
	t.Parallel()
	_, err := Decide([]Backup{taken(1)}, Policy{MinimumAge: time.Hour}, now)
	assert.EqualError(t, err, "the policy keeps nothing; say how many to keep (last, hourly, daily, weekly or monthly)")
	_, err = Decide(nil, Policy{Last: 3, Daily: -1}, now)
	assert.EqualError(t, err, "the policy has a negative number")
	_, err = Decide(nil, Policy{Last: 3, MinimumAge: -time.Second}, now)
	assert.EqualError(t, err, "the policy has a negative number")
}

// Whatever there is and whatever is wanted, these hold.
func TestPromisesOverRandomBackups(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2000) {
		random := rand.New(rand.NewPCG(seed, 1))
		var backups []Backup
		for i := range random.IntN(40) {
			b := taken(random.IntN(5000) - 50)
			b.Name, b.Lineage = fmt.Sprintf("%d", i), string(rune('a'+random.IntN(3)))
			if random.IntN(5) == 0 {
				b.Bad = "bad"
			}
			backups = append(backups, b)
		}
		p := Policy{Last: random.IntN(3), Hourly: random.IntN(3), Daily: 1 + random.IntN(5), Monthly: random.IntN(3), MinimumAge: time.Duration(random.IntN(50)) * time.Hour}
		decisions, err := Decide(backups, p, now)
		require.NoError(t, err)
		require.Len(t, decisions, len(backups))
		goodKept, good := map[string]int{}, map[string]int{}
		for _, d := range decisions {
			require.NotEmpty(t, d.Reason)
			if d.Bad != "" {
				require.True(t, d.Keep, "seed %d: what is not good is never deleted", seed)
				continue
			}
			good[d.Lineage]++
			if d.Keep {
				goodKept[d.Lineage]++
			} else {
				require.Positive(t, goodKept[d.Lineage], "seed %d: nothing is deleted before a newer one is kept", seed)
				require.GreaterOrEqual(t, now.Sub(d.Taken), p.MinimumAge, "seed %d", seed)
			}
		}
		for lineage, n := range good {
			require.GreaterOrEqual(t, goodKept[lineage], min(n, max(1, p.Last)), "seed %d", seed)
		}
	}
}
