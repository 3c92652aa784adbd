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
    Each of O(stores) acknowledges for itself: one that fails lets the task fail, and the others have the backup
    nevertheless.
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
      - >-
        V(scheduled) has this machine do V(present) and V(pruned) by itself (O(schedule)): the module's program is put
        there with these options, and a timer of systemd.
      - V(absent) ends that, and removes program, options and metrics. Backups stay.
      - >-
        V(restored) makes the k3s server of this machine a cluster with the data of a backup: the newest good one, or
        O(backup). Nothing is touched before it has passed a drill; the data of before is moved aside. All servers must
        be stopped, and the others then made to join (O(rejoin)); the playbook C(restore) does all of that. One that was
        restored already is left as it is.
    type: str
    default: present
    choices:
      - present
      - verified
      - listed
      - pruned
      - drilled
      - scheduled
      - absent
      - restored
  cluster:
    description:
      - The name under which the backups lie in the stores. One name is for one cluster.
    type: str
    required: true
  backup:
    description:
      - >-
        The name of the backup, with state V(verified), V(drilled) or V(restored). Without, all, or the newest good one.
    type: str
  stores:
    description:
      - >-
        Where backups are kept: one or more, each a folder, an S3-compatible bucket, a folder of an SFTP server, or a
        bucket of Google Cloud Storage.
      - >-
        What is stored is put beside its place and renamed, or sent with a checksum that the server compares, so that
        nothing half is ever listed.
    type: list
    elements: dict
    required: true
    suboptions:
      folder:
        description:
          - >-
            An absolute path on the host where the module runs. The folder must be there: an unmounted disk is an error,
            not an empty store.
          - Files get mode 0600, folders 0700, and both are synced.
        type: path
      s3:
        description:
          - 'A bucket of Amazon S3, or of what speaks its protocol: MinIO, Ceph, versitygw and others.'
          - >-
            Its key must be allowed to list, read, write and delete below the prefix. In a bucket with versions a
            deleted backup's version stays; a lifecycle rule may remove it. What object lock protects is not deleted.
        type: dict
        suboptions:
          bucket:
            description:
              - The bucket, which must be there.
            type: str
            required: true
          prefix:
            description:
              - >-
                What stands before all names in O(stores.s3.bucket), without slashes at its ends. With one of its own
                for each use a bucket may serve several.
            type: str
          endpoint:
            description:
              - The server's URL, as V(https://minio.example:9000). Without, Amazon's.
            type: str
          region:
            description:
              - The bucket's region. Without, the server is asked, which some do not allow.
            type: str
          bucket_lookup:
            description:
              - >-
                How requests name the bucket: in the path, or as a part of the host's name. V(auto) is V(dns) for Amazon
                and V(path) for others.
            type: str
            default: auto
            choices:
              - auto
              - path
              - dns
          access_key:
            description:
              - The access key's identifier.
            type: str
            required: true
          secret_key:
            description:
              - The secret access key.
            type: str
            required: true
          session_token:
            description:
              - The session token of temporary keys.
            type: str
          ca_file:
            description:
              - >-
                A file with the certificates (PEM) of the server's authority, beside those that the host knows. The
                server's certificate is checked always.
            type: path
          ca_cert:
            description:
              - The same certificates as text.
            type: str
      sftp:
        description:
          - A folder of an SFTP server. The account need not run commands.
        type: dict
        suboptions:
          path:
            description:
              - >-
                The folder, which must be there. A path that does not begin with a slash begins where the login does.
            type: str
            required: true
          ssh:
            description:
              - >-
                How to log in. The host's key is checked always. Of C(~/.ssh/config) nothing is read;
                O(stores.sftp.ssh.sudo) does not go with files alone.
            type: dict
            required: true
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
              known_hosts:
                description:
                  - >-
                    Files with the keys of hosts, as OpenSSH has them: hashed names, C(@cert-authority) and C(@revoked)
                    count. One that is missing knows nobody.
                  - A host that none of them knows, or that shows another key, is refused.
                type: list
                elements: path
                default:
                  - ~/.ssh/known_hosts
                  - /etc/ssh/ssh_known_hosts
              jump:
                description:
                  - Hosts to go over, in order, each as V(user@host:port); user and port may be left out.
                  - Keys, certificates and O(stores.sftp.ssh.known_hosts) count for them, too.
                type: list
                elements: str
              connect_timeout:
                description:
                  - How many seconds it may take until one is logged in, all jump hosts included.
                type: int
                default: 10
              silence_timeout:
                description:
                  - >-
                    After how many seconds without a sign of life the connection is given up. The host is asked for one
                    after a third of it.
                type: int
                default: 15
              user:
                description:
                  - Who to log in as. Without, who runs the module.
                type: str
              key_file:
                description:
                  - >-
                    The private key to log in with, and no other. Without, those of the agent, then C(id_ed25519),
                    C(id_ecdsa) and C(id_rsa) in C(~/.ssh).
                type: path
              passphrase:
                description:
                  - The passphrase of O(stores.sftp.ssh.key_file). It is not needed if the agent holds that key.
                type: str
              certificate_file:
                description:
                  - >-
                    A certificate of O(stores.sftp.ssh.key_file). Without, the file beside it whose name ends in
                    C(-cert.pub), if there is one.
                type: path
              agent:
                description:
                  - Whether to ask the SSH agent that E(SSH_AUTH_SOCK) leads to for keys, if it is set.
                type: bool
                default: true
              sudo:
                description:
                  - >-
                    Whether to become root by C(sudo) for everything. Without O(stores.sftp.ssh.sudo_password), sudo
                    must not ask for one.
                type: bool
                default: false
              sudo_password:
                description:
                  - What sudo wants to know. It is given on standard input.
                type: str
      gcs:
        description:
          - A bucket of Google Cloud Storage. The account needs C(roles/storage.objectAdmin) on it.
          - What a retention policy or a hold protects is not deleted.
        type: dict
        suboptions:
          bucket:
            description:
              - The bucket, which must be there.
            type: str
            required: true
          prefix:
            description:
              - >-
                What stands before all names in O(stores.gcs.bucket), without slashes at its ends. With one of its own
                for each use a bucket may serve several.
            type: str
          ca_file:
            description:
              - >-
                A file with the certificates (PEM) of the server's authority, beside those that the host knows. The
                server's certificate is checked always.
            type: path
          ca_cert:
            description:
              - The same certificates as text.
            type: str
          endpoint:
            description:
              - >-
                Where Google Cloud Storage is reached, for networks with Private Service Connect. Without,
                C(https://storage.googleapis.com).
            type: str
          google:
            description:
              - Which credentials to use. Without, the application default credentials.
            type: dict
            suboptions:
              auth_kind:
                description:
                  - Where the credentials come from.
                  - >-
                    V(auto) is what O(stores.gcs.google.service_account_file),
                    O(stores.gcs.google.service_account_contents) or O(stores.gcs.google.access_token) holds, and
                    V(application) if none is given.
                  - >-
                    V(serviceaccount) is a service account's key, V(externalaccount) a configuration of workload
                    identity federation; both are given by O(stores.gcs.google.service_account_file) or
                    O(stores.gcs.google.service_account_contents), and any other content is refused.
                  - >-
                    V(application) is the application default credentials: the file that
                    E(GOOGLE_APPLICATION_CREDENTIALS) names, then C(application_default_credentials.json) in gcloud's
                    folder, then the metadata server.
                  - >-
                    V(machineaccount) is the account of the virtual machine, from the metadata server
                    (E(GCE_METADATA_HOST) is honoured).
                  - If it is not given, the environment variable E(GCP_AUTH_KIND) of the task is taken.
                type: str
                default: auto
                choices:
                  - auto
                  - serviceaccount
                  - application
                  - machineaccount
                  - externalaccount
                  - accesstoken
              service_account_file:
                description:
                  - Path of a key or of other credentials in Google's JSON form, on the host where the task runs.
                  - >-
                    Credentials that run a program to get a token, and those that would send one elsewhere than to
                    Google, are refused.
                  - If it is not given, the environment variable E(GCP_SERVICE_ACCOUNT_FILE) of the task is taken.
                type: path
              service_account_contents:
                description:
                  - The content of such a file, as JSON text or as a dictionary.
                  - >-
                    Ansible hides every value of a dictionary in the result, the account's address too; text is hidden
                    as a whole.
                  - If it is not given, the environment variable E(GCP_SERVICE_ACCOUNT_CONTENTS) of the task is taken.
                type: jsonarg
              account:
                description:
                  - Address of the account whose credentials these are. Credentials of another account are refused.
                  - >-
                    If no credentials are given, those are taken that gcloud keeps of this account: from C(gcloud auth),
                    or from M(metalstack.initial_cluster.gcp_auth) with C(gcloud=true).
                type: str
              access_token:
                description:
                  - An access token that was minted before. It is used as it is and cannot be renewed.
                  - >-
                    If it is not given, the first that is set of the environment variables E(GCP_ACCESS_TOKEN),
                    E(GOOGLE_OAUTH_ACCESS_TOKEN) of the task is taken.
                type: str
              scopes:
                description:
                  - The OAuth scopes of the tokens, as URLs or by the last word of the URL (V(cloud-platform)).
                  - >-
                    Without, C(cloud-platform) and C(userinfo.email). The metadata server gives those the machine was
                    made with.
                  - If it is not given, the environment variable E(GCP_SCOPES) of the task is taken.
                type: list
                elements: str
              impersonate_service_account:
                description:
                  - >-
                    Address of a service account to act as. The credentials' own account needs
                    C(roles/iam.serviceAccountTokenCreator) on it.
                  - >-
                    If it is not given, the environment variable E(GOOGLE_IMPERSONATE_SERVICE_ACCOUNT) of the task is
                    taken.
                type: str
              impersonate_delegates:
                description:
                  - >-
                    Addresses of the accounts over which O(stores.gcs.google.impersonate_service_account) is reached, in
                    order; each needs the role on the next.
                type: list
                elements: str
              iam_endpoint:
                description:
                  - Where the IAM Service Account Credentials API is reached, for networks with Private Service Connect.
                  - Without, C(https://iamcredentials.googleapis.com).
                type: str
              resource_manager_endpoint:
                description:
                  - >-
                    Where the Cloud Resource Manager API, which tells permissions, is reached, for networks with Private
                    Service Connect.
                  - Without, C(https://cloudresourcemanager.googleapis.com).
                type: str
      timeout:
        description:
          - How many seconds one operation, as an upload, may take with all its attempts.
        type: int
        default: 900
      stall_timeout:
        description:
          - >-
            After how many seconds without a byte an attempt is given up. An upload or download goes on where it was.
        type: int
        default: 30
  schedule:
    description:
      - >-
        When the timer of state V(scheduled) takes backups. With the same on several servers one of them takes each
        backup: whose timer is the first. The others find it in the stores and leave it at that, unless it is older than
        O(max_age), which without a value of its own is half of the time between two runs.
    type: dict
    suboptions:
      calendar:
        description:
          - When, as OnCalendar in C(systemd.time(7)) has it.
        type: str
        default: hourly
      delay:
        description:
          - >-
            Up to how many seconds later, at random, so that not all servers begin at the same time. At most a quarter
            of the time between two runs.
        type: int
        default: 300
      drill_every:
        description:
          - >-
            After how many seconds a run restores a backup out of each store for a try, as state V(drilled) does; 0 is
            never. It needs O(identities), which then lie on the server: who takes it over can read older backups, too.
        type: int
        default: 0
      on_failure:
        description:
          - A unit of systemd that is started when a run has failed, as V(alert@%n.service).
        type: str
      metrics_file:
        description:
          - Where metrics are written for the textfile collector of Prometheus' node_exporter.
        type: path
        default: /var/lib/prometheus/node-exporter/etcd_backup.prom
  keep:
    description:
      - >-
        What states V(pruned) and V(scheduled) keep; what one of them wants is kept. Backups that are not good are kept
        in any case, and so is the newest good one of each lineage.
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
      - >-
        With state V(present), a backup in every store that is younger than so many seconds is enough. With source
        V(file) one is that is from so many seconds before the snapshot, or later.
    type: int
    default: 0
  accept_lineage:
    description:
      - >-
        Take the cluster for what it is now, though it does not go on from the newest backup: it is another one, was
        restored to an earlier revision, or has lost most of its keys. Without, such a backup is stored in quarantine
        (once a day), and the task fails. Say it once, not always.
      - With state V(restored), move data of another cluster than the backup's aside, too.
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
        With source V(file), the snapshot, as it is or in a zip as k3s makes it. It counts as taken when its name says,
        if it ends like those of k3s with C(-SECONDS) or C(-SECONDS.zip), or else when the file was written; older ones
        may come after newer ones. Without, the newest of k3s' own in O(data_dir).
    type: path
  signing_key:
    description:
      - >-
        The key that signs the manifests, in PEM, as C(openssl genpkey -algorithm ed25519) makes it. States V(present)
        and V(scheduled) need it, and trust it.
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
  confirm:
    description:
      - The name of O(cluster), typed out once more. State V(restored) does nothing without.
    type: str
  fallback:
    description:
      - >-
        With state V(restored) and without O(backup), take the next older good backup if the newest is damaged, marked
        as not good, or its manifest is not ours, and warn of what is lost by that. Without, the task fails and names
        it, and nothing is touched, and so it does if nothing shows that the newest is damaged. A copy of the newest in
        another of O(stores) is used in any case.
    type: bool
    default: false
  token:
    description:
      - >-
        With state V(restored), the token that the cluster is to have. It must open the backup, and so be the one of the
        time when that was taken; rotate it afterwards. Without, it is the one that k3s has on this machine, or else the
        one in the backup.
    type: str
  servers:
    description:
      - >-
        With state V(restored), the addresses of all servers. They are asked whether k3s runs there, as are those of the
        time of the backup; while one does, nothing is restored.
    type: list
    elements: str
  nodes:
    description:
      - >-
        With state V(restored), the names of all nodes that the cluster is to have. Servers that are not among them are
        removed from it, other nodes if they do not live. Without, none is.
    type: list
    elements: str
  rejoin:
    description:
      - >-
        With state V(restored), on a server that is to join one that was restored: RV(restore.id) from there. k3s is
        stopped here and its data is moved aside; it joins when it is started.
    type: str
  lineage:
    description:
      - >-
        With O(rejoin), RV(restore.lineage) from there: data of another cluster that is here is not moved aside, and its
        k3s not stopped, unless O(accept_lineage). Without, it is not looked at.
    type: str
  bin_dir:
    description:
      - With state V(restored), where k3s lies.
    type: path
    default: /usr/local/bin
  start_timeout:
    description:
      - With state V(restored), how many seconds k3s may take to start.
    type: int
    default: 300
  work_dir:
    description:
      - >-
        A folder on a local disk for snapshots while they are worked on. It needs three times the size of the database,
        which is checked before. One run at a time uses it.
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
"""

RETURN = r"""
---
backup:
  description: The backup that was taken, also one in quarantine.
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
  description: The stores that acknowledged it; of one in quarantine none.
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
restore:
  description: The restore.
  returned: with state restored
  type: dict
  contains:
    id:
      description: Which restore it is; the other servers get it as O(rejoin).
      returned: always
      type: str
    lineage:
      description: Of which cluster it is; the other servers get it as O(lineage).
      returned: on the server that was restored
      type: str
    backup:
      description: The name of the backup.
      returned: on the server that was restored
      type: str
    taken:
      description: When it was taken, in UTC. What was written since is lost.
      returned: on the server that was restored
      type: str
    revision:
      description: etcd's revision in the backup.
      returned: on the server that was restored
      type: int
    restored_revision:
      description: The revision that its keys have now, ahead of all that were given out.
      returned: on the server that was restored
      type: int
    keys:
      description: The number of keys in the backup, all of which were found.
      returned: on the server that was restored
      type: int
    aside:
      description: The folder in O(data_dir) that has the data of before. Delete it when it is not wanted any more.
      returned: always
      type: str
    seconds:
      description: How long it took from the store to a running k3s with all keys.
      returned: if it was restored now
      type: int
errors:
  description: All problems with the options, each by itself; C(msg) has them in one line.
  returned: when more than one option is wrong or missing
  type: list
  elements: str
  sample:
    - 'missing required arguments: name'
    - 'value of state must be one of: present, absent, got: gone'
"""

from ansible.module_utils.basic import AnsibleModule, env_fallback


def main():
    module = AnsibleModule(
        argument_spec={
            "state": {
                "type": "str",
                "default": "present",
                "choices": ["present", "verified", "listed", "pruned", "drilled", "scheduled", "absent", "restored"],
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
                            "bucket": {
                                "type": "str",
                                "required": True,
                            },
                            "prefix": {
                                "type": "str",
                            },
                            "endpoint": {
                                "type": "str",
                            },
                            "region": {
                                "type": "str",
                            },
                            "bucket_lookup": {
                                "type": "str",
                                "default": "auto",
                                "choices": ["auto", "path", "dns"],
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
                            "ca_cert": {
                                "type": "str",
                            },
                        },
                    },
                    "sftp": {
                        "type": "dict",
                        "options": {
                            "path": {
                                "type": "str",
                                "required": True,
                            },
                            "ssh": {
                                "type": "dict",
                                "required": True,
                                "options": {
                                    "host": {
                                        "type": "str",
                                        "required": True,
                                    },
                                    "port": {
                                        "type": "int",
                                        "default": 22,
                                    },
                                    "known_hosts": {
                                        "type": "list",
                                        "elements": "path",
                                        "default": ["~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"],
                                    },
                                    "jump": {
                                        "type": "list",
                                        "elements": "str",
                                    },
                                    "connect_timeout": {
                                        "type": "int",
                                        "default": 10,
                                    },
                                    "silence_timeout": {
                                        "type": "int",
                                        "default": 15,
                                    },
                                    "user": {
                                        "type": "str",
                                    },
                                    "key_file": {
                                        "type": "path",
                                        "no_log": False,
                                    },
                                    "passphrase": {
                                        "type": "str",
                                        "no_log": True,
                                    },
                                    "certificate_file": {
                                        "type": "path",
                                    },
                                    "agent": {
                                        "type": "bool",
                                        "default": True,
                                    },
                                    "sudo": {
                                        "type": "bool",
                                        "default": False,
                                    },
                                    "sudo_password": {
                                        "type": "str",
                                        "no_log": True,
                                    },
                                },
                            },
                        },
                    },
                    "gcs": {
                        "type": "dict",
                        "options": {
                            "bucket": {
                                "type": "str",
                                "required": True,
                            },
                            "prefix": {
                                "type": "str",
                            },
                            "ca_file": {
                                "type": "path",
                            },
                            "ca_cert": {
                                "type": "str",
                            },
                            "endpoint": {
                                "type": "str",
                            },
                            "google": {
                                "type": "dict",
                                "options": {
                                    "auth_kind": {
                                        "type": "str",
                                        "default": "auto",
                                        "choices": ["auto", "serviceaccount", "application", "machineaccount", "externalaccount", "accesstoken"],
                                        "fallback": (env_fallback, ["GCP_AUTH_KIND"]),
                                    },
                                    "service_account_file": {
                                        "type": "path",
                                        "no_log": False,
                                        "fallback": (env_fallback, ["GCP_SERVICE_ACCOUNT_FILE"]),
                                    },
                                    "service_account_contents": {
                                        "type": "jsonarg",
                                        "no_log": True,
                                        "fallback": (env_fallback, ["GCP_SERVICE_ACCOUNT_CONTENTS"]),
                                    },
                                    "account": {
                                        "type": "str",
                                    },
                                    "access_token": {
                                        "type": "str",
                                        "no_log": True,
                                        "fallback": (env_fallback, ["GCP_ACCESS_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN"]),
                                    },
                                    "scopes": {
                                        "type": "list",
                                        "elements": "str",
                                        "fallback": (env_fallback, ["GCP_SCOPES"]),
                                    },
                                    "impersonate_service_account": {
                                        "type": "str",
                                        "fallback": (env_fallback, ["GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"]),
                                    },
                                    "impersonate_delegates": {
                                        "type": "list",
                                        "elements": "str",
                                    },
                                    "iam_endpoint": {
                                        "type": "str",
                                    },
                                    "resource_manager_endpoint": {
                                        "type": "str",
                                    },
                                },
                                "required_if": [
                                    [
                                        "auth_kind",
                                        "serviceaccount",
                                        ["service_account_file", "service_account_contents"],
                                        True,
                                    ],
                                    [
                                        "auth_kind",
                                        "externalaccount",
                                        ["service_account_file", "service_account_contents"],
                                        True,
                                    ],
                                    [
                                        "auth_kind",
                                        "accesstoken",
                                        ["access_token"],
                                    ],
                                ],
                                "required_by": {
                                    "impersonate_delegates": ["impersonate_service_account"],
                                },
                            },
                        },
                    },
                    "timeout": {
                        "type": "int",
                        "default": 900,
                    },
                    "stall_timeout": {
                        "type": "int",
                        "default": 30,
                    },
                },
                "mutually_exclusive": [
                    ["folder", "s3", "sftp", "gcs"],
                ],
                "required_one_of": [
                    ["folder", "s3", "sftp", "gcs"],
                ],
            },
            "schedule": {
                "type": "dict",
                "options": {
                    "calendar": {
                        "type": "str",
                        "default": "hourly",
                    },
                    "delay": {
                        "type": "int",
                        "default": 300,
                    },
                    "drill_every": {
                        "type": "int",
                        "default": 0,
                    },
                    "on_failure": {
                        "type": "str",
                    },
                    "metrics_file": {
                        "type": "path",
                        "default": "/var/lib/prometheus/node-exporter/etcd_backup.prom",
                    },
                },
                "apply_defaults": True,
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
            "confirm": {
                "type": "str",
            },
            "fallback": {
                "type": "bool",
                "default": False,
            },
            "token": {
                "type": "str",
                "no_log": True,
            },
            "servers": {
                "type": "list",
                "elements": "str",
            },
            "nodes": {
                "type": "list",
                "elements": "str",
            },
            "rejoin": {
                "type": "str",
            },
            "lineage": {
                "type": "str",
            },
            "bin_dir": {
                "type": "path",
                "default": "/usr/local/bin",
            },
            "start_timeout": {
                "type": "int",
                "default": 300,
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
