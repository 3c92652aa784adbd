package etcdbackup

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// Rejoin readies the server of this machine to join a cluster that was restored on another one, by the ID of that restore and the cluster's
// lineage: k3s is stopped, and its data of before is moved aside, never deleted; that of another lineage is refused. It may be repeated, and a
// run that was killed is finished by the next.
func (r Restorer) Rejoin(ctx context.Context, id, lineage string, look bool) (note Note, steps []string, err error) {
	dir := r.Installation.DataDir
	note, err = readNote(dir)
	if err != nil || note.ID == id && note.Phase == phaseJoined {
		return note, nil, err
	}
	running, err := r.Server.Running(ctx)
	if err != nil {
		return note, nil, err
	}
	if err := r.mayReplace(ctx, lineage, running); err != nil {
		return note, nil, err
	}
	if running && r.belongs(ctx, id) { // as one that has joined since, on a machine of its own
		return Note{ID: id}, nil, nil
	}
	if note.ID != id {
		now := r.Now().UTC().Truncate(time.Second)
		note = Note{ID: id, Begun: now, Phase: phaseAside, Aside: asideFolder(now)}
	}
	if running {
		steps = []string{"stop k3s"}
	}
	steps = append(steps, note.moved()+", so that the server joins the restored one")
	if look {
		return note, steps, nil
	}
	if running {
		if err := r.Server.Stop(ctx); err != nil {
			return note, nil, err
		}
		if err := r.mayReplace(ctx, lineage, false); err != nil {
			return note, nil, fmt.Errorf("%w; k3s was stopped to find out, and nothing else was touched", err)
		}
	}
	if err := note.write(dir); err != nil {
		return note, nil, err
	}
	if err := moveAll(dir, filepath.Join(dir, note.Aside)); err != nil {
		return note, nil, fmt.Errorf("%w; run it again when that is mended", err)
	}
	note.Phase = phaseJoined
	return note, steps, note.write(dir)
}

func (r Restorer) mayReplace(ctx context.Context, lineage string, running bool) error {
	if !running {
		return r.sameCluster(ctx, lineage, r.Installation.DataDir)
	}
	_, err := r.sameRunning(ctx, lineage) // if it can't be told, it is once k3s is stopped
	return err
}

// belongs tells whether the etcd that runs here is of the restored cluster: that of before is not that far.
func (r Restorer) belongs(ctx context.Context, id string) bool {
	var restored int64
	if _, err := fmt.Sscanf(id, "%d-", &restored); err != nil {
		return false
	}
	etcd, err := r.Etcd()
	if err != nil {
		return false
	}
	member, err := etcd.Choose(ctx)
	if err != nil {
		return false
	}
	defer member.Close()
	return member.Revision >= restored
}
