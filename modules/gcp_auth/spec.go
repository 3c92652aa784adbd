package main

import (
	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/modules/internal/auth"
)

var spec = ansible.Spec{
	Name:             "gcp_auth",
	ShortDescription: "Prove Google Cloud credentials, and let gcloud use them",
	Description: []string{
		"Takes credentials of Google Cloud from wherever they are, mints an access token with them and says in one line what is wrong if Google does not give one.",
		"With O(gcloud=true) later calls of the C(gcloud) command on the same host are authenticated, as after " +
			"C(gcloud auth activate-service-account); gcloud itself is not needed for that.",
		"With O(permissions) it tells before anything is created which permissions are missing.",
	},
	Notes: []string{
		"The token is minted in check mode too; only gcloud's configuration is a change.",
		"gcloud's configuration gets a copy of the key (mode 0600, in C(legacy_credentials/ACCOUNT/adc.json) below gcloud's folder, " +
			"which is E(CLOUDSDK_CONFIG) or C(~/.config/gcloud)) and names it in C(auth/credential_file_override). While that is set, gcloud uses these " +
			"credentials whatever C(--account) says, and does not list them in C(gcloud auth list); O(state=absent) takes them away again.",
		"Of the HTTP side E(HTTPS_PROXY), E(NO_PROXY) and E(SSL_CERT_FILE) are honoured.",
	},
	SeeAlso: []string{"metalstack.initial_cluster.gcp_create"},
	Options: append(auth.Options(), options...),
	Constraints: ansible.Constraints{
		RequiredBy: append(auth.RequiredBy(), ansible.RequiredBy{Option: "permissions", Requires: []string{"project"}}),
		RequiredIf: auth.RequiredIf(),
	},
	Examples: examples,
	Returns:  returns,
}

var options = []ansible.Option{
	{
		Name: "project", Env: []string{"GCP_PROJECT", "GOOGLE_PROJECT_ID", "GOOGLE_CLOUD_PROJECT"},
		Description: []string{"The project's id. Without, the one that the credentials name."},
	},
	{
		Name: "permissions", Type: ansible.List, Elements: ansible.Str,
		Description: []string{
			"Permissions that the account must have on O(project), as C(container.clusters.create). Those it lacks are an error.",
			"If Google does not tell, as when the Cloud Resource Manager API is disabled, there is a warning only.",
		},
	},
	{
		Name: "gcloud", Type: ansible.Bool, Default: false,
		Description: []string{"Whether to write gcloud's configuration. It is not written for an O(access_token), which ends soon."},
	},
	{
		Name:        "gcloud_configuration",
		Description: []string{"The named configuration of gcloud to write and to make active. Without, the active one."},
	},
	{
		Name: "return_token", Type: ansible.Bool, Default: false,
		Description: []string{
			"Whether the result has RV(token). Then it can be seen by whoever sees the result, in logs and with C(-v): set C(no_log) on the task.",
		},
	},
	{
		Name: "auth_timeout", Type: ansible.Int, Default: 60,
		Description: []string{"How many seconds Google and the metadata server may take, all requests together."},
	},
	{
		Name: "state", Default: "present", Choices: []any{"present", "absent"},
		Description: []string{
			"With V(absent) gcloud forgets the credentials that this module stored: the copy is removed, and with it the settings around it. " +
				"No credentials are needed then, and none are minted; the original key file and the key at Google stay.",
		},
	},
}

const examples = `
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
`

var returns = []ansible.Return{
	{
		Name: "credentials", Description: "Whose credentials these are.", Type: ansible.Dict, Returned: "with state present",
		Sample: map[string]any{
			"account": "ci@my-project.iam.gserviceaccount.com", "expires": "2026-03-01T12:00:00Z", "key_id": "0123456789abcdef0123456789abcdef01234567",
			"kind": "serviceaccount", "origin": "/root/serviceaccount.json", "project": "my-project",
			"scopes": []any{"https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/userinfo.email"},
		},
		Contains: []ansible.Return{
			{Name: "account", Type: ansible.Str, Returned: "always", Description: "The account the token is for, the impersonated one if there is one; empty if the credentials do not tell."},
			{Name: "expires", Type: ansible.Str, Returned: "always", Description: "When the token ends, in UTC; empty for a given access token."},
			{Name: "key_id", Type: ansible.Str, Returned: "always", Description: "The identifier of a service account's key; empty for other credentials."},
			{Name: "kind", Type: ansible.Str, Returned: "always", Description: "As O(auth_kind), or C(authorizeduser) for a user's application default credentials."},
			{Name: "origin", Type: ansible.Str, Returned: "always", Description: "The file the credentials come from, or what else they are known by."},
			{Name: "project", Type: ansible.Str, Returned: "always", Description: "O(project), or the one of the credentials, or empty."},
			{Name: "scopes", Type: ansible.List, Elements: ansible.Str, Returned: "always", Description: "The token's scopes."},
		},
	},
	{Name: "token", Description: "The access token.", Type: ansible.Str, Returned: "with return_token", Sample: "ya29.c.b0AXv0zT..."},
	{
		Name: "missing_permissions", Description: "Which of O(permissions) the account lacks.", Type: ansible.List, Elements: ansible.Str,
		Returned: "with permissions, if Google tells", Sample: []any{"container.clusters.create"},
	},
	{
		Name: "steps", Description: "What was done to gcloud's configuration, or in check mode would be.", Type: ansible.List, Elements: ansible.Str,
		Returned: "with gcloud, or with state absent", Sample: []any{"set core/project to my-project in gcloud's configuration default"},
	},
}
