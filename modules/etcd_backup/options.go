package main

import (
	"slices"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/modules/internal/stores"
)

var options = slices.Concat(stateOptions, sourceOptions, keyOptions, restoreOptions, limitOptions)

var stateOptions = []ansible.Option{
	{
		Name: "state", Default: "present", Choices: []any{"present", "verified", "listed", "pruned", "drilled", "scheduled", "absent", "restored"},
		Description: []string{
			"V(present) takes a backup, unless the newest in every store is young enough (O(max_age)), or nothing was written to etcd since.",
			"V(verified) reads backups from the stores and compares them. One that is damaged is marked, counts for nothing from then on, and is never deleted.",
			"V(listed) tells of all backups.",
			"V(pruned) deletes what O(keep) does not want: nothing if a list may be incomplete, nothing before the newest was verified, never that one.",
			"V(drilled) fetches a backup, restores it, boots it without any port, and compares revision, keys, leases and hash with its manifest, and the token with its bootstrap data.",
			"V(scheduled) has this machine do V(present) and V(pruned) by itself (O(schedule)): the module's program is put there with these options, and a timer of systemd.",
			"V(absent) ends that, and removes program, options and metrics. Backups stay.",
			"V(restored) makes the k3s server of this machine a cluster with the data of a backup: the newest good one, or O(backup). Nothing is touched before it has passed a drill; " +
				"the data of before is moved aside. All servers must be stopped, and the others then made to join (O(rejoin)); the playbook C(restore) does all of that. " +
				"One that was restored already is left as it is.",
		},
	},
	{Name: "cluster", Required: true, Description: []string{"The name under which the backups lie in the stores. One name is for one cluster."}},
	{Name: "backup", Description: []string{"The name of the backup, with state V(verified), V(drilled) or V(restored). Without, all, or the newest good one."}},
	stores.Option(),
	scheduleOption,
	{
		Name: "keep", Type: ansible.Dict,
		Description: []string{
			"What states V(pruned) and V(scheduled) keep; what one of them wants is kept. Backups that are not good are kept in any case, and so is the newest good one of each lineage.",
		},
		Options: []ansible.Option{
			{Name: "last", Type: ansible.Int, Default: 0, Description: []string{"So many of the newest."}},
			{Name: "hourly", Type: ansible.Int, Default: 0, Description: []string{"The newest of so many hours that have one."}},
			{Name: "daily", Type: ansible.Int, Default: 0, Description: []string{"The newest of so many days (UTC)."}},
			{Name: "weekly", Type: ansible.Int, Default: 0, Description: []string{"The newest of so many weeks."}},
			{Name: "monthly", Type: ansible.Int, Default: 0, Description: []string{"The newest of so many months."}},
			{Name: "minimum_age", Type: ansible.Int, Default: 86400, Description: []string{"None that is younger than so many seconds is deleted."}},
		},
	},
	{Name: "max_age", Type: ansible.Int, Default: 0, Description: []string{"With state V(present), a backup in every store that is younger than so many seconds is enough. With source V(file) one is " +
		"that is from so many seconds before the snapshot, or later."}},
	{
		Name: "accept_lineage", Type: ansible.Bool, Default: false,
		Description: []string{
			"Take the cluster for what it is now, though it does not go on from the newest backup: it is another one, was restored to an earlier revision, or has lost most of its keys. " +
				"Without, such a backup is stored in quarantine (once a day), and the task fails. Say it once, not always.",
			"With state V(restored), move data of another cluster than the backup's aside, too.",
		},
	},
}

var sourceOptions = []ansible.Option{
	{
		Name: "source", Default: "k3s", Choices: []any{"k3s", "etcd", "file"},
		Description: []string{
			"V(k3s) is the etcd within the k3s server of this machine, V(etcd) any other one, V(file) a snapshot on this machine's disk, of which the etcd that gave it can't be asked any more.",
		},
	},
	{Name: "data_dir", Type: ansible.Path, Default: "/var/lib/rancher/k3s", Description: []string{"k3s' folder of data."}},
	{Name: "config_dir", Type: ansible.Path, Default: "/etc/rancher/k3s", Description: []string{"k3s' folder of configuration, which goes into the backup."}},
	{
		Name: "include_token", Type: ansible.Bool, Default: true, NoLog: ansible.NotSecret,
		Description: []string{
			"Whether the server's token and k3s' configuration go into the backup. It is proved before that the token opens the snapshot, as no restore works without. It needs O(recipients).",
		},
	},
	{Name: "endpoints", Type: ansible.List, Elements: ansible.Str, Description: []string{"etcd's URLs; the first that is part of a working cluster gives the snapshot. Without, with source V(k3s), this server's."}},
	{Name: "ca_file", Type: ansible.Path, Description: []string{"With source V(etcd), the certificate of etcd's authority."}},
	{Name: "cert_file", Type: ansible.Path, Description: []string{"With source V(etcd), the client's certificate."}},
	{Name: "key_file", Type: ansible.Path, NoLog: ansible.NotSecret, Description: []string{"With source V(etcd), the key of O(cert_file)."}},
	{Name: "username", Description: []string{"A user of the role root, where etcd has authentication on."}},
	{Name: "password", NoLog: ansible.Secret, Description: []string{"The password of O(username)."}},
	{Name: "snapshot", Type: ansible.Path, Description: []string{"With source V(file), the snapshot, as it is or in a zip as k3s makes it. It counts as taken when its name says, if it " +
		"ends like those of k3s with C(-SECONDS) or C(-SECONDS.zip), or else when the file was written; older ones may come after newer ones. Without, the newest of k3s' own in O(data_dir)."}},
}

var keyOptions = []ansible.Option{
	{
		Name: "signing_key", NoLog: ansible.Secret,
		Description: []string{"The key that signs the manifests, in PEM, as C(openssl genpkey -algorithm ed25519) makes it. States V(present) and V(scheduled) need it, and trust it."},
	},
	{Name: "signing_key_file", Type: ansible.Path, NoLog: ansible.NotSecret, Description: []string{"The file of O(signing_key)."}},
	{
		Name: "trusted_keys", Type: ansible.List, Elements: ansible.Str, NoLog: ansible.NotSecret,
		Description: []string{"The public keys whose backups count, in PEM, as C(openssl pkey -pubout) makes them."},
	},
	{
		Name: "recipients", Type: ansible.List, Elements: ansible.Str,
		Description: []string{"Who can read new backups: recipients of age (C(age1...)). Each can, alone. Without any, backups are not encrypted."},
	},
	{Name: "identities", NoLog: ansible.Secret, Description: []string{"The private keys of age that open backups (C(AGE-SECRET-KEY-1...)), one a line. To take backups none is needed."}},
	{Name: "identities_file", Type: ansible.Path, Description: []string{"The file of O(identities)."}},
}

var limitOptions = []ansible.Option{
	{
		Name: "work_dir", Type: ansible.Path, Default: "/var/lib/etcd-backup",
		Description: []string{"A folder on a local disk for snapshots while they are worked on. It needs three times the size of the database, which is checked before. One run at a time uses it."},
	},
	{Name: "answer_timeout", Type: ansible.Int, Default: 10, Description: []string{"How many seconds etcd may take for one answer."}},
	{Name: "snapshot_timeout", Type: ansible.Int, Default: 600, Description: []string{"How many seconds etcd may take for the snapshot, and for the hash over all of its keys."}},
	{Name: "stall_timeout", Type: ansible.Int, Default: 30, Description: []string{"After how many seconds without a byte of the snapshot it is given up."}},
	{Name: "backup_timeout", Type: ansible.Int, Default: 3600, Description: []string{"How many seconds all of it may take."}},
}
