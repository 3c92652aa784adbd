// Package kube knows how a Kubernetes API is reached: it puts accesses into kubeconfigs and takes them out, beside kubectl and
// whatever else edits them. How a cluster comes to be, and how its credential is got, it leaves to others.
package kube

import (
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Access is how one cluster is reached. Its name is that of the kubeconfig's cluster, user and context at once.
type Access struct {
	Name   string
	Server string // https://HOST[:PORT]
	CA     []byte // PEM; empty for a server whose certificate is a public one
	User   User
}

// User is a credential: a token, a program that gives one, or a certificate with its key.
type User struct {
	Token            string            // secret
	Note             map[string]string // kept beside a token, for whoever writes the next one
	Exec             *Exec
	Certificate, Key []byte // PEM; the key is a secret
}

// noted is the name of the kubeconfig's extension that holds a note.
const noted = "metalstack.initial_cluster"

// Exec is a program that Kubernetes' clients call for a credential. Nothing of it is a secret.
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
type Exec struct {
	Command            string
	Args               []string
	Env                map[string]string
	APIVersion         string // client.authentication.k8s.io/v1 or v1beta1
	InstallHint        string
	ProvideClusterInfo bool
}

// ExecV1 is the API version of a credential plugin to choose if the program does not want another.
const ExecV1 = "client.authentication.k8s.io/v1"

// DefaultConfigPath is the kubeconfig that kubectl writes to: the first path of KUBECONFIG, or ~/.kube/config.
func DefaultConfigPath() (string, error) {
	for _, path := range filepath.SplitList(os.Getenv("KUBECONFIG")) {
		if path != "" {
			return path, nil
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the kubeconfig: %w; name it, or set KUBECONFIG", err)
	}
	return filepath.Join(home, ".kube", "config"), nil
}

// The fields of each entry that belong to an access. Those of an entry that are not named here are somebody else's and stay: a
// context's namespace, a cluster's proxy-url.
var owned = map[string][]string{
	"cluster": {"server", "certificate-authority-data", "certificate-authority", "insecure-skip-tls-verify"},
	"user": {"token", "tokenFile", "exec", "auth-provider", "username", "password",
		"client-certificate", "client-certificate-data", "client-key", "client-key-data", "extensions"},
	"context": {"cluster", "user"},
}

// sections are a kubeconfig's lists and what their entries are called.
var sections = []struct{ list, kind string }{{"clusters", "cluster"}, {"users", "user"}, {"contexts", "context"}}

// fields are the owned fields with their values for this access.
func (a Access) fields(kind string) map[string]any {
	switch kind {
	case "cluster":
		fields := map[string]any{"server": a.Server}
		if len(a.CA) > 0 {
			fields["certificate-authority-data"] = base64.StdEncoding.EncodeToString(a.CA)
		}
		return fields
	case "context":
		return map[string]any{"cluster": a.Name, "user": a.Name}
	case "user":
		switch {
		case a.User.Exec != nil:
			return map[string]any{"exec": a.User.Exec.fields()}
		case a.User.Certificate != nil:
			return map[string]any{
				"client-certificate-data": base64.StdEncoding.EncodeToString(a.User.Certificate),
				"client-key-data":         base64.StdEncoding.EncodeToString(a.User.Key),
			}
		}
		fields := map[string]any{"token": a.User.Token}
		if a.User.Note != nil {
			fields["extensions"] = []any{map[string]any{"name": noted, "extension": a.User.Note}}
		}
		return fields
	}
	return nil
}

func (e Exec) fields() map[string]any {
	fields := map[string]any{"apiVersion": e.APIVersion, "command": e.Command, "provideClusterInfo": e.ProvideClusterInfo}
	if e.APIVersion == ExecV1 { // which has no default for it
		fields["interactiveMode"] = "Never"
	}
	if len(e.Args) > 0 {
		fields["args"] = e.Args
	}
	if e.InstallHint != "" {
		fields["installHint"] = e.InstallHint
	}
	var variables []map[string]string
	for _, name := range slices.Sorted(maps.Keys(e.Env)) {
		variables = append(variables, map[string]string{"name": name, "value": e.Env[name]})
	}
	if variables != nil {
		fields["env"] = variables
	}
	return fields
}
