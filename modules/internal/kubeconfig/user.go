package kubeconfig

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/gcp"
	"github.com/metal-stack/initial-cluster/internal/kube"
	"github.com/metal-stack/initial-cluster/modules/internal/auth"
)

const (
	execV1      = kube.ExecV1
	installHint = "A copy of this program comes with metalstack.initial_cluster; run the playbook that made the cluster again."
)

// planExec makes this program the cluster's credential plugin. Everything the credential depends on is made to last: credentials given
// inline are stored beside the kubeconfig, paths are absolute, and what the environment decided is decided.
func (h Handout) planExec(plan *Plan, access *kube.Access, key string) error {
	program, err := programPath()
	if err != nil {
		return err
	}
	if err := plan.addProgram(program); err != nil {
		return err
	}
	if h.inline() {
		if err := plan.addKey(key, []byte(h.Auth.ServiceAccountContents)); err != nil {
			return err
		}
	}
	args, err := h.arguments(key)
	access.User.Exec = &kube.Exec{Command: program, Args: args, Env: h.variables(), APIVersion: execV1, InstallHint: installHint}
	return err
}

func (h Handout) inline() bool { return h.Auth.ServiceAccountContents != "" }

// arguments say to the plugin which credentials to use; key is where those that were given inline are stored.
func (h Handout) arguments(key string) ([]string, error) {
	args := []string{"--" + flag}
	add := func(name, value string) {
		if value != "" {
			args = append(args, name+"="+value)
		}
	}
	switch {
	case h.Credentials.Kind() == gcp.Metadata:
		add("auth_kind", auth.KindName(gcp.Metadata))
	case h.inline():
		add("service_account_file", key)
	default:
		file, err := filepath.Abs(h.Credentials.Origin())
		if err != nil {
			return nil, err
		}
		add("service_account_file", file)
	}
	add("scopes", strings.Join(h.Auth.Scopes, ","))
	add("impersonate_service_account", h.Auth.ImpersonateServiceAccount)
	add("impersonate_delegates", strings.Join(h.Auth.ImpersonateDelegates, ","))
	add("iam_endpoint", h.Auth.IAMEndpoint)
	return args, nil
}

// variables are those of the environment that say whom to trust and where the metadata server is. Proxies are left to the client's
// environment, which needs them for the cluster, too; their addresses may hold a password.
func (h Handout) variables() map[string]string {
	names := []string{"SSL_CERT_FILE", "SSL_CERT_DIR"}
	if h.Credentials.Kind() == gcp.Metadata {
		names = append(names, "GCE_METADATA_HOST")
	}
	set := map[string]string{}
	for _, name := range names {
		if value := os.Getenv(name); value != "" {
			set[name] = value
		}
	}
	return set
}

// fresh is how long a token that is there must still be good for not to be replaced: three quarters of Google's hour.
const fresh = 45 * time.Minute

// planToken writes a token, or keeps the one that is there if it is of the same credentials and good for long.
func (h Handout) planToken(ctx context.Context, user *kube.User, found *kube.Config) error {
	who := h.Credentials.Describe()
	old, note := found.Token(h.Name)
	if expires, err := time.Parse(time.RFC3339, note["expires"]); err == nil && old != "" && note["credentials"] == who && time.Until(expires) > fresh {
		ansible.Conceal(ctx, old)
		user.Token, user.Note = old, note
		return nil
	}
	token, err := h.Credentials.Token(ctx)
	if err != nil {
		return fmt.Errorf("write the kubeconfig: %w", err)
	}
	ansible.Conceal(ctx, token.Value)
	user.Token = token.Value
	if !token.Expires.IsZero() {
		user.Note = map[string]string{"credentials": who, "expires": token.Expires.UTC().Format(time.RFC3339)}
	}
	return nil
}

// googlePlugin is the user that gcloud container clusters get-credentials writes (gcloud 578, googlecloudsdk/api_lib/container/kubeconfig.py).
func googlePlugin(options auth.Params) *kube.Exec {
	plugin := &kube.Exec{
		Command: Google, APIVersion: "client.authentication.k8s.io/v1beta1", ProvideClusterInfo: true,
		InstallHint: "Install gke-gcloud-auth-plugin for use with kubectl by following https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl#install_plugin",
	}
	if account := options.ImpersonateServiceAccount; account != "" {
		chain := append(append([]string{}, options.ImpersonateDelegates...), account)
		plugin.Args = []string{"--impersonate_service_account=" + strings.Join(chain, ",")}
	}
	return plugin
}
