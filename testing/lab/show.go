package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

// show shows the clusters that were reached, and what runs on them.
func (l lab) show(ctx context.Context, a addresses, begin time.Time) error {
	var seen []clusterSeen
	for _, name := range l.option.clusters {
		s, err := l.look(ctx, a, name)
		if err != nil {
			return err
		}
		seen = append(seen, s)
	}
	what := "The initial cluster answers"
	if len(seen) > 1 {
		what = "Both initial clusters answer"
	}
	fmt.Printf("%s, %s after the start.\n", what, time.Since(begin).Round(time.Second))
	for _, s := range seen {
		if err := l.showCluster(s); err != nil {
			return err
		}
	}
	return table([][]string{
		{""},
		{"metal-api", l.health(ctx, a)},
		{"registry", "https://" + a.Registry},
		{"look further", ". " + l.shown(l.path("environment")) + "; kubectl get pods --all-namespaces"},
		{"remove all", "make down"},
	})
}

func (l lab) showCluster(s clusterSeen) error {
	rows := [][]string{
		{""},
		{"cluster", s.context}, {"version", s.version}, {"endpoint", s.server}, {"user", s.user}, {"nodes", strings.Join(s.nodes, ", ")},
		{"kubeconfig", l.shown(l.kubeconfig(s.name))},
	}
	if len(s.releases) == 0 {
		rows = append(rows, []string{"releases", "none"})
	}
	if err := table(rows); err != nil || len(s.releases) == 0 {
		return err
	}
	if err := table(append([][]string{{""}, {"release", "namespace", "revision", "status"}}, s.releases...)); err != nil {
		return err
	}
	return table(append([][]string{{""}, {"pod", "namespace", "ready", "phase"}}, s.pods...))
}

func table(rows [][]string) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if _, err := fmt.Fprintln(w, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return w.Flush()
}

// healthPath is where the metal-api tells of its health, below the lab's way into the clusters.
const healthPath = "/metal/v1/health"

// health asks the metal-api as anybody outside of the clusters does.
func (l lab) health(ctx context.Context, a addresses) string {
	url := "https://" + a.Ingress + healthPath
	pem, err := os.ReadFile(l.caFile())
	if err != nil {
		return url + ": " + err.Error()
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return url + ": " + err.Error()
	}
	answer, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return url + ": " + err.Error()
	}
	return url + " says " + strings.TrimSpace(string(body))
}

// status shows the lab and, if there are any, the clusters.
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
		Contexts []struct{}
	}
	if err := l.kubectl(ctx, a, &config, "config", "view"); err != nil {
		return err
	}
	if len(config.Contexts) < len(l.option.clusters) {
		fmt.Printf("There is no cluster; make up OPTION=%s makes it.\n", l.option.name)
		return nil
	}
	return l.show(ctx, a, d.Started)
}
