// Command etcd_backup is the Ansible module metalstack.initial_cluster.etcd_backup.
package main

import (
	"context"
	"time"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/scratch"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/snapshot"
)

func main() { ansible.Main(spec, run, commands...) }

// examiner does what a damaged snapshot may crash in other processes of this program, which are called with these commands.
var examiner = etcdbackup.Examiner{Program: etcdbackup.Self}

var commands = []ansible.Command{
	ansible.NewCommand("inspect", "read a snapshot of etcd to its last key, and tell of it", examined("file"),
		func(_ context.Context, in examination) (any, error) { return snapshot.Inspect(in.File) }),
	ansible.NewCommand("identify", "read the database of an etcd that is stopped, and tell of it", examined("file"),
		func(_ context.Context, in examination) (any, error) { return snapshot.Identify(in.File) }),
	ansible.NewCommand("drill", "restore a snapshot into an empty folder, boot an etcd from it, and tell of it", examined("file", "folder", "compact"),
		func(ctx context.Context, in examination) (any, error) {
			return scratch.Drill(ctx, in.File, in.Folder, in.Compact)
		}),
	ansible.NewCommand("advance", "make of a snapshot one whose revisions are ahead of all that its cluster gave out", examined("file", "folder", "to", "bump"),
		func(_ context.Context, in examination) (any, error) {
			return struct{}{}, scratch.Advance(in.File, in.Folder, in.To, in.Bump)
		}),
	runCommand,
}

type examination struct {
	File    string `ansible:"file"`
	Folder  string `ansible:"folder"`
	To      string `ansible:"to"`
	Compact int64  `ansible:"compact"`
	Bump    int64  `ansible:"bump"`
}

func examined(names ...string) (options []ansible.Option) {
	for _, name := range names {
		o := ansible.Option{Name: name, Required: true}
		if name == "compact" || name == "bump" {
			o.Type = ansible.Int
		}
		options = append(options, o)
	}
	return options
}

// states do what each state is.
var states = map[string]func(ctx context.Context, w *wanted, mode ansible.Mode) (ansible.Result, error){
	"present": present, "verified": verified, "listed": listed, "pruned": pruned, "drilled": drilled, "scheduled": scheduled,
	"restored": restored,
}

func run(ctx context.Context, in params, mode ansible.Mode) (ansible.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(in.BackupTimeout)*time.Second)
	defer cancel()
	result, err := in.bring(ctx, mode)
	if result.Msg == "" && err == nil {
		result.Msg = verdict(result, mode)
	}
	return result, err
}

func (in params) bring(ctx context.Context, mode ansible.Mode) (ansible.Result, error) {
	if in.State == "absent" {
		return in.absent(ctx, mode)
	}
	w, err := in.wanted(ctx)
	if err != nil {
		return ansible.Result{}, err
	}
	result, err := states[in.State](ctx, w, mode)
	return result, w.close(err)
}
