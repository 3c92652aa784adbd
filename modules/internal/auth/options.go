// Package auth is the options by which every module for Google Cloud is told which credentials to use, and their way into
// package gcp. What a module does with the credentials is its own business.
package auth

import "github.com/metal-stack/initial-cluster/internal/ansible"

// Options are the options; a module appends its own. Their names and environment variables are those of the collection
// google.cloud where it has them.
func Options() []ansible.Option {
	return append(credentialOptions(), impersonationOptions()...)
}

func credentialOptions() []ansible.Option {
	return []ansible.Option{
		{
			Name: "auth_kind", Default: "auto", Env: []string{"GCP_AUTH_KIND"},
			Choices: []any{"auto", "serviceaccount", "application", "machineaccount", "externalaccount", "accesstoken"},
			Description: []string{
				"Where the credentials come from.",
				"V(auto) is what O(service_account_file), O(service_account_contents) or O(access_token) holds, and V(application) if none is given.",
				"V(serviceaccount) is a service account's key, V(externalaccount) a configuration of workload identity federation; both are given " +
					"by O(service_account_file) or O(service_account_contents), and any other content is refused.",
				"V(application) is the application default credentials: the file that E(GOOGLE_APPLICATION_CREDENTIALS) names, then " +
					"C(application_default_credentials.json) in gcloud's folder, then the metadata server.",
				"V(machineaccount) is the account of the virtual machine, from the metadata server (E(GCE_METADATA_HOST) is honoured).",
			},
		},
		{
			Name: "service_account_file", Type: ansible.Path, Env: []string{"GCP_SERVICE_ACCOUNT_FILE"}, NoLog: ansible.NotSecret,
			Description: []string{
				"Path of a key or of other credentials in Google's JSON form, on the host where the task runs.",
				"Credentials that run a program to get a token, and those that would send one elsewhere than to Google, are refused.",
			},
		},
		{
			Name: "service_account_contents", Type: ansible.JSONArg, Env: []string{"GCP_SERVICE_ACCOUNT_CONTENTS"}, NoLog: ansible.Secret,
			Description: []string{
				"The content of such a file, as JSON text or as a dictionary.",
				"Ansible hides every value of a dictionary in the result, the account's address too; text is hidden as a whole.",
			},
		},
		{
			Name: "account",
			Description: []string{
				"Address of the account whose credentials these are. Credentials of another account are refused.",
				"If no credentials are given, those are taken that gcloud keeps of this account: from C(gcloud auth), or from M(metalstack.initial_cluster.gcp_auth) with C(gcloud=true).",
			},
		},
		{
			Name: "access_token", Env: []string{"GCP_ACCESS_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN"}, NoLog: ansible.Secret,
			Description: []string{"An access token that was minted before. It is used as it is and cannot be renewed."},
		},
		{
			Name: "scopes", Type: ansible.List, Elements: ansible.Str, Env: []string{"GCP_SCOPES"},
			Description: []string{
				"The OAuth scopes of the tokens, as URLs or by the last word of the URL (V(cloud-platform)).",
				"Without, C(cloud-platform) and C(userinfo.email). The metadata server gives those the machine was made with.",
			},
		},
	}
}

func impersonationOptions() []ansible.Option {
	return []ansible.Option{
		{
			Name: "impersonate_service_account", Env: []string{"GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"},
			Description: []string{
				"Address of a service account to act as. The credentials' own account needs C(roles/iam.serviceAccountTokenCreator) on it.",
			},
		},
		{
			Name: "impersonate_delegates", Type: ansible.List, Elements: ansible.Str,
			Description: []string{
				"Addresses of the accounts over which O(impersonate_service_account) is reached, in order; each needs the role on the next.",
			},
		},
		{
			Name: "iam_endpoint",
			Description: []string{
				"Where the IAM Service Account Credentials API is reached, for networks with Private Service Connect.",
				"Without, C(https://iamcredentials.googleapis.com).",
			},
		},
		{
			Name: "resource_manager_endpoint",
			Description: []string{
				"Where the Cloud Resource Manager API, which tells permissions, is reached, for networks with Private Service Connect.",
				"Without, C(https://cloudresourcemanager.googleapis.com).",
			},
		},
	}
}

// RequiredBy are the rules between the options.
func RequiredBy() []ansible.RequiredBy {
	return []ansible.RequiredBy{{Option: "impersonate_delegates", Requires: []string{"impersonate_service_account"}}}
}

// RequiredIf are the rules that hang on auth_kind.
func RequiredIf() []ansible.RequiredIf {
	contents := []string{"service_account_file", "service_account_contents"}
	return []ansible.RequiredIf{
		{Option: "auth_kind", Value: "serviceaccount", Requires: contents, OneOf: true},
		{Option: "auth_kind", Value: "externalaccount", Requires: contents, OneOf: true},
		{Option: "auth_kind", Value: "accesstoken", Requires: []string{"access_token"}},
	}
}
