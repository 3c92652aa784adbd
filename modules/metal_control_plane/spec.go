package main

import (
	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/metalroles"
)

var spec = ansible.Spec{
	Name:             "metal_control_plane",
	ShortDescription: "Deploy metal-stack's control plane, or any set of Helm charts that need each other",
	Description: []string{
		"Takes a whole control plane in one call: charts and plain manifests become Helm releases, in the order of their dependencies, those that do " +
			"not depend on each other side by side. It needs neither helm nor kubectl.",
		"A component is changed only if a rendered manifest, a hook, a value or the chart's version would differ from the installed release; then hooks run. " +
			"Objects that somebody changed or removed are made what the release says, without a new revision and without hooks.",
		"It waits until everything is ready, jobs and hooks included, and if it gives up it says why: the pod, its container's state, the last events " +
			"and lines of the log.",
		"A release that a killed or failed run left behind is gone on with, whether that was this module or Helm. Two runs at the same time wait for " +
			"each other, release by release (a Lease in the release's namespace).",
	},
	Notes: []string{
		"The releases are Helm's own: C(helm list) shows them, Helm 3 and 4 can go on with them, and releases made by Helm are taken over as they are.",
		"Everything is tried out at the cluster before anything is changed, in check mode too: permissions, quotas of objects, admission webhooks, fields " +
			"that cannot be changed. What is found is reported at once.",
		"Secrets belong into O(components.secret_values). What charts put into Secret objects is hidden in the result as well, unless it looks like an ordinary word.",
		"Values of a chart that differ from rendering to rendering (random passwords) are not taken for a change; there is a warning.",
	},
	Options:  options,
	Examples: examples,
	Returns:  returns,
	Constraints: ansible.Constraints{
		MutuallyExclusive: [][]string{{"kubeconfig", "kubeconfig_content"}},
		RequiredOneOf:     [][]string{{"kubeconfig", "kubeconfig_content"}},
		RequiredIf: []ansible.RequiredIf{
			{Option: "state", Value: "present", Requires: []string{"components", "variables"}, OneOf: true},
			{Option: "state", Value: "absent", Requires: []string{"components", "variables"}, OneOf: true},
			{Option: "state", Value: "validated", Requires: []string{"preflight"}},
		},
	},
}

var options = []ansible.Option{
	{
		Name: "kubeconfig", Type: ansible.Path, Env: []string{"K8S_AUTH_KUBECONFIG", "KUBECONFIG"},
		Description: []string{"Path of the kubeconfig of the cluster, on the host where the task runs."},
	},
	{
		Name: "kubeconfig_content", NoLog: ansible.Secret,
		Description: []string{"The content of a kubeconfig, in place of O(kubeconfig)."},
	},
	{
		Name: "context", Env: []string{"K8S_AUTH_CONTEXT"},
		Description: []string{"The context of the kubeconfig to use. Without, its current one."},
	},
	{
		Name: "namespace", Default: "metal-control-plane",
		Description: []string{"The namespace of components that name none. It is created if it is not there, and never removed."},
	},
	{
		Name: "components", Type: ansible.List, Elements: ansible.Dict, Options: componentOptions,
		Constraints: ansible.Constraints{MutuallyExclusive: [][]string{{"chart", "manifests"}}},
		Description: []string{"The components. Those of one call may depend on each other in any way but in a circle."},
	},
	{
		Name: "variables", Type: ansible.Dict, SecretEntries: metalroles.Secrets,
		Description: []string{
			"Variables of metal-roles (V(metal_api_replicas), V(ipam_db_storage_size)), by which metal-stack's own components are deployed, without them being listed in " +
				"O(components). What is listed there under the name of one of them (V(metal)) goes over it. The role C(metal_control_plane) hands over what the inventory has, and its " +
				"README tells them all. One that is not known is refused.",
			"Certificates that none of the variables gives are made, and signed by the first of O(certificate_authorities) or by one that is made.",
			"What is secret of them is hidden wherever it would be shown.",
		},
	},
	{
		Name: "release_vectors", Type: ansible.List, Elements: ansible.Dict, Options: vectorOptions, Default: []any{},
		Description: []string{
			"Release vectors of metal-stack, which tell the images and charts of its own components. What is in several is taken from the first; what is set in values or O(variables) goes over all.",
		},
	},
	{
		Name: "registry", Type: ansible.Dict, Options: registryOptions,
		Description: []string{"How the registry is reached that O(variables) take charts and release vectors from."},
	},
	{
		Name: "mirrors", Type: ansible.Dict,
		Description: []string{
			"Where charts come from in place of their own registry or repository: a prefix of the address without scheme, as V(ghcr.io/metal-stack), and what stands " +
				"in its place. The longest prefix that fits is taken. The images that a release vector tells come from there, too; other images are the charts' own business, and RV(images) has them all.",
		},
	},
	{
		Name: "allow_placeholders", Type: ansible.Bool, Default: false,
		Description: []string{"Whether values may be those that everybody knows, as V(change-me). Only for a laboratory."},
	},
	{
		Name: "confirm", Type: ansible.List, Elements: ansible.Str, Default: []any{},
		Description: []string{"With O(state=absent), the names of the releases that hold data and may be removed, typed out."},
	},
	{
		Name: "remove_claims", Type: ansible.Bool, Default: false,
		Description: []string{"With O(state=absent), whether persistent volume claims go, too, and with them the data. Otherwise they stay."},
	},
	{
		Name: "health", Type: ansible.Dict, Options: healthOptions,
		Description: []string{"What must answer in the end, with C({\"status\": \"healthy\"}) as the metal-api does."},
	},
	{
		Name: "certificate_authorities", Type: ansible.List, Elements: ansible.Dict, Options: authorityOptions, Default: []any{},
		Description: []string{"The authorities that sign O(certificates)."},
	},
	{
		Name: "certificates", Type: ansible.List, Elements: ansible.Dict, Options: certificateOptions, Default: []any{},
		Description: []string{
			"The certificates that the components show each other, each kept in a Secret. One that is there is kept, until it lacks something or it is time " +
				"to renew it. Workloads of O(components) that read the Secret are restarted then.",
			"They stay with O(state=absent): partitions have some of them.",
		},
	},
	{
		Name: "preflight", Type: ansible.Dict, Options: preflightOptions,
		Description: []string{
			"What the cluster must have. It is looked at before anything is deployed, and all that is missing is an error; O(preflight={}) looks at the default StorageClass " +
				"and the permissions. What is asked for by a suboption is looked at besides.",
		},
	},
	{
		Name: "state", Default: "present", Choices: []any{"present", "absent", "validated"},
		Description: []string{
			"With V(validated) only O(preflight) is looked at.",
			"With V(absent) the releases are removed, in the reverse order of their dependencies. Names, namespaces and dependencies of O(components) are enough then.",
		},
	},
}

var componentOptions = []ansible.Option{
	{Name: "name", Required: true, Description: []string{"What others call it in O(components.depends_on)."}},
	{Name: "release", Description: []string{"The name of the Helm release. Without, the component's."}},
	{Name: "namespace", Description: []string{"The release's namespace. Without, O(namespace)."}},
	{
		Name: "depends_on", Type: ansible.List, Elements: ansible.Str, Default: []any{},
		Description: []string{"Components that must be deployed, and with O(components.wait) ready, before this one."},
	},
	{Name: "chart", Type: ansible.Dict, Options: chartOptions, Description: []string{"The chart."}},
	{
		Name: "manifests",
		Description: []string{
			"Plain manifests in place of a chart, as YAML documents. Nothing in them is a template. They become a Helm release; objects that are there already are taken over.",
		},
	},
	{
		Name: "values_files", Type: ansible.List, Elements: ansible.Path, Default: []any{},
		Description: []string{"Files of values in YAML, on the host where the task runs; later ones go over earlier ones."},
	},
	{
		Name: "values", Type: ansible.Dict, Default: map[string]any{},
		Description: []string{"Values that go over those of O(components.values_files). Mappings are merged at any depth, everything else is replaced."},
	},
	{
		Name: "secret_values", Type: ansible.Dict, NoLog: ansible.Secret,
		Description: []string{"Values that go over O(components.values) and are hidden wherever they would be shown."},
	},
	{
		Name: "wait", Type: ansible.Bool, Default: true,
		Description: []string{"Whether to wait until everything is ready, also if nothing had to be changed. Hooks are waited for anyway."},
	},
	{Name: "timeout", Type: ansible.Int, Default: 600, Description: []string{"How many seconds the component may take."}},
	{
		Name: "on_failure", Default: "keep", Choices: []any{"keep", "rollback"},
		Description: []string{"Whether to go back to the last good revision if an upgrade fails. The reasons of the failure are found before."},
	},
	{
		Name: "adopt", Type: ansible.Bool,
		Description: []string{
			"Whether objects that are there and of no release are taken over. Without, those of O(components.manifests) are and those of a chart are not. " +
				"Objects of another release never are.",
		},
	},
	{
		Name: "crds", Default: "apply", Choices: []any{"create", "apply", "skip"},
		Description: []string{
			"What becomes of the definitions in the chart's folder C(crds): V(apply) keeps them as the chart has them, V(create) only makes those that are not there, as Helm " +
				"does, V(skip) leaves them to somebody else. They are never removed.",
		},
	},
	{
		Name: "recreate", Type: ansible.List, Elements: ansible.Str, Default: []any{},
		Description: []string{
			"Objects, as V(StatefulSet/metal-db), that may be deleted and made again if a field changes that cannot be changed in place. Of a StatefulSet the pods and " +
				"claims stay.",
		},
	},
}

var chartOptions = []ansible.Option{
	{
		Name: "ref", Required: true,
		Description: []string{
			"C(builtin:NAME) for one of metal-stack's own components, of the versions that O(release_vectors) tell: V(builtin:nsq), V(builtin:metal-db), V(builtin:ipam-db), " +
				"V(builtin:masterdata-db), V(builtin:zitadel-db), V(builtin:auditing-timescaledb), V(builtin:valkey), V(builtin:zitadel), V(builtin:zitadel-init) or V(builtin:metal). Its values " +
				"are told in docs/control-plane.md.",
			"C(oci://HOST/PATH), with a tag and a digest if you like; the path of a folder or an archive on the host where the task runs; or with " +
				"O(components.chart.repository) the chart's name.",
		},
	},
	{Name: "repository", Description: []string{"The URL of an HTTP repository."}},
	{Name: "version", Description: []string{"The version, exactly. Of a chart in a registry it is the tag."}},
	{
		Name:        "digest",
		Description: []string{"C(sha256:...) of the chart's manifest in the registry, or of its archive. Another chart under the same name is refused."},
	},
	{Name: "username", Description: []string{"The user at the registry or repository."}},
	{Name: "password", NoLog: ansible.Secret, Description: []string{"The user's password or token."}},
	{Name: "ca_file", Type: ansible.Path, Description: []string{"The certificate authority of the registry or repository, in PEM. Without, the system's."}},
	{Name: "plain_http", Type: ansible.Bool, Default: false, Description: []string{"Whether the registry is spoken to without TLS."}},
}

var preflightOptions = []ansible.Option{
	{Name: "kubernetes_min", Description: []string{"The oldest minor version of Kubernetes, as V(1.32)."}},
	{Name: "kubernetes_max", Description: []string{"The newest minor version of Kubernetes."}},
	{Name: "storage_class", Description: []string{"The StorageClass that must be there. Without, a default one."}},
	{
		Name: "prove_storage", Type: ansible.Bool, Default: false,
		Description: []string{"Whether the StorageClass is proved by a claim in the namespace C(default), and by a pod that need not run where the class waits for one. Both are removed again."},
	},
	{Name: "load_balancer", Type: ansible.Bool, Default: false, Description: []string{"Whether a Service must have an address of a load balancer."}},
	{
		Name: "prove_load_balancer", Type: ansible.Bool, Default: false,
		Description: []string{"Whether that is proved by a Service in the namespace C(default), which is removed again."},
	},
	{Name: "cpu", Description: []string{"CPUs that must be free on the nodes, as V(2700m)."}},
	{Name: "memory", Description: []string{"Memory that must be free on the nodes, as V(5Gi)."}},
	{Name: "cluster_issuer", Description: []string{"A ClusterIssuer of cert-manager that must be ready."}},
	{
		Name: "names", Type: ansible.List, Elements: ansible.Str, Default: []any{},
		Description: []string{"Names that must resolve, on the host where the task runs, as that of the metal-api."},
	},
	{
		Name: "endpoints", Type: ansible.List, Elements: ansible.Str, Default: []any{},
		Description: []string{"C(HOST:PORT) that must accept connections from the host where the task runs, as those that partitions connect to."},
	},
	{
		Name: "urls", Type: ansible.List, Elements: ansible.Str, Default: []any{},
		Description: []string{"URLs that must answer the host where the task runs, as that of the issuer of tokens."},
	},
	{
		Name: "object_storage", Type: ansible.Dict, Options: objectStorageOptions,
		Description: []string{
			"The bucket for backups, reached by S3's protocol. An object is written, read and removed there, from the host where the task runs; in check mode it is only " +
				"looked whether the bucket is open to the credentials.",
		},
	},
	{Name: "proof_timeout", Type: ansible.Int, Default: 120, Description: []string{"How many seconds a proof may take."}},
}

var objectStorageOptions = []ansible.Option{
	{Name: "url", Required: true, Description: []string{"The bucket's URL, as V(https://s3.example.com/backups)."}},
	{Name: "region", Default: "us-east-1", Description: []string{"The region that requests are signed for. Most servers that are not of AWS take any."}},
	{Name: "access_key", Required: true, Description: []string{"The access key of those who write backups."}},
	{Name: "secret_key", Required: true, NoLog: ansible.Secret, Description: []string{"The secret key that belongs to it."}},
	{Name: "ca_file", Type: ansible.Path, Description: []string{"The certificate authority of the URL, in PEM. Without, the system's."}},
}

var healthOptions = []ansible.Option{
	{Name: "url", Description: []string{"As V(https://api.example.com/metal/v1/health). Without, and with O(variables), that of C(metal_check_api_health_endpoint)."}},
	{Name: "ca_file", Type: ansible.Path, Description: []string{"The certificate authority of the URL, in PEM. Without, the system's."}},
	{Name: "timeout", Type: ansible.Int, Default: 600, Description: []string{"How many seconds it may take."}},
}

const examples = `
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
`

var returns = []ansible.Return{
	{
		Name: "checks", Type: ansible.List, Elements: ansible.Dict, Returned: "with O(preflight)",
		Description: "What the cluster was looked at for.",
		Contains: []ansible.Return{
			{Name: "name", Type: ansible.Str, Description: "What was looked at.", Returned: "always", Sample: "storage"},
			{Name: "found", Type: ansible.Str, Description: "What was found.", Returned: "always"},
			{Name: "ok", Type: ansible.Bool, Description: "Whether that will do.", Returned: "always"},
			{Name: "remedy", Type: ansible.Str, Description: "What to do about it; empty if nothing.", Returned: "always"},
		},
	},
	{
		Name: "certificates", Type: ansible.List, Elements: ansible.Dict, Returned: "with O(state=present) and O(certificates), once all could be planned",
		Description: "What was done with each certificate, and with each authority that is kept in the cluster, or in check mode would be.",
		Contains: []ansible.Return{
			{Name: "name", Type: ansible.Str, Description: "Its name.", Returned: "always", Sample: "grpc-server"},
			{Name: "kind", Type: ansible.Str, Description: "V(authority) or V(certificate).", Returned: "always"},
			{Name: "action", Type: ansible.Str, Description: "V(none), V(issue), V(renew) or V(correct).", Returned: "always", Sample: "renew"},
			{Name: "reason", Type: ansible.Str, Description: "Why; empty if nothing was done.", Returned: "always", Sample: "it ends on 2027-01-31"},
			{Name: "namespace", Type: ansible.Str, Description: "The namespace of its Secret.", Returned: "always"},
			{Name: "secret", Type: ansible.Str, Description: "Its Secret.", Returned: "always"},
			{Name: "issuer", Type: ansible.Str, Description: "Who has signed it.", Returned: "always", Sample: "CN=metal-stack,O=metal-stack"},
			{Name: "ends", Type: ansible.Str, Description: "When it ends.", Returned: "always", Sample: "2027-11-25T10:00:00Z"},
		},
	},
	{
		Name: "images", Type: ansible.List, Elements: ansible.Str, Returned: "with O(state=present), once all could be planned",
		Description: "The images of all components, as they are pulled: what a mirror must have.", Sample: []any{"docker.io/nsqio/nsq:v1.3.0"},
	},
	{
		Name: "release_vectors", Type: ansible.List, Elements: ansible.Str, Returned: "with release vectors",
		Description: "Where they came from, and which they are.", Sample: []any{"oci://ghcr.io/metal-stack/releases:v0.23.0@sha256:..."},
	},
	{
		Name: "components", Type: ansible.List, Elements: ansible.Dict, Returned: "with O(state=present), once all could be planned",
		Description: "What was done with each component, or in check mode would be.",
		Contains: []ansible.Return{
			{Name: "name", Type: ansible.Str, Description: "The component.", Returned: "always"},
			{Name: "release", Type: ansible.Str, Description: "Its Helm release.", Returned: "always"},
			{Name: "namespace", Type: ansible.Str, Description: "The release's namespace.", Returned: "always"},
			{Name: "action", Type: ansible.Str, Description: "V(none), V(install), V(upgrade) or V(correct).", Returned: "always", Sample: "upgrade"},
			{Name: "recovered", Type: ansible.Bool, Description: "Whether a run that was killed or failed was in the way.", Returned: "always"},
			{Name: "revision", Type: ansible.Int, Description: "The release's revision.", Returned: "always", Sample: 3},
			{Name: "chart", Type: ansible.Str, Description: "The chart's name.", Returned: "always", Sample: "metal-control-plane"},
			{Name: "version", Type: ansible.Str, Description: "The chart's version.", Returned: "always", Sample: "0.8.8"},
			{Name: "digest", Type: ansible.Str, Description: "The chart's digest; empty for folders and manifests.", Returned: "always"},
			{Name: "images", Type: ansible.List, Elements: ansible.Str, Description: "The images of its pods and hooks.", Returned: "always"},
			{
				Name: "reasons", Type: ansible.List, Elements: ansible.Dict, Returned: "when it did not become ready",
				Description: "Why: C(object), C(pod), C(container), C(state), the last C(events), and the last lines of its C(log).",
			},
		},
	},
}
