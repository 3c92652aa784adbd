package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"text/tabwriter"
	"time"
)

// seen is what a cluster tells through the kubeconfig that the playbook wrote.
type seen struct{ context, server, version, user, namespaces, nodes string }

// show shows the cluster that was reached.
func (l lab) show(ctx context.Context, a addresses, begin time.Time) error {
	s, err := l.look(ctx, a)
	if err != nil {
		return err
	}
	fmt.Printf("The initial cluster answers, %s after the start.\n\n", time.Since(begin).Round(time.Second))
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, row := range [][2]string{
		{"cluster", s.context},
		{"version", s.version},
		{"endpoint", s.server},
		{"user", s.user},
		{"namespaces", s.namespaces},
		{"nodes", s.nodes},
		{"kubeconfig", l.shown(l.kubeconfig())},
		{"", ""},
		{"look further", ". " + l.shown(l.path("environment")) + "; kubectl get namespaces"},
		{"remove all", "make down"},
	} {
		if _, err := fmt.Fprintf(table, "%s\t%s\n", row[0], row[1]); err != nil {
			return err
		}
	}
	return table.Flush()
}

// look asks the cluster, with the credential of the kubeconfig.
func (l lab) look(ctx context.Context, a addresses) (seen, error) {
	var s seen
	var config struct {
		CurrentContext string `json:"current-context"`
		Clusters       []struct{ Cluster struct{ Server string } }
	}
	var version struct{ ServerVersion struct{ GitVersion string } }
	var who struct {
		Status struct{ UserInfo struct{ Username string } }
	}
	for _, question := range []struct {
		into      any
		arguments []string
	}{
		{&config, []string{"config", "view", "--minify"}}, {&version, []string{"version"}}, {&who, []string{"auth", "whoami"}},
	} {
		if err := l.kubectl(ctx, a, question.into, question.arguments...); err != nil {
			return s, err
		}
	}
	s.context, s.version, s.user = config.CurrentContext, version.ServerVersion.GitVersion, who.Status.UserInfo.Username
	if len(config.Clusters) == 1 {
		s.server = config.Clusters[0].Cluster.Server
	}
	var err error
	if s.namespaces, err = l.names(ctx, a, "namespaces"); err != nil {
		return s, err
	}
	s.nodes, err = l.names(ctx, a, "nodes")
	return s, err
}

func (l lab) names(ctx context.Context, a addresses, resource string) (string, error) {
	var list struct {
		Items []struct{ Metadata struct{ Name string } }
	}
	if err := l.kubectl(ctx, a, &list, "get", resource); err != nil {
		return "", err
	}
	var names []string
	for _, item := range list.Items {
		names = append(names, item.Metadata.Name)
	}
	if len(names) == 0 {
		return "none: no machines are behind the lab's GKE", nil
	}
	return strings.Join(names, ", "), nil
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

// status shows the lab and, if there is one, the cluster.
func (l lab) status(ctx context.Context) error {
	pid, err := l.holder("daemon.lock")
	if err != nil {
		return err
	}
	if pid == 0 {
		fmt.Println("The lab does not run; make up starts it.")
		return nil
	}
	if _, found, err := l.lastAutonomous(); found || err != nil {
		return l.statusAutonomous(ctx)
	}
	a, err := l.addresses()
	if err != nil {
		return err
	}
	d, err := l.daemon()
	if err != nil {
		return err
	}
	fmt.Printf("The lab runs as process %d since %s; its log is %s.\n", pid, d.Started.Format(time.DateTime), l.shown(l.path("daemon.log")))
	fmt.Printf("Google is at %s, its metadata server at %s, GKE at %s; faults go to https://%s/faults.\n\n", a.Google, a.Metadata, a.GKE, a.Web)
	var config struct {
		CurrentContext string `json:"current-context"`
	}
	if err := l.kubectl(ctx, a, &config, "config", "view"); err != nil {
		return err
	}
	if config.CurrentContext == "" {
		fmt.Println("There is no cluster; make up makes it.")
		return nil
	}
	return l.show(ctx, a, d.Started)
}
