package main

import (
	"context"
	"fmt"
	"time"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup"
	etcdk3s "github.com/metal-stack/initial-cluster/internal/etcdbackup/k3s"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/source"
	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s"
)

// restore are the options of state restored.
type restore struct {
	Confirm      string   `ansible:"confirm"`
	Fallback     bool     `ansible:"fallback"`
	Token        string   `ansible:"token"`
	Servers      []string `ansible:"servers"`
	Nodes        []string `ansible:"nodes"`
	Rejoin       string   `ansible:"rejoin"`
	Lineage      string   `ansible:"lineage"`
	BinDir       string   `ansible:"bin_dir"`
	StartTimeout int      `ansible:"start_timeout"`
}

var restoreOptions = []ansible.Option{
	{Name: "confirm", Description: []string{"The name of O(cluster), typed out once more. State V(restored) does nothing without."}},
	{
		Name: "fallback", Type: ansible.Bool, Default: false,
		Description: []string{
			"With state V(restored) and without O(backup), take the next older good backup if the newest is damaged, marked as not good, or its manifest is not ours, and warn of what is " +
				"lost by that. Without, the task fails and names it, and nothing is touched, and so it does if nothing shows that the newest is damaged. A copy of the newest in another of O(stores) is used in any case.",
		},
	},
	{
		Name: "token", NoLog: ansible.Secret,
		Description: []string{
			"With state V(restored), the token that the cluster is to have. It must open the backup, and so be the one of the time when that was taken; rotate it afterwards. " +
				"Without, it is the one that k3s has on this machine, or else the one in the backup.",
		},
	},
	{
		Name: "servers", Type: ansible.List, Elements: ansible.Str,
		Description: []string{"With state V(restored), the addresses of all servers. They are asked whether k3s runs there, as are those of the time of the backup; while one does, nothing is restored."},
	},
	{
		Name: "nodes", Type: ansible.List, Elements: ansible.Str,
		Description: []string{
			"With state V(restored), the names of all nodes that the cluster is to have. Servers that are not among them are removed from it, other nodes if they do not live. Without, none is.",
		},
	},
	{
		Name: "rejoin",
		Description: []string{
			"With state V(restored), on a server that is to join one that was restored: RV(restore.id) from there. k3s is stopped here and its data is moved aside; it joins when it is started.",
		},
	},
	{
		Name: "lineage",
		Description: []string{
			"With O(rejoin), RV(restore.lineage) from there: data of another cluster that is here is not moved aside, and its k3s not stopped, unless O(accept_lineage). Without, it is not looked at.",
		},
	},
	{Name: "bin_dir", Type: ansible.Path, Default: "/usr/local/bin", Description: []string{"With state V(restored), where k3s lies."}},
	{Name: "start_timeout", Type: ansible.Int, Default: 300, Description: []string{"With state V(restored), how many seconds k3s may take to start."}},
}

var restoreReturns = []ansible.Return{
	{
		Name: "restore", Description: "The restore.", Type: ansible.Dict, Returned: "with state restored", Contains: []ansible.Return{
			{Name: "id", Type: ansible.Str, Returned: "always", Description: "Which restore it is; the other servers get it as O(rejoin)."},
			{Name: "lineage", Type: ansible.Str, Returned: "on the server that was restored", Description: "Of which cluster it is; the other servers get it as O(lineage)."},
			{Name: "backup", Type: ansible.Str, Returned: "on the server that was restored", Description: "The name of the backup."},
			{Name: "taken", Type: ansible.Str, Returned: "on the server that was restored", Description: "When it was taken, in UTC. What was written since is lost."},
			{Name: "revision", Type: ansible.Int, Returned: "on the server that was restored", Description: "etcd's revision in the backup."},
			{Name: "restored_revision", Type: ansible.Int, Returned: "on the server that was restored", Description: "The revision that its keys have now, ahead of all that were given out."},
			{Name: "keys", Type: ansible.Int, Returned: "on the server that was restored", Description: "The number of keys in the backup, all of which were found."},
			{Name: "aside", Type: ansible.Str, Returned: "always", Description: "The folder in O(data_dir) that has the data of before. Delete it when it is not wanted any more."},
			{Name: "seconds", Type: ansible.Int, Returned: "if it was restored now", Description: "How long it took from the store to a running k3s with all keys."},
		},
	},
}

func (in params) restoreProblems() (problems []string) {
	if in.State != "restored" {
		return nil
	}
	if in.Confirm != in.Cluster {
		problems = append(problems, fmt.Sprintf("confirm: refusing to restore %s: %q was typed; type the cluster's name", in.Cluster, in.Confirm))
	}
	if in.Source != "k3s" {
		problems = append(problems, "source: state restored is for k3s; another etcd is restored with etcdutl snapshot restore")
	}
	if in.StartTimeout < 1 {
		problems = append(problems, "start_timeout: at least 1 second is wanted")
	}
	return problems
}

// restored restores a backup here, or readies this server to join one that was restored.
func restored(ctx context.Context, w *wanted, mode ansible.Mode) (result ansible.Result, err error) {
	server, err := k3s.ObserveServer(ctx, host.Local{}, w.DataDir, w.BinDir, time.Duration(w.StartTimeout)*time.Second)
	if err != nil {
		return result, err
	}
	ansible.Conceal(ctx, server.Token())
	restorer := w.restorer(ctx, server)
	if w.Rejoin != "" {
		note, steps, err := restorer.Rejoin(ctx, w.Rejoin, w.Lineage, mode.Check)
		result.Steps, result.Changed = steps, len(steps) > 0
		result.Values = map[string]any{"restore": map[string]any{"id": note.ID, "aside": note.Aside}}
		return result, err
	}
	done, err := restorer.Restore(ctx, mode.Check)
	result.Steps, result.Warnings, result.Changed = done.Steps, done.Warnings, len(done.Steps) > 0
	if done.Backup != "" {
		result.Values = map[string]any{"restore": tellRestored(done)}
	}
	if done.Same {
		result.Msg = fmt.Sprintf("%s was restored from %s at %s; to do it once more, remove %s", w.Cluster, done.Backup, done.Begun.Format(time.RFC3339), etcdbackup.NoteFile(w.DataDir))
	}
	return result, err
}

func (w *wanted) restorer(ctx context.Context, server *k3s.Server) etcdbackup.Restorer {
	at := etcdk3s.Installation{DataDir: w.DataDir, ConfigDir: w.ConfigDir}
	return etcdbackup.Restorer{
		Vaults: w.vaults, Name: w.Backup, Fallback: w.Fallback, Token: w.Token, Others: w.Servers, Nodes: w.Nodes, AcceptOther: w.AcceptLineage,
		Server: server, Installation: at, Work: w.work(), Examiner: examiner, Now: time.Now,
		Conceal: func(secret string) { ansible.Conceal(ctx, secret) },
		Etcd: func() (*source.Etcd, error) {
			ca, certificate, key := at.Certificates()
			return w.etcd([]string{etcdk3s.Endpoint}, ca, certificate, key)
		},
	}
}

func tellRestored(done etcdbackup.Restored) map[string]any {
	told := map[string]any{
		"id": done.ID, "lineage": done.Note.Lineage, "backup": done.Backup, "taken": done.Taken.UTC().Format(time.RFC3339), "revision": done.Revision, "restored_revision": done.Note.Restored,
		"keys": done.Keys, "aside": done.Aside,
	}
	if done.Seconds > 0 {
		told["seconds"] = int(done.Seconds)
	}
	return told
}
