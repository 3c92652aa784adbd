package etcdbackup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/retention"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// Round is one run of a schedule on one of several servers: it takes a backup unless another server did, deletes what is not to be kept, and
// restores one for a try when that is due.
type Round struct {
	Taker
	Who    string            // this server, as the others are told
	Policy *retention.Policy // nil deletes nothing
	Drill  bool              // one is due
}

// The steps of a round, as failures are told.
const (
	Taking   = "backup"
	Pruning  = "prune"
	Drilling = "drill"
	Listing  = "list"
)

// Rounded is what a round came to.
type Rounded struct {
	Outcome
	Deleted  int              // backups, of all stores
	Failures map[string]error // by the step
	Stores   []Stock
}

// Stock is what a store has after a round.
type Stock struct {
	Store   string
	Unknown bool   // it could not be listed
	Newest  Backup // the good one; empty if there is none
	Good    int
	Bad     int
	Drilled error // why a drill failed; meant only where one was due
}

// Do does the round. Each step is tried whatever became of the others, but nothing is deleted where no backup was acknowledged.
func (r Round) Do(ctx context.Context) Rounded {
	rounded := Rounded{Failures: map[string]error{}}
	fail := func(step string, err error) {
		if err != nil {
			rounded.Failures[step] = errors.Join(rounded.Failures[step], err)
		}
	}
	var err error
	rounded.Outcome, err = r.take(ctx)
	fail(Taking, err)
	for _, v := range r.Vaults {
		if r.Policy != nil && slices.Contains(rounded.Acknowledged, v.Store.String()) {
			pruned, err := v.Prune(ctx, *r.Policy, r.Now(), false)
			rounded.Deleted += len(pruned.Deleted)
			rounded.Warnings = append(rounded.Warnings, pruned.Warnings...)
			fail(Pruning, err)
		}
		stock, err := r.stock(ctx, v)
		fail(Listing, err)
		if r.Drill {
			var drilled Drilled
			drilled, stock.Drilled = v.Drill(ctx, "", r.Work, r.Examiner)
			rounded.Warnings = append(rounded.Warnings, drilled.Passed...)
			fail(Drilling, stock.Drilled)
		}
		rounded.Stores = append(rounded.Stores, stock)
	}
	return rounded
}

// take takes a backup when none is young enough, also not after another server has ended that was taking one. A store that is away has one
// server take a backup into the others, and not each of them.
func (r Round) take(ctx context.Context) (Outcome, error) {
	r.away = true
	outcome, err := r.Take(ctx, true)
	if err != nil || outcome.Recent != "" {
		return outcome, err
	}
	end := func() error { return nil }
	var waited *wait.GaveUp
	if r.Origin.Etcd != nil {
		began, err := r.Origin.Etcd.Alone(ctx, r.Who, life)
		switch {
		case err == nil:
			end = began
		case errors.As(err, &waited):
			return outcome, err
		}
		if err != nil { // as where etcd has no space left; two backups at a time do no harm, and none does
			outcome.Warnings = append(outcome.Warnings, fmt.Sprintf("other servers may take one at the same time: %v", err))
		}
	}
	warnings := outcome.Warnings
	outcome, err = r.Take(ctx, false)
	if problem := end(); problem != nil { // it ends by itself, and what became of the backup is another matter
		warnings = append(warnings, fmt.Sprintf("other servers wait for the end of this backup for up to %s more: %v", life, problem))
	}
	outcome.Warnings = append(warnings, outcome.Warnings...)
	slices.Sort(outcome.Warnings)
	outcome.Warnings = slices.Compact(outcome.Warnings)
	return outcome, err
}

// life is how long others wait for a server that is gone. A scratch etcd of a drill, whose lease this is, too, has seen all of its keys long
// before.
const life = 2 * time.Minute

func (r Round) stock(ctx context.Context, v Vault) (Stock, error) {
	stock := Stock{Store: v.Store.String()}
	backups, err := v.List(ctx)
	if err != nil {
		stock.Unknown = true
		return stock, err
	}
	for _, b := range backups {
		switch {
		case b.Interrupted:
		case b.Bad != "":
			stock.Bad++
		default:
			stock.Good++
		}
	}
	if newest := firstGood(backups); newest != nil {
		stock.Newest = *newest
	}
	return stock, nil
}

// Failed is all that failed, as one error of one line.
func (r Rounded) Failed() error {
	var failures []string
	for _, step := range []string{Taking, Pruning, Drilling, Listing} {
		if err := r.Failures[step]; err != nil {
			failures = append(failures, step+": "+strings.ReplaceAll(err.Error(), "\n", "; "))
		}
	}
	if failures == nil {
		return nil
	}
	return errors.New(strings.Join(failures, "; "))
}

// String is what was done where nothing failed, in one line.
func (r Rounded) String() string {
	done := "backup " + r.Recent + " is enough"
	if m := r.Manifest; len(r.Acknowledged) > 0 {
		done = fmt.Sprintf("backup %s of revision %d with %d keys (%d KiB) is in %s", m.Name, m.Revision, m.Keys, m.Content.Size>>10, strings.Join(r.Acknowledged, ", "))
	}
	if r.Deleted > 0 {
		done += fmt.Sprintf("; deleted %d", r.Deleted)
	}
	return strings.Join(append([]string{done}, r.Warnings...), "; ")
}
