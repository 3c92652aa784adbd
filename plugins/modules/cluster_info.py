#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
# Generated from modules/cluster_info/spec.go by make docs; do not edit.
# The documentation, and the options for ansible-lint. The work is done by a binary (plugins/module_utils/bin).
from __future__ import annotations

DOCUMENTATION = r"""
---
module: cluster_info
short_description: Prove that a kubeconfig reaches a Kubernetes cluster
version_added: 0.1.0
description:
  - >-
    Reads a kubeconfig as kubectl does, asks the cluster for its version, and asks it as whom it knows the credential.
    What is wrong with the file, the way to the cluster or the credential is told in one line.
  - >-
    Certificates, tokens and credential plugins (C(exec)) are understood, so it does for the kubeconfig of any provider.
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
  - It changes nothing, and needs neither kubectl nor a library of Python.
options:
  kubeconfig:
    description:
      - Path of the kubeconfig. Without, the first one of E(KUBECONFIG), or C(~/.kube/config).
    type: path
  context:
    description:
      - The context in it. Without, its current one.
    type: str
  missing_ok:
    description:
      - >-
        Whether it is no error that the kubeconfig, or the context in it, is not there. Then RV(cluster) is empty.
    type: bool
    default: false
  wait_timeout:
    description:
      - >-
        How many seconds to wait for a cluster that cannot be reached yet. A credential that is not taken is an error at
        once.
    type: int
    default: 0
"""

EXAMPLES = r"""
---
- name: Prove that the cluster is reached
  metalstack.initial_cluster.cluster_info:
    kubeconfig: /root/cluster.kubeconfig
    wait_timeout: 120
"""

RETURN = r"""
---
cluster:
  description: The cluster that was reached; empty with O(missing_ok) if there is none.
  returned: on success
  type: dict
  sample:
    context: initial
    expires: "2026-03-01T12:00:00Z"
    kubeconfig: /root/cluster.kubeconfig
    server: https://api.example.com:6443
    user: admin
    version: v1.35.7
  contains:
    context:
      description: The context's name.
      returned: always
      type: str
    expires:
      description: When the client's certificate ends, in UTC; empty for other credentials.
      returned: always
      type: str
    kubeconfig:
      description: The kubeconfig's path.
      returned: always
      type: str
    server:
      description: Where the cluster's API is.
      returned: always
      type: str
    user:
      description: As whom the cluster knows the credential; empty if it does not tell.
      returned: always
      type: str
    version:
      description: The cluster's version of Kubernetes.
      returned: always
      type: str
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
            "kubeconfig": {
                "type": "path",
            },
            "context": {
                "type": "str",
            },
            "missing_ok": {
                "type": "bool",
                "default": False,
            },
            "wait_timeout": {
                "type": "int",
                "default": 0,
            },
        },
        supports_check_mode=True,
    )
    module.fail_json(
        msg="cluster_info: run the module: its binary is not there; run make build in the checkout, or install the collection from the tarball of its release"
    )


if __name__ == "__main__":
    main()
