package main

import (
	_ "embed" // what deployments set
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// hosts are those of the playbooks: this machine, once for each cluster of an option that has several.
func (l lab) hosts() string {
	local := fmt.Sprintf("ansible_connection: local, ansible_python_interpreter: %q", filepath.Join(l.top, ".cache/venv/bin/python"))
	of := func(cluster string) string {
		return fmt.Sprintf("{%s, gcp_cluster_name: %s, initial_cluster_kubeconfig: %q}", local, cluster, l.kubeconfig(cluster))
	}
	if l.option.name == "shared" {
		return fmt.Sprintf("---\nall:\n  hosts:\n    localhost: %s\n", of(l.option.clusters[0]))
	}
	return fmt.Sprintf(`---
all:
  hosts:
    localhost: {%s}
control_plane:
  hosts:
    %s: %s
kclm:
  hosts:
    %s: %s
`, local, l.option.clusters[0], of(l.option.clusters[0]), l.option.clusters[1], of(l.option.clusters[1]))
}

//go:embed deployment.yaml
var deployment string

//go:embed google.yaml
var atGoogle string

// groupVariables are what a deployment sets, with the places of the lab, by the names of files.
func (l lab) groupVariables(a addresses) map[string]string {
	return map[string]string{"control-plane": l.placed(a, deployment), "google": l.placed(a, atGoogle)}
}

// placed puts the lab's places into variables.
func (l lab) placed(a addresses, variables string) string {
	return strings.NewReplacer("@PROJECT@", project, "@LAB@", l.dir, "@GCLOUD@", strconv.FormatBool(l.option.name == "shared"), "@GKE@", a.GKE, "@GOOGLE@", a.Google,
		"@RELEASE@", release, "@REGISTRY@", a.Registry, "@INGRESS@", a.Ingress).Replace(variables)
}
