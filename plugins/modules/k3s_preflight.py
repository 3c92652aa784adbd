#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
# Generated from modules/k3s_preflight/spec.go by make docs; do not edit.
# The documentation, and the options for ansible-lint. The work is done by a binary (plugins/module_utils/bin).
from __future__ import annotations

DOCUMENTATION = r"""
---
module: k3s_preflight
short_description: Look whether a machine will do as a node of k3s
version_added: 0.1.0
description:
  - >-
    Looks at the size of the machine, its kernel, its clock, and its way to the other machines, before anything is
    changed. All that is lacking is told at once.
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
  - It changes nothing.
  - >-
    A port of another machine is reached also when nothing listens there yet. What a firewall rejects as if nothing
    listened cannot be told from that, and UDP cannot be tried: flannel's port 8472 is left to the operator.
seealso:
  - module: metalstack.initial_cluster.k3s_node
options:
  cores:
    description:
      - How many cores there must be. Of this and the following, V(0) looks at nothing.
    type: int
    default: 8
  memory_gb:
    description:
      - How much memory there must be, in 2^30 bytes; a twenty-fifth may be the kernel's.
    type: int
    default: 64
  disks:
    description:
      - How many disks there must be of at least O(disk_gb).
    type: int
    default: 2
  disk_gb:
    description:
      - The size of such a disk, in 10^9 bytes. Disks of 1 TB come with 960 and more.
    type: int
    default: 960
  kernel_modules:
    description:
      - Modules that the kernel must have, loaded or not.
    type: list
    elements: str
    default:
      - br_netfilter
      - overlay
  cgroups:
    description:
      - Controllers of cgroups that the kernel must have.
    type: list
    elements: str
    default:
      - cpu
      - cpuset
      - memory
      - pids
  time_sync:
    description:
      - Whether the clock must be synchronised.
    type: bool
    default: true
  max_clock_skew:
    description:
      - >-
        How many seconds the clock may differ from the controller's. The way from there to the machine counts. Not
        looked at in a task with C(async).
    type: int
    default: 10
  names:
    description:
      - Names that must resolve.
    type: list
    elements: str
  peers:
    description:
      - Addresses of other machines.
    type: list
    elements: str
  ports:
    description:
      - Ports at which O(peers) must be reached over TCP.
    type: list
    elements: int
    default:
      - 6443
      - 2379
      - 2380
      - 10250
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
- name: Look whether the machine will do
  metalstack.initial_cluster.k3s_preflight:
    cores: 16
    peers: [10.0.0.12, 10.0.0.13]
"""

RETURN = r"""
---
machine:
  description: What was found.
  returned: when it could be looked at
  type: dict
  sample:
    cores: 16
    disks:
      - bytes: 1000204886016
        name: nvme0n1
    memory_gb: 62.7
  contains:
    cores:
      description: How many cores it has.
      returned: always
      type: int
    memory_gb:
      description: Its memory, in 2^30 bytes.
      returned: always
      type: float
    disks:
      description: Its disks.
      returned: always
      type: list
      elements: dict
      contains:
        name:
          description: The kernel's name for it.
          returned: always
          type: str
        bytes:
          description: Its size.
          returned: always
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

from ansible.module_utils.basic import AnsibleModule


def main():
    module = AnsibleModule(
        argument_spec={
            "cores": {
                "type": "int",
                "default": 8,
            },
            "memory_gb": {
                "type": "int",
                "default": 64,
            },
            "disks": {
                "type": "int",
                "default": 2,
            },
            "disk_gb": {
                "type": "int",
                "default": 960,
            },
            "kernel_modules": {
                "type": "list",
                "elements": "str",
                "default": ["br_netfilter", "overlay"],
            },
            "cgroups": {
                "type": "list",
                "elements": "str",
                "default": ["cpu", "cpuset", "memory", "pids"],
            },
            "time_sync": {
                "type": "bool",
                "default": True,
            },
            "max_clock_skew": {
                "type": "int",
                "default": 10,
            },
            "names": {
                "type": "list",
                "elements": "str",
            },
            "peers": {
                "type": "list",
                "elements": "str",
            },
            "ports": {
                "type": "list",
                "elements": "int",
                "default": [6443, 2379, 2380, 10250],
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
        supports_check_mode=True,
    )
    module.fail_json(
        msg="k3s_preflight: run the module: its binary is not there; run make build in the checkout, or install the collection from the tarball of its release"
    )


if __name__ == "__main__":
    main()
