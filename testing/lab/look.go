package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// clusterSeen is what a cluster tells through the kubeconfig that the playbook wrote.
type clusterSeen struct {
	name, context, server, version, user string
	nodes                                []string
	releases, pods                       [][]string // rows of tables
}

// object is what is read of any object.
type object struct {
	Metadata struct {
		Name, Namespace string
		Labels          map[string]string
	}
	Status struct {
		Phase             string
		ContainerStatuses []struct{ Ready bool }
	}
}

// look asks a cluster, with the credential of its kubeconfig.
func (l lab) look(ctx context.Context, a addresses, name string) (clusterSeen, error) {
	s := clusterSeen{name: name}
	var config struct {
		CurrentContext string `json:"current-context"`
		Clusters       []struct{ Cluster struct{ Server string } }
	}
	var version struct{ ServerVersion struct{ GitVersion string } }
	var who struct {
		Status struct{ UserInfo struct{ Username string } }
	}
	var nodes, releases, pods struct{ Items []object }
	for _, question := range []struct {
		into      any
		arguments string
	}{
		{&config, "config view --minify"}, {&version, "version"}, {&who, "auth whoami"}, {&nodes, "get nodes"},
		{&releases, "get secrets --all-namespaces --selector owner=helm,status!=superseded"}, {&pods, "get pods --all-namespaces"},
	} {
		arguments := append([]string{"--kubeconfig", l.kubeconfig(name)}, strings.Fields(question.arguments)...)
		if err := l.kubectl(ctx, a, question.into, arguments...); err != nil {
			return s, err
		}
	}
	s.context, s.version, s.user = config.CurrentContext, version.ServerVersion.GitVersion, who.Status.UserInfo.Username
	if len(config.Clusters) == 1 {
		s.server = config.Clusters[0].Cluster.Server
	}
	for _, node := range nodes.Items {
		s.nodes = append(s.nodes, node.Metadata.Name)
	}
	s.releases, s.pods = releaseRows(releases.Items), podRows(pods.Items)
	return s, nil
}

func releaseRows(secrets []object) [][]string {
	var rows [][]string
	for _, secret := range secrets {
		labels := secret.Metadata.Labels
		rows = append(rows, []string{labels["name"], secret.Metadata.Namespace, labels["version"], labels["status"]})
	}
	return rows
}

func podRows(pods []object) [][]string {
	var rows [][]string
	for _, pod := range pods {
		ready := 0
		for _, container := range pod.Status.ContainerStatuses {
			if container.Ready {
				ready++
			}
		}
		rows = append(rows, []string{pod.Metadata.Name, pod.Metadata.Namespace, fmt.Sprintf("%d/%d", ready, len(pod.Status.ContainerStatuses)), pod.Status.Phase})
	}
	return slices.DeleteFunc(rows, func(row []string) bool { return row[3] == "Succeeded" })
}

func (l lab) kubectl(ctx context.Context, a addresses, into any, arguments ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, l.path("bin", "kubectl"), append(arguments, "--output=json")...)
	command.Env = l.environment(a)
	output, err := command.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		err = errors.New(strings.TrimSpace(string(failed.Stderr)))
	}
	if err == nil {
		err = json.Unmarshal(output, into)
	}
	if err != nil {
		return fmt.Errorf("ask the cluster: kubectl %s: %w", strings.Join(arguments, " "), err)
	}
	return nil
}
