#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
# Generated from modules/k3s_node/spec.go by make docs; do not edit.
# The documentation, and the options for ansible-lint. The work is done by a binary (plugins/module_utils/bin).
from __future__ import annotations

DOCUMENTATION = r"""
---
module: k3s_node
short_description: Make a machine a node of a k3s cluster
version_added: 0.1.0
description:
  - >-
    Installs, configures and starts k3s on a machine, as a server or an agent, and says why if it does not get ready.
    What k3s' install script does it does itself: binary, links, unit, environment and configuration are files that it
    writes.
  - >-
    Whether a server begins a cluster or joins one follows from what its data and the other servers say, and from
    nothing else: run it on all of them at the same time, or again on one that has lost its disk.
  - >-
    k3s is restarted only if what it runs with differs from what is wanted, and a server only while the others can do
    without it.
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
    A server that has no data begins a cluster only if all others of O(servers) say that they have none either. So that
    they can, the module answers at the port of k3s for as long as it waits for them: run it on all of them at the same
    time (without C(serial), and with at least as many C(forks)).
  - >-
    With O(servers) the file config.yaml of a server names another server, and never says C(cluster-init), once there is
    a cluster: a server whose data is lost or removed joins when it starts, whoever starts it.
  - >-
    A k3s that the install script or another role has installed is taken over. It is restarted only if it then runs with
    something else than before.
  - >-
    The environment, registries.yaml, config.yaml and its drop-ins have mode 0600, the tokens files of their own. No
    secret is given on a command line.
  - >-
    Labels that are no longer wanted are removed if this module gave them. An agent may not change its taints: k3s gives
    them when it registers, and later a warning tells what to do.
  - >-
    Of the HTTP side E(HTTPS_PROXY), E(NO_PROXY) and E(SSL_CERT_FILE) are honoured where the module runs. k3s itself
    gets O(proxy).
options:
  role:
    description:
      - What k3s is on this machine. It cannot be changed but by O(state=absent).
    type: str
    default: server
    choices:
      - server
      - agent
  state:
    description:
      - V(present) is installed as the options say, and running.
      - V(restarted) is V(present), with a restart of k3s in any case; its pods go on running.
      - >-
        V(installed) is on the disk as V(present) would have it, and not started, so that data can be put in its place
        first (M(metalstack.initial_cluster.etcd_backup), state V(restored)). A k3s that runs is left as it is.
      - >-
        V(stopped) ends k3s and lets its pods run on; it starts again with the machine. Nothing is installed or written.
      - V(killed) ends k3s and all its pods, with their mounts and network. Nothing is installed or written.
      - >-
        V(absent) leaves nothing of k3s on the machine but what O(purge) would have to name, and what its pods have
        logged (C(/var/log/pods), C(/var/log/containers)), which k3s' own uninstall script leaves, too, and others may
        read. A server leaves the cluster before.
    type: str
    default: present
    choices:
      - present
      - absent
      - installed
      - stopped
      - restarted
      - killed
  version:
    description:
      - >-
        The release, as V(v1.35.6+k3s1). Without it, and without O(channel) and O(binary), the one that is installed
        stays, and a new node gets that of the channel V(stable).
    type: str
  channel:
    description:
      - >-
        A channel of k3s, as V(stable) or V(v1.35). The release is the one that it leads to at each run: a run can
        upgrade the node.
    type: str
  download_url:
    description:
      - 'Where releases are, each in a folder with its version as its name: k3s'' own place, or a mirror.'
    type: str
    default: https://github.com/k3s-io/k3s/releases/download
  channel_url:
    description:
      - Where channels are resolved.
    type: str
    default: https://update.k3s.io/v1-release/channels
  binary:
    description:
      - >-
        The k3s binary as a file, where the module runs. Nothing is downloaded then. With O(version), it must be of that
        version.
    type: path
  images:
    description:
      - >-
        Archives of images as files, where the module runs (C(k3s-airgap-images-amd64.tar.zst)), for a node without
        registry. Those that this module has put there before and that are not wanted any more are removed.
    type: list
    elements: path
  download_images:
    description:
      - Whether to download the release's own archive of images, too, and to check its sum.
    type: bool
    default: false
  checksums:
    description:
      - >-
        The SHA-256 of files of the release, by their names (V(k3s), V(k3s-arm64), V(k3s-airgap-images-amd64.tar.zst)).
        What is named here is held against it, and not against the sums that lie beside the download. For O(binary) and
        O(images), too.
    type: dict
  bin_dir:
    description:
      - Where the binary lies, with the links C(kubectl), C(crictl) and C(ctr) to it.
    type: path
    default: /usr/local/bin
  config:
    description:
      - >-
        Further settings of config.yaml, by the names of k3s' flags, as C(secrets-encryption) or C(kubelet-arg).
      - >-
        Not those that options of this module stand for (V(token), V(server), V(cluster-init), V(data-dir) and the
        like).
    type: dict
  config_dropins:
    description:
      - >-
        Files of config.yaml.d: their settings, by the name of the file without C(.yaml). k3s reads them in the order of
        their names. Those of others stay there, and count.
    type: dict
  registries:
    description:
      - >-
        The content of registries.yaml. Passwords and the like in it are never shown. Without, a file that is there
        stays.
    type: dict
  manifests:
    description:
      - >-
        Manifests that a server applies by itself, in C(server/manifests) of O(data_dir). A manifest that this module
        has put there before and that is not listed any more is removed; what k3s made of it stays.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The file's name without C(.yaml).
        type: str
        required: true
      content:
        description:
          - The manifest. Secrets belong into O(manifests.src).
        type: str
      src:
        description:
          - A file with the manifest, where the module runs. Its content is never shown.
        type: path
  tls_san:
    description:
      - 'Further names and addresses in the certificate of a server: those of a load balancer, for one.'
    type: list
    elements: str
  data_dir:
    description:
      - Where k3s keeps its data; on a disk of its own, if it is to have one.
    type: path
    default: /var/lib/rancher/k3s
  local_storage_path:
    description:
      - >-
        Where local volumes lie. Outside of O(data_dir) they outlive whatever happens to k3s. Without, C(storage) in
        O(data_dir). It is for servers, which tell agents; with O(state=absent) an agent has to be told, too, or
        O(purge) does not find its volumes.
    type: path
  snapshot_dir:
    description:
      - Where snapshots of etcd lie. Without, C(server/db/snapshots) in O(data_dir).
    type: path
  proxy:
    description:
      - The proxy of k3s, and of containerd when it pulls images.
    type: dict
    suboptions:
      http:
        description:
          - For C(http), as V(http://proxy.example.com:3128).
        type: str
      https:
        description:
          - For C(https).
        type: str
      no_proxy:
        description:
          - What is reached directly. Nodes, pods and services must be.
        type: list
        elements: str
  environment:
    description:
      - >-
        Further variables of k3s' environment. Not C(K3S_*), for which there are settings. Values of those whose names
        end like a secret's (C(AWS_SECRET_ACCESS_KEY)), and passwords in URLs, are never shown.
    type: dict
  selinux:
    description:
      - >-
        Whether k3s works with SELinux. The policy (package C(k3s-selinux)) must be installed before, which is refused
        otherwise.
    type: bool
    default: false
  token:
    description:
      - >-
        The token of the cluster: on a server that of the servers, on an agent that of agents. A password, or k3s' full
        form (C(K10...::server:...)), which pins the cluster's certificate authority.
      - >-
        Without, and without O(token_file), the one that is there stays. It is changed by rotation alone
        (M(metalstack.initial_cluster.k3s_cluster)): another one is refused unless a server of the cluster takes it.
    type: str
  token_file:
    description:
      - A file with O(token) in it, where the module runs.
    type: path
  agent_token:
    description:
      - >-
        On servers, another token for agents, so that they never hold that of the servers. The same on all servers.
    type: str
  agent_token_file:
    description:
      - A file with O(agent_token) in it, where the module runs.
    type: path
  servers:
    description:
      - >-
        The addresses of all servers of the cluster, this one included, by which they reach each other; the same list in
        any order for all servers and agents. Two are refused: of two, none may fail.
      - Without, a server is alone.
    type: list
    elements: str
  join_url:
    description:
      - >-
        Where an agent finds the cluster, as V(https://k3s.example.com:6443): a load balancer or a virtual address.
        Without, the first server of O(servers) that answers.
    type: str
  new_cluster:
    description:
      - >-
        Says that there is no cluster yet, though servers of O(servers) cannot be asked. It is for a bring-up in which
        they do not run at the same time; then the one with the lowest address begins. Afterwards take it away: with it,
        a server whose data is lost begins a second cluster if no other answers.
    type: bool
    default: false
  datastore:
    description:
      - >-
        What keeps a cluster of one server. V(etcd) can grow. A node with V(sqlite) is converted by V(etcd), and never
        back. For an external datastore give C(datastore-endpoint) in O(config).
    type: str
    default: etcd
    choices:
      - etcd
      - sqlite
  labels:
    description:
      - >-
        Labels of the node. Those that this module gave before and that are not listed any more are removed; others
        stay.
    type: dict
  taints:
    description:
      - >-
        Taints of the node, each as V(key=value:NoSchedule). Those that this module gave before and that are not listed
        any more are removed; others stay.
    type: list
    elements: str
  upgrade:
    description:
      - >-
        Whether a k3s that runs may get another release. Without, that is refused; so a play of many nodes leaves it to
        playbook V(upgrade), which takes a snapshot before and looks at all of them.
    type: bool
    default: true
  drain:
    description:
      - >-
        Whether a server takes itself out of scheduling and moves its pods away before it is upgraded, and comes back
        after it. A server whose pods have no other node to go to keeps them. An agent cannot do that to itself: a
        server does, in playbook V(upgrade).
    type: bool
    default: false
  drain_timeout:
    description:
      - How many seconds the pods may take to leave.
    type: int
    default: 300
  start_timeout:
    description:
      - >-
        How many seconds k3s may take from its start until it is ready, and how long the other servers are waited for. A
        cause that time does not mend ends it earlier.
    type: int
    default: 300
  reset:
    description:
      - >-
        Has the cluster begin anew from a snapshot of etcd, with O(version) and the O(token) of the snapshot's time.
        What was written after it is not in the cluster any more. Give it on all servers with O(state=killed), by which
        all but the one that begins give up their data. Then with O(state=present), on that one first: it takes the data
        of the snapshot, the others join it, agents start anew.
      - >-
        Data that are given up are not deleted: they lie beside those that come in their place, in O(data_dir), with
        C(-aside-) and the time behind their names.
      - A node remembers the snapshot, and does its part once. When it gets another release, it forgets it.
    type: dict
    suboptions:
      snapshot:
        description:
          - 'The snapshot: its name in O(snapshot_dir), or a path on the server that begins.'
        type: str
        required: true
      begin:
        description:
          - >-
            Whether it is this server that begins. It is to be one, and the same for as long as the reset is not done on
            all nodes.
        type: bool
        default: false
  purge:
    description:
      - 'What O(state=absent) removes, too: local volumes, snapshots of etcd. Both stay otherwise.'
    type: list
    elements: str
    choices:
      - volumes
      - snapshots
  accept:
    description:
      - >-
        What is refused otherwise: an older release (V(downgrade)); to leave out a minor (V(minor_skip)); to stop a
        server that the others cannot do without (V(quorum_loss)); to remove a server though the cluster cannot be told,
        so that its member and node stay there (V(member_left_behind)); to remove the only server, and the cluster with
        it (V(cluster_loss)).
    type: list
    elements: str
    choices:
      - downgrade
      - minor_skip
      - quorum_loss
      - member_left_behind
      - cluster_loss
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
- name: Make three machines the servers of one cluster, all at the same time
  hosts: k3s_servers
  tasks:
    - name: Run k3s
      metalstack.initial_cluster.k3s_node:
        version: v1.35.6+k3s1
        token: "{{ vault_k3s_token }}"
        servers: [10.0.0.11, 10.0.0.12, 10.0.0.13]
        tls_san: [k3s.example.com]
        data_dir: /srv/k3s
        local_storage_path: /srv/volumes
        snapshot_dir: /srv/snapshots
        config:
          secrets-encryption: true
          disable: [traefik]

- name: Add an agent
  metalstack.initial_cluster.k3s_node:
    role: agent
    version: v1.35.6+k3s1
    token: "{{ vault_k3s_agent_token }}"
    servers: [10.0.0.11, 10.0.0.12, 10.0.0.13]
    labels:
      topology.kubernetes.io/zone: a
    taints: ["dedicated=storage:NoSchedule"]

- name: Run k3s on a machine without internet
  metalstack.initial_cluster.k3s_node:
    binary: /media/k3s/k3s
    images: [/media/k3s/k3s-airgap-images-amd64.tar.zst]
    checksums:
      k3s: "{{ k3s_sha256 }}"
    token_file: /root/k3s-token

- name: Take k3s off the machine, and keep its volumes and snapshots
  metalstack.initial_cluster.k3s_node:
    state: absent
    servers: [10.0.0.11, 10.0.0.12, 10.0.0.13]
"""

RETURN = r"""
---
node:
  description: The node as it is at the end, in check mode as it is.
  returned: unless it could not be looked at
  type: dict
  sample:
    datastore: etcd
    installed: v1.35.6+k3s1
    name: k3s-1
    role: server
    running: true
    started: Wed 2026-03-04 10:11:12 UTC
    to_reset: false
  contains:
    name:
      description: The node's name in the cluster.
      returned: always
      type: str
    role:
      description: C(server) or C(agent); empty where there is no k3s.
      returned: always
      type: str
    installed:
      description: The version of the binary; empty where there is none.
      returned: always
      type: str
    running:
      description: Whether k3s runs and has told that it is ready.
      returned: always
      type: bool
    started:
      description: When k3s was started, as the init system has it; empty if it does not run.
      returned: always
      type: str
    to_reset:
      description: Whether it has its part in O(reset) still to do.
      returned: always
      type: bool
    datastore:
      description: 'What data a server has: C(etcd), C(sqlite), or empty where there is none.'
      returned: always
      type: str
steps:
  description: What was done, or in check mode would be, in this order.
  returned: always
  type: list
  elements: str
  sample:
    - download k3s v1.35.6+k3s1 from https://github.com/k3s-io/k3s/releases/download
    - write /usr/local/bin/k3s
    - write /etc/rancher/k3s/config.yaml
    - write /etc/systemd/system/k3s.service
    - join the cluster of 10.0.0.12
    - start k3s and wait until it is ready
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
            "role": {
                "type": "str",
                "default": "server",
                "choices": ["server", "agent"],
            },
            "state": {
                "type": "str",
                "default": "present",
                "choices": ["present", "absent", "installed", "stopped", "restarted", "killed"],
            },
            "version": {
                "type": "str",
            },
            "channel": {
                "type": "str",
            },
            "download_url": {
                "type": "str",
                "default": "https://github.com/k3s-io/k3s/releases/download",
            },
            "channel_url": {
                "type": "str",
                "default": "https://update.k3s.io/v1-release/channels",
            },
            "binary": {
                "type": "path",
            },
            "images": {
                "type": "list",
                "elements": "path",
            },
            "download_images": {
                "type": "bool",
                "default": False,
            },
            "checksums": {
                "type": "dict",
            },
            "bin_dir": {
                "type": "path",
                "default": "/usr/local/bin",
            },
            "config": {
                "type": "dict",
            },
            "config_dropins": {
                "type": "dict",
            },
            "registries": {
                "type": "dict",
            },
            "manifests": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "name": {
                        "type": "str",
                        "required": True,
                    },
                    "content": {
                        "type": "str",
                    },
                    "src": {
                        "type": "path",
                    },
                },
                "mutually_exclusive": [
                    ["content", "src"],
                ],
                "required_one_of": [
                    ["content", "src"],
                ],
            },
            "tls_san": {
                "type": "list",
                "elements": "str",
            },
            "data_dir": {
                "type": "path",
                "default": "/var/lib/rancher/k3s",
            },
            "local_storage_path": {
                "type": "path",
            },
            "snapshot_dir": {
                "type": "path",
            },
            "proxy": {
                "type": "dict",
                "options": {
                    "http": {
                        "type": "str",
                    },
                    "https": {
                        "type": "str",
                    },
                    "no_proxy": {
                        "type": "list",
                        "elements": "str",
                    },
                },
            },
            "environment": {
                "type": "dict",
            },
            "selinux": {
                "type": "bool",
                "default": False,
            },
            "token": {
                "type": "str",
                "no_log": True,
            },
            "token_file": {
                "type": "path",
                "no_log": False,
            },
            "agent_token": {
                "type": "str",
                "no_log": True,
            },
            "agent_token_file": {
                "type": "path",
                "no_log": False,
            },
            "servers": {
                "type": "list",
                "elements": "str",
            },
            "join_url": {
                "type": "str",
            },
            "new_cluster": {
                "type": "bool",
                "default": False,
            },
            "datastore": {
                "type": "str",
                "default": "etcd",
                "choices": ["etcd", "sqlite"],
            },
            "labels": {
                "type": "dict",
            },
            "taints": {
                "type": "list",
                "elements": "str",
            },
            "upgrade": {
                "type": "bool",
                "default": True,
            },
            "drain": {
                "type": "bool",
                "default": False,
            },
            "drain_timeout": {
                "type": "int",
                "default": 300,
            },
            "start_timeout": {
                "type": "int",
                "default": 300,
            },
            "reset": {
                "type": "dict",
                "options": {
                    "snapshot": {
                        "type": "str",
                        "required": True,
                    },
                    "begin": {
                        "type": "bool",
                        "default": False,
                    },
                },
            },
            "purge": {
                "type": "list",
                "elements": "str",
                "choices": ["volumes", "snapshots"],
            },
            "accept": {
                "type": "list",
                "elements": "str",
                "choices": ["downgrade", "minor_skip", "quorum_loss", "member_left_behind", "cluster_loss"],
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
        mutually_exclusive=[
            ["version", "channel"],
            ["token", "token_file"],
            ["agent_token", "agent_token_file"],
        ],
        supports_check_mode=True,
    )
    module.fail_json(
        msg="k3s_node: run the module: its binary is not there; run make build in the checkout, or install the collection from the tarball of its release"
    )


if __name__ == "__main__":
    main()
