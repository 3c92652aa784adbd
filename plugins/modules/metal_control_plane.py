#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
# Generated from modules/metal_control_plane/spec.go by make docs; do not edit.
# The documentation, and the options for ansible-lint. The work is done by a binary (plugins/module_utils/bin).
from __future__ import annotations

DOCUMENTATION = r"""
---
module: metal_control_plane
short_description: Deploy metal-stack's control plane, or any set of Helm charts that need each other
version_added: 0.1.0
description:
  - >-
    Takes a whole control plane in one call: charts and plain manifests become Helm releases, in the order of their
    dependencies, those that do not depend on each other side by side. It needs neither helm nor kubectl.
  - >-
    A component is changed only if a rendered manifest, a hook, a value or the chart's version would differ from the
    installed release; then hooks run. Objects that somebody changed or removed are made what the release says, without
    a new revision and without hooks.
  - >-
    It waits until everything is ready, jobs and hooks included, and if it gives up it says why: the pod, its
    container's state, the last events and lines of the log.
  - >-
    A release that a killed or failed run left behind is gone on with, whether that was this module or Helm. Two runs at
    the same time wait for each other, release by release (a Lease in the release's namespace).
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
    The releases are Helm's own: C(helm list) shows them, Helm 3 and 4 can go on with them, and releases made by Helm
    are taken over as they are.
  - >-
    Everything is tried out at the cluster before anything is changed, in check mode too: permissions, quotas of
    objects, admission webhooks, fields that cannot be changed. What is found is reported at once.
  - >-
    Secrets belong into O(components.secret_values). What charts put into Secret objects is hidden in the result as
    well, unless it looks like an ordinary word.
  - >-
    Values of a chart that differ from rendering to rendering (random passwords) are not taken for a change; there is a
    warning.
options:
  kubeconfig:
    description:
      - Path of the kubeconfig of the cluster, on the host where the task runs.
      - >-
        If it is not given, the first that is set of the environment variables E(K8S_AUTH_KUBECONFIG), E(KUBECONFIG) of
        the task is taken.
    type: path
  kubeconfig_content:
    description:
      - The content of a kubeconfig, in place of O(kubeconfig).
    type: str
  context:
    description:
      - The context of the kubeconfig to use. Without, its current one.
      - If it is not given, the environment variable E(K8S_AUTH_CONTEXT) of the task is taken.
    type: str
  namespace:
    description:
      - The namespace of components that name none. It is created if it is not there, and never removed.
    type: str
    default: metal-control-plane
  components:
    description:
      - The components. Those of one call may depend on each other in any way but in a circle.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - What others call it in O(components.depends_on).
        type: str
        required: true
      release:
        description:
          - The name of the Helm release. Without, the component's.
        type: str
      namespace:
        description:
          - The release's namespace. Without, O(namespace).
        type: str
      depends_on:
        description:
          - Components that must be deployed, and with O(components.wait) ready, before this one.
        type: list
        elements: str
        default: []
      chart:
        description:
          - The chart.
        type: dict
        suboptions:
          ref:
            description:
              - >-
                C(builtin:NAME) for one of metal-stack's own components, of the versions that O(release_vectors) tell:
                V(builtin:nsq), V(builtin:metal-db), V(builtin:ipam-db), V(builtin:masterdata-db),
                V(builtin:zitadel-db), V(builtin:auditing-timescaledb), V(builtin:valkey), V(builtin:zitadel),
                V(builtin:zitadel-init) or V(builtin:metal). Its values are told in docs/control-plane.md.
              - >-
                C(oci://HOST/PATH), with a tag and a digest if you like; the path of a folder or an archive on the host
                where the task runs; or with O(components.chart.repository) the chart's name.
            type: str
            required: true
          repository:
            description:
              - The URL of an HTTP repository.
            type: str
          version:
            description:
              - The version, exactly. Of a chart in a registry it is the tag.
            type: str
          digest:
            description:
              - >-
                C(sha256:...) of the chart's manifest in the registry, or of its archive. Another chart under the same
                name is refused.
            type: str
          username:
            description:
              - The user at the registry or repository.
            type: str
          password:
            description:
              - The user's password or token.
            type: str
          ca_file:
            description:
              - The certificate authority of the registry or repository, in PEM. Without, the system's.
            type: path
          plain_http:
            description:
              - Whether the registry is spoken to without TLS.
            type: bool
            default: false
      manifests:
        description:
          - >-
            Plain manifests in place of a chart, as YAML documents. Nothing in them is a template. They become a Helm
            release; objects that are there already are taken over.
        type: str
      values_files:
        description:
          - Files of values in YAML, on the host where the task runs; later ones go over earlier ones.
        type: list
        elements: path
        default: []
      values:
        description:
          - >-
            Values that go over those of O(components.values_files). Mappings are merged at any depth, everything else
            is replaced.
        type: dict
        default: {}
      secret_values:
        description:
          - Values that go over O(components.values) and are hidden wherever they would be shown.
        type: dict
      wait:
        description:
          - >-
            Whether to wait until everything is ready, also if nothing had to be changed. Hooks are waited for anyway.
        type: bool
        default: true
      timeout:
        description:
          - How many seconds the component may take.
        type: int
        default: 600
      on_failure:
        description:
          - >-
            Whether to go back to the last good revision if an upgrade fails. The reasons of the failure are found
            before.
        type: str
        default: keep
        choices:
          - keep
          - rollback
      adopt:
        description:
          - >-
            Whether objects that are there and of no release are taken over. Without, those of O(components.manifests)
            are and those of a chart are not. Objects of another release never are.
        type: bool
      crds:
        description:
          - >-
            What becomes of the definitions in the chart's folder C(crds): V(apply) keeps them as the chart has them,
            V(create) only makes those that are not there, as Helm does, V(skip) leaves them to somebody else. They are
            never removed.
        type: str
        default: apply
        choices:
          - create
          - apply
          - skip
      recreate:
        description:
          - >-
            Objects, as V(StatefulSet/metal-db), that may be deleted and made again if a field changes that cannot be
            changed in place. Of a StatefulSet the pods and claims stay.
        type: list
        elements: str
        default: []
  variables:
    description:
      - >-
        Variables of metal-roles (V(metal_api_replicas), V(ipam_db_storage_size)), by which metal-stack's own components
        are deployed, without them being listed in O(components). What is listed there under the name of one of them
        (V(metal)) goes over it. The role C(metal_control_plane) hands over what the inventory has, and its README tells
        them all. One that is not known is refused.
      - >-
        Certificates that none of the variables gives are made, and signed by the first of O(certificate_authorities) or
        by one that is made.
      - What is secret of them is hidden wherever it would be shown.
    type: dict
  release_vectors:
    description:
      - >-
        Release vectors of metal-stack, which tell the images and charts of its own components. What is in several is
        taken from the first; what is set in values or O(variables) goes over all.
    type: list
    elements: dict
    default: []
    suboptions:
      ref:
        description:
          - >-
            C(oci://HOST/PATH:TAG), a URL, or the path of a file or of a folder with a C(release.yaml) on the host where
            the task runs.
        type: str
        required: true
      digest:
        description:
          - >-
            C(sha256:...) of the artifact's manifest in the registry. Another one under the same name is refused.
        type: str
      username:
        description:
          - The user at the registry.
        type: str
      password:
        description:
          - The user's password or token.
        type: str
      ca_file:
        description:
          - The certificate authority of the registry, in PEM. Without, the system's.
        type: path
      plain_http:
        description:
          - Whether the registry is spoken to without TLS.
        type: bool
        default: false
      cosign_key:
        description:
          - A public key in PEM. The artifact must have been signed with it by cosign.
        type: str
      replace:
        description:
          - Texts that are changed in the vector, as of a registry that has a mirror.
        type: list
        elements: dict
        default: []
        suboptions:
          key:
            description:
              - >-
                The key whose texts are changed, wherever in the vector it stands, as V(name) of images and V(oci) of
                charts.
            type: str
            required: true
          old:
            description:
              - The part of the text.
            type: str
            required: true
          new:
            description:
              - What stands in its place.
            type: str
            required: true
  registry:
    description:
      - How the registry is reached that O(variables) take charts and release vectors from.
    type: dict
    suboptions:
      username:
        description:
          - The user.
        type: str
      password:
        description:
          - The user's password or token.
        type: str
      ca_file:
        description:
          - Its certificate authority, in PEM. Without, the system's.
        type: path
      plain_http:
        description:
          - Whether it is spoken to without TLS.
        type: bool
        default: false
  mirrors:
    description:
      - >-
        Where charts come from in place of their own registry or repository: a prefix of the address without scheme, as
        V(ghcr.io/metal-stack), and what stands in its place. The longest prefix that fits is taken. The images that a
        release vector tells come from there, too; other images are the charts' own business, and RV(images) has them
        all.
    type: dict
  allow_placeholders:
    description:
      - Whether values may be those that everybody knows, as V(change-me). Only for a laboratory.
    type: bool
    default: false
  confirm:
    description:
      - With O(state=absent), the names of the releases that hold data and may be removed, typed out.
    type: list
    elements: str
    default: []
  remove_claims:
    description:
      - >-
        With O(state=absent), whether persistent volume claims go, too, and with them the data. Otherwise they stay.
    type: bool
    default: false
  health:
    description:
      - 'What must answer in the end, with C({"status": "healthy"}) as the metal-api does.'
    type: dict
    suboptions:
      url:
        description:
          - >-
            As V(https://api.example.com/metal/v1/health). Without, and with O(variables), that of
            C(metal_check_api_health_endpoint).
        type: str
      ca_file:
        description:
          - The certificate authority of the URL, in PEM. Without, the system's.
        type: path
      timeout:
        description:
          - How many seconds it may take.
        type: int
        default: 600
  certificate_authorities:
    description:
      - The authorities that sign O(certificates).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - What O(certificates.ca) calls it.
        type: str
        required: true
      certificate:
        description:
          - >-
            The authority's certificate in PEM. Without, the authority is made once and kept in
            O(certificate_authorities.secret); whoever may read that can sign certificates.
        type: str
      key:
        description:
          - >-
            Its key in PEM. With O(certificate_authorities.certificate) alone, certificates that are there are kept, and
            none can be made.
        type: str
      common_name:
        description:
          - The name of an authority that is made. Without, O(certificate_authorities.name).
        type: str
      validity:
        description:
          - How many days an authority lasts that is made.
        type: int
        default: 3650
      secret:
        description:
          - >-
            Where an authority is kept that is made. Without, in a Secret of its name, in the form in which cert-manager
            takes authorities.
        type: dict
        suboptions:
          namespace:
            description:
              - Its namespace. Without, O(namespace).
            type: str
          name:
            description:
              - Its name.
            type: str
          keys:
            description:
              - >-
                The names of its entries; what has no name has no entry. Without any, C(ca.crt), C(tls.crt) and
                C(tls.key).
            type: dict
            suboptions:
              ca:
                description:
                  - The certificate of the authority.
                type: str
              certificate:
                description:
                  - The certificate.
                type: str
              key:
                description:
                  - Its key.
                type: str
              bundle:
                description:
                  - Certificate and key one after the other, as the clients of nsq want it.
                type: str
  certificates:
    description:
      - >-
        The certificates that the components show each other, each kept in a Secret. One that is there is kept, until it
        lacks something or it is time to renew it. Workloads of O(components) that read the Secret are restarted then.
      - 'They stay with O(state=absent): partitions have some of them.'
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - What it is called here.
        type: str
        required: true
      ca:
        description:
          - The authority that signs it, one of O(certificate_authorities).
        type: str
        required: true
      common_name:
        description:
          - The name in it. Without, O(certificates.name).
        type: str
      sans:
        description:
          - The names and addresses under which a server is reached.
        type: list
        elements: str
        default: []
      usages:
        description:
          - As what it is shown.
        type: list
        elements: str
        default:
          - server
          - client
        choices:
          - server
          - client
      validity:
        description:
          - How many days a new one lasts, at most as long as its authority.
        type: int
        default: 365
      renew_before:
        description:
          - >-
            How many days before its end it is made anew. This happens when the task runs, so they must be more than
            there are between two runs.
        type: int
        default: 90
      replace:
        description:
          - >-
            Whether one that another authority has signed is replaced. That is refused otherwise, as who trusts the
            other authority trusts the new one no more: partitions must get it at the same time.
        type: bool
        default: false
      secret:
        description:
          - The Secret that it is kept in. Without, one of its name. Other entries in it stay.
        type: dict
        suboptions:
          namespace:
            description:
              - Its namespace. Without, O(namespace).
            type: str
          name:
            description:
              - Its name.
            type: str
          keys:
            description:
              - >-
                The names of its entries; what has no name has no entry. Without any, C(ca.crt), C(tls.crt) and
                C(tls.key).
            type: dict
            suboptions:
              ca:
                description:
                  - The certificate of the authority.
                type: str
              certificate:
                description:
                  - The certificate.
                type: str
              key:
                description:
                  - Its key.
                type: str
              bundle:
                description:
                  - Certificate and key one after the other, as the clients of nsq want it.
                type: str
      values:
        description:
          - Values of charts that have a part of it as well. They go over all others.
        type: list
        elements: dict
        default: []
        suboptions:
          component:
            description:
              - The component, one with a chart.
            type: str
            required: true
          path:
            description:
              - The value, as V(metal_api.grpc.tls.server_cert_enc).
            type: str
            required: true
          part:
            description:
              - What of it.
            type: str
            required: true
            choices:
              - ca
              - certificate
              - key
              - bundle
          base64:
            description:
              - Whether the chart wants it encoded so.
            type: bool
            default: false
  preflight:
    description:
      - >-
        What the cluster must have. It is looked at before anything is deployed, and all that is missing is an error;
        O(preflight={}) looks at the default StorageClass and the permissions. What is asked for by a suboption is
        looked at besides.
    type: dict
    suboptions:
      kubernetes_min:
        description:
          - The oldest minor version of Kubernetes, as V(1.32).
        type: str
      kubernetes_max:
        description:
          - The newest minor version of Kubernetes.
        type: str
      storage_class:
        description:
          - The StorageClass that must be there. Without, a default one.
        type: str
      prove_storage:
        description:
          - >-
            Whether the StorageClass is proved by a claim in the namespace C(default), and by a pod that need not run
            where the class waits for one. Both are removed again.
        type: bool
        default: false
      load_balancer:
        description:
          - Whether a Service must have an address of a load balancer.
        type: bool
        default: false
      prove_load_balancer:
        description:
          - Whether that is proved by a Service in the namespace C(default), which is removed again.
        type: bool
        default: false
      cpu:
        description:
          - CPUs that must be free on the nodes, as V(2700m).
        type: str
      memory:
        description:
          - Memory that must be free on the nodes, as V(5Gi).
        type: str
      cluster_issuer:
        description:
          - A ClusterIssuer of cert-manager that must be ready.
        type: str
      names:
        description:
          - Names that must resolve, on the host where the task runs, as that of the metal-api.
        type: list
        elements: str
        default: []
      endpoints:
        description:
          - >-
            C(HOST:PORT) that must accept connections from the host where the task runs, as those that partitions
            connect to.
        type: list
        elements: str
        default: []
      urls:
        description:
          - URLs that must answer the host where the task runs, as that of the issuer of tokens.
        type: list
        elements: str
        default: []
      object_storage:
        description:
          - >-
            The bucket for backups, reached by S3's protocol. An object is written, read and removed there, from the
            host where the task runs; in check mode it is only looked whether the bucket is open to the credentials.
        type: dict
        suboptions:
          url:
            description:
              - The bucket's URL, as V(https://s3.example.com/backups).
            type: str
            required: true
          region:
            description:
              - The region that requests are signed for. Most servers that are not of AWS take any.
            type: str
            default: us-east-1
          access_key:
            description:
              - The access key of those who write backups.
            type: str
            required: true
          secret_key:
            description:
              - The secret key that belongs to it.
            type: str
            required: true
          ca_file:
            description:
              - The certificate authority of the URL, in PEM. Without, the system's.
            type: path
      proof_timeout:
        description:
          - How many seconds a proof may take.
        type: int
        default: 120
  state:
    description:
      - With V(validated) only O(preflight) is looked at.
      - >-
        With V(absent) the releases are removed, in the reverse order of their dependencies. Names, namespaces and
        dependencies of O(components) are enough then.
    type: str
    default: present
    choices:
      - present
      - absent
      - validated
"""

EXAMPLES = r"""
---
- name: Deploy a control plane
  metalstack.initial_cluster.metal_control_plane:
    kubeconfig: /etc/metal/kubeconfig
    components:
      - name: nsq
        manifests: "{{ lookup('ansible.builtin.template', 'nsq.yaml') }}"
      - name: metal-db
        manifests: "{{ lookup('ansible.builtin.template', 'metal-db.yaml') }}"
      - name: metal
        release: metal-control-plane
        depends_on: [nsq, metal-db]
        chart:
          ref: oci://ghcr.io/metal-stack/helm-charts/metal-control-plane
          version: v0.8.8
        values_files: [metal.yaml]
        secret_values: "{{ metal_secrets }}"
        on_failure: rollback
    health:
      url: https://api.example.com/metal/v1/health

- name: Make what its parts show each other, from an authority that is made once
  metalstack.initial_cluster.metal_control_plane:
    kubeconfig: /etc/metal/kubeconfig
    certificate_authorities:
      - name: metal-stack
    certificates:
      - name: grpc-server
        ca: metal-stack
        common_name: metal-api
        sans: [api.example.com]
        usages: [server]
        values:
          - {component: metal, path: metal_api.grpc.tls.ca_cert_enc, part: ca, base64: true}
          - {component: metal, path: metal_api.grpc.tls.server_cert_enc, part: certificate, base64: true}
          - {component: metal, path: metal_api.grpc.tls.server_key_enc, part: key, base64: true}
      - name: nsqd
        ca: metal-stack
        sans: [nsqd]
        secret:
          keys: {ca: ca.pem, bundle: client.pem, key: client_key.pem}
    components: "{{ metal_components }}"

- name: Look whether a cluster will do
  metalstack.initial_cluster.metal_control_plane:
    kubeconfig: /etc/metal/kubeconfig
    state: validated
    preflight:
      kubernetes_min: "1.32"
      kubernetes_max: "1.35"
      prove_storage: true
      cpu: 2700m
      memory: 5Gi
      names: [api.example.com]
      object_storage:
        url: https://s3.example.com/backups
        access_key: backup
        secret_key: "{{ backup_secret_key }}"

- name: See what an upgrade would change
  metalstack.initial_cluster.metal_control_plane:
    kubeconfig: /etc/metal/kubeconfig
    components: "{{ metal_components }}"
  check_mode: true
  diff: true

- name: Remove it, and keep the data
  metalstack.initial_cluster.metal_control_plane:
    kubeconfig: /etc/metal/kubeconfig
    components: "{{ metal_components }}"
    state: absent
    confirm: [metal-db]
"""

RETURN = r"""
---
checks:
  description: What the cluster was looked at for.
  returned: with O(preflight)
  type: list
  elements: dict
  contains:
    name:
      description: What was looked at.
      returned: always
      type: str
      sample: storage
    found:
      description: What was found.
      returned: always
      type: str
    ok:
      description: Whether that will do.
      returned: always
      type: bool
    remedy:
      description: What to do about it; empty if nothing.
      returned: always
      type: str
certificates:
  description: >-
    What was done with each certificate, and with each authority that is kept in the cluster, or in check mode would be.
  returned: with O(state=present) and O(certificates), once all could be planned
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      returned: always
      type: str
      sample: grpc-server
    kind:
      description: V(authority) or V(certificate).
      returned: always
      type: str
    action:
      description: V(none), V(issue), V(renew) or V(correct).
      returned: always
      type: str
      sample: renew
    reason:
      description: Why; empty if nothing was done.
      returned: always
      type: str
      sample: it ends on 2027-01-31
    namespace:
      description: The namespace of its Secret.
      returned: always
      type: str
    secret:
      description: Its Secret.
      returned: always
      type: str
    issuer:
      description: Who has signed it.
      returned: always
      type: str
      sample: CN=metal-stack,O=metal-stack
    ends:
      description: When it ends.
      returned: always
      type: str
      sample: "2027-11-25T10:00:00Z"
images:
  description: 'The images of all components, as they are pulled: what a mirror must have.'
  returned: with O(state=present), once all could be planned
  type: list
  elements: str
  sample:
    - docker.io/nsqio/nsq:v1.3.0
release_vectors:
  description: Where they came from, and which they are.
  returned: with release vectors
  type: list
  elements: str
  sample:
    - oci://ghcr.io/metal-stack/releases:v0.23.0@sha256:...
components:
  description: What was done with each component, or in check mode would be.
  returned: with O(state=present), once all could be planned
  type: list
  elements: dict
  contains:
    name:
      description: The component.
      returned: always
      type: str
    release:
      description: Its Helm release.
      returned: always
      type: str
    namespace:
      description: The release's namespace.
      returned: always
      type: str
    action:
      description: V(none), V(install), V(upgrade) or V(correct).
      returned: always
      type: str
      sample: upgrade
    recovered:
      description: Whether a run that was killed or failed was in the way.
      returned: always
      type: bool
    revision:
      description: The release's revision.
      returned: always
      type: int
      sample: 3
    chart:
      description: The chart's name.
      returned: always
      type: str
      sample: metal-control-plane
    version:
      description: The chart's version.
      returned: always
      type: str
      sample: 0.8.8
    digest:
      description: The chart's digest; empty for folders and manifests.
      returned: always
      type: str
    images:
      description: The images of its pods and hooks.
      returned: always
      type: list
      elements: str
    reasons:
      description: >-
        Why: C(object), C(pod), C(container), C(state), the last C(events), and the last lines of its C(log).
      returned: when it did not become ready
      type: list
      elements: dict
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
            "kubeconfig": {
                "type": "path",
                "fallback": (env_fallback, ["K8S_AUTH_KUBECONFIG", "KUBECONFIG"]),
            },
            "kubeconfig_content": {
                "type": "str",
                "no_log": True,
            },
            "context": {
                "type": "str",
                "fallback": (env_fallback, ["K8S_AUTH_CONTEXT"]),
            },
            "namespace": {
                "type": "str",
                "default": "metal-control-plane",
            },
            "components": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "name": {
                        "type": "str",
                        "required": True,
                    },
                    "release": {
                        "type": "str",
                    },
                    "namespace": {
                        "type": "str",
                    },
                    "depends_on": {
                        "type": "list",
                        "elements": "str",
                        "default": [],
                    },
                    "chart": {
                        "type": "dict",
                        "options": {
                            "ref": {
                                "type": "str",
                                "required": True,
                            },
                            "repository": {
                                "type": "str",
                            },
                            "version": {
                                "type": "str",
                            },
                            "digest": {
                                "type": "str",
                            },
                            "username": {
                                "type": "str",
                            },
                            "password": {
                                "type": "str",
                                "no_log": True,
                            },
                            "ca_file": {
                                "type": "path",
                            },
                            "plain_http": {
                                "type": "bool",
                                "default": False,
                            },
                        },
                    },
                    "manifests": {
                        "type": "str",
                    },
                    "values_files": {
                        "type": "list",
                        "elements": "path",
                        "default": [],
                    },
                    "values": {
                        "type": "dict",
                        "default": {
                        },
                    },
                    "secret_values": {
                        "type": "dict",
                        "no_log": True,
                    },
                    "wait": {
                        "type": "bool",
                        "default": True,
                    },
                    "timeout": {
                        "type": "int",
                        "default": 600,
                    },
                    "on_failure": {
                        "type": "str",
                        "default": "keep",
                        "choices": ["keep", "rollback"],
                    },
                    "adopt": {
                        "type": "bool",
                    },
                    "crds": {
                        "type": "str",
                        "default": "apply",
                        "choices": ["create", "apply", "skip"],
                    },
                    "recreate": {
                        "type": "list",
                        "elements": "str",
                        "default": [],
                    },
                },
                "mutually_exclusive": [
                    ["chart", "manifests"],
                ],
            },
            "variables": {
                "type": "dict",
            },
            "release_vectors": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "ref": {
                        "type": "str",
                        "required": True,
                    },
                    "digest": {
                        "type": "str",
                    },
                    "username": {
                        "type": "str",
                    },
                    "password": {
                        "type": "str",
                        "no_log": True,
                    },
                    "ca_file": {
                        "type": "path",
                    },
                    "plain_http": {
                        "type": "bool",
                        "default": False,
                    },
                    "cosign_key": {
                        "type": "str",
                        "no_log": False,
                    },
                    "replace": {
                        "type": "list",
                        "elements": "dict",
                        "default": [],
                        "options": {
                            "key": {
                                "type": "str",
                                "required": True,
                                "no_log": False,
                            },
                            "old": {
                                "type": "str",
                                "required": True,
                            },
                            "new": {
                                "type": "str",
                                "required": True,
                            },
                        },
                    },
                },
            },
            "registry": {
                "type": "dict",
                "options": {
                    "username": {
                        "type": "str",
                    },
                    "password": {
                        "type": "str",
                        "no_log": True,
                    },
                    "ca_file": {
                        "type": "path",
                    },
                    "plain_http": {
                        "type": "bool",
                        "default": False,
                    },
                },
            },
            "mirrors": {
                "type": "dict",
            },
            "allow_placeholders": {
                "type": "bool",
                "default": False,
            },
            "confirm": {
                "type": "list",
                "elements": "str",
                "default": [],
            },
            "remove_claims": {
                "type": "bool",
                "default": False,
            },
            "health": {
                "type": "dict",
                "options": {
                    "url": {
                        "type": "str",
                    },
                    "ca_file": {
                        "type": "path",
                    },
                    "timeout": {
                        "type": "int",
                        "default": 600,
                    },
                },
            },
            "certificate_authorities": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {
                        "type": "str",
                        "required": True,
                    },
                    "certificate": {
                        "type": "str",
                    },
                    "key": {
                        "type": "str",
                        "no_log": True,
                    },
                    "common_name": {
                        "type": "str",
                    },
                    "validity": {
                        "type": "int",
                        "default": 3650,
                    },
                    "secret": {
                        "type": "dict",
                        "options": {
                            "namespace": {
                                "type": "str",
                            },
                            "name": {
                                "type": "str",
                            },
                            "keys": {
                                "type": "dict",
                                "options": {
                                    "ca": {
                                        "type": "str",
                                    },
                                    "certificate": {
                                        "type": "str",
                                    },
                                    "key": {
                                        "type": "str",
                                        "no_log": False,
                                    },
                                    "bundle": {
                                        "type": "str",
                                    },
                                },
                            },
                        },
                    },
                },
            },
            "certificates": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {
                        "type": "str",
                        "required": True,
                    },
                    "ca": {
                        "type": "str",
                        "required": True,
                    },
                    "common_name": {
                        "type": "str",
                    },
                    "sans": {
                        "type": "list",
                        "elements": "str",
                        "default": [],
                    },
                    "usages": {
                        "type": "list",
                        "elements": "str",
                        "default": ["server", "client"],
                        "choices": ["server", "client"],
                    },
                    "validity": {
                        "type": "int",
                        "default": 365,
                    },
                    "renew_before": {
                        "type": "int",
                        "default": 90,
                    },
                    "replace": {
                        "type": "bool",
                        "default": False,
                    },
                    "secret": {
                        "type": "dict",
                        "options": {
                            "namespace": {
                                "type": "str",
                            },
                            "name": {
                                "type": "str",
                            },
                            "keys": {
                                "type": "dict",
                                "options": {
                                    "ca": {
                                        "type": "str",
                                    },
                                    "certificate": {
                                        "type": "str",
                                    },
                                    "key": {
                                        "type": "str",
                                        "no_log": False,
                                    },
                                    "bundle": {
                                        "type": "str",
                                    },
                                },
                            },
                        },
                    },
                    "values": {
                        "type": "list",
                        "elements": "dict",
                        "default": [],
                        "options": {
                            "component": {
                                "type": "str",
                                "required": True,
                            },
                            "path": {
                                "type": "str",
                                "required": True,
                            },
                            "part": {
                                "type": "str",
                                "required": True,
                                "choices": ["ca", "certificate", "key", "bundle"],
                            },
                            "base64": {
                                "type": "bool",
                                "default": False,
                            },
                        },
                    },
                },
            },
            "preflight": {
                "type": "dict",
                "options": {
                    "kubernetes_min": {
                        "type": "str",
                    },
                    "kubernetes_max": {
                        "type": "str",
                    },
                    "storage_class": {
                        "type": "str",
                    },
                    "prove_storage": {
                        "type": "bool",
                        "default": False,
                    },
                    "load_balancer": {
                        "type": "bool",
                        "default": False,
                    },
                    "prove_load_balancer": {
                        "type": "bool",
                        "default": False,
                    },
                    "cpu": {
                        "type": "str",
                    },
                    "memory": {
                        "type": "str",
                    },
                    "cluster_issuer": {
                        "type": "str",
                    },
                    "names": {
                        "type": "list",
                        "elements": "str",
                        "default": [],
                    },
                    "endpoints": {
                        "type": "list",
                        "elements": "str",
                        "default": [],
                    },
                    "urls": {
                        "type": "list",
                        "elements": "str",
                        "default": [],
                    },
                    "object_storage": {
                        "type": "dict",
                        "options": {
                            "url": {
                                "type": "str",
                                "required": True,
                            },
                            "region": {
                                "type": "str",
                                "default": "us-east-1",
                            },
                            "access_key": {
                                "type": "str",
                                "required": True,
                            },
                            "secret_key": {
                                "type": "str",
                                "required": True,
                                "no_log": True,
                            },
                            "ca_file": {
                                "type": "path",
                            },
                        },
                    },
                    "proof_timeout": {
                        "type": "int",
                        "default": 120,
                    },
                },
            },
            "state": {
                "type": "str",
                "default": "present",
                "choices": ["present", "absent", "validated"],
            },
        },
        mutually_exclusive=[
            ["kubeconfig", "kubeconfig_content"],
        ],
        required_one_of=[
            ["kubeconfig", "kubeconfig_content"],
        ],
        required_if=[
            [
                "state",
                "present",
                ["components", "variables"],
                True,
            ],
            [
                "state",
                "absent",
                ["components", "variables"],
                True,
            ],
            [
                "state",
                "validated",
                ["preflight"],
            ],
        ],
        supports_check_mode=True,
    )
    module.fail_json(
        msg="metal_control_plane: run the module: its binary is not there; run make build in the checkout, or install the collection from the tarball of its release"
    )


if __name__ == "__main__":
    main()
