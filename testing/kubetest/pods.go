package kubetest

import (
	"bytes"
	"context"
	"crypto/tls"
	_ "embed" // for what KWOK is told
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

//go:embed pods.stages
var stages string

// PodLog is what every container of a cluster with pods has in its log.
const PodLog = "listening on :8080\npassword authentication failed for user \"metal\"\n"

// runPods lets KWOK play one node, and the pods on it: they are ready at once, their jobs done, their volumes there. See pods.stages for
// those that are not.
func (c *Cluster) runPods(ctx context.Context) error {
	log, config := c.path("pod.txt"), c.path("pods.yaml")
	if err := os.WriteFile(log, []byte(asRuntime(PodLog)), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(config, []byte(strings.ReplaceAll(stages, "@LOG@", log)), 0o600); err != nil {
		return err
	}
	port, err := FreePort()
	if err != nil {
		return err
	}
	if err := c.start("kwok", []string{
		"--kubeconfig=" + c.Kubeconfig(), "--config=" + config, "--manage-all-nodes", "--node-ip=127.0.0.1", fmt.Sprintf("--node-port=%d", port),
		fmt.Sprintf("--server-address=127.0.0.1:%d", port), "--cidr=10.244.0.0/16", "--node-lease-duration-seconds=40", "--tls-cert-file=" + c.path("server.crt"), "--tls-private-key-file=" + c.path("server.key"),
	}); err != nil {
		return err
	}
	if err := c.post(ctx, "/api/v1/nodes", `{"metadata": {"name": "node-1", "annotations": {"kwok.x-k8s.io/node": "fake"}, "labels": {"kubernetes.io/hostname": "node-1"}}}`); err != nil {
		return err
	}
	if !c.options.Storage {
		return nil
	}
	return c.post(ctx, "/apis/storage.k8s.io/v1/storageclasses", `{"metadata": {"name": "kwok-volume", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
		"provisioner": "kwok.x-k8s.io/volume"}`)
}

// asRuntime writes a log as a container runtime does.
func asRuntime(log string) string {
	var b strings.Builder
	for line := range strings.Lines(log) {
		b.WriteString("2026-01-01T00:00:00.000000000Z stdout F " + line)
	}
	return b.String()
}

// post creates an object; one that is there already, from before a restart, is as good.
func (c *Cluster) post(ctx context.Context, path, body string) error {
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: c.authority.Pool(), Certificates: []tls.Certificate{c.admin}},
	}, Timeout: time.Minute}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+c.Endpoint()+path, bytes.NewBufferString(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusCreated && answer.StatusCode != http.StatusConflict {
		return fmt.Errorf("create %s: %s: %s", path, answer.Status, said)
	}
	return nil
}
