#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
# Generated from modules/gcp_auth/spec.go by make docs; do not edit.
# The documentation, and the options for ansible-lint. The work is done by a binary (plugins/module_utils/bin).
from __future__ import annotations

DOCUMENTATION = r"""
---
module: gcp_auth
short_description: Prove Google Cloud credentials, and let gcloud use them
version_added: 0.1.0
description:
  - >-
    Takes credentials of Google Cloud from wherever they are, mints an access token with them and says in one line what
    is wrong if Google does not give one.
  - >-
    With O(gcloud=true) later calls of the C(gcloud) command on the same host are authenticated, as after C(gcloud auth
    activate-service-account); gcloud itself is not needed for that.
  - With O(permissions) it tells before anything is created which permissions are missing.
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
  - The token is minted in check mode too; only gcloud's configuration is a change.
  - >-
    gcloud's configuration gets a copy of the key (mode 0600, in C(legacy_credentials/ACCOUNT/adc.json) below gcloud's
    folder, which is E(CLOUDSDK_CONFIG) or C(~/.config/gcloud)) and names it in C(auth/credential_file_override). While
    that is set, gcloud uses these credentials whatever C(--account) says, and does not list them in C(gcloud auth
    list); O(state=absent) takes them away again.
  - Of the HTTP side E(HTTPS_PROXY), E(NO_PROXY) and E(SSL_CERT_FILE) are honoured.
seealso:
  - module: metalstack.initial_cluster.gcp_create
options:
  auth_kind:
    description:
      - Where the credentials come from.
      - >-
        V(auto) is what O(service_account_file), O(service_account_contents) or O(access_token) holds, and
        V(application) if none is given.
      - >-
        V(serviceaccount) is a service account's key, V(externalaccount) a configuration of workload identity
        federation; both are given by O(service_account_file) or O(service_account_contents), and any other content is
        refused.
      - >-
        V(application) is the application default credentials: the file that E(GOOGLE_APPLICATION_CREDENTIALS) names,
        then C(application_default_credentials.json) in gcloud's folder, then the metadata server.
      - >-
        V(machineaccount) is the account of the virtual machine, from the metadata server (E(GCE_METADATA_HOST) is
        honoured).
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
        Credentials that run a program to get a token, and those that would send one elsewhere than to Google, are
        refused.
      - If it is not given, the environment variable E(GCP_SERVICE_ACCOUNT_FILE) of the task is taken.
    type: path
  service_account_contents:
    description:
      - The content of such a file, as JSON text or as a dictionary.
      - >-
        Ansible hides every value of a dictionary in the result, the account's address too; text is hidden as a whole.
      - If it is not given, the environment variable E(GCP_SERVICE_ACCOUNT_CONTENTS) of the task is taken.
    type: jsonarg
  account:
    description:
      - Address of the account whose credentials these are. Credentials of another account are refused.
      - >-
        If no credentials are given, those are taken that gcloud keeps of this account: from C(gcloud auth), or from
        M(metalstack.initial_cluster.gcp_auth) with C(gcloud=true).
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
        Without, C(cloud-platform) and C(userinfo.email). The metadata server gives those the machine was made with.
      - If it is not given, the environment variable E(GCP_SCOPES) of the task is taken.
    type: list
    elements: str
  impersonate_service_account:
    description:
      - >-
        Address of a service account to act as. The credentials' own account needs
        C(roles/iam.serviceAccountTokenCreator) on it.
      - >-
        If it is not given, the environment variable E(GOOGLE_IMPERSONATE_SERVICE_ACCOUNT) of the task is taken.
    type: str
  impersonate_delegates:
    description:
      - >-
        Addresses of the accounts over which O(impersonate_service_account) is reached, in order; each needs the role on
        the next.
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
        Where the Cloud Resource Manager API, which tells permissions, is reached, for networks with Private Service
        Connect.
      - Without, C(https://cloudresourcemanager.googleapis.com).
    type: str
  project:
    description:
      - The project's id. Without, the one that the credentials name.
      - >-
        If it is not given, the first that is set of the environment variables E(GCP_PROJECT), E(GOOGLE_PROJECT_ID),
        E(GOOGLE_CLOUD_PROJECT) of the task is taken.
    type: str
  permissions:
    description:
      - >-
        Permissions that the account must have on O(project), as C(container.clusters.create). Those it lacks are an
        error.
      - >-
        If Google does not tell, as when the Cloud Resource Manager API is disabled, there is a warning only.
    type: list
    elements: str
  gcloud:
    description:
      - Whether to write gcloud's configuration. It is not written for an O(access_token), which ends soon.
    type: bool
    default: false
  gcloud_configuration:
    description:
      - The named configuration of gcloud to write and to make active. Without, the active one.
    type: str
  return_token:
    description:
      - >-
        Whether the result has RV(token). Then it can be seen by whoever sees the result, in logs and with C(-v): set
        C(no_log) on the task.
    type: bool
    default: false
  auth_timeout:
    description:
      - How many seconds Google and the metadata server may take, all requests together.
    type: int
    default: 60
  state:
    description:
      - >-
        With V(absent) gcloud forgets the credentials that this module stored: the copy is removed, and with it the
        settings around it. No credentials are needed then, and none are minted; the original key file and the key at
        Google stay.
    type: str
    default: present
    choices:
      - present
      - absent
"""

EXAMPLES = r"""
---
- name: Authenticate at Google Cloud
  metalstack.initial_cluster.gcp_auth:
    project: my-project
    service_account_file: serviceaccount.json
    gcloud: true

- name: Check that a cluster may be created, before anything is
  metalstack.initial_cluster.gcp_auth:
    project: my-project
    service_account_contents: "{{ vault_gcp_key }}"
    permissions:
      - container.clusters.create
      - container.clusters.get
      - iam.serviceAccounts.actAs

- name: Act as the deployer account, without any key, from a CI job that Google trusts
  metalstack.initial_cluster.gcp_auth:
    auth_kind: externalaccount
    service_account_file: "{{ ansible_env.GOOGLE_APPLICATION_CREDENTIALS }}"
    impersonate_service_account: deployer@my-project.iam.gserviceaccount.com

- name: Let gcloud forget the credentials
  metalstack.initial_cluster.gcp_auth:
    state: absent
"""

RETURN = r"""
---
credentials:
  description: Whose credentials these are.
  returned: with state present
  type: dict
  sample:
    account: ci@my-project.iam.gserviceaccount.com
    expires: "2026-03-01T12:00:00Z"
    key_id: 0123456789abcdef0123456789abcdef01234567
    kind: serviceaccount
    origin: /root/serviceaccount.json
    project: my-project
    scopes:
      - https://www.googleapis.com/auth/cloud-platform
      - https://www.googleapis.com/auth/userinfo.email
  contains:
    account:
      description: >-
        The account the token is for, the impersonated one if there is one; empty if the credentials do not tell.
      returned: always
      type: str
    expires:
      description: When the token ends, in UTC; empty for a given access token.
      returned: always
      type: str
    key_id:
      description: The identifier of a service account's key; empty for other credentials.
      returned: always
      type: str
    kind:
      description: As O(auth_kind), or C(authorizeduser) for a user's application default credentials.
      returned: always
      type: str
    origin:
      description: The file the credentials come from, or what else they are known by.
      returned: always
      type: str
    project:
      description: O(project), or the one of the credentials, or empty.
      returned: always
      type: str
    scopes:
      description: The token's scopes.
      returned: always
      type: list
      elements: str
token:
  description: The access token.
  returned: with return_token
  type: str
  sample: ya29.c.b0AXv0zT...
missing_permissions:
  description: Which of O(permissions) the account lacks.
  returned: with permissions, if Google tells
  type: list
  elements: str
  sample:
    - container.clusters.create
steps:
  description: What was done to gcloud's configuration, or in check mode would be.
  returned: with gcloud, or with state absent
  type: list
  elements: str
  sample:
    - set core/project to my-project in gcloud's configuration default
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
            "project": {
                "type": "str",
                "fallback": (env_fallback, ["GCP_PROJECT", "GOOGLE_PROJECT_ID", "GOOGLE_CLOUD_PROJECT"]),
            },
            "permissions": {
                "type": "list",
                "elements": "str",
            },
            "gcloud": {
                "type": "bool",
                "default": False,
            },
            "gcloud_configuration": {
                "type": "str",
            },
            "return_token": {
                "type": "bool",
                "default": False,
            },
            "auth_timeout": {
                "type": "int",
                "default": 60,
            },
            "state": {
                "type": "str",
                "default": "present",
                "choices": ["present", "absent"],
            },
        },
        required_if=[
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
        required_by={
            "impersonate_delegates": ["impersonate_service_account"],
            "permissions": ["project"],
        },
        supports_check_mode=True,
    )
    module.fail_json(
        msg="gcp_auth: run the module: its binary is not there; run make build in the checkout, or install the collection from the tarball of its release"
    )


if __name__ == "__main__":
    main()
