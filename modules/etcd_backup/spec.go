package main

import (
	"slices"

	"github.com/metal-stack/initial-cluster/internal/ansible"
)

var spec = ansible.Spec{
	Name:             "etcd_backup",
	ShortDescription: "Take, verify, drill, list and prune backups of an etcd",
	Description: []string{
		"Backs up the etcd of a k3s, or any other etcd, so that a backup which is acknowledged can be restored: its snapshot is read to the last key, restored " +
			"and booted in a scratch etcd without any port, compared with what the member itself says of that revision, sealed, put into every store, " +
			"and read back from there. Only then its manifest is written, which makes it a backup.",
		"A backup is one file, a tar compressed with zstd and encrypted with age, and C(age -d -i KEY | zstd -d | tar x) opens it without this collection. " +
			"With the etcd of a k3s it holds the server's token, k3s' configuration and its manifests, too.",
		"No damaged, foreign or earlier snapshot ever counts, and none takes the place of a good one.",
	},
	Notes: []string{
		"Each of O(stores) acknowledges for itself: one that fails lets the task fail, and the others have the backup nevertheless.",
		"Run it on the server itself, as root: k3s' certificates and token are read there, and etcd listens there.",
		"Whoever can read a store learns sizes, times, revisions and numbers of keys. Whoever can write to it can delete backups and mark them as not good, " +
			"and cannot make one that counts: manifests are signed with Ed25519 by O(signing_key), which the store never sees. Against deletion help the store's own means " +
			"(object lock, versions, credentials that cannot delete) and a second store.",
		"Whoever has O(identities) and a backup has the cluster: its token and all of its secrets. Keep them away from the cluster and from the stores; no backup needs them.",
		"On the local disk O(work_dir) holds a snapshot as it is, with mode 0600, while the module runs.",
	},
	Options:  options,
	Examples: examples,
	Returns:  returns,
	Constraints: ansible.Constraints{
		MutuallyExclusive: [][]string{{"signing_key", "signing_key_file"}, {"identities", "identities_file"}},
		RequiredIf:        []ansible.RequiredIf{{Option: "state", Value: "pruned", Requires: []string{"keep"}}},
	},
}

const examples = `
- name: Back up the k3s of this server
  metalstack.initial_cluster.etcd_backup:
    cluster: initial
    stores:
      - folder: /mnt/backup
    signing_key_file: /etc/etcd-backup/signing.pem
    recipients:
      - age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj

- name: Keep two days of hours, two weeks of days and a year of months
  metalstack.initial_cluster.etcd_backup:
    state: pruned
    cluster: initial
    stores:
      - folder: /mnt/backup
    trusted_keys:
      - "{{ lookup('file', 'signing.pub') }}"
    keep:
      hourly: 48
      daily: 14
      monthly: 12
      minimum_age: 86400

- name: Restore the newest backup for a try, on any machine
  metalstack.initial_cluster.etcd_backup:
    state: drilled
    cluster: initial
    stores:
      - folder: /mnt/backup
    trusted_keys:
      - "{{ lookup('file', 'signing.pub') }}"
    identities: "{{ vault_etcd_backup_identity }}"
  delegate_to: localhost

- name: Restore the newest backup on the first server, while k3s is stopped on all
  metalstack.initial_cluster.etcd_backup:
    state: restored
    cluster: initial
    confirm: "{{ typed_name }}"
    stores:
      - folder: /mnt/backup
    trusted_keys:
      - "{{ lookup('file', 'signing.pub') }}"
    identities: "{{ vault_etcd_backup_identity }}"
    servers: [10.0.0.11, 10.0.0.12, 10.0.0.13]
    nodes: [k3s-1, k3s-2, k3s-3]
`

var returns = slices.Concat(takenReturns, restoreReturns)

var takenReturns = []ansible.Return{
	{
		Name: "backup", Description: "The backup that was taken, also one in quarantine.", Type: ansible.Dict, Returned: "with state present, if one was stored",
		Sample:   map[string]any{"name": "20261125T120000Z-r51234-1a2b3c4d", "revision": 51234, "keys": 812, "good": true},
		Contains: backupReturns,
	},
	{
		Name: "acknowledged", Description: "The stores that acknowledged it; of one in quarantine none.", Type: ansible.List, Elements: ansible.Str,
		Returned: "with state present, if one was stored", Sample: []any{"/mnt/backup"},
	},
	{
		Name: "stores", Description: "What each of O(stores) has.", Type: ansible.List, Elements: ansible.Dict, Returned: "with state listed, verified or pruned",
		Contains: []ansible.Return{
			{Name: "store", Type: ansible.Str, Returned: "always", Description: "Which store."},
			{Name: "backups", Type: ansible.List, Elements: ansible.Dict, Returned: "with state listed or verified", Description: "As RV(backup), the newest first. " +
				"After a verification C(opened) tells whether one was decrypted and compared with what etcd gave; without O(identities) only what is stored is compared."},
			{Name: "decisions", Type: ansible.Dict, Returned: "with state pruned", Description: "By the name of each backup whether it is kept (C(keep)), and the C(reason)."},
		},
	},
	{
		Name: "drills", Description: "What was restored and booted, from each of O(stores).", Type: ansible.List, Elements: ansible.Dict, Returned: "with state drilled",
		Contains: []ansible.Return{
			{Name: "store", Type: ansible.Str, Returned: "always", Description: "Which store."},
			{Name: "backup", Type: ansible.Dict, Returned: "always", Description: "As RV(backup)."},
			{Name: "token", Type: ansible.Bool, Returned: "always", Description: "Whether a k3s token is in it that opens the bootstrap data in it."},
			{Name: "seconds", Type: ansible.Int, Returned: "always", Description: "How long it took from the store to a booted etcd."},
		},
	},
	{
		Name: "steps", Description: "What was done, or in check mode would be.", Type: ansible.List, Elements: ansible.Str, Returned: "if anything was",
		Sample: []any{"take backup 20261125T120000Z-r51234-1a2b3c4d into /mnt/backup"},
	},
}

var backupReturns = []ansible.Return{
	{Name: "name", Type: ansible.Str, Returned: "always", Description: "Its name, which begins with the time."},
	{Name: "taken", Type: ansible.Str, Returned: "always", Description: "When it was taken, in UTC."},
	{Name: "good", Type: ansible.Bool, Returned: "always", Description: "Whether it counts."},
	{Name: "why", Type: ansible.Str, Returned: "always", Description: "Why it does not."},
	{Name: "lineage", Type: ansible.Str, Returned: "always", Description: "Of which cluster it is: the UID of the namespace kube-system, or else etcd's cluster."},
	{Name: "generation", Type: ansible.Int, Returned: "always", Description: "How often another lineage was accepted before."},
	{Name: "revision", Type: ansible.Int, Returned: "always", Description: "etcd's revision."},
	{Name: "keys", Type: ansible.Int, Returned: "always", Description: "The number of keys."},
	{Name: "leases", Type: ansible.Int, Returned: "always", Description: "The number of leases."},
	{Name: "source", Type: ansible.Str, Returned: "always", Description: "C(k3s), C(etcd) or C(file)."},
	{Name: "etcd_version", Type: ansible.Str, Returned: "always", Description: "The member's version."},
	{Name: "k3s_version", Type: ansible.Str, Returned: "always", Description: "The version of k3s, if there is one."},
	{Name: "encrypted", Type: ansible.Bool, Returned: "always", Description: "Whether it is encrypted."},
	{Name: "token", Type: ansible.Bool, Returned: "always", Description: "Whether k3s' server token is in it."},
	{Name: "compared", Type: ansible.Bool, Returned: "always", Description: "Whether the member itself had the same keys and hash; not for a file."},
	{Name: "snapshot_bytes", Type: ansible.Int, Returned: "always", Description: "The size of etcd's snapshot."},
	{Name: "stored_bytes", Type: ansible.Int, Returned: "always", Description: "The size of what is stored."},
}
