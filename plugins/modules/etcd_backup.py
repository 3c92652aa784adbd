#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
# Generated from modules/etcd_backup/spec.go by make docs; do not edit.
# The documentation, and the options for ansible-lint. The work is done by a binary (plugins/module_utils/bin).
from __future__ import annotations

DOCUMENTATION = r"""
---
module: etcd_backup
short_description: Take, verify, drill, list and prune backups of an etcd
version_added: 0.1.0
description:
  - >-
    Backs up the etcd of a k3s, or any other etcd, so that a backup which is acknowledged can be restored: its snapshot
    is read to the last key, restored and booted in a scratch etcd without any port, compared with what the member
    itself says of that revision, sealed, put into every store, and read back from there. Only then its manifest is
    written, which makes it a backup.
  - >-
    A backup is one file, a tar compressed with zstd and encrypted with age, and C(age -d -i KEY | zstd -d | tar x)
    opens it without this collection. With the etcd of a k3s it holds the server's token, k3s' configuration and its
    manifests, too.
  - No damaged, foreign or earlier snapshot ever counts, and none takes the place of a good one.
author:
  - metal-stack authors (@metal-stack)
attributes:
  action_group:
    description: >-
      Use C(group/metalstack.initial_cluster.initial_cluster) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - metalstack.initial_cluster.initial_cluster
  async:
    description: Can be run with C(async).
    support: full
  check_mode:
    description: Can run in C(check_mode) and tell what would change without changing it.
    support: full
  diff_mode:
    description: Shows with C(--diff) what has changed, or in C(check_mode) would.
    support: full
  platform:
    description: The operating system of the host where the task runs, on amd64 or arm64.
    support: full
    platforms: linux
notes:
  - >-
    Run it on the server itself, as root: k3s' certificates and token are read there, and etcd listens there.
  - >-
    Whoever can read a store learns sizes, times, revisions and numbers of keys. Whoever can write to it can delete
    backups and mark them as not good, and cannot make one that counts: manifests are signed with Ed25519 by
    O(signing_key), which the store never sees. Against deletion help the store's own means (object lock, versions,
    credentials that cannot delete) and a second store.
  - >-
    Whoever has O(identities) and a backup has the cluster: its token and all of its secrets. Keep them away from the
    cluster and from the stores; no backup needs them.
  - On the local disk O(work_dir) holds a snapshot as it is, with mode 0600, while the module runs.
options:
  state:
    description:
      - >-
        V(present) takes a backup, unless the newest in every store is young enough (O(max_age)), or nothing was written
        to etcd since.
      - >-
        V(verified) reads backups from the stores and compares them. One that is damaged is marked, counts for nothing
        from then on, and is never deleted.
      - V(listed) tells of all backups.
      - >-
        V(pruned) deletes what O(keep) does not want: nothing if a list may be incomplete, nothing before the newest was
        verified, never that one.
      - >-
        V(drilled) fetches a backup, restores it, boots it without any port, and compares revision, keys, leases and
        hash with its manifest, and the token with its bootstrap data.
    type: str
    default: present
    choices:
      - present
      - verified
      - listed
      - pruned
      - drilled
  cluster:
    description:
      - The name under which the backups lie in the stores. One name is for one cluster.
    type: str
    required: true
  backup:
    description:
      - The name of the backup, with state V(verified) or V(drilled). Without, all, or the newest good one.
    type: str
  stores:
    description:
      - >-
        Where the backups lie, each of one kind. Each acknowledges for itself; one that fails lets the task fail, and
        the others have the backup nevertheless.
    type: list
    elements: dict
    required: true
    suboptions:
      folder:
        description:
          - A folder, usually of another machine and mounted here. It must be there.
        type: path
      s3:
        description:
          - A bucket of Amazon S3, or of whatever speaks its protocol.
        type: dict
        suboptions:
          endpoint:
            description:
              - The server's URL. Without, Amazon's.
            type: str
          region:
            description:
              - The bucket's region. Without, the server is asked.
            type: str
          bucket:
            description:
              - The bucket, which must be there.
            type: str
            required: true
          prefix:
            description:
              - What all names in the bucket begin with.
            type: str
          access_key:
            description:
              - Who one is there.
            type: str
            required: true
          secret_key:
            description:
              - The key of O(stores.s3.access_key).
            type: str
            required: true
          session_token:
            description:
              - The token that goes with temporary keys.
            type: str
          ca_file:
            description:
              - Certificates of the server's authority, beside those of the machine.
            type: path
          lookup:
            description:
              - Whether the bucket is named in the path of requests or in the host's name.
            type: str
            default: auto
            choices:
              - auto
              - path
              - dns
      sftp:
        description:
          - A folder of an SFTP server, which need not run commands.
        type: dict
        suboptions:
          host:
            description:
              - Its name or address.
            type: str
            required: true
          port:
            description:
              - Its port.
            type: int
            default: 22
          user:
            description:
              - Who to log in as. Without, who runs the module.
            type: str
          key_file:
            description:
              - The private key to log in with. Without, those in C(~/.ssh).
            type: path
          known_hosts:
            description:
              - Files with the keys of hosts, as OpenSSH has them. A host that none of them knows is refused.
            type: list
            elements: path
            default:
              - ~/.ssh/known_hosts
              - /etc/ssh/ssh_known_hosts
          folder:
            description:
              - The folder, which must be there. A path that is not absolute begins where the login does.
            type: str
            required: true
  keep:
    description:
      - >-
        What state V(pruned) keeps; what one of them wants is kept. Backups that are not good are kept in any case, and
        so is the newest good one of each lineage.
    type: dict
    suboptions:
      last:
        description:
          - So many of the newest.
        type: int
        default: 0
      hourly:
        description:
          - The newest of so many hours that have one.
        type: int
        default: 0
      daily:
        description:
          - The newest of so many days (UTC).
        type: int
        default: 0
      weekly:
        description:
          - The newest of so many weeks.
        type: int
        default: 0
      monthly:
        description:
          - The newest of so many months.
        type: int
        default: 0
      minimum_age:
        description:
          - None that is younger than so many seconds is deleted.
        type: int
        default: 86400
  max_age:
    description:
      - With state V(present), a backup in every store that is younger than so many seconds is enough.
    type: int
    default: 0
  accept_lineage:
    description:
      - >-
        Take the cluster for what it is now, though it does not go on from the newest backup: it is another one, was
        restored to an earlier revision, or has lost most of its keys. Without, such a backup is stored in quarantine
        (once a day), and the task fails. Say it once, not always.
    type: bool
    default: false
  source:
    description:
      - >-
        V(k3s) is the etcd within the k3s server of this machine, V(etcd) any other one, V(file) a snapshot on this
        machine's disk, of which the etcd that gave it can't be asked any more.
    type: str
    default: k3s
    choices:
      - k3s
      - etcd
      - file
  data_dir:
    description:
      - k3s' folder of data.
    type: path
    default: /var/lib/rancher/k3s
  config_dir:
    description:
      - k3s' folder of configuration, which goes into the backup.
    type: path
    default: /etc/rancher/k3s
  include_token:
    description:
      - >-
        Whether the server's token and k3s' configuration go into the backup. It is proved before that the token opens
        the snapshot, as no restore works without. It needs O(recipients).
    type: bool
    default: true
  endpoints:
    description:
      - >-
        etcd's URLs; the first that is part of a working cluster gives the snapshot. Without, with source V(k3s), this
        server's.
    type: list
    elements: str
  ca_file:
    description:
      - With source V(etcd), the certificate of etcd's authority.
    type: path
  cert_file:
    description:
      - With source V(etcd), the client's certificate.
    type: path
  key_file:
    description:
      - With source V(etcd), the key of O(cert_file).
    type: path
  username:
    description:
      - A user of the role root, where etcd has authentication on.
    type: str
  password:
    description:
      - The password of O(username).
    type: str
  snapshot:
    description:
      - >-
        With source V(file), the snapshot, as it is or in a zip as k3s makes it. Without, the newest of k3s' own in
        O(data_dir).
    type: path
  signing_key:
    description:
      - >-
        The key that signs the manifests, in PEM, as C(openssl genpkey -algorithm ed25519) makes it. State V(present)
        needs it, and trusts it.
    type: str
  signing_key_file:
    description:
      - The file of O(signing_key).
    type: path
  trusted_keys:
    description:
      - The public keys whose backups count, in PEM, as C(openssl pkey -pubout) makes them.
    type: list
    elements: str
  recipients:
    description:
      - >-
        Who can read new backups: recipients of age (C(age1...)). Each can, alone. Without any, backups are not
        encrypted.
    type: list
    elements: str
  identities:
    description:
      - >-
        The private keys of age that open backups (C(AGE-SECRET-KEY-1...)), one a line. To take backups none is needed.
    type: str
  identities_file:
    description:
      - The file of O(identities).
    type: path
  work_dir:
    description:
      - >-
        A folder on a local disk for snapshots while they are worked on. It needs twice the size of the database, which
        is checked before. One run at a time uses it.
    type: path
    default: /var/lib/etcd-backup
  answer_timeout:
    description:
      - How many seconds etcd may take for one answer.
    type: int
    default: 10
  snapshot_timeout:
    description:
      - How many seconds etcd may take for the snapshot, and for the hash over all of its keys.
    type: int
    default: 600
  stall_timeout:
    description:
      - After how many seconds without a byte of the snapshot it is given up.
    type: int
    default: 30
  backup_timeout:
    description:
      - How many seconds all of it may take.
    type: int
    default: 3600
"""

EXAMPLES = r"""
---
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
"""

RETURN = r"""
---
backup:
  description: The backup that was taken.
  returned: with state present, if one was stored
  type: dict
  sample:
    good: true
    keys: 812
    name: 20261125T120000Z-r51234-1a2b3c4d
    revision: 51234
  contains:
    name:
      description: Its name, which begins with the time.
      returned: always
      type: str
    taken:
      description: When it was taken, in UTC.
      returned: always
      type: str
    good:
      description: Whether it counts.
      returned: always
      type: bool
    why:
      description: Why it does not.
      returned: always
      type: str
    lineage:
      description: 'Of which cluster it is: the UID of the namespace kube-system, or else etcd''s cluster.'
      returned: always
      type: str
    generation:
      description: How often another lineage was accepted before.
      returned: always
      type: int
    revision:
      description: etcd's revision.
      returned: always
      type: int
    keys:
      description: The number of keys.
      returned: always
      type: int
    leases:
      description: The number of leases.
      returned: always
      type: int
    source:
      description: C(k3s), C(etcd) or C(file).
      returned: always
      type: str
    etcd_version:
      description: The member's version.
      returned: always
      type: str
    k3s_version:
      description: The version of k3s, if there is one.
      returned: always
      type: str
    encrypted:
      description: Whether it is encrypted.
      returned: always
      type: bool
    token:
      description: Whether k3s' server token is in it.
      returned: always
      type: bool
    compared:
      description: Whether the member itself had the same keys and hash; not for a file.
      returned: always
      type: bool
    snapshot_bytes:
      description: The size of etcd's snapshot.
      returned: always
      type: int
    stored_bytes:
      description: The size of what is stored.
      returned: always
      type: int
acknowledged:
  description: The stores that acknowledged it.
  returned: with state present, if one was stored
  type: list
  elements: str
  sample:
    - /mnt/backup
stores:
  description: What each of O(stores) has.
  returned: with state listed, verified or pruned
  type: list
  elements: dict
  contains:
    store:
      description: Which store.
      returned: always
      type: str
    backups:
      description: >-
        As RV(backup), the newest first. After a verification C(opened) tells whether one was decrypted and compared
        with what etcd gave; without O(identities) only what is stored is compared.
      returned: with state listed or verified
      type: list
      elements: dict
    decisions:
      description: By the name of each backup whether it is kept (C(keep)), and the C(reason).
      returned: with state pruned
      type: dict
drills:
  description: What was restored and booted, from each of O(stores).
  returned: with state drilled
  type: list
  elements: dict
  contains:
    store:
      description: Which store.
      returned: always
      type: str
    backup:
      description: As RV(backup).
      returned: always
      type: dict
    token:
      description: Whether a k3s token is in it that opens the bootstrap data in it.
      returned: always
      type: bool
    seconds:
      description: How long it took from the store to a booted etcd.
      returned: always
      type: int
steps:
  description: What was done, or in check mode would be.
  returned: if anything was
  type: list
  elements: str
  sample:
    - take backup 20261125T120000Z-r51234-1a2b3c4d into /mnt/backup
errors:
  description: All problems with the options, each by itself; C(msg) has them in one line.
  returned: when more than one option is wrong or missing
  type: list
  elements: str
  sample:
    - 'missing required arguments: name'
    - 'value of state must be one of: present, absent, got: gone'
"""

from ansible.module_utils.basic import AnsibleModule


def main():
    module = AnsibleModule(
        argument_spec={
            "state": {
                "type": "str",
                "default": "present",
                "choices": ["present", "verified", "listed", "pruned", "drilled"],
            },
            "cluster": {
                "type": "str",
                "required": True,
            },
            "backup": {
                "type": "str",
            },
            "stores": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "folder": {
                        "type": "path",
                    },
                    "s3": {
                        "type": "dict",
                        "options": {
                            "endpoint": {
                                "type": "str",
                            },
                            "region": {
                                "type": "str",
                            },
                            "bucket": {
                                "type": "str",
                                "required": True,
                            },
                            "prefix": {
                                "type": "str",
                            },
                            "access_key": {
                                "type": "str",
                                "required": True,
                                "no_log": False,
                            },
                            "secret_key": {
                                "type": "str",
                                "required": True,
                                "no_log": True,
                            },
                            "session_token": {
                                "type": "str",
                                "no_log": True,
                            },
                            "ca_file": {
                                "type": "path",
                            },
                            "lookup": {
                                "type": "str",
                                "default": "auto",
                                "choices": ["auto", "path", "dns"],
                            },
                        },
                    },
                    "sftp": {
                        "type": "dict",
                        "options": {
                            "host": {
                                "type": "str",
                                "required": True,
                            },
                            "port": {
                                "type": "int",
                                "default": 22,
                            },
                            "user": {
                                "type": "str",
                            },
                            "key_file": {
                                "type": "path",
                                "no_log": False,
                            },
                            "known_hosts": {
                                "type": "list",
                                "elements": "path",
                                "default": ["~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"],
                            },
                            "folder": {
                                "type": "str",
                                "required": True,
                            },
                        },
                    },
                },
                "mutually_exclusive": [
                    ["folder", "s3", "sftp"],
                ],
                "required_one_of": [
                    ["folder", "s3", "sftp"],
                ],
            },
            "keep": {
                "type": "dict",
                "options": {
                    "last": {
                        "type": "int",
                        "default": 0,
                    },
                    "hourly": {
                        "type": "int",
                        "default": 0,
                    },
                    "daily": {
                        "type": "int",
                        "default": 0,
                    },
                    "weekly": {
                        "type": "int",
                        "default": 0,
                    },
                    "monthly": {
                        "type": "int",
                        "default": 0,
                    },
                    "minimum_age": {
                        "type": "int",
                        "default": 86400,
                    },
                },
            },
            "max_age": {
                "type": "int",
                "default": 0,
            },
            "accept_lineage": {
                "type": "bool",
                "default": False,
            },
            "source": {
                "type": "str",
                "default": "k3s",
                "choices": ["k3s", "etcd", "file"],
            },
            "data_dir": {
                "type": "path",
                "default": "/var/lib/rancher/k3s",
            },
            "config_dir": {
                "type": "path",
                "default": "/etc/rancher/k3s",
            },
            "include_token": {
                "type": "bool",
                "default": True,
                "no_log": False,
            },
            "endpoints": {
                "type": "list",
                "elements": "str",
            },
            "ca_file": {
                "type": "path",
            },
            "cert_file": {
                "type": "path",
            },
            "key_file": {
                "type": "path",
                "no_log": False,
            },
            "username": {
                "type": "str",
            },
            "password": {
                "type": "str",
                "no_log": True,
            },
            "snapshot": {
                "type": "path",
            },
            "signing_key": {
                "type": "str",
                "no_log": True,
            },
            "signing_key_file": {
                "type": "path",
                "no_log": False,
            },
            "trusted_keys": {
                "type": "list",
                "elements": "str",
                "no_log": False,
            },
            "recipients": {
                "type": "list",
                "elements": "str",
            },
            "identities": {
                "type": "str",
                "no_log": True,
            },
            "identities_file": {
                "type": "path",
            },
            "work_dir": {
                "type": "path",
                "default": "/var/lib/etcd-backup",
            },
            "answer_timeout": {
                "type": "int",
                "default": 10,
            },
            "snapshot_timeout": {
                "type": "int",
                "default": 600,
            },
            "stall_timeout": {
                "type": "int",
                "default": 30,
            },
            "backup_timeout": {
                "type": "int",
                "default": 3600,
            },
        },
        mutually_exclusive=[
            ["signing_key", "signing_key_file"],
            ["identities", "identities_file"],
        ],
        required_if=[
            [
                "state",
                "pruned",
                ["keep"],
            ],
        ],
        supports_check_mode=True,
    )
    module.fail_json(
        msg="etcd_backup: run the module: its binary is not there; run make build in the checkout, or install the collection from the tarball of its release"
    )


if __name__ == "__main__":
    main()
