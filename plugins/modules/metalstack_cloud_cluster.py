#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
# Generated from modules/metalstack_cloud_cluster/spec.go by make docs; do not edit.
# The documentation, and the options for ansible-lint. The work is done by a binary (plugins/module_utils/bin).
from __future__ import annotations

DOCUMENTATION = r"""
---
module: metalstack_cloud_cluster
short_description: Make, change and delete a Kubernetes cluster at metalstack.cloud
version_added: 0.1.0
description:
  - >-
    Makes the cluster what the options say, waits until metalstack.cloud has done it, and writes a credential into a
    kubeconfig. It is the way for playbooks, beside metalstack.cloud's console, its CLI and its Terraform provider.
  - What is not told stays as it is, and is metalstack.cloud's default in a new cluster.
  - >-
    What cannot be changed in place is refused with a list; nothing is ever deleted in order to be made anew.
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
    A run that was interrupted is gone on with by the next one, also a creation or a deletion that is under way. An
    operation that metalstack.cloud has given up is retried by the next run.
  - >-
    metalstack.cloud has no key but an identifier of its own; the module knows a cluster by its name in the project, and
    refuses two of a name.
  - >-
    The token needs the methods List, Get, Create, Update, Delete, Operate and GetCredentials of C(ClusterService) in
    the project, or the role editor there.
  - Of the HTTP side E(HTTPS_PROXY), E(NO_PROXY) and E(SSL_CERT_FILE) are honoured.
options:
  api_token:
    description:
      - A token of metalstack.cloud, from its console under Access Tokens.
      - If it is not given, the environment variable E(METAL_STACK_CLOUD_API_TOKEN) of the task is taken.
    type: str
    required: true
  api_url:
    description:
      - Where the API is. Without, what the token says, or else C(https://api.metalstack.cloud).
      - If it is not given, the environment variable E(METAL_STACK_CLOUD_API_URL) of the task is taken.
    type: str
  project:
    description:
      - The project's identifier. Without, the project that the token is for, if it is for one alone.
      - >-
        If it is not given, the first that is set of the environment variables E(METAL_STACK_CLOUD_PROJECT),
        E(METAL_STACK_CLOUD_PROJECT_ID) of the task is taken.
    type: str
  name:
    description:
      - The cluster's name, of 2 to 12 characters. It cannot be changed.
    type: str
    required: true
  partition:
    description:
      - The partition to make it in. Without, the region's default. It cannot be changed.
    type: str
  kubernetes_version:
    description:
      - >-
        The version of Kubernetes. A minor alone (V(1.35)) is its newest patch in a new cluster. Without, the region's
        default.
      - >-
        A cluster that has a later patch of the minor is fine, as metalstack.cloud moves it there by itself. It goes
        from one minor to the next, and never back.
      - 'Write it in quotes: YAML takes 1.30 for 1.3.'
    type: str
  workers:
    description:
      - >-
        All groups of workers. Without, those there stay, and a new cluster has one, C(group-0), with the region's
        defaults.
      - A group of the cluster that is not listed is an error, unless O(remove_workers) names it.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The group's name.
        type: str
        required: true
      machine_type:
        description:
          - The type of its machines; to change it replaces all of them. Without, the region's default.
        type: str
      min_size:
        description:
          - How many machines it has at least, up to 32.
        type: int
      max_size:
        description:
          - How many machines it has at most, up to 64.
        type: int
      max_surge:
        description:
          - How many machines may be there besides while machines are replaced. Without, 1 in a new group.
        type: int
      max_unavailable:
        description:
          - How many machines may lack while machines are replaced. Without, 0 in a new group.
        type: int
  remove_workers:
    description:
      - Names of groups of workers to remove with their machines. A name that is not there is fine.
    type: list
    elements: str
  maintenance:
    description:
      - >-
        When metalstack.cloud may work on the cluster by itself. Without, a new cluster has two hours from 01:00 UTC on.
    type: dict
    suboptions:
      begin:
        description:
          - 'The time of day, as V("22:30"). Write it in quotes: YAML takes it for a number.'
        type: str
      time_zone:
        description:
          - The time zone of O(maintenance.begin).
        type: str
      duration:
        description:
          - How many hours it lasts.
        type: int
        choices:
          - 1
          - 2
          - 3
      kubernetes_autoupdate:
        description:
          - Whether new patches of Kubernetes are put in.
        type: bool
      machineimage_autoupdate:
        description:
          - Whether the machines' operating system is renewed, which replaces them.
        type: bool
  state:
    description:
      - V(absent) deletes the cluster with all that is in it, and takes it out of O(kubeconfig).
    type: str
    default: present
    choices:
      - present
      - absent
  kubeconfig:
    description:
      - >-
        Path of a kubeconfig to keep a context for the cluster in, named C(NAME-PROJECT@metalstack.cloud). All else in
        it stays. Without, none is written.
      - >-
        The credential is a certificate that ends. It is renewed by a run that finds less than half of its life left, or
        that finds the cluster does not take it.
    type: path
  kubeconfig_expiration:
    description:
      - How many seconds a new credential lives. metalstack.cloud may give it less.
    type: int
    default: 28800
  kubeconfig_current:
    description:
      - Whether its context becomes the current one. Where there is none, it does so in any case.
    type: bool
    default: true
  cluster_timeout:
    description:
      - >-
        How many seconds all of it may take. What is under way then goes on at metalstack.cloud, and the next run goes
        on waiting.
    type: int
    default: 1800
"""

EXAMPLES = r"""
---
- name: Make the initial cluster at metalstack.cloud
  metalstack.initial_cluster.metalstack_cloud_cluster:
    api_token: "{{ vault_metalstack_cloud_token }}"
    name: initial
    kubernetes_version: "1.35"
    workers:
      - name: group-0
        machine_type: n1-medium-x86
        min_size: 1
        max_size: 3
    maintenance:
      begin: "22:30"
      duration: 2
    kubeconfig: ~/.kube/config

- name: Replace a group of workers by another
  metalstack.initial_cluster.metalstack_cloud_cluster:
    api_token: "{{ vault_metalstack_cloud_token }}"
    name: initial
    workers:
      - name: large
        machine_type: c1-large-x86
        min_size: 1
        max_size: 3
    remove_workers:
      - group-0

- name: Delete the cluster with all that is in it
  metalstack.initial_cluster.metalstack_cloud_cluster:
    api_token: "{{ vault_metalstack_cloud_token }}"
    name: initial
    kubeconfig: ~/.kube/config
    state: absent
"""

RETURN = r"""
---
cluster:
  description: The cluster as metalstack.cloud tells it.
  returned: if it is there
  type: dict
  sample:
    id: 5a0a4a4b-3d19-4b1a-9a56-4a2f5a1c0e11
    kubernetes_version: 1.35.7
    name: initial
    partition: eqx-mu4
    project: f8e67080-ba68-41d2-ad44-59dc65a09a33
    status: create succeeded 100%
  contains:
    id:
      description: Its identifier.
      returned: always
      type: str
    kubernetes_version:
      description: Its version of Kubernetes.
      returned: always
      type: str
    maintenance:
      description: Its maintenance window, as O(maintenance); the duration is a text like C(2h0m0s).
      returned: always
      type: dict
    name:
      description: Its name.
      returned: always
      type: str
    partition:
      description: Its partition.
      returned: always
      type: str
    project:
      description: Its project's identifier.
      returned: always
      type: str
    status:
      description: The last operation on it, and what is not ready.
      returned: always
      type: str
    workers:
      description: Its groups of workers, as O(workers).
      returned: always
      type: list
      elements: dict
kubeconfig:
  description: O(kubeconfig).
  returned: with kubeconfig and state present
  type: str
  sample: /root/.kube/config
context:
  description: The context's name in it.
  returned: with kubeconfig and state present
  type: str
  sample: initial-f8e67080-ba68-41d2-ad44-59dc65a09a33@metalstack.cloud
steps:
  description: What was done, or in check mode would be.
  returned: always
  type: list
  elements: str
  sample:
    - create cluster initial in partition eqx-mu4 with Kubernetes 1.35.7
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
            "api_token": {
                "type": "str",
                "required": True,
                "no_log": True,
                "fallback": (env_fallback, ["METAL_STACK_CLOUD_API_TOKEN"]),
            },
            "api_url": {
                "type": "str",
                "fallback": (env_fallback, ["METAL_STACK_CLOUD_API_URL"]),
            },
            "project": {
                "type": "str",
                "fallback": (env_fallback, ["METAL_STACK_CLOUD_PROJECT", "METAL_STACK_CLOUD_PROJECT_ID"]),
            },
            "name": {
                "type": "str",
                "required": True,
            },
            "partition": {
                "type": "str",
            },
            "kubernetes_version": {
                "type": "str",
            },
            "workers": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "name": {
                        "type": "str",
                        "required": True,
                    },
                    "machine_type": {
                        "type": "str",
                    },
                    "min_size": {
                        "type": "int",
                    },
                    "max_size": {
                        "type": "int",
                    },
                    "max_surge": {
                        "type": "int",
                    },
                    "max_unavailable": {
                        "type": "int",
                    },
                },
            },
            "remove_workers": {
                "type": "list",
                "elements": "str",
            },
            "maintenance": {
                "type": "dict",
                "options": {
                    "begin": {
                        "type": "str",
                    },
                    "time_zone": {
                        "type": "str",
                    },
                    "duration": {
                        "type": "int",
                        "choices": [1, 2, 3],
                    },
                    "kubernetes_autoupdate": {
                        "type": "bool",
                    },
                    "machineimage_autoupdate": {
                        "type": "bool",
                    },
                },
            },
            "state": {
                "type": "str",
                "default": "present",
                "choices": ["present", "absent"],
            },
            "kubeconfig": {
                "type": "path",
            },
            "kubeconfig_expiration": {
                "type": "int",
                "default": 28800,
            },
            "kubeconfig_current": {
                "type": "bool",
                "default": True,
            },
            "cluster_timeout": {
                "type": "int",
                "default": 1800,
            },
        },
        supports_check_mode=True,
    )
    module.fail_json(
        msg="metalstack_cloud_cluster: run the module: its binary is not there; run make build in the checkout, or install the collection from the tarball of its release"
    )


if __name__ == "__main__":
    main()
