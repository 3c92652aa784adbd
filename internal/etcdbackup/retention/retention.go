// Package retention says which backups to keep and why. It is a pure function: it reads no clock and no store, and deletes nothing.
package retention

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Backup is what retention needs to know of one.
type Backup struct {
	Name     string
	Lineage  string // revisions are comparable within one alone
	Revision int64
	Taken    time.Time
	Stored   time.Time
	Bad      string // why it is not good; empty if it is
}

// Policy says how many to keep. The kinds add up: what any of them wants is kept.
type Policy struct {
	Last                           int           // the newest ones
	Hourly, Daily, Weekly, Monthly int           // the newest of so many hours, days, weeks (ISO 8601) and months, in UTC
	MinimumAge                     time.Duration // none younger is ever deleted
}

// Decision is what becomes of a backup.
type Decision struct {
	Backup
	Keep   bool
	Reason string // why it is kept, or why not
}

// skew is how far a clock may be ahead before its backups count as taken in the future. Kubernetes and etcd want clocks within seconds.
const skew = 5 * time.Minute

// ErrEmpty is a policy that wants nothing kept.
var ErrEmpty = errors.New("the policy keeps nothing; say how many to keep (last, hourly, daily, weekly or monthly)")

// Decide decides over all backups of a cluster, in the order newest first within each lineage. The newest good one of each lineage is always
// kept, and so is what is not good, which only people delete.
func Decide(backups []Backup, p Policy, now time.Time) ([]Decision, error) {
	if p.Last < 0 || p.Hourly < 0 || p.Daily < 0 || p.Weekly < 0 || p.Monthly < 0 || p.MinimumAge < 0 {
		return nil, errors.New("the policy has a negative number")
	}
	if p.Last+p.Hourly+p.Daily+p.Weekly+p.Monthly == 0 {
		return nil, ErrEmpty
	}
	sorted := slices.Clone(backups)
	slices.SortFunc(sorted, Newest)
	var decisions []Decision
	var rules []rule
	for i, b := range sorted {
		if i == 0 || b.Lineage != sorted[i-1].Lineage {
			rules = p.rules(now)
		}
		decisions = append(decisions, decide(b, rules))
	}
	return decisions, nil
}

// Newest orders by lineage, then the highest revision first; of equal revisions the one taken later, which clocks can only get wrong then,
// and of the same snapshot the one stored later.
func Newest(a, b Backup) int {
	return cmp.Or(cmp.Compare(a.Lineage, b.Lineage), cmp.Compare(b.Revision, a.Revision), b.Taken.Compare(a.Taken), b.Stored.Compare(a.Stored), cmp.Compare(b.Name, a.Name))
}

// rule says why it wants a backup kept, or nothing. It is asked from the newest on, once for each.
type rule func(Backup) string

// decide asks all rules, since those that count must see every backup.
func decide(b Backup, rules []rule) Decision {
	if b.Bad != "" {
		return Decision{b, true, "not good, for people to look at: " + b.Bad}
	}
	d := Decision{b, false, "no rule wants it"}
	for _, r := range rules {
		if reason := r(b); reason != "" && !d.Keep {
			d.Keep, d.Reason = true, reason
		}
	}
	return d
}

func (p Policy) rules(now time.Time) []rule {
	return []rule{
		first(), future(now), younger(p.MinimumAge, now), last(p.Last),
		newestOf(p.Hourly, now, "hour", func(t time.Time) string { return t.Format("2006-01-02 15:00") }),
		newestOf(p.Daily, now, "day", func(t time.Time) string { return t.Format(time.DateOnly) }),
		newestOf(p.Weekly, now, "week", week),
		newestOf(p.Monthly, now, "month", func(t time.Time) string { return t.Format("2006-01") }),
	}
}

func first() rule {
	seen := false
	return func(Backup) string {
		if seen {
			return ""
		}
		seen = true
		return "the newest good one"
	}
}

// Future tells whether a time is later than clocks may differ.
func Future(taken, now time.Time) bool { return taken.After(now.Add(skew)) }

func future(now time.Time) rule {
	return func(b Backup) string {
		if Future(b.Taken, now) {
			return "taken in the future, so some clock is wrong"
		}
		return ""
	}
}

func younger(age time.Duration, now time.Time) rule {
	return func(b Backup) string {
		if now.Sub(b.Taken) < age {
			return "younger than " + age.String()
		}
		return ""
	}
}

func last(n int) rule {
	seen := 0
	return func(Backup) string {
		if seen++; seen <= n {
			return fmt.Sprintf("one of the last %d", n)
		}
		return ""
	}
}

// newestOf wants the newest of each of n periods that have one. The future fills no period.
func newestOf(n int, now time.Time, unit string, period func(time.Time) string) rule {
	seen := map[string]bool{}
	return func(b Backup) string {
		of := period(b.Taken.UTC())
		if Future(b.Taken, now) || seen[of] || len(seen) == n {
			return ""
		}
		seen[of] = true
		return fmt.Sprintf("the newest of %s %s", unit, of)
	}
}

func week(t time.Time) string {
	year, number := t.ISOWeek()
	return fmt.Sprintf("%d-W%02d", year, number)
}
