#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
# Generated from modules/k3s_cluster/spec.go by make docs; do not edit.
# The documentation, and the options for ansible-lint. The work is done by a binary (plugins/module_utils/bin).
from __future__ import annotations

DOCUMENTATION = r"""
---
module: k3s_cluster
short_description: Do to a k3s cluster what concerns more than one node
version_added: 0.1.0
description:
  - >-
    Works on a server of the cluster, by its supervisor and its own C(k3s kubectl): drains nodes and lets pods back onto
    them, removes nodes that are gone, takes snapshots, and gives the cluster other tokens and keys.
  - >-
    What could cost etcd its majority is refused or waited for, and done to one server at a time in the whole cluster,
    however many runs there are.
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
    It runs on any host where a server of k3s runs, as root. The node that an operation is about is named by O(node).
  - >-
    V(snapshot), V(rotate_keys) and V(rotate_certificates) do what they are told at each run, so they are a change each
    time.
seealso:
  - module: metalstack.initial_cluster.k3s_node
options:
  operation:
    description:
      - V(info) tells of the nodes and members.
      - >-
        V(check) waits until all nodes are well, and judges an upgrade of all of them to O(version); nothing is changed.
      - >-
        V(check_rollback) judges whether all nodes can go back to O(version), an older one, by its binary alone; if not,
        it names the snapshots there are. Nothing is changed.
      - V(await) waits until O(node) is Ready, and has O(version) if that is given.
      - >-
        V(drain) takes O(node) out of scheduling and moves its pods away. If no other node could take them, nothing is
        done; if it fails, the node is as it was.
      - >-
        V(uncordon) lets pods onto O(node) again, if V(drain) took it out of scheduling; if an operator did, it stays
        so.
      - >-
        V(forget) removes O(node): its member of etcd first, then its Node object and the password that keeps other
        machines from taking its name. It need not exist any more.
      - V(snapshot) takes a snapshot of etcd and proves that it is there.
      - >-
        V(rotate_token) gives the cluster O(new_token). Thereafter all nodes must be given it and be restarted.
      - >-
        V(rotate_keys) encrypts all Secrets with a new key. Thereafter the other servers must be restarted; until they
        are, no other rotation is begun, and that is no change.
      - >-
        V(rotate_certificates) has k3s issue new certificates for the server that this runs on, whose name is O(node),
        and restarts it. Agents get new ones at each start.
    type: str
    default: info
    choices:
      - info
      - check
      - check_rollback
      - await
      - drain
      - uncordon
      - forget
      - snapshot
      - rotate_token
      - rotate_keys
      - rotate_certificates
  node:
    description:
      - The name of a node.
    type: str
  version:
    description:
      - A release of k3s, as V(v1.35.6+k3s1).
    type: str
  new_token:
    description:
      - >-
        The token that the cluster is to have: a password, or k3s' full form. Snapshots of before need the old one.
    type: str
  snapshot_name:
    description:
      - How the snapshot's name begins; the node's name and the time follow.
    type: str
    default: on-demand
  force:
    description:
      - Whether V(drain) deletes pods, too, that nothing makes anew elsewhere.
    type: bool
    default: false
  timeout:
    description:
      - How many seconds the operation may take; each wait in it, if it has several.
    type: int
    default: 300
  data_dir:
    description:
      - Where k3s keeps its data.
    type: path
    default: /var/lib/rancher/k3s
  bin_dir:
    description:
      - Where the binary of k3s is.
    type: path
    default: /usr/local/bin
  port:
    description:
      - The port of the servers.
    type: int
    default: 6443
  ssh:
    description:
      - >-
        Work on another host over SSH, from the host where the task runs (with C(delegate_to=localhost), the
        controller). Without, the module works on the host where it runs.
      - The host's key is checked always. Of C(~/.ssh/config) nothing is read.
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
      known_hosts:
        description:
          - >-
            Files with the keys of hosts, as OpenSSH has them: hashed names, C(@cert-authority) and C(@revoked) count.
            One that is missing knows nobody.
          - A host that none of them knows, or that shows another key, is refused.
        type: list
        elements: path
        default:
          - ~/.ssh/known_hosts
          - /etc/ssh/ssh_known_hosts
      jump:
        description:
          - Hosts to go over, in order, each as V(user@host:port); user and port may be left out.
          - Keys, certificates and O(ssh.known_hosts) count for them, too.
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
            After how many seconds without a sign of life the connection is given up. The host is asked for one after a
            third of it.
        type: int
        default: 15
      user:
        description:
          - Who to log in as. Without, who runs the module.
        type: str
      key_file:
        description:
          - >-
            The private key to log in with, and no other. Without, those of the agent, then C(id_ed25519), C(id_ecdsa)
            and C(id_rsa) in C(~/.ssh).
        type: path
      passphrase:
        description:
          - The passphrase of O(ssh.key_file). It is not needed if the agent holds that key.
        type: str
      certificate_file:
        description:
          - >-
            A certificate of O(ssh.key_file). Without, the file beside it whose name ends in C(-cert.pub), if there is
            one.
        type: path
      agent:
        description:
          - Whether to ask the SSH agent that E(SSH_AUTH_SOCK) leads to for keys, if it is set.
        type: bool
        default: true
      sudo:
        description:
          - >-
            Whether to become root by C(sudo) for everything. Without O(ssh.sudo_password), sudo must not ask for one.
        type: bool
        default: false
      sudo_password:
        description:
          - What sudo wants to know. It is given on standard input.
        type: str
"""

EXAMPLES = r"""
---
- name: Empty an agent before its upgrade
  metalstack.initial_cluster.k3s_cluster:
    operation: drain
    node: "{{ inventory_hostname }}"
  delegate_to: "{{ groups['k3s_servers'][0] }}"

- name: Take a snapshot
  metalstack.initial_cluster.k3s_cluster:
    operation: snapshot
    snapshot_name: before-upgrade

- name: Remove a server whose machine is lost
  metalstack.initial_cluster.k3s_cluster:
    operation: forget
    node: k3s-2
"""

RETURN = r"""
---
cluster:
  description: The cluster as it was found.
  returned: by V(info), V(check), V(check_rollback) and V(await)
  type: dict
  sample:
    etcd: true
    members_without_node: []
    nodes:
      - cordoned: false
        member: voter
        name: k3s-1
        ready: true
        role: server
        version: v1.35.4+k3s1
        why: ""
    outdated:
      - k3s-1
  contains:
    etcd:
      description: Whether k3s' own etcd holds the data.
      returned: always
      type: bool
    members_without_node:
      description: 'Nodes that are members of etcd and nothing else: V(forget) removes them.'
      returned: always
      type: list
      elements: str
    outdated:
      description: Nodes that do not have the version.
      returned: by V(check) and V(check_rollback)
      type: list
      elements: str
    nodes:
      description: The nodes, by name.
      returned: always
      type: list
      elements: dict
      contains:
        name:
          description: The node's name.
          returned: always
          type: str
        role:
          description: C(server) or C(agent).
          returned: always
          type: str
        version:
          description: The release that its kubelet is of.
          returned: always
          type: str
        ready:
          description: Whether it is Ready.
          returned: always
          type: bool
        why:
          description: Why it is not.
          returned: always
          type: str
        cordoned:
          description: Whether it is out of scheduling.
          returned: always
          type: bool
        member:
          description: 'What it is in etcd: C(voter), C(learner), or empty.'
          returned: always
          type: str
snapshot:
  description: The snapshot that was taken.
  returned: by V(snapshot)
  type: dict
  sample:
    bytes: 8388608
    location: file:///var/lib/rancher/k3s/server/db/snapshots/before-upgrade-k3s-1-1772618400
    name: before-upgrade-k3s-1-1772618400
    node: k3s-1
  contains:
    name:
      description: Its name.
      returned: always
      type: str
    location:
      description: Where it is, as a URL.
      returned: always
      type: str
    node:
      description: The node that took it.
      returned: always
      type: str
    bytes:
      description: Its size.
      returned: always
      type: int
encryption:
  description: How Secrets are encrypted now.
  returned: by V(rotate_keys)
  type: dict
  sample:
    active: aescbckey-2026-03-04T10:11:12Z
    inactive: []
    stage: reencrypt_finished
  contains:
    active:
      description: The name of the key.
      returned: always
      type: str
    inactive:
      description: The names of keys that only decrypt.
      returned: always
      type: list
      elements: str
    stage:
      description: Where k3s is in the rotation.
      returned: always
      type: str
steps:
  description: What was done, or in check mode would be.
  returned: when there is something to do
  type: list
  elements: str
  sample:
    - drain k3s-2
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
            "operation": {
                "type": "str",
                "default": "info",
                "choices": ["info", "check", "check_rollback", "await", "drain", "uncordon", "forget", "snapshot", "rotate_token", "rotate_keys", "rotate_certificates"],
            },
            "node": {
                "type": "str",
            },
            "version": {
                "type": "str",
            },
            "new_token": {
                "type": "str",
                "no_log": True,
            },
            "snapshot_name": {
                "type": "str",
                "default": "on-demand",
            },
            "force": {
                "type": "bool",
                "default": False,
            },
            "timeout": {
                "type": "int",
                "default": 300,
            },
            "data_dir": {
                "type": "path",
                "default": "/var/lib/rancher/k3s",
            },
            "bin_dir": {
                "type": "path",
                "default": "/usr/local/bin",
            },
            "port": {
                "type": "int",
                "default": 6443,
            },
            "ssh": {
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
        required_if=[
            [
                "operation",
                "check",
                ["version"],
            ],
            [
                "operation",
                "check_rollback",
                ["version"],
            ],
            [
                "operation",
                "await",
                ["node"],
            ],
            [
                "operation",
                "drain",
                ["node"],
            ],
            [
                "operation",
                "uncordon",
                ["node"],
            ],
            [
                "operation",
                "forget",
                ["node"],
            ],
            [
                "operation",
                "rotate_certificates",
                ["node"],
            ],
            [
                "operation",
                "rotate_token",
                ["new_token"],
            ],
        ],
        supports_check_mode=True,
    )
    module.fail_json(
        msg="k3s_cluster: run the module: its binary is not there; run make build in the checkout, or install the collection from the tarball of its release"
    )


if __name__ == "__main__":
    main()
