package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup"
)

func (w *wanted) work() etcdbackup.Work { return etcdbackup.Work{Dir: w.WorkDir} }

func (w *wanted) taker(ctx context.Context) (etcdbackup.Taker, error) {
	origin, err := w.origin(ctx)
	ansible.Conceal(ctx, origin.Token)
	return etcdbackup.Taker{
		Origin: origin, Vaults: w.vaults, Keys: w.keys, Work: w.work(), Examiner: examiner,
		MaxAge: time.Duration(w.MaxAge) * time.Second, AcceptLineage: w.AcceptLineage, Now: time.Now,
	}, err
}

func present(ctx context.Context, w *wanted, mode ansible.Mode) (result ansible.Result, err error) {
	taker, err := w.taker(ctx)
	if err != nil {
		return result, err
	}
	outcome, err := taker.Take(ctx, mode.Check)
	result.Warnings = outcome.Warnings
	if outcome.Planned != "" {
		result.Steps = []string{outcome.Planned}
	}
	for _, store := range outcome.Acknowledged {
		result.Steps = append(result.Steps, fmt.Sprintf("take backup %s into %s", outcome.Manifest.Name, store))
	}
	for _, store := range outcome.Quarantined {
		result.Steps = append(result.Steps, fmt.Sprintf("store backup %s in quarantine in %s", outcome.Manifest.Name, store))
	}
	if outcome.Manifest.Name != "" {
		stored := etcdbackup.Backup{Manifest: outcome.Manifest, Bad: outcome.Manifest.Quarantine}
		result.Values = map[string]any{"backup": told(stored), "acknowledged": append([]string{}, outcome.Acknowledged...)}
	}
	if outcome.Recent != "" {
		result.Msg = fmt.Sprintf("backup %s of %s is enough", outcome.Recent, w.Cluster)
	}
	result.Changed = len(result.Steps) > 0
	return result, err
}

func listed(ctx context.Context, w *wanted, _ ansible.Mode) (result ansible.Result, err error) {
	var stores []map[string]any
	for _, v := range w.vaults {
		backups, failed := v.List(ctx)
		err = errors.Join(err, failed)
		stores = append(stores, map[string]any{"store": v.Store.String(), "backups": tellAll(backups)})
	}
	result.Values = map[string]any{"stores": stores}
	result.Msg = fmt.Sprintf("listed the backups of %s in %d stores", w.Cluster, len(stores))
	return result, err
}

func tellAll(backups []etcdbackup.Backup) []map[string]any {
	all := []map[string]any{}
	for _, b := range backups {
		all = append(all, told(b))
	}
	return all
}

func verified(ctx context.Context, w *wanted, mode ansible.Mode) (result ansible.Result, err error) {
	var stores []map[string]any
	for _, v := range w.vaults {
		verdicts, failed := v.Verify(ctx, w.Backup, mode.Check)
		err = errors.Join(err, failed)
		all := []map[string]any{}
		for _, verdict := range verdicts {
			one := told(verdict.Backup)
			one["opened"] = verdict.Opened
			all = append(all, one)
			if verdict.Marked {
				result.Steps = append(result.Steps, fmt.Sprintf("quarantine backup %s in %s", verdict.Name, v.Store))
			}
		}
		stores = append(stores, map[string]any{"store": v.Store.String(), "backups": all})
	}
	result.Values = map[string]any{"stores": stores}
	result.Changed = len(result.Steps) > 0
	result.Msg = "all backups verified"
	return result, err
}

func pruned(ctx context.Context, w *wanted, mode ansible.Mode) (result ansible.Result, err error) {
	var stores []map[string]any
	for _, v := range w.vaults {
		p, failed := v.Prune(ctx, w.Keep.policy(), time.Now(), mode.Check)
		err = errors.Join(err, failed)
		reasons := map[string]any{}
		for _, d := range p.Decisions {
			reasons[d.Name] = map[string]any{"keep": d.Keep, "reason": d.Reason}
		}
		stores = append(stores, map[string]any{"store": v.Store.String(), "decisions": reasons})
		for _, name := range p.Gone(mode.Check) {
			result.Steps = append(result.Steps, fmt.Sprintf("delete backup %s from %s", name, v.Store))
		}
		result.Warnings = append(result.Warnings, p.Warnings...)
	}
	result.Values = map[string]any{"stores": stores}
	result.Changed = len(result.Steps) > 0
	return result, err
}

func drilled(ctx context.Context, w *wanted, _ ansible.Mode) (result ansible.Result, err error) {
	var drills []map[string]any
	for _, v := range w.vaults {
		begin := time.Now()
		d, failed := v.Drill(ctx, w.Backup, w.work(), examiner)
		err = errors.Join(err, failed)
		ansible.Conceal(ctx, d.Token)
		result.Warnings = append(result.Warnings, d.Passed...)
		if failed == nil {
			drills = append(drills, map[string]any{
				"store": v.Store.String(), "backup": told(d.Backup), "token": d.Token != "", "seconds": int(time.Since(begin).Seconds()),
			})
		}
	}
	result.Values = map[string]any{"drills": drills}
	result.Msg = fmt.Sprintf("restored and booted a backup of %s from each of %d stores", w.Cluster, len(drills))
	return result, err
}

// told is a backup for people and playbooks.
func told(b etcdbackup.Backup) map[string]any {
	taken := ""
	if !b.Taken.IsZero() {
		taken = b.Taken.UTC().Format(time.RFC3339)
	}
	return map[string]any{
		"name": b.Name, "taken": taken, "good": b.Bad == "", "why": b.Bad, "lineage": b.Lineage, "generation": b.Generation,
		"revision": b.Revision, "keys": b.Keys, "leases": b.Leases, "source": b.Source, "etcd_version": b.EtcdVersion, "k3s_version": b.K3sVersion,
		"encrypted": b.Encrypted, "token": b.Token, "snapshot_bytes": b.Snapshot.Size, "stored_bytes": b.Content.Size, "compared": b.Compared,
	}
}

func verdict(result ansible.Result, mode ansible.Mode) string {
	switch {
	case !result.Changed:
		return "nothing to do"
	case mode.Check:
		return "would do: " + strings.Join(result.Steps, "; ")
	}
	return "done: " + strings.Join(result.Steps, "; ")
}
