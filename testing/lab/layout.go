package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/testing/kubetest"
)

// lab is the lab in a folder.
type lab struct {
	dir, top      string
	option        option
	operationTime time.Duration
}

func (l lab) path(parts ...string) string { return filepath.Join(append([]string{l.dir}, parts...)...) }

// shown is a path as a person would type it.
func (l lab) shown(path string) string {
	if here, err := os.Getwd(); err == nil {
		if relative, err := filepath.Rel(here, path); err == nil && !strings.HasPrefix(relative, "..") {
			return relative
		}
	}
	return path
}

const project = "metalstack-lab"

// addresses are where the lab's servers listen: the same after a restart, as key files and kubeconfigs hold them.
type addresses struct{ Google, Metadata, GKE, Web, Registry, Ingress string }

func (l lab) addresses() (addresses, error) {
	var a addresses
	content, err := os.ReadFile(l.path("addresses.json"))
	if err == nil {
		err = json.Unmarshal(content, &a)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return a, err
	}
	for _, address := range []*string{&a.Google, &a.Metadata, &a.GKE, &a.Web, &a.Registry, &a.Ingress} {
		if *address != "" {
			continue
		}
		port, err := kubetest.FreePort()
		if err != nil {
			return a, err
		}
		*address = fmt.Sprintf("127.0.0.1:%d", port)
	}
	if content, err = json.Marshal(a); err != nil {
		return a, err
	}
	return a, replace(l.path("addresses.json"), content)
}

func (l lab) kubeconfig(cluster string) string { return l.path("kubeconfigs", cluster) }
func (l lab) keyFile() string                  { return l.path("gcp", "serviceaccount.json") }
func (l lab) caFile() string                   { return l.path("ca", "ca.crt") }

// variables of the environment in which the playbook runs, and a person who looks further.
func (l lab) variables(a addresses) []string {
	var kubeconfigs []string
	for _, cluster := range l.option.clusters {
		kubeconfigs = append(kubeconfigs, l.kubeconfig(cluster))
	}
	return []string{
		"SSL_CERT_FILE=" + l.caFile(),
		"GCE_METADATA_HOST=" + a.Metadata,
		"CLOUDSDK_CONFIG=" + l.path("gcloud"),
		"KUBECONFIG=" + strings.Join(kubeconfigs, ":"),
		"XDG_DATA_HOME=" + l.path("share"),
		"ANSIBLE_CONFIG=" + filepath.Join(l.top, "ansible.cfg"),
		"ANSIBLE_INVENTORY=" + l.path("inventory"),
		"PATH=" + l.path("bin") + ":" + filepath.Join(l.top, ".cache/venv/bin") + ":" + os.Getenv("PATH"),
	}
}

// environment is the caller's without what would lead to a real cloud or cluster, and with the lab's variables.
func (l lab) environment(a addresses) []string {
	kept := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return slices.ContainsFunc([]string{"GCP_", "GOOGLE_", "CLOUDSDK_", "KUBECONFIG="}, func(p string) bool { return strings.HasPrefix(variable, p) })
	})
	return append(kept, l.variables(a)...)
}

// write writes what the playbook and a person need to use the lab.
func (l lab) write(a addresses) error {
	var shell strings.Builder
	fmt.Fprintf(&shell, "# For a shell that is to use the lab: . %s\n", l.path("environment"))
	for _, variable := range l.variables(a) {
		key, value, _ := strings.Cut(variable, "=")
		if key == "PATH" {
			value = strings.TrimSuffix(value, os.Getenv("PATH"))
			fmt.Fprintf(&shell, "export PATH=%s\"$PATH\"\n", quote(value))
			continue
		}
		fmt.Fprintf(&shell, "export %s=%s\n", key, quote(value))
	}
	files := map[string]string{
		l.path("environment"): shell.String(), l.path("option"): l.option.name + "\n", l.path("inventory", "hosts.yaml"): l.hosts(),
	}
	for name, variables := range l.groupVariables(a) {
		files[l.path("inventory", "group_vars", "all", name+".yaml")] = variables
	}
	return l.writeFiles(files)
}

// writeFiles writes what only the lab's user reads, and links kubectl.
func (l lab) writeFiles(files map[string]string) error {
	for path, content := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return err
		}
	}
	return l.linkKubectl()
}

func quote(value string) string { return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'" }

func (l lab) kube() string { return filepath.Join(l.top, ".cache/kube/kube") }

func (l lab) linkKubectl() error {
	link := l.path("bin", "kubectl")
	if err := os.MkdirAll(filepath.Dir(link), 0o700); err != nil {
		return err
	}
	if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Symlink(l.kube(), link)
}
